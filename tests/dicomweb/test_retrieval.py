"""WADO-RS: data sets, frames, metadata and bulk data, as stored and converted (PS3.18 10.4)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from server.archive.records import archive_row
from server.dicomweb.frames import UndecodableError
from server.dicomweb.transcoding import explicit_little_endian
from server.jobs.queue import JobQueue
from server.model import Recall, Study, Tier
from tests.dicomweb.case import (
    DICOM_PARTS,
    DicomwebCase,
    files_of,
    parts_of,
    path_of,
    read,
    slices,
)
from tests.imaging.conftest import WHEEL, as_file

OCTET_PARTS = 'multipart/related; type="application/octet-stream"'
# Compressed and native, grey and coloured, of one and many frames, both byte orders, deflated.
FORMS = [
    "SC_rgb_rle_2frame.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "JPEG2000.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_bigendian.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "MR_small_implicit.dcm",
    "image_dfl.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "examples_ybr_color.dcm",
    "examples_palette.dcm",
    "liver_1frame.dcm",
    "rtdose_expb.dcm",
]


def stored(case: DicomwebCase, dataset: Dataset) -> str:
    """Store an object; the path of its address."""
    answer = case.stow(as_file(dataset))
    assert answer.status_code == 200, answer.get_json(force=True)
    return path_of(dataset)


def of_wheel(name: str) -> Dataset:
    """An object of pydicom's, which differs from all others by its UIDs."""
    dataset = pydicom.dcmread(WHEEL / name)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(dataset, keyword, generate_uid())
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.requirement("E-05")
def test_any_form_comes_as_stored_and_as_little_endian(case: DicomwebCase, name: str) -> None:
    dataset = of_wheel(name)
    path = stored(case, dataset)
    kept = case.get(path, accept="application/dicom; transfer-syntax=*")
    assert kept.data == as_file(dataset)
    syntax = dataset.file_meta.TransferSyntaxUID
    assert kept.headers["Content-Type"] == f"application/dicom; transfer-syntax={syntax}"
    converted = read(case.get(path, accept="application/dicom").data)
    assert converted.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert np.array_equal(converted.pixel_array, dataset.pixel_array)
    assert converted.SOPInstanceUID == dataset.SOPInstanceUID
    numbers = sorted({1, int(dataset.get("NumberOfFrames") or 1)})
    text = ",".join(str(number) for number in numbers)
    frames = parts_of(case.get(f"{path}/frames/{text}", accept=OCTET_PARTS))
    assert frames == [expected_frame(dataset, converted, number) for number in numbers]


def expected_frame(dataset: Dataset, converted: Dataset, number: int) -> bytes:
    """What pydicom decodes; native pixels in YBR are sent as they are."""
    native = not dataset.file_meta.TransferSyntaxUID.is_compressed
    if native and str(dataset.PhotometricInterpretation).startswith("YBR"):
        length = len(dataset.PixelData) // int(dataset.get("NumberOfFrames") or 1)
        return bytes(dataset.PixelData[(number - 1) * length : number * length])
    if native and int(dataset.BitsAllocated) == 1:
        bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
        size = int(dataset.Rows) * int(dataset.Columns)
        part = bits[(number - 1) * size : number * size]
        return np.packbits(part, bitorder="little").tobytes()
    pixels = dataset.pixel_array
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        pixels = pixels[number - 1]
    assert converted.Rows == dataset.Rows
    data: bytes = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    return data


def test_compressed_frames_come_as_they_are_stored(case: DicomwebCase) -> None:
    dataset = of_wheel("SC_rgb_rle_2frame.dcm")
    path = stored(case, dataset)
    answer = case.get(f"{path}/frames/2,1", accept='multipart/related; type="image/dicom-rle"')
    first, second = generate_frames(dataset.PixelData, number_of_frames=2)
    assert parts_of(answer) == [second, first]
    assert b"image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5" in answer.data
    assert parts_of(
        case.get(f"{path}/bulkdata/7FE00010", accept=f"{OCTET_PARTS}; transfer-syntax=*")
    ) == [first, second]
    alone = case.get(f"{path}/frames/1", accept="application/octet-stream")
    assert alone.data == dataset.pixel_array[0].tobytes()


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("image/png", 406),
        ('multipart/related; type="image/jls"', 406),
        ("application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80", 406),
        ("application/dicom; transfer-syntax=1.2.840.10008.1.2.1", 200),
        ("text/html;q=0.9, application/dicom;q=0.1", 200),
        ("application/dicom;q=0", 406),
        ("*/*", 200),
    ],
)
def test_what_cannot_be_made_is_refused(case: DicomwebCase, accept: str, status: int) -> None:
    (dataset,) = slices(1)
    path = stored(case, dataset)
    assert case.get(path, accept=accept).status_code == status
    framed = "application/octet-stream" if "application/dicom" in accept else accept
    if "q=0" not in accept and "4.80" not in accept:
        assert case.get(f"{path}/frames/1", accept=framed).status_code == status


