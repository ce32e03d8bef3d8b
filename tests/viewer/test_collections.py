"""Every file of every collection: our picture beside DCMTK's, or the reason why there is none.

Not more than one grey level apart in 99.9 % of the pixels. What DCMTK cannot read is listed, file
by file, and read by another judge; the list is judged too: an entry that is no longer needed fails.
Collections beside the repository are skipped where they are not.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import SimpleITK
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_windowing

from server.imaging.decode import PALETTE
from server.imaging.frames import SourceFrame, display, source_frames
from tests.viewer import dcmtk
from tests.viewer.collections_of_files import (
    JPEG_2000,
    REFUSED,
    UNREAD_BY_DCMTK,
    files,
    images,
    name_of,
    path_of,
)
from tests.viewer.objects import write
from viewer_py.dicom.manifest import FrameAttributes, RefusedObject
from viewer_py.pixels import transfer, voi

Pixels = np.ndarray[Any, np.dtype[Any]]

LEAST_SHARE = 0.999
# Of collections whose files are much alike, and many, every so-manyth is enough for each day.
EVERY = {"pydicom": 1, "syntax": 1, "hostile": 1, "objects": 1, "geometry": 4, "volumes": 20}


def _daily() -> list[Path]:
    return [path for name, step in EVERY.items() for path in files(name)[::step]]


def _rest() -> list[Path]:
    daily = set(_daily())
    return [path for name in EVERY for path in files(name) if path not in daily]


def agree(ours: Pixels, theirs: Pixels, image: Pixels | None = None) -> bool:
    """Say whether two pictures are one grey level apart at most, nearly everywhere."""
    if ours.shape != theirs.shape:
        return False
    near = np.abs(ours.astype(int) - theirs.astype(int)) <= 1
    counted = near if image is None else near[image]
    return counted.size == 0 or float(counted.mean()) >= LEAST_SHARE


def window_options(frame: FrameAttributes) -> list[str]:
    """Return the options with which dcm2pnm shows the window that we show by default."""
    if voi.is_color(frame):
        return []
    if frame.voi_luts:
        return ["+Wl", "1"]
    window = voi.default_window(frame)
    shift = 1.0 if window.function == voi.LINEAR_EXACT else 0.0  # DCMTK has LINEAR and SIGMOID
    sigmoid = ["+Wfs"] if window.function == voi.SIGMOID else []
    return [*dcmtk.window(window.center + shift / 2, window.width + shift), *sigmoid]


def beside_dcmtk(path: Path, source: SourceFrame, number: int, output: Path) -> bool:
    """Say whether our default picture, overlays drawn, is DCMTK's; padding is drawn otherwise."""
    frame = source.attributes
    options = ["+F", str(number), *window_options(frame)]
    theirs = dcmtk.original(path, output, *options)
    if theirs is None:
        return False
    ours = display(source.stored, frame, source.overlays)
    image = None
    if not voi.is_color(frame):
        image = ~transfer.is_padding(transfer.display_transfer(frame), source.stored)
    return agree(ours, theirs, image)


def _other_judge(name: str, dataset: Dataset) -> str:
    """Return which judge reads a file that DCMTK does not, "" where DCMTK does."""
    if name in UNREAD_BY_DCMTK:
        return UNREAD_BY_DCMTK[name][1]
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax in JPEG_2000:
        return "imagecodecs" if ".4.20" in syntax else "sitk"
    return ""


def _read_by(judge: str, path: Path, dataset: Dataset, source: SourceFrame) -> Pixels:
    """Return the stored values (colour: RGB) of the first frame as another judge reads them."""
    if judge.startswith("twin:"):
        (_path, twin) = next(images([path_of(judge.removeprefix("twin:"))]))
        return next(_shown(twin)).stored
    if judge == "formula":
        ybr = np.frombuffer(dataset.PixelData, np.uint8).reshape(source.stored.shape).astype(float)
        y, cb, cr = ybr[..., 0], ybr[..., 1] - 128, ybr[..., 2] - 128
        rgb = [y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb]
        return np.clip(np.round(np.stack(rgb, axis=-1)), 0, 255)
    if judge == "supplemental":
        return _over_pydicoms_greys(dataset)
    if judge == "imagecodecs":
        encoded = next(generate_frames(dataset.PixelData, number_of_frames=1))
        return np.asarray(imagecodecs.imread(encoded))
    if judge == "sitk":
        values = np.squeeze(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))))
        first = values if values.ndim == source.stored.ndim else values[0]
        frame = source.attributes
        return (first - frame.rescale_intercept) / frame.rescale_slope
    if judge == "rescale":
        return source.stored  # not in doubt
    assert judge == "pydicom"
    pixels = dataset.pixel_array
    several = int(dataset.get("NumberOfFrames") or 1) > 1
    first = pixels[0] if several else pixels
    if dataset.PhotometricInterpretation == PALETTE:
        return apply_color_lut(first, dataset) >> 8
    return first >> (dataset.BitsStored - 8) if voi.is_color(source.attributes) else first


