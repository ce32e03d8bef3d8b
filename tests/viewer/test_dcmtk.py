"""Our grey levels beside those of DCMTK.

DCMTK cuts the fraction off where we round to the nearest, so one grey level of difference is not a
disagreement. What else it does in another way is said where it is met.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.viewer import dcmtk
from tests.viewer.objects import (
    WHEEL_FILES,
    attributes,
    every_value,
    lut_sequence,
    made,
    read,
    write,
)
from viewer_py.pixels import pipeline, presets, voi
from viewer_py.pixels.voi import LINEAR_EXACT, SIGMOID, Window

GREY_FILES = (
    "693_J2KI.dcm",
    "CT_small.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "JPEG2000.dcm",
    "JPEGLSNearLossless_08.dcm",
    "JPEGLSNearLossless_16.dcm",
    "JPGExtended.dcm",
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_padded.dcm",
    "examples_overlay.dcm",
    "image_dfl.dcm",
    "liver_1frame.dcm",
    "rtdose.dcm",
    "rtdose_expb_1frame.dcm",
    "rtdose_rle_1frame.dcm",
)
COLOR_FILES = (
    "ExplVR_BigEnd.dcm",
    "SC_rgb_dcmtk_+eb+cy+np.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_rle_16bit.dcm",
    "SC_rgb_small_odd.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "examples_jpeg2k.dcm",
    "examples_palette.dcm",
    "examples_rgb_color.dcm",
)


def difference(ours: np.ndarray, theirs: np.ndarray) -> int:
    """Return the largest difference in grey levels."""
    assert ours.shape == theirs.shape
    return int(np.abs(ours.astype(int) - theirs.astype(int)).max())


@pytest.mark.requirement("B-07", "B-16")
@pytest.mark.parametrize("name", GREY_FILES)
def test_default_picture_of_a_file(name: str, tmp_path: Path) -> None:
    dataset, stored = read(WHEEL_FILES / name)
    frame = attributes(dataset, stored)
    options = ("+Wi", "1") if frame.window_center else ("+Wm",)
    theirs = dcmtk.picture(write(tmp_path / "plain.dcm", dataset, stored), *options)
    assert difference(pipeline.display(stored, frame), theirs) <= 1


@pytest.mark.requirement("B-16")
@pytest.mark.parametrize("name", COLOR_FILES)
def test_colour_is_shown_as_it_is(name: str, tmp_path: Path) -> None:
    dataset, stored = read(WHEEL_FILES / name)
    theirs = dcmtk.picture(write(tmp_path / "plain.dcm", dataset, stored))
    assert difference(pipeline.display(stored, attributes(dataset, stored)), theirs) == 0


@pytest.mark.requirement("B-25", "B-39")
@pytest.mark.parametrize("preset", presets.PRESETS[1:], ids=lambda preset: preset.name)
def test_preset_on_a_ct(preset: presets.Preset, tmp_path: Path) -> None:
    dataset, stored = read(WHEEL_FILES / "CT_small.dcm")
    assert preset.window is not None
    plain = write(tmp_path / "plain.dcm", dataset, stored)
    theirs = dcmtk.picture(plain, *dcmtk.window(preset.window.center, preset.window.width))
    ours = pipeline.display(stored, attributes(dataset, stored), preset.window)
    assert difference(ours, theirs) <= 1


@pytest.mark.requirement("B-25")
@pytest.mark.parametrize("width", [1, 2, 3.5, 80, 1500, 65536])
@pytest.mark.parametrize("center", [-1000, -0.5, 0, 40, 300.25])
def test_numeric_window(center: float, width: float, tmp_path: Path) -> None:
    dataset, stored = read(WHEEL_FILES / "CT_small.dcm")
    theirs = dcmtk.picture(
        write(tmp_path / "plain.dcm", dataset, stored), *dcmtk.window(center, width)
    )
    ours = pipeline.display(stored, attributes(dataset, stored), Window(center, width))
    assert difference(ours, theirs) <= 1


@pytest.mark.requirement("B-25")
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("bits", [8, 9, 10, 12, 15, 16])
def test_every_stored_value_of_every_depth(bits: int, signed: bool, tmp_path: Path) -> None:
    stored = every_value(bits, signed)
    span = 1 << bits
    dataset = made(BitsStored=bits, PixelRepresentation=int(signed))
    dataset.WindowCenter, dataset.WindowWidth = int(stored.mean()) + span // 8, span // 2
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -24
    plain = write(tmp_path / "plain.dcm", dataset, stored)
    frame = attributes(dataset, stored)
    assert difference(pipeline.display(stored, frame), dcmtk.picture(plain, "+Wi", "1")) <= 1
    full = pipeline.display(stored, frame, voi.full_range(frame))
    assert difference(full, dcmtk.picture(plain, "+Wm")) <= 1


@pytest.mark.requirement("B-25")
@pytest.mark.parametrize("width", [1, 30, 900])
def test_sigmoid(width: float, tmp_path: Path) -> None:
    stored = every_value(12, signed=False)
    dataset = made()
    plain = write(tmp_path / "plain.dcm", dataset, stored)
    theirs = dcmtk.picture(plain, "+Wfs", *dcmtk.window(2000, width))
    window = Window(2000, width, SIGMOID)
    assert difference(pipeline.display(stored, attributes(dataset, stored), window), theirs) <= 1


@pytest.mark.requirement("B-25")
def test_voi_lut_of_the_file(tmp_path: Path) -> None:
    values = [round(1023 * (i / 1000) ** 2) for i in range(1001)]
    stored = every_value(12, signed=False)
    dataset = made(VOILUTSequence=lut_sequence(1000, 10, values))
    theirs = dcmtk.picture(write(tmp_path / "plain.dcm", dataset, stored), "+Wl", "1")
    assert difference(pipeline.display(stored, attributes(dataset, stored)), theirs) <= 1


@pytest.mark.requirement("B-25")
def test_modality_lut_of_the_file(tmp_path: Path) -> None:
    values = [round(1023 * (i / 1000) ** 2) for i in range(1001)]
    stored = every_value(12, signed=False)
    dataset = made(
        ModalityLUTSequence=lut_sequence(1000, 10, values), WindowCenter=500, WindowWidth=300
    )
    theirs = dcmtk.picture(write(tmp_path / "plain.dcm", dataset, stored), "+Wi", "1")
    assert difference(pipeline.display(stored, attributes(dataset, stored)), theirs) <= 1


def test_fractional_rescale(tmp_path: Path) -> None:
    """DCMTK rounds modality values to whole numbers: half a value of the window more difference."""
    stored = every_value(12, signed=False)
    dataset = made(RescaleSlope="0.37", RescaleIntercept="-100.5")
    dataset.WindowCenter, dataset.WindowWidth = 500, 1200
    theirs = dcmtk.picture(write(tmp_path / "plain.dcm", dataset, stored), "+Wi", "1")
    assert difference(pipeline.display(stored, attributes(dataset, stored)), theirs) <= 1


@pytest.mark.requirement("B-16", "B-27")
@pytest.mark.parametrize("shape", ["", "IDENTITY", "INVERSE"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("inverted", [False, True], ids=["as it is", "inverted"])
def test_polarity(photometric: str, shape: str, inverted: bool, tmp_path: Path) -> None:
    stored = every_value(12, signed=False)
    dataset = made(PhotometricInterpretation=photometric, WindowCenter=2000, WindowWidth=1000)
    if shape:
        dataset.PresentationLUTShape = shape
    options = ("+P",) if inverted else ()
    theirs = dcmtk.picture(write(tmp_path / "plain.dcm", dataset, stored), "+Wi", "1", *options)
    ours = pipeline.display(stored, attributes(dataset, stored), inverted=inverted)
    assert difference(ours, theirs) <= 1


@pytest.mark.requirement("B-16")
def test_a_judge_can_disagree(tmp_path: Path) -> None:
    """A window read with the other formula is seen: the judge is not asleep."""
    stored = every_value(12, signed=False)
    dataset = made(WindowCenter=2000, WindowWidth=4)
    theirs = dcmtk.picture(write(tmp_path / "plain.dcm", dataset, stored), "+Wi", "1")
    exact = pipeline.display(stored, attributes(dataset, stored), Window(2000, 4, LINEAR_EXACT))
    assert difference(exact, theirs) > 1
