"""The table of DICOM elements, judged by dcmdump; and what a share's recipient is not told."""

from __future__ import annotations

import io
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom import Dataset
from pydicom.data import get_testdata_file
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from server.cloud import ImageCloud
from server.imaging import tag_masking, tags
from server.imaging.tag_names import CHINESE_NAMES
from server.imaging.tags import TagRow, TagTable, instance_tags, read_tags
from server.imaging.vault_file import open_object
from server.model import Instance, Series
from tests.imaging.conftest import as_file, ct_slice, phantom

JUDGED = (
    "CT_small.dcm", "MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm",
    "ExplVR_BigEnd.dcm", "JPEG2000.dcm", "JPEG-lossy.dcm", "693_J2KI.dcm",
    "image_dfl.dcm", "liver_1frame.dcm", "examples_overlay.dcm", "examples_palette.dcm",
    "examples_ybr_color.dcm", "reportsi.dcm", "test-SR.dcm", "rtplan.dcm", "rtstruct.dcm",
    "rtdose.dcm", "SC_rgb_rle_2frame.dcm", "waveform_ecg.dcm",
)  # fmt: skip
_LINE = re.compile(
    r"^( *)\(([0-9a-f]{4}),([0-9a-f]{4})\) (..) (.*?) +# +(?:u/l|[0-9]+), *[0-9]+ ", re.M | re.S
)
_NOT_SHOWN = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "ox", "px", "na", "pi", "up"})


@dataclass(frozen=True)
class Dumped:
    """One line of dcmdump: depth, tag, VR and the value as it prints it."""

    depth: int
    tag: str
    vr: str
    value: str


def dumped(path: Path) -> list[Dumped]:
    found = subprocess.run(
        ["dcmdump", "-q", "+L", "-Un", "+U8", "-dc", str(path)], capture_output=True, check=False
    ).stdout.decode("utf-8", "replace")
    rows = []
    for match in _LINE.finditer(found):
        if match[2] != "fffe":
            depth, value = len(match[1]) // 4, match[5]
            shown = value[1:-1] if value.startswith("[") else value
            shown = shown.replace("(no value available)", "")
            rows.append(Dumped(depth, f"{match[2]},{match[3]}", match[4], shown))
    return rows


def flat(rows: tuple[TagRow, ...], depth: int = 0) -> list[tuple[int, TagRow]]:
    found = []
    for row in rows:
        found.append((depth, row))
        for item in row.items:
            found.extend(flat(item, depth + 1))
    return found


def table_of(dataset: Dataset, *, masked: bool = False) -> TagTable:
    return read_tags(io.BytesIO(as_file(dataset)), masked=masked)


def row_of(table: TagTable, keyword: str) -> TagRow:
    return next(row for row in table.rows if row.keyword == keyword)


def same(ours: str, vr: str, theirs: str) -> bool:
    if vr in ("FL", "FD"):
        pairs = zip(ours.split("\\"), theirs.split("\\"), strict=False)
        return all(float(a) == pytest.approx(float(b), rel=1e-5) for a, b in pairs if a or b)
    parts = [part.strip(" \0") for part in theirs.split("\\")]
    if vr in ("LT", "ST", "UT"):
        return "".join(ours.split()) == "".join(theirs.split())
    return ours == "\\".join(parts).strip()


@pytest.mark.requirement("C-27")
@pytest.mark.parametrize("name", JUDGED)
def test_every_value_is_what_dcmdump_prints(name: str) -> None:
    path = Path(str(get_testdata_file(name, download=False)))
    with path.open("rb") as source:
        rows = flat(read_tags(source).rows)
    # Asked for UTF-8, dcmdump tells of that character set also where the object names none.
    theirs = [line for line in dumped(path) if line.tag != "0008,0005"]
    rows = [(depth, row) for depth, row in rows if row.keyword != "SpecificCharacterSet"]
    ours = [(depth, f"{row.group},{row.element}") for depth, row in rows]
    assert ours == [(line.depth, line.tag) for line in theirs]
    compared = 0
    for (_, row), line in zip(rows, theirs, strict=True):
        if line.vr in _NOT_SHOWN or row.vr in _NOT_SHOWN or row.vr == "SQ" or row.cut:
            continue
        compared += 1
        assert same(row.value, row.vr, line.value), (line, row)
    assert compared > 10