def test_a_study_comes_in_parts_and_never_alone(case: DicomwebCase) -> None:
    datasets = slices(3)
    files = files_of(datasets)
    case.stow(*reversed(files))
    one = datasets[0]
    series = f"/studies/{one.StudyInstanceUID}/series/{one.SeriesInstanceUID}"
    for path in (f"/studies/{one.StudyInstanceUID}", series):
        assert parts_of(case.get(path, accept=DICOM_PARTS)) == files  # in reading order
        assert case.get(path, accept="application/dicom").status_code == 406
    other = f"/studies/{one.StudyInstanceUID}/series/{generate_uid()}"
    for path in (f"/studies/{generate_uid()}", other, f"{series}/instances/{generate_uid()}"):
        for below in ("", "/metadata", "/rendered", "/thumbnail"):
            answer = case.get(f"{path}{below}")
            assert answer.status_code == 404, (path, below)
            assert " / " in answer.get_json()["detail"]
    for numbers, status in (("2", 404), ("0", 404), ("1,x", 400), ("-1", 400)):
        assert case.get(f"{path_of(one)}/frames/{numbers}").status_code == status


def test_metadata_hold_everything_but_the_pixels(case: DicomwebCase) -> None:
    (dataset,) = slices(1)
    private = dataset.private_block(0x0029, "YINGYUN TEST", create=True)
    private.add_new(1, "OB", b"\1\2" * 1000)
    item = Dataset()
    item.LUTDescriptor = [1000, 0, 16]
    item.LUTData = np.arange(1000, dtype="<u2").tobytes()
    dataset.ModalityLUTSequence = [item]
    dataset.WindowCenter = [40, 50]
    path = stored(case, dataset)
    (row,) = case.get(f"{path}/metadata").get_json(force=True)
    described = Dataset.from_json(
        row,
        bulk_data_uri_handler=lambda uri: (
            case.get(uri.partition("/dicom-web")[2]).data if "7FE00010" not in uri else None
        ),
    )
    assert described.PatientName == dataset.PatientName
    assert described.WindowCenter == dataset.WindowCenter
    assert row["7FE00010"]["BulkDataURI"].endswith(f"{path}/bulkdata/7FE00010")
    for address, data in (
        (row["7FE00010"]["BulkDataURI"], dataset.PixelData),
        (row["00291001"]["BulkDataURI"], b"\1\2" * 1000),
        (row["00283000"]["Value"][0]["00283006"]["BulkDataURI"], item.LUTData),
    ):
        below = address.partition("/dicom-web")[2]
        assert case.get(below, accept="application/octet-stream").data == data
        assert parts_of(case.get(below)) == [data]
    for wrong in ("00100010", "7FE00009", "zz", "00283000/7/00283006", "00283000/0"):
        assert case.get(f"{path}/bulkdata/{wrong}").status_code == 404, wrong


def test_values_that_json_cannot_hold_harm_nothing(case: DicomwebCase) -> None:
    (dataset,) = slices(1, RescaleSlope="1")
    dataset.add_new(0x00189073, "FD", float("nan"))
    dataset.add_new(0x00180060, "DS", "")
    path = stored(case, dataset)
    (row,) = case.get(f"{path}/metadata").get_json(force=True)
    assert row["00189073"]["Value"] == ["NaN"]
    assert "Value" not in row["00180060"]


def test_transcoding_keeps_what_is_little_endian_already(tmp_path: Path) -> None:
    (dataset,) = slices(1)
    data = as_file(dataset)
    assert explicit_little_endian(data) is data
    file = io.BytesIO()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.save_as(file, enforce_file_format=True)
    converted: Any = read(explicit_little_endian(file.getvalue()))
    assert converted.PixelData == dataset.PixelData
    assert converted.PatientName == dataset.PatientName


def test_what_would_fill_the_memory_decoded_is_not_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = (WHEEL / "JPEG2000.dcm").read_bytes()
    assert explicit_little_endian(data)
    monkeypatch.setattr("server.dicomweb.transcoding.MOST_DECODED_BYTES", 1 << 16)
    with pytest.raises(UndecodableError, match="transfer-syntax"):
        explicit_little_endian(data)


def test_a_cold_study_is_brought_back_before_it_is_sent(
    case: DicomwebCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    (dataset,) = slices(1)
    path = stored(case, dataset)
    with case.cloud.database.session() as session:
        study = session.query(Study).filter_by(study_uid=dataset.StudyInstanceUID).one()
        archive_row(session, study.study_id).tier = Tier.COLD
        study_id = study.study_id
    ordered: list[str] = []
    monkeypatch.setattr(JobQueue, "recall_study", lambda _self, one: ordered.append(one))
    for below in ("", "/metadata", "/frames/1", "/rendered"):
        answer = case.get(f"{path}{below}")
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 60
        assert "冷存储" in answer.get_json()["detail"]
    assert set(ordered) == {study_id}
    with case.cloud.database.session() as session:
        assert session.query(Recall).filter_by(study_id=study_id).count() == 1
    (row,) = case.get("/studies").get_json(force=True)
    assert row["00080056"]["Value"] == ["NEARLINE"]
    (below,) = case.get(f"/studies/{dataset.StudyInstanceUID}/instances").get_json(force=True)
    assert below["00080056"]["Value"] == ["NEARLINE"]