def _over_pydicoms_greys(dataset: Dataset) -> Pixels:
    """Return the first frame of an enhanced image with supplemental palette, as RGB."""
    groups = dataset.SharedFunctionalGroupsSequence[0]
    plain = Dataset()
    plain.update(groups.PixelValueTransformationSequence[0])
    plain.update(groups.FrameVOILUTSequence[0])
    for keyword in ("PhotometricInterpretation", "BitsStored", "PixelRepresentation"):
        plain[keyword] = dataset[keyword]
    stored = dataset.pixel_array[0]
    greys = apply_windowing(apply_modality_lut(stored, plain), plain)
    low, high = (plain.RescaleSlope * end + plain.RescaleIntercept for end in (0, 65535))
    rgb = np.stack([(greys - low) / (high - low) * 255] * 3, axis=-1)
    first = dataset.RedPaletteColorLookupTableDescriptor[1]
    for channel, name in enumerate(("Red", "Green", "Blue")):
        colors = np.frombuffer(dataset[f"{name}PaletteColorLookupTableData"].value, "<u2") >> 8
        place = np.clip(stored.astype(int) - first, 0, len(colors) - 1)
        rgb[..., channel] = np.where(stored >= first, colors[place], rgb[..., channel])
    return rgb


def _shown(dataset: Dataset) -> Any:
    return (one for one in source_frames(dataset) if isinstance(one, SourceFrame))


def judge(path: Path, tmp_path: Path) -> None:
    """Judge one file, in its first, middle and last frame."""
    found = list(images([path]))
    if not found:
        return
    name, dataset = name_of(path), found[0][1]
    results = list(source_frames(dataset))
    refusals = {one.reason for one in results if isinstance(one, RefusedObject)}
    assert refusals == ({REFUSED[name]} if name in REFUSED else set())
    shown = [one for one in results if isinstance(one, SourceFrame)]
    if not shown:
        return
    output = tmp_path / "picture.pnm"
    places = sorted({0, len(shown) // 2, len(shown) - 1})
    verdicts = [beside_dcmtk(path, shown[place], place + 1, output) for place in places]
    other = _other_judge(name, dataset)
    if not other:
        assert all(verdicts)
        return
    assert not all(verdicts), "DCMTK reads it well: the exception is no longer needed"
    theirs = _read_by(other, path, dataset, shown[0])
    ours = shown[0].stored
    assert agree(ours, theirs) if voi.is_color(shown[0].attributes) else np.allclose(ours, theirs)
    # The pixels being right, the picture of them is DCMTK's matter again.
    plain = write(tmp_path / "plain.dcm", _without_rescale(dataset), ours)
    assert beside_dcmtk(plain, _in_stored_values(shown[0]), 1, output)


def _without_rescale(dataset: Dataset) -> Dataset:
    bare = copy.copy(dataset)
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        if keyword in bare:
            del bare[keyword]
    return bare


def _in_stored_values(source: SourceFrame) -> SourceFrame:
    """Return the frame as it is without its rescale, the default window worked out anew.

    A LINEAR window from `low` to `high` modality values is one from the stored values of both.
    """
    frame = source.attributes
    window = voi.default_window(frame)
    if voi.is_color(frame) or frame.voi_luts or window.function == voi.SIGMOID:
        return source
    low, high = (
        (bound - frame.rescale_intercept) / frame.rescale_slope for bound in voi.bounds(window)
    )
    stored = voi.from_bounds(low, high)
    frame = replace(
        frame,
        rescale_slope=1.0,
        rescale_intercept=0.0,
        window_center=(stored.center,),
        window_width=(stored.width,),
        voi_lut_function=voi.LINEAR,
    )
    return replace(source, attributes=frame)


@pytest.mark.requirement("B-07", "B-16", "B-50")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", _daily(), ids=name_of)
def test_picture(path: Path, tmp_path: Path) -> None:
    judge(path, tmp_path)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", _rest(), ids=name_of)
def test_picture_of_the_rest(path: Path, tmp_path: Path) -> None:
    judge(path, tmp_path)


@pytest.mark.parametrize("name", [*REFUSED, *UNREAD_BY_DCMTK])
def test_every_listed_file_is_there(name: str) -> None:
    """An entry of the lists that names no file judges nothing."""
    path = path_of(name)
    if not path.parents[-1].exists() or not files(name.partition("/")[0]):
        pytest.skip("the collection is not beside the repository")
    assert path.is_file()
