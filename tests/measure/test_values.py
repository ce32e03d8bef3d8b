"""What pixels say: ROI statistics beside SimpleITK and shapely, values at a place, their units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given
from hypothesis import strategies as st
from shapely import contains_xy
from shapely.affinity import rotate, scale, translate
from shapely.geometry import Point, Polygon

from tests.measure import world
from tests.volume.test_suv import PET
from viewer_py.dicom.manifest import FrameAttributes, LookupTable
from viewer_py.measure.annotation import AnnotationKind
from viewer_py.measure.measured import measured
from viewer_py.measure.pictures import frame_index_of, stored_picture
from viewer_py.measure.wording import lines

KIND = AnnotationKind
STORED = np.random.default_rng(28).integers(0, 4096, (world.ROWS, world.COLUMNS)).astype(np.int16)
HU = {"rescale_slope": 1.0, "rescale_intercept": -1024.0}
X, Y = np.meshgrid(np.arange(world.COLUMNS) + 0.5, np.arange(world.ROWS) + 0.5)


def judged(values: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """Return what SimpleITK says of the values in a mask; its SD is a sample's, ours is not."""
    judge = sitk.LabelStatisticsImageFilter()
    judge.Execute(
        sitk.GetImageFromArray(values.astype(np.float64)),
        sitk.GetImageFromArray(mask.astype(np.uint8)),
    )
    count = judge.GetCount(1)
    return {
        "pixels": count,
        "mean": judge.GetMean(1),
        "deviation": judge.GetSigma(1) * np.sqrt((count - 1) / count),
        "smallest": judge.GetMinimum(1),
        "largest": judge.GetMaximum(1),
    }


def same(values: dict[str, float | None], judge: dict[str, float]) -> None:
    assert {name: values[name] for name in judge} == pytest.approx(judge, rel=1e-6, abs=1e-6)


@pytest.mark.requirement("B-29", "C-14")
@given(st.lists(world.places, min_size=3, max_size=10), world.frames, world.screens)
def test_statistics_of_a_freehand_area(
    points: list[tuple[float, float]], frame: FrameAttributes, screen: np.ndarray
) -> None:
    outline = Polygon(points)
    if not outline.is_valid:
        outline = Polygon(sorted(points))  # three corners of it are a triangle or nothing
        outline = Polygon(outline.convex_hull.exterior) if outline.area else outline
        points = list(outline.convex_hull.exterior.coords)[:-1] if outline.area else points
    # A centre within rounding of the outline may lie on either side of it.
    shapely_mask = contains_xy(outline, X, Y) if outline.is_valid else np.zeros(X.shape, bool)
    edge = outline.boundary.buffer(1e-7)
    if not shapely_mask.any() or contains_xy(edge, X, Y).any():
        return
    frame = replace(frame, **HU)
    mark = world.drawn(KIND.FREEHAND, points, frame, screen, closed=True)
    same(world.values(mark, world.picture(frame, STORED)), judged(STORED - 1024.0, shapely_mask))


@pytest.mark.requirement("B-29", "C-14")
@given(world.places, st.floats(2, 40), st.floats(2, 40), world.degrees, world.screens)
def test_statistics_of_a_turned_ellipse(
    centre: tuple[float, float], a: float, b: float, turn: float, screen: np.ndarray
) -> None:
    """Membership is in the plane of the picture, so that turned ellipses have their own pixels."""
    frame = world.frame(**HU)
    unit = Point(0, 0).buffer(1.0, quad_segs=2048)
    disc = translate(rotate(scale(unit, a, b), turn, origin=(0, 0)), *centre)
    ends = [(a, 0.0), (-a, 0.0), (0.0, b), (0.0, -b)]
    turned = [rotate(Point(x, y), turn, origin=(0, 0)) for x, y in ends]
    points = [(centre[0] + one.x, centre[1] + one.y) for one in turned]
    mask = contains_xy(disc, X, Y)
    if contains_xy(disc.boundary.buffer(1e-3), X, Y).any() or not mask.any():
        return
    mark = world.drawn(KIND.ELLIPSE, points, frame, screen)
    same(world.values(mark, world.picture(frame, STORED)), judged(STORED - 1024.0, mask))