@pytest.mark.requirement("C-27")
@pytest.mark.parametrize(
    ("character_set", "encoding"),
    [("GB18030", "gb18030"), ("GBK", "gbk"), ("ISO_IR 192", "utf-8"), ("", "gb18030")],
)
def test_chinese_is_read_in_the_set_that_was_declared_or_meant(
    character_set: str, encoding: str
) -> None:
    dataset = ct_slice(phantom(1), 1, "1.2.3")
    dataset.SpecificCharacterSet = character_set
    data = bytearray(as_file(dataset))
    dataset.PatientName = "0123456789"
    data = bytearray(as_file(dataset))
    name = "张三丰".encode(encoding)
    place = data.index(b"0123456789")
    data[place : place + 10] = name.ljust(10)
    table = read_tags(io.BytesIO(bytes(data)))
    row = row_of(table, "PatientName")
    assert (row.group, row.element, row.vr, row.name) == ("0010", "0010", "PN", "患者姓名")
    assert row.value == "张三丰"


@pytest.mark.requirement("C-27")
def test_iso_2022_names_are_read() -> None:
    path = get_testdata_file("chrX1.dcm") or ""
    dataset = ct_slice(phantom(1), 1, "1.2.3")
    dataset.SpecificCharacterSet = ["", "ISO 2022 IR 58"]
    dataset.PatientName = "Wang^XiaoDong=王^小东"
    assert not path
    assert row_of(table_of(dataset), "PatientName").value == "Wang^XiaoDong=王^小东"


def test_pixels_are_told_by_their_length_and_private_elements_by_their_creator() -> None:
    dataset = ct_slice(phantom(1), 1, "1.2.3")
    dataset.SpecificCharacterSet = "GB18030"
    block = dataset.private_block(0x0019, "示范设备 SHIFAN", create=True)
    block.add_new(0x01, "LO", "内部值")
    table = table_of(dataset)
    pixels = row_of(table, "PixelData")
    assert pixels.binary and pixels.value == "" and pixels.length == len(dataset.PixelData)
    private = next(row for row in table.rows if (row.group, row.element) == ("0019", "1001"))
    assert (private.private_creator, private.value, private.name) == (
        "示范设备 SHIFAN", "内部值", "私有元素",
    )  # fmt: skip
    assert table.complete and not table.masked


def test_a_deep_or_endless_object_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = deep = ct_slice(phantom(1), 1, "1.2.3")
    for _ in range(tags.MOST_DEPTH + 3):
        item = Dataset()
        deep.ReferencedImageSequence = [item]
        deep = item
    deep.ReferencedSOPInstanceUID = "1.2.3"
    table = table_of(dataset)
    assert not table.complete
    assert max(depth for depth, _ in flat(table.rows)) == tags.MOST_DEPTH
    monkeypatch.setattr(tags, "MOST_ROWS", 7)
    cut = table_of(ct_slice(phantom(1), 1, "1.2.3"))
    assert len(cut.rows) == 7 and not cut.complete


@pytest.mark.parametrize(
    "data", [b"", b"no DICOM at all, but long enough to be read as if it were"]
)
def test_what_is_no_dicom_gives_no_table_and_no_crash(data: bytes) -> None:
    try:
        table = read_tags(io.BytesIO(data))
    except tags.TagsUnreadableError:
        return
    assert len(table.rows) <= 1


WHO = {
    "PatientName": "Ouyang^Ceshi=欧阳^测试",
    "PatientID": "P20260001234",
    "PatientBirthDate": "19720308",
    "OtherPatientIDs": "999901197203080113",
    "PatientAddress": "示范省示范市影像路1号",
    "PatientTelephoneNumbers": "10012345678",
    "PatientComments": "家住示范市",
    "EthnicGroup": "汉",
    "AccessionNumber": "CT2026101200187",
    "StudyID": "77001",
    "ReferringPhysicianName": "何^示范",
    "PerformingPhysicianName": "技^师甲",
    "OperatorsName": "钱^师乙",
    "InstitutionAddress": "健康大道88号",
    "RequestingPhysician": "孙^开单",
    "CurrentPatientLocation": "七病区12床",
    "ImageComments": "患者自述咳嗽",
    "DeviceSerialNumber": "SN-0042",
}


def known_patient() -> Dataset:
    dataset = ct_slice(phantom(1), 1, "1.2.3")
    dataset.SpecificCharacterSet = "GB18030"
    for keyword, value in WHO.items():
        setattr(dataset, keyword, value)
    dataset.PatientSex, dataset.PatientAge, dataset.InstitutionName = "M", "054Y", "示范省立医院"
    dataset.SeriesDescription = "欧阳测试 胸部平扫"
    dataset.ProtocolName = "胸部平扫"
    request = Dataset()
    request.RequestedProcedureDescription = "胸部平扫"
    request.ScheduledProcedureStepID = "S-778899"
    dataset.RequestAttributesSequence = [request]
    code = Dataset()
    code.CodeValue, code.CodeMeaning = "P1", "欧阳测试"
    dataset.ProcedureCodeSequence = [code]
    block = dataset.private_block(0x0019, "SHIFAN", create=True)
    block.add_new(0x01, "LO", "P20260001234 内部")
    return dataset


