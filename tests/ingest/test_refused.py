"""What cannot be taken is refused by name, with a reason, and nothing of it is kept."""

from __future__ import annotations

import os
import random
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from server.cloud import ImageCloud
from server.ingest import IngestLimits
from server.ingest.parse import DirectoryFileError, parse
from server.ingest.rejection import RefusedError
from tests.ingest.conftest import CT, WHEEL, changed, ingest, put, reasons, stored_objects

LIMITS = IngestLimits()


def refusal(data: bytes, limits: IngestLimits = LIMITS) -> str:
    with pytest.raises(RefusedError) as caught:
        parse(data, limits)
    assert " / " in caught.value.message, "said in Chinese and in English"
    return caught.value.reason.value


def test_what_is_no_dicom_file() -> None:
    assert refusal(b"") == "empty"
    assert refusal(b"hello") == "not_dicom"
    assert refusal(b"\xff\xd8\xff\xe0" + bytes(500)) == "not_dicom"
    assert refusal(CT.read_bytes()[132:]) == "not_dicom"
    assert refusal(b"Rar!\x1a\x07\x00" + bytes(500)) == "unsupported_archive"


def _set(keyword: str, value: object) -> Callable[[Dataset], None]:
    return lambda dataset: setattr(dataset, keyword, value)


def _delete(keyword: str) -> Callable[[Dataset], None]:
    return lambda dataset: delattr(dataset, keyword)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_delete("StudyInstanceUID"), "missing_uid"),
        (_delete("SeriesInstanceUID"), "missing_uid"),
        (_delete("SOPInstanceUID"), "missing_uid"),
        (_set("SeriesInstanceUID", "../../etc/passwd"), "invalid_uid"),
        (_set("StudyInstanceUID", "1." * 40 + "1"), "invalid_uid"),
        (_delete("PixelData"), "no_pixels"),
        (_set("Rows", 0), "invalid_image"),
        (_delete("Columns"), "invalid_image"),
        (_set("Rows", 60000), "truncated"),
        (_set("NumberOfFrames", 999_999), "truncated"),
        (_set("NumberOfFrames", -1), "invalid_image"),
        (_set("BitsStored", 17), "invalid_image"),
        (_set("SamplesPerPixel", 7), "invalid_image"),
        (_set("PhotometricInterpretation", "FOO"), "invalid_image"),
    ],
)
def test_a_header_that_cannot_be(change: Callable[[Dataset], None], reason: str) -> None:
    assert refusal(changed(change)) == reason


def test_an_object_without_an_image_is_named_by_its_class() -> None:
    with pytest.raises(RefusedError, match="Comprehensive SR Storage"):
        parse((WHEEL / "test-SR.dcm").read_bytes(), LIMITS)
    assert refusal((WHEEL / "rtplan.dcm").read_bytes()) == "no_pixels"


def _to_float(dataset: Dataset) -> None:
    dataset.FloatPixelData = np.zeros(128 * 128, np.float32).tobytes()
    dataset.BitsAllocated = 32
    del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation


def test_floating_point_pixels_are_taken_when_they_are_whole() -> None:
    assert parse(changed(_to_float), LIMITS).frame_count == 1

    def too_short(dataset: Dataset) -> None:
        _to_float(dataset)
        dataset.FloatPixelData = dataset.FloatPixelData[:-4]

    def of_other_width(dataset: Dataset) -> None:
        _to_float(dataset)
        dataset.BitsAllocated = 16

    assert refusal(changed(too_short)) == "truncated"
    assert refusal(changed(of_other_width)) == "invalid_image"


def test_a_transfer_syntax_without_decoder_is_named() -> None:
    def to_video(dataset: Dataset) -> None:
        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"
        dataset["PixelData"].is_undefined_length = True
        dataset.PixelData = pydicom.encaps.encapsulate([b"\0" * 100])

    with pytest.raises(RefusedError, match="MPEG-4"):
        parse(changed(to_video), LIMITS)
    data = CT.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0", 1)
    assert refusal(data) == "unsupported_transfer_syntax"


def test_native_pixels_under_a_compressed_syntax_and_the_other_way_round() -> None:
    native = CT.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0", 1)
    assert refusal(native) == "invalid_image"
    data = (WHEEL / "MR_small_RLE.dcm").read_bytes()
    assert refusal(data.replace(b"1.2.840.10008.1.2.5\0", b"1.2.840.10008.1.2.1\0", 1)) != "ok"


