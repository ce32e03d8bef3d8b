"""Stored values, judged by pydicom's own reading and by DCMTK's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import MPEG4HP41, ExplicitVRLittleEndian, generate_uid

from server.imaging.decode import DecodeError, has_frames, stored_frames
from tests.imaging.conftest import SHARED, WHEEL, ct_slice, phantom

# Files that pydicom keeps because they are broken; each is refused, never guessed at.
BROKEN = {
    "JPEG2000-embedded-sequence-delimiter.dcm",
    "MR_truncated.dcm",
    "badVR.dcm",
    "meta_missing_tsyntax.dcm",
    "nested_priv_SQ.dcm",
}


# Twelve bits, or lossless: what pydicom reads with no plugin that is installed here.
RARE_JPEG = {"JPEG-lossy.dcm", "JPGExtended.dcm", "SC_rgb_jpeg_gdcm.dcm"}


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.rglob("*") if path.is_file() and _is_image(path))


def _is_image(path: Path) -> bool:
    try:
        dataset = dcmread(path, force=True)
        return has_frames(dataset) and path.name not in BROKEN | RARE_JPEG
    except Exception:
        return False


def _pydicom_frames(dataset: Dataset) -> np.ndarray:
    pixels = dataset.pixel_array
    single = int(dataset.get("NumberOfFrames") or 1) == 1
    return pixels[np.newaxis] if single else pixels


@pytest.mark.requirement("B-50")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", _images(WHEEL), ids=lambda path: path.name)
def test_pixels_are_those_that_pydicom_reads(path: Path) -> None:
    dataset = dcmread(path, force=True)
    expected = _pydicom_frames(dataset)
    frames = list(stored_frames(dataset))
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        assert {frame.shape for frame in frames} == {(*expected.shape[1:], 3)}
        return
    if dataset.SamplesPerPixel == 3 and dataset.BitsStored > 8:
        expected = expected >> (int(dataset.BitsStored) - 8)
    assert np.array_equal(np.stack(frames), expected)


@pytest.mark.parametrize("name", sorted(BROKEN))
@pytest.mark.filterwarnings("ignore")
def test_a_broken_file_is_refused_by_name(name: str) -> None:
    with pytest.raises(DecodeError) as refusal:
        list(stored_frames(dcmread(WHEEL / name, force=True)))
    assert refusal.value.reason
    assert " / " in str(refusal.value)


@pytest.mark.requirement("B-50")
@pytest.mark.parametrize("name", sorted(RARE_JPEG))
def test_a_jpeg_of_twelve_bits_or_lossless_is_that_of_dcmtk(name: str, tmp_path: Path) -> None:
    if shutil.which("dcmdjpeg") is None:
        pytest.skip("dcmdjpeg is not installed")
    plain = tmp_path / "plain.dcm"
    subprocess.run(["dcmdjpeg", WHEEL / name, plain], check=True, timeout=60)
    dataset = dcmread(WHEEL / name)
    ours = next(stored_frames(dataset))
    # Two decoders of a lossy JPEG may round an inverse cosine transform differently.
    allowed = 1 if dataset.BitsStored > 8 else 0
    assert ours.max() > 200
    assert np.abs(ours.astype(int) - dcmread(plain).pixel_array.astype(int)).max() <= allowed


ENCODERS = {
    "JPEG lossless, selection value 1": ["dcmcjpeg", "+e1"],
    "JPEG lossless": ["dcmcjpeg", "+el"],
    "JPEG-LS": ["dcmcjpls"],
    "RLE": ["dcmcrle"],
    "implicit": ["dcmconv", "+ti"],
    "big endian": ["dcmconv", "+tb"],
    "deflated": ["dcmconv", "+td"],
}


@pytest.mark.requirement("B-50")
@pytest.mark.parametrize("encoder", list(ENCODERS))
@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm"])
def test_what_dcmtk_encodes_is_decoded_bit_by_bit(encoder: str, name: str, tmp_path: Path) -> None:
    command = ENCODERS[encoder]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    encoded = tmp_path / "encoded.dcm"
    subprocess.run([*command, WHEEL / name, encoded], check=True, timeout=60)
    dataset = dcmread(encoded)
    assert dataset.file_meta.TransferSyntaxUID != dcmread(WHEEL / name).file_meta.TransferSyntaxUID
    assert np.array_equal(next(stored_frames(dataset)), dcmread(WHEEL / name).pixel_array)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", _images(SHARED / "syntax"), ids=lambda path: path.name[-60:])
def test_files_of_other_projects_decode_or_are_refused(path: Path) -> None:
    try:
        frames = list(stored_frames(dcmread(path, force=True)))
    except DecodeError as refusal:
        assert refusal.reason in {"damaged_pixels", "unsupported_transfer_syntax"}
        return
    assert frames


def test_overlay_bits_above_the_stored_ones_are_masked() -> None:
    pixels = phantom(1)
    dirty = pixels | 0xA000
    dataset = ct_slice(dirty, 1, generate_uid())
    assert np.array_equal(next(stored_frames(dataset)), pixels)


def test_a_high_bit_above_the_usual_place_is_shifted_down() -> None:
    pixels = phantom(1)
    dataset = ct_slice(pixels << 4, 1, generate_uid(), HighBit=15)
    assert np.array_equal(next(stored_frames(dataset)), pixels)


def test_signed_values_of_twelve_bits_get_their_sign() -> None:
    pixels = phantom(1).astype(np.int32) - 1200
    assert pixels.min() < 0
    dataset = ct_slice(pixels & 0x0FFF, 1, generate_uid(), PixelRepresentation=1)
    frame = next(stored_frames(dataset))
    assert frame.dtype == np.int16
    assert np.array_equal(frame, pixels)


def test_sixteen_bit_palette_entries_keep_their_upper_byte() -> None:
    dataset = dcmread(WHEEL / "examples_palette.dcm")
    frame = next(stored_frames(dataset))
    table = np.frombuffer(dataset.RedPaletteColorLookupTableData, "<u2")
    assert np.array_equal(frame[..., 0], (table >> 8)[dataset.pixel_array])


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"PhotometricInterpretation": "CMYK"}, "unsupported_photometric"),
        ({"BitsStored": 12, "HighBit": 3}, "bad_bits"),
        ({"PixelData": b"\0" * 10}, "damaged_pixels"),
    ],
)
def test_what_cannot_be_shown_is_refused(elements: dict[str, object], reason: str) -> None:
    with pytest.raises(DecodeError) as refusal:
        list(stored_frames(ct_slice(phantom(1), 1, generate_uid(), **elements)))
    assert refusal.value.reason == reason


def test_video_and_missing_pixels_are_refused() -> None:
    video = ct_slice(phantom(1), 1, generate_uid())
    video.file_meta.TransferSyntaxUID = MPEG4HP41
    report = Dataset()
    report.file_meta = video.file_meta.__class__()
    report.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    assert not has_frames(report)
    for dataset, reason in ((video, "video"), (report, "no_pixel_data")):
        with pytest.raises(DecodeError) as refusal:
            list(stored_frames(dataset))
        assert refusal.value.reason == reason