@pytest.mark.requirement("B-29", "C-14")
def test_the_mean_of_a_rectangle_equals_numpy() -> None:
    frame = world.frame(**HU)
    mark = world.drawn(KIND.RECTANGLE, [(10, 20), (30, 20), (30, 60), (10, 60)], frame)
    measurement = measured(mark, world.picture(frame, STORED))
    part = STORED[20:60, 10:30] - 1024.0
    found = world.found(measurement)
    assert found["mean"].value == pytest.approx(part.mean())
    assert found["deviation"].value == pytest.approx(part.std())
    assert found["pixels"].value == 800
    assert {found[name].unit for name in ("mean", "deviation", "smallest", "largest")} == {"HU"}
    assert f"平均值 {part.mean():.1f} HU" in lines(measurement)


def test_two_rectangles_that_touch_share_no_pixel() -> None:
    frame = world.frame()
    image = world.picture(frame, STORED)
    counts = [
        world.values(world.drawn(KIND.RECTANGLE, corners, frame), image)["pixels"]
        for corners in (
            [(10.5, 10.5), (20.5, 10.5), (20.5, 20.5), (10.5, 20.5)],
            [(20.5, 10.5), (30.5, 10.5), (30.5, 20.5), (20.5, 20.5)],
        )
    ]
    assert counts == [100, 100]


def test_a_region_smaller_than_a_pixel_is_the_one_under_its_centre() -> None:
    frame = world.frame(**HU)
    mark = world.drawn(KIND.CIRCLE, [(33.2, 44.9), (33.3, 44.9)], frame)
    found = world.found(measured(mark, world.picture(frame, STORED)))
    assert found["mean"].value == STORED[44, 33] - 1024
    assert (found["pixels"].value, found["deviation"].value) == (1.0, 0.0)
    assert found["mean"].note.chinese == "区域小于像素，取其中心的像素"


@pytest.mark.requirement("B-29")
def test_padding_is_left_out_and_told() -> None:
    frame = world.frame(pixel_padding_value=-2000.0, **HU)
    stored = STORED.copy()
    stored[:, :20] = -2000
    mark = world.drawn(KIND.RECTANGLE, [(10, 20), (30, 20), (30, 30), (10, 30)], frame)
    found = world.found(measured(mark, world.picture(frame, stored)))
    assert found["mean"].value == pytest.approx((stored[20:30, 20:30] - 1024.0).mean())
    assert found["smallest"].value > -1025
    assert found["pixels"].note.chinese == "另有 100 个像素没有数据"
    nothing = world.drawn(KIND.RECTANGLE, [(1, 20), (9, 20), (9, 30), (1, 30)], frame)
    assert "平均值：区域内没有数据" in lines(measured(nothing, world.picture(frame, stored)))


def test_a_region_beside_the_image_says_so() -> None:
    frame = world.frame()
    mark = world.drawn(KIND.RECTANGLE, [(-40, -40), (-20, -40), (-20, -20), (-40, -20)], frame)
    assert "平均值：区域在图像之外" in lines(measured(mark, world.picture(frame, STORED)))


@pytest.mark.requirement("B-29", "C-14")
@given(world.places, world.frames, world.screens)
def test_the_ct_value_is_that_of_the_stored_pixel(
    place: tuple[float, float], frame: FrameAttributes, screen: np.ndarray
) -> None:
    column, row = place
    if min(abs(column - round(column)), abs(row - round(row))) < 1e-6:
        return
    frame = replace(frame, **HU)
    measurement = measured(
        world.drawn(KIND.PROBE, [place], frame, screen), world.picture(frame, STORED)
    )
    assert measurement.results[0].value == STORED[int(row), int(column)] - 1024
    assert lines(measurement) == (f"CT值 {STORED[int(row), int(column)] - 1024} HU",)