@pytest.mark.requirement("F-22", "C-27")
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_a_masked_table_holds_nothing_that_tells_who(syntax: UID) -> None:
    dataset = known_patient()
    dataset.file_meta.TransferSyntaxUID = syntax
    written = io.BytesIO()
    pydicom.dcmwrite(written, dataset, implicit_vr=syntax == ImplicitVRLittleEndian,
                     little_endian=True, enforce_file_format=True)  # fmt: skip
    table = read_tags(io.BytesIO(written.getvalue()), masked=True, accession=False)
    said = "\n".join(row.value for _, row in flat(table.rows))
    parts = {part for value in WHO.values() for part in re.split("[=^]", value)} - {"欧阳", "示范"}
    assert not [part for part in parts if part in said]
    assert "欧阳测试" not in said and "S-778899" not in said and "内部" not in said
    assert row_of(table, "PatientName").value == "欧***"
    assert row_of(table, "PatientID").value.count("*") > 4
    kept = {"PatientSex": "M", "InstitutionName": "示范省立医院", "ProtocolName": "胸部平扫"}
    assert {keyword: row_of(table, keyword).value for keyword in kept} == kept
    assert table.masked


@pytest.mark.requirement("F-22")
@pytest.mark.parametrize("masked", [True, False])
def test_the_accession_number_is_told_or_hidden_by_itself(masked: bool) -> None:
    dataset = known_patient()
    number = WHO["AccessionNumber"]
    dataset.SeriesDescription = f"CHEST {number}"
    source = as_file(dataset)
    told = read_tags(io.BytesIO(source), masked=masked)
    assert row_of(told, "AccessionNumber").value == number
    assert number in row_of(told, "SeriesDescription").value
    hidden = read_tags(io.BytesIO(source), masked=masked, accession=False)
    assert row_of(hidden, "AccessionNumber").value == tag_masking.HIDDEN
    assert number not in "".join(row.value for _, row in flat(hidden.rows))


def test_an_unmasked_table_of_the_same_object_holds_it_all() -> None:
    said = str(table_of(known_patient()).as_dict())
    assert all(value in said for value in WHO.values())


@pytest.mark.parametrize("keywords", [tag_masking._KEPT, tag_masking._MASKED, CHINESE_NAMES])
def test_every_keyword_of_the_lists_is_one_of_the_dictionary(keywords: Any) -> None:
    unknown = [keyword for keyword in keywords if tag_for_keyword(keyword) is None]
    assert [one for one in unknown if not one.startswith("Overlay")] == []


def test_all_person_names_of_the_dictionary_are_masked() -> None:
    for keyword in ("PatientMotherBirthName", "PersonName", "EvaluatorName", "ContentCreatorName"):
        tag = tag_for_keyword(keyword)
        who = tag_masking.Hidden(identity=True)
        assert tag is not None and tag_masking.tells_who(tag, dictionary_VR(tag), who)


def test_only_what_the_table_needs_is_decrypted(
    cloud: ImageCloud, store_series: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = ct_slice(phantom(1), 1, "1.2.3")
    big.Rows, big.Columns, big.PixelData = 2048, 2048, bytes(2 * 2048 * 2048)
    stored = store_series([as_file(big)])
    asked: list[int] = []
    read_range = cloud.vault.read_range

    def counted(key: Any, name: str, start: int, length: int) -> bytes:
        asked.append(length)
        return read_range(key, name, start, length)

    monkeypatch.setattr(cloud.vault, "read_range", counted)
    with cloud.database.session() as session:
        series = session.get_one(Series, stored.series_id)
        uid = series.instances[0].sop_instance_uid
        table = instance_tags(cloud, session, series, uid, masked=False)
        assert instance_tags(cloud, session, series, "1.2.3.4", masked=False) is None
    assert table is not None and row_of(table, "PixelData").length == 2 * 2048 * 2048
    assert sum(asked) < 3 << 20


def test_an_object_is_a_file_like_any_other(cloud: ImageCloud, store_series: Any) -> None:
    data = as_file(ct_slice(phantom(1), 1, "1.2.3"))
    stored = store_series([data])
    with cloud.database.session() as session:
        series = session.get_one(Series, stored.series_id)
        (instance,) = session.query(Instance).all()
        file = open_object(cloud.vault, series.study.data_key, instance.object_key, len(data))
        assert file.read() == data
        assert (file.seek(-4, 2), file.read(), file.read()) == (len(data) - 4, data[-4:], b"")