def test_nesting_without_end_meets_a_limit() -> None:
    item = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    data = CT.read_bytes()
    place = data.index(b"\x10\x00\x10\x00PN")
    assert refusal(data[:place] + item * 20_000 + data[place:]) == "malformed"


def test_real_nesting_is_taken() -> None:
    def nest(dataset: Dataset) -> None:
        inner: Dataset = dataset
        for _ in range(10):
            item = Dataset()
            item.is_undefined_length_sequence_item = True
            inner.ReferencedSeriesSequence = Sequence([item])
            inner["ReferencedSeriesSequence"].is_undefined_length = True
            inner = item

    assert parse(changed(nest), LIMITS).frame_count == 1


def test_a_deflate_bomb_is_not_inflated() -> None:
    def grow(dataset: Dataset) -> None:
        dataset.PixelData = bytes(128 * 128 * 2)
        dataset.add_new(0x00431029, "OB", bytes(64 << 20))

    plain = changed(grow)
    start = plain.index(b"\x08\x00\x05\x00CS")
    deflater = zlib.compressobj(wbits=-15)
    body = deflater.compress(plain[start:]) + deflater.flush()
    meta = pydicom.dcmread(WHEEL / "image_dfl.dcm").file_meta
    buffer = BytesIO()
    buffer.write(bytes(128) + b"DICM")
    pydicom.filewriter.write_file_meta_info(buffer, meta)
    assert len(body) < 1 << 20
    assert refusal(buffer.getvalue() + body) == "decompression_bomb"


WHOLE = [
    CT,
    WHEEL / "MR_small_implicit.dcm",
    WHEEL / "MR_small_RLE.dcm",
    WHEEL / "MR_small_bigendian.dcm",
    WHEEL / "image_dfl.dcm",
    WHEEL / "rtdose_rle.dcm",
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(WHOLE), st.data())
def test_a_file_cut_anywhere_is_refused(path: Path, draw: st.DataObject) -> None:
    data = path.read_bytes()
    kept = draw.draw(st.integers(0, len(data) - 1))
    try:
        received = parse(data[:kept], LIMITS)
    except (RefusedError, DirectoryFileError):
        return
    # Cut exactly between two elements behind the pixels: a whole image still.
    assert received.data == data[:kept]
    assert pydicom.dcmread(BytesIO(data[:kept])).pixel_array.size > 0


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(WHOLE), st.randoms(use_true_random=False))
def test_spoilt_headers_never_crash(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 6)):
        data[chance.randrange(132, min(len(data), 3000))] = chance.randrange(256)
    try:
        received = parse(bytes(data), LIMITS)
    except (RefusedError, DirectoryFileError):
        return
    assert received.data == bytes(data)


def test_too_much_for_one_object(cloud: ImageCloud, tmp_path: Path) -> None:
    summary = ingest(cloud, CT, limits=IngestLimits(object_bytes=1000))
    assert reasons(summary) == ["too_large"]


def test_the_same_uid_with_other_bytes_is_a_conflict(cloud: ImageCloud, tmp_path: Path) -> None:
    ingest(cloud, CT)
    other = bytearray(CT.read_bytes())
    other[-200] ^= 0xFF
    summary = ingest(cloud, put(tmp_path, "other.dcm", bytes(other)))
    assert reasons(summary) == ["conflict"]
    assert "other.dcm" in summary.rejected[0].message
    assert list(stored_objects(cloud).values()) == [CT.read_bytes()]


@pytest.mark.parametrize(
    "change", [_set("PatientID", "somebody else"), _set("PatientName", "Other^Person")]
)
def test_another_patient_in_the_same_study(
    cloud: ImageCloud, tmp_path: Path, change: Callable[[Dataset], None]
) -> None:
    ingest(cloud, CT)
    summary = ingest(cloud, put(tmp_path, "wrong.dcm", changed(change)))
    assert reasons(summary) == ["patient_mismatch"]
    assert "Other" not in summary.rejected[0].message
    assert list(stored_objects(cloud).values()) == [CT.read_bytes()]


def test_the_same_patient_otherwise_written_is_the_same(cloud: ImageCloud, tmp_path: Path) -> None:
    ingest(cloud, CT)
    same = changed(_set("PatientName", "COMPRESSEDSAMPLES^ct1^^"))
    without = changed(_delete("PatientID"))
    put(tmp_path / "in", "1", same)
    put(tmp_path / "in", "2", without)
    assert ingest(cloud, tmp_path / "in").stored == 2


def test_a_series_of_another_study(cloud: ImageCloud, tmp_path: Path) -> None:
    ingest(cloud, CT)
    stray = changed(_set("StudyInstanceUID", generate_uid()))
    assert reasons(ingest(cloud, put(tmp_path, "1.dcm", stray))) == ["series_mismatch"]


