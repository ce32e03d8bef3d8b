"""Overlay planes: read, kept, drawn, and judged by DCMTK where it draws them."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRBigEndian, generate_uid

from server.cloud import ImageCloud
from server.imaging import delivery, prepare
from server.imaging.frames import SourceFrame, display, source_frames
from server.imaging.overlays import frame_overlays
from server.model import Series
from tests.imaging.conftest import WHEEL, Stored, as_file, ct_slice, phantom
from tests.viewer import dcmtk
from viewer_py.dicom import manifest, overlays
from viewer_py.dicom.overlays import OverlayError, OverlayPlane
from viewer_py.pixels import pipeline
from viewer_py.pixels.overlays import mask

ROWS, COLUMNS = 96, 80
Pixels = np.ndarray[Any, np.dtype[Any]]


def bitmap(number: int, rows: int = ROWS, columns: int = COLUMNS) -> Pixels:
    return np.random.default_rng(number).random((rows, columns)) > 0.9


def add_overlay(dataset: Dataset, bits: Pixels, group: int = 0x6000, **values: Any) -> None:
    """Add an overlay plane; `bits` of three axes is one of several frames."""
    packed = np.packbits(bits.reshape(-1), bitorder="little").tobytes()
    stated = {
        (0x10, "US"): bits.shape[-2],
        (0x11, "US"): bits.shape[-1],
        (0x40, "CS"): values.get("kind", "G"),
        (0x50, "SS"): values.get("origin", [1, 1]),
        (0x100, "US"): 1,
        (0x102, "US"): 0,
        (0x1500, "LO"): "标注",
        (0x3000, "OW"): packed + b"\0" * (len(packed) % 2),
    }
    if bits.ndim == 3:
        stated |= {(0x15, "IS"): len(bits), (0x51, "US"): values.get("first", 1)}
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for (element, vr), value in stated.items():
        dataset.add_new((group, element), vr, value)


def one(dataset: Dataset) -> OverlayPlane:
    (plane,) = frame_overlays(dataset, 0)
    return plane


def shown(dataset: Dataset) -> Pixels:
    (source,) = source_frames(dataset)
    assert isinstance(source, SourceFrame)
    return display(source.stored, source.attributes, source.overlays)


def beside_dcmtk(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "overlay.dcm"
    dataset.save_as(path, enforce_file_format=True)
    theirs = dcmtk.original(path, tmp_path / "overlay.pnm", "+Wi", "1")
    assert theirs is not None
    assert np.abs(shown(dcmread(path)).astype(int) - theirs.astype(int)).max() <= 1


@pytest.mark.requirement("B-16")
@pytest.mark.parametrize("origin", [(1, 1), (11, 21), (-4, 0), (60, 70)])
def test_a_plane_lies_where_its_origin_says(origin: tuple[int, int], tmp_path: Path) -> None:
    dataset = ct_slice(phantom(1), 1, generate_uid())
    add_overlay(dataset, bitmap(1, 30, 40), origin=list(origin))
    assert (one(dataset).origin_row, one(dataset).origin_column) == (origin[0] - 1, origin[1] - 1)
    beside_dcmtk(dataset, tmp_path)


def test_two_planes_at_once(tmp_path: Path) -> None:
    dataset = ct_slice(phantom(1), 1, generate_uid())
    add_overlay(dataset, bitmap(1))
    add_overlay(dataset, bitmap(2), group=0x6002)
    planes = frame_overlays(dataset, 0)
    assert [plane.group for plane in planes] == [0x6000, 0x6002]
    assert np.array_equal(mask(planes, ROWS, COLUMNS), bitmap(1) | bitmap(2))
    beside_dcmtk(dataset, tmp_path)


def test_a_plane_in_the_unused_bits_of_the_pixels(tmp_path: Path) -> None:
    drawn = bitmap(3)
    dataset = ct_slice(phantom(1) | drawn.astype(np.uint16) << 13, 1, generate_uid())
    for element, vr, value in (
        (0x10, "US", ROWS),
        (0x11, "US", COLUMNS),
        (0x40, "CS", "G"),
        (0x50, "SS", [1, 1]),
        (0x100, "US", 16),
        (0x102, "US", 13),
    ):
        dataset.add_new((0x6000, element), vr, value)
    assert np.array_equal(mask(frame_overlays(dataset, 0), ROWS, COLUMNS), drawn)
    beside_dcmtk(dataset, tmp_path)
    dataset[0x6000, 0x102].value = 5  # a bit of the image is no overlay
    assert frame_overlays(dataset, 0) == ()


def test_big_endian_words_are_turned() -> None:
    little = ct_slice(phantom(1), 1, generate_uid())
    add_overlay(little, bitmap(4))
    big = ct_slice(phantom(1), 1, generate_uid())
    add_overlay(big, bitmap(4))
    swapped = np.frombuffer(big[0x6000, 0x3000].value, "<u2").byteswap().tobytes()
    big[0x6000, 0x3000].value = swapped
    big.PixelData = phantom(1).astype(">u2").tobytes()
    big.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    target = BytesIO()
    big.save_as(target, implicit_vr=False, little_endian=False)
    again = dcmread(BytesIO(target.getvalue()), force=True)
    assert np.array_equal(
        mask(frame_overlays(again, 0), ROWS, COLUMNS),
        mask(frame_overlays(little, 0), ROWS, COLUMNS),
    )


def test_the_frames_of_a_plane_lie_over_those_of_the_image() -> None:
    several = np.stack([bitmap(number, 13, 7) for number in range(3)])  # 91 bits a frame
    dataset = ct_slice(np.tile(phantom(1), (5, 1)), 1, generate_uid(), Rows=ROWS, NumberOfFrames=5)
    add_overlay(dataset, several, first=2)
    assert frame_overlays(dataset, 0) == frame_overlays(dataset, 4) == ()
    for place in range(3):
        found = mask(frame_overlays(dataset, place + 1), 13, 7)
        assert np.array_equal(found, several[place])


def test_a_plane_of_one_frame_lies_over_every_frame() -> None:
    dataset = ct_slice(np.tile(phantom(1), (2, 1)), 1, generate_uid(), Rows=ROWS, NumberOfFrames=2)
    add_overlay(dataset, bitmap(5))
    assert frame_overlays(dataset, 0) == frame_overlays(dataset, 1) != ()


def test_of_a_region_of_interest_only_the_outline_is_drawn() -> None:
    region = np.zeros((ROWS, COLUMNS), dtype=bool)
    region[10:20, 30:50] = True
    dataset = ct_slice(phantom(1), 1, generate_uid())
    add_overlay(dataset, region, kind="R")
    drawn = mask([one(dataset)], ROWS, COLUMNS)
    assert drawn[10:20, 30:50].sum() == drawn.sum() == 2 * 20 + 2 * 8
    assert not drawn[11:19, 31:49].any()


@pytest.mark.requirement("B-27")
def test_the_readers_inversion_turns_overlays_too() -> None:
    dataset = ct_slice(phantom(1), 1, generate_uid())
    add_overlay(dataset, bitmap(6))
    (source,) = source_frames(dataset)
    assert isinstance(source, SourceFrame)
    both = [
        pipeline.display(
            source.stored, source.attributes, inverted=inverted, planes=source.overlays
        ).astype(int)
        for inverted in (False, True)
    ]
    assert (both[0] + both[1] == 255).all()
    assert (both[0][bitmap(6)] == 255).all()


@pytest.mark.parametrize(("element", "value"), [(0x10, 0), (0x11, 999), (0x3000, b"")])
def test_a_plane_that_is_not_whole_costs_nothing_but_itself(element: int, value: object) -> None:
    dataset = ct_slice(phantom(1), 1, generate_uid())
    add_overlay(dataset, bitmap(7))
    dataset[0x6000, element].value = value
    assert frame_overlays(dataset, 0) == ()
    assert shown(dataset).shape == (ROWS, COLUMNS)


def test_planes_come_back_from_the_wire_and_equal_bitmaps_once() -> None:
    dataset = dcmread(WHEEL / "examples_overlay.dcm")
    planes = frame_overlays(dataset, 0)
    assert planes
    whole = dict.fromkeys((0, 3, 7), planes)
    data = overlays.to_bytes(whole)
    assert overlays.from_bytes(data) == whole
    assert len(data) < len(overlays.to_bytes({0: planes})) + 200
    for broken in (b"", data[:-9], b"nonsense", overlays.to_bytes({})[:5]):
        with pytest.raises(OverlayError):
            overlays.from_bytes(broken)


@pytest.mark.requirement("B-16")
def test_a_prepared_series_delivers_planes_and_pictures_with_them(
    cloud: ImageCloud, store_series: Callable[..., Stored]
) -> None:
    uid = generate_uid()
    files = []
    for number in (3, 1, 2, 4):
        dataset = ct_slice(phantom(number), number, uid)
        if number != 2:
            add_overlay(dataset, bitmap(number))
        files.append(dataset)
    stored = store_series([as_file(dataset) for dataset in files])
    prepare.prepare_study(cloud, stored.study_id)
    with cloud.database.session() as session:
        series = session.get_one(Series, stored.series_id)
        described = manifest.from_json(delivery.manifest_json(cloud, session, series))
        data = delivery.overlay_planes(cloud, series)
        pictures = [delivery.rendered_png(cloud, session, series, place) for place in range(4)]
    assert described.overlay_bytes == len(data)
    found = overlays.from_bytes(data)
    assert sorted(found) == [0, 2, 3]
    for place in (0, 2, 3):
        drawn = mask(found[place], ROWS, COLUMNS)
        assert np.array_equal(drawn, bitmap(place + 1))
        picture = np.asarray(Image.open(BytesIO(pictures[place])))
        assert (picture[drawn] == 255).all()


def test_a_series_without_planes_has_no_such_file(cloud: ImageCloud, ct_series: Stored) -> None:
    prepare.prepare_study(cloud, ct_series.study_id)
    with cloud.database.session() as session:
        series = session.get_one(Series, ct_series.series_id)
        assert delivery.overlay_planes(cloud, series) == b""
        keys = list(cloud.vault.store.keys(f"studies/{ct_series.study_id}"))
    assert not any(key.endswith("/overlays") for key in keys)
