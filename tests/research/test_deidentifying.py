"""De-identification by PS3.15 Annex E: an independent look at every byte of what comes out."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.uid import generate_uid

from server.research.deidentifying import Renaming, deidentified, may_be_burnt_in
from server.research.identifiers import identifiers_of, left_over
from server.research.profile import Action, basic_profile
from tests.imaging.conftest import as_file, ct_slice, phantom

MARK = "GEHEIM"
CHINESE = "秘密人"
# Value representations that hold text which a person wrote, or a moment.
TEXTUAL = ("LO", "SH", "PN", "LT", "ST", "UT", "UC", "AE")


def marked(tag: int, vr: str, number: int) -> DataElement | None:
    """An element whose value can be recognised wherever it turns up; None where there is none."""
    values: dict[str, Any] = {
        **dict.fromkeys(TEXTUAL, f"{MARK}{number}"),
        "CS": f"{MARK}{number}",
        "DA": "19770317",
        "TM": "171717",
        "DT": "19770317171717",
        "UI": f"1.2.77.1977.{number}",
        "UR": f"http://{MARK}.example/{number}",
        "OB": MARK.encode(),
        "UN": MARK.encode(),
        "AS": "077Y",
        "IS": "19770317",
    }
    return DataElement(tag, vr, values[vr]) if vr in values else None


def source(**elements: Any) -> Dataset:
    return ct_slice(phantom(1), 1, generate_uid(), **elements)


def full() -> Dataset:
    """A slice that holds each attribute of the table, and more: private ones, nested ones."""
    dataset = source(SpecificCharacterSet="ISO_IR 192")
    for number, (tag, _) in enumerate(basic_profile().rows):
        if "x" in tag or tag.startswith(("0000", "0002")) or int(tag, 16) in dataset:
            continue
        # Newer attributes than the library's dictionary knows are read as it reads them: as text.
        known = dictionary_has_tag(int(tag, 16))
        vr = dictionary_VR(int(tag, 16)).split(" ")[0] if known else "LO"
        element = marked(int(tag, 16), vr, number)
        if element is not None:
            dataset.add(element)
    dataset.PatientName = f"{MARK}^San={CHINESE}^三"
    dataset.PatientID, dataset.PatientBirthDate = f"{MARK}-ID", "19770317"
    dataset.StudyDate = dataset.SeriesDate = "19770317"
    dataset.InstitutionName = f"{CHINESE}医院"
    dataset.private_block(0x0029, f"{MARK} VENDOR", create=True).add_new(1, "LO", MARK)
    dataset.add_new(0x60000010, "US", 8)
    dataset.add_new(0x60003000, "OB", MARK.encode())
    dataset.add_new(0x60004000, "LT", MARK)
    item, inner = Dataset(), Dataset()
    inner.PatientName, inner.PersonTelephoneNumbers = MARK, f"{MARK}1"
    inner.private_block(0x0011, MARK, create=True).add_new(1, "PN", MARK)
    item.ReferencedSOPInstanceUID, item.ReferencedSOPClassUID = "1.2.77.1977.9", "1.2.840.10008.1.1"
    item.PurposeOfReferenceCodeSequence = [inner]
    dataset.AnatomicRegionSequence = [item]  # which the table keeps
    return dataset


@pytest.mark.requirement("F-23")
def test_nothing_that_identifies_is_left_in_any_byte() -> None:
    dataset = full()
    data = as_file(dataset)
    data = data[:20] + MARK.encode() + data[20 + len(MARK) :]  # the preamble may hold anything
    assert MARK.encode() in data
    made = deidentified(data, Renaming(), patient="p")
    for trace in (MARK, CHINESE, "1.2.77.1977", "19770317", "171717", "077Y"):
        for encoding in ("utf-8", "gb18030", "utf-16-le"):
            assert trace.encode(encoding) not in made, trace
    read = dcmread(io.BytesIO(made))
    for one in [*read.file_meta, *read.iterall()]:
        assert not one.tag.is_private
        assert one.VR not in {"PN", "DA", "TM", "DT"} or str(one.value or "") in {
            "", "19000101", "000000", "19000101000000", "ANONYMIZED", "ANONYMIZED^",
            str(read.PatientName),
        }, one.tag  # fmt: skip
    for uid in (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID):
        assert uid.encode() not in made


@pytest.mark.requirement("F-23")
def test_what_comes_out_is_the_same_image_and_says_what_was_done() -> None:
    dataset = full()
    made = dcmread(io.BytesIO(deidentified(as_file(dataset), Renaming(), patient="p")))
    assert made.PixelData == dataset.PixelData
    for keyword in ("Rows", "Columns", "RescaleSlope", "RescaleIntercept", "PixelSpacing",
        "Modality", "ImagePositionPatient", "SOPClassUID"):  # fmt: skip
        assert made.get(keyword) == dataset.get(keyword), keyword
    assert made.PatientIdentityRemoved == "YES"
    assert made.LongitudinalTemporalInformationModified == "REMOVED"
    (code,) = made.DeidentificationMethodCodeSequence
    assert (code.CodeValue, code.CodingSchemeDesignator) == ("113100", "DCM")
    assert made.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID
    assert made.PatientID == made.PatientName


@pytest.mark.requirement("F-23")
def test_references_hold_within_an_export_and_no_two_exports_are_alike() -> None:
    series = generate_uid()
    slices = [as_file(ct_slice(phantom(n), n, series, PatientID="P1")) for n in (1, 2)]
    renaming = Renaming()
    first, second = (
        dcmread(io.BytesIO(deidentified(one, renaming, patient="p"))) for one in slices
    )
    assert first.SeriesInstanceUID == second.SeriesInstanceUID != series
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.PatientID == second.PatientID
    again = dcmread(io.BytesIO(deidentified(slices[0], Renaming(), patient="p")))
    assert again.SeriesInstanceUID != first.SeriesInstanceUID
    assert again.PatientID != first.PatientID
    assert re.fullmatch(r"2\.25\.\d+", again.SOPInstanceUID)  # random, computed from nothing


def test_the_table_is_the_standards() -> None:
    """Rows of PS3.15 table E.1-1 as they stand in print."""
    profile = basic_profile()
    assert len(profile.rows) == 655

    def of(keyword: str, vr: str = "LO") -> Action:
        from pydicom.datadict import tag_for_keyword

        return profile.action(DataElement(tag_for_keyword(keyword) or 0, vr, None))

    assert [of(one) for one in ("PatientName", "PatientBirthDate", "AccessionNumber")] == (
        [Action.EMPTY] * 3
    )
    assert of("SOPInstanceUID") is of("FrameOfReferenceUID") is Action.NEW_UID
    assert of("PatientAge") is of("StudyDescription") is of("IconImageSequence") is Action.REMOVE
    assert of("PatientID") is of("ContentDate") is Action.DUMMY
    assert of("Rows", "US") is of("KVP", "DS") is Action.KEEP
    assert profile.action(DataElement(0x60023000, "OB", b"")) is Action.REMOVE
    assert profile.action(DataElement(0x50120010, "US", 1)) is Action.REMOVE
    assert profile.action(DataElement(0x00291010, "LO", "x")) is Action.REMOVE


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    keyword=st.sampled_from(
        ["PatientComments", "StationName", "PerformingPhysicianName", "ProtocolName",
         "PatientAddress", "RequestingService", "ImageComments", "OperatorsName"]
    ),
    text=st.text(st.characters(codec="utf-8", exclude_characters="\\^=\0", min_codepoint=0x21),
        min_size=6, max_size=16),
)  # fmt: skip
def test_whatever_was_written_is_gone(keyword: str, text: str) -> None:
    data = as_file(source(**{"SpecificCharacterSet": "ISO_IR 192", keyword: text}))
    assert text.encode() not in deidentified(data, Renaming(), patient="p")


@pytest.mark.parametrize(
    ("elements", "burnt"),
    [
        ({"Modality": "CT"}, False),
        ({"Modality": "CT", "BurnedInAnnotation": "YES"}, True),
        ({"Modality": "US"}, True),
        ({"Modality": "US", "BurnedInAnnotation": "NO"}, False),
        ({"Modality": "CT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, True),
    ],
)
def test_pixels_that_may_hold_a_name_are_known(elements: dict[str, str], burnt: bool) -> None:
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    assert may_be_burnt_in(dataset) is burnt


def test_the_second_look_finds_what_a_profile_would_keep() -> None:
    dataset = source(
        SpecificCharacterSet="ISO_IR 192", PatientName="Zhang^San=张^三丰", PatientID="P4711",
        Manufacturer="in the house of Zhang San", ConvolutionKernel="P4711",
    )  # fmt: skip
    known = identifiers_of(dataset)
    assert {"P4711", "三丰", dataset.SOPInstanceUID} <= known
    made = deidentified(as_file(dataset), Renaming(), patient="p")
    assert left_over(made, known) == "value"
    assert left_over(made, known - {"P4711"}) == ""
    assert left_over(made + b"...P4711-0815", {"P4711-0815"}) == "bytes"