def test_a_probe_says_where_there_is_no_value() -> None:
    frame = world.frame(pixel_padding_value=0.0)
    stored = np.zeros((world.ROWS, world.COLUMNS), np.int16)
    inside = world.drawn(KIND.PROBE, [(5, 5)], frame)
    outside = world.drawn(KIND.PROBE, [(-5, 5)], frame)
    image = world.picture(frame, stored)
    assert lines(measured(inside, image)) == ("CT值：此处没有数据",)
    assert lines(measured(outside, image)) == ("CT值：在图像之外",)
    assert lines(measured(inside, world.picture(frame))) == ("CT值：像素尚未载入",)


def test_colour_has_sizes_but_no_values() -> None:
    frame = world.plain(samples_per_pixel=3, photometric_interpretation="RGB")
    stored = np.zeros((world.ROWS, world.COLUMNS, 3), np.uint8)
    image = world.picture(frame, stored, modality="US")
    mark = world.drawn(KIND.RECTANGLE, [(1, 2), (9, 2), (9, 3), (1, 3)], frame)
    found = world.found(measured(mark, image))
    assert found["area"].value == 8.0
    assert found["mean"].value is None
    assert found["mean"].note.chinese == "彩色图像没有像素值"


@pytest.mark.requirement("B-29", "C-14")
@pytest.mark.parametrize(
    ("modality", "extra", "unit"),
    [
        ("CT", {}, "HU"),
        ("CT", {"rescale_type": "US"}, ""),
        ("MR", {}, ""),
        ("CR", {}, ""),
    ],
)
def test_only_ct_in_hounsfield_units_has_them(
    modality: str, extra: dict[str, str], unit: str
) -> None:
    frame = world.frame(**extra)
    mark = world.drawn(KIND.PROBE, [(5.5, 5.5)], frame)
    assert measured(mark, world.picture(frame, STORED, modality)).results[0].unit == unit


@pytest.mark.requirement("B-29", "C-14")
def test_pet_values_are_suv_or_say_why_not() -> None:
    frame = world.frame(acquisition_datetime="2026-03-01T09:00:05", rescale_slope=2.0)
    mark = world.drawn(KIND.PROBE, [(5.5, 5.5)], frame)
    becquerels = float(STORED[5, 5]) * 2.0
    result = measured(mark, world.picture(frame, STORED, "PT", pet=PET)).results[0]
    left = 2.0 ** (-3600 / PET.radionuclide_half_life)
    expected = becquerels * PET.patient_weight * 1000 / (PET.radionuclide_total_dose * left)
    assert (result.value, result.unit) == (pytest.approx(expected), "SUVbw")
    without = replace(PET, patient_weight=None)
    result = measured(mark, world.picture(frame, STORED, "PT", pet=without)).results[0]
    assert (result.value, result.unit) == (becquerels, "BQML")
    assert result.note.chinese == "不能计算 SUV：缺少体重"


def test_a_modality_lut_is_the_value() -> None:
    table = LookupTable(0, 16, tuple(range(0, 12288, 3)))
    frame = world.plain(modality_lut=table)
    mark = world.drawn(KIND.PROBE, [(5.5, 5.5)], frame)
    result = measured(mark, world.picture(frame, STORED, "CR")).results[0]
    assert (result.value, result.unit) == (3.0 * STORED[5, 5], "")


def test_a_mark_finds_its_frame() -> None:
    frame = replace(world.frame(), frame_number=3)
    series = world.series(frame)
    mark = world.drawn(KIND.PROBE, [(5, 5)], frame)
    assert frame_index_of(series, mark.image) == 0
    assert frame_index_of(series, replace(mark.image, frame_number=2)) is None
    assert stored_picture(series, 0, None).body_part == ""


def test_another_number_of_points_is_no_measurement() -> None:
    frame = world.frame()
    mark = world.drawn(KIND.LENGTH, [(5, 5), (6, 6), (7, 7)], frame)
    with pytest.raises(ValueError, match="3 points"):
        measured(mark, world.picture(frame))
    with pytest.raises(ValueError, match="not finite"):
        measured(replace(mark, points=((0, 0, 0), (float("nan"), 0, 0))), world.picture(frame))
    with pytest.raises(ValueError, match="no place in the patient"):
        measured(replace(mark, points=mark.points[:2]), world.picture(world.plain()))