def test_files_that_cannot_be_read(cloud: ImageCloud, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    put(folder, "a/IM1", CT.read_bytes())
    (folder / "a" / "again").symlink_to(folder, target_is_directory=True)
    (folder / "self").symlink_to(folder / "self")
    (folder / "broken").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe")
    put(folder, "empty.dcm", b"")
    summary = ingest(cloud, folder, tmp_path / "nowhere")
    assert summary.stored == 1
    assert {rejection.path: rejection.reason for rejection in summary.rejected} == {
        "in/a/again": "symlink_loop",
        "in/self": "symlink_loop",
        "in/broken": "not_found",
        "in/pipe": "not_a_file",
        "in/empty.dcm": "empty",
        "nowhere": "not_found",
    }


def test_a_file_without_permission(
    cloud: ImageCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = put(tmp_path, "locked.dcm", CT.read_bytes())
    opened = Path.open

    def refuse(path: Path, *rest: object) -> object:
        if path == locked:
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    assert reasons(ingest(cloud, locked)) == ["unreadable"]


def _zip(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def test_an_encrypted_archive(cloud: ImageCloud, tmp_path: Path) -> None:
    path = _zip(tmp_path / "secret.zip", {"IM1": CT.read_bytes(), "IM2": CT.read_bytes()})
    data = bytearray(path.read_bytes())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(magic)
        data[place + flags] |= 1  # general purpose bit 0: encrypted (APPNOTE 4.4.4)
    path.write_bytes(data)
    summary = ingest(cloud, path)
    assert summary.stored == 1
    assert [(one.path, one.reason) for one in summary.rejected] == [("secret.zip!IM1", "encrypted")]


def test_archive_bombs(cloud: ImageCloud, tmp_path: Path) -> None:
    bomb = _zip(tmp_path / "ratio.zip", {"IM1": bytes(40 << 20), "IM2": CT.read_bytes()})
    summary = ingest(cloud, bomb)
    assert (summary.stored, reasons(summary)) == (1, ["decompression_bomb"])
    many = _zip(tmp_path / "many.zip", {str(number): b"x" for number in range(20)})
    assert reasons(ingest(cloud, many, limits=IngestLimits(archive_entries=10))) == [
        "decompression_bomb"
    ]
    big = _zip(tmp_path / "big.zip", {str(number): bytes(1000) for number in range(5)})
    assert reasons(ingest(cloud, big, limits=IngestLimits(archive_bytes=4000))) == [
        "decompression_bomb"
    ]


def test_an_entry_that_lies_about_its_size(cloud: ImageCloud, tmp_path: Path) -> None:
    path = _zip(tmp_path / "liar.zip", {"IM1": CT.read_bytes()})
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 24 : place + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    assert reasons(ingest(cloud, path)) == ["damaged_archive"]


def test_broken_and_nested_archives(cloud: ImageCloud, tmp_path: Path) -> None:
    inner = _zip(tmp_path / "inner.zip", {"IM1": CT.read_bytes()}).read_bytes()
    nested = _zip(tmp_path / "nested.zip", {"inner.zip": inner, "IM2": CT.read_bytes()})
    summary = ingest(cloud, nested)
    assert (summary.stored, reasons(summary)) == (1, ["nested_archive"])
    broken = put(tmp_path, "broken.zip", inner[:-30])
    assert reasons(ingest(cloud, broken)) == ["damaged_archive"]
    flipped = bytearray(inner)
    flipped[500] ^= 0xFF
    assert reasons(ingest(cloud, put(tmp_path, "flipped.zip", bytes(flipped)))) == [
        "damaged_archive"
    ]


def test_names_that_no_database_can_hold(cloud: ImageCloud, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\xfe\n.dcm"
    with open(name, "wb") as file:  # noqa: PTH123 - a name that is not text
        file.write(b"nothing")
    summary = ingest(cloud, tmp_path)
    assert "not_dicom" in reasons(summary)


@pytest.mark.skipif(not Path("/usr/bin/zip").exists(), reason="no zip program")
def test_a_really_encrypted_archive(cloud: ImageCloud, tmp_path: Path) -> None:
    put(tmp_path, "IM1", CT.read_bytes())
    subprocess.run(["zip", "-q", "-P", "pw", "s.zip", "IM1"], cwd=tmp_path, check=True)
    assert reasons(ingest(cloud, tmp_path / "s.zip")) == ["encrypted"]
