"""Lengths and areas beside shapely and beside what geometry says, however the screen lies."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon

from tests.measure import world
from viewer_py.dicom.manifest import FrameAttributes, UltrasoundRegion
from viewer_py.measure.annotation import AnnotationKind
from viewer_py.measure.measured import measured
from viewer_py.measure.outline import ellipse_circumference
from viewer_py.measure.wording import lines

KIND = AnnotationKind
Place = tuple[float, float]


def in_mm(points: list[Place], frame: FrameAttributes) -> list[Place]:
    down, across = frame.pixel_spacing
    return [(x * across, y * down) for x, y in points]


@pytest.mark.requirement("B-28", "C-13")
@given(world.places, world.places, world.frames, world.screens)
def test_a_line_is_as_long_as_in_the_patient(
    one: Place, other: Place, frame: FrameAttributes, screen: np.ndarray
) -> None:
    mark = world.drawn(KIND.LENGTH, [one, other], frame, screen)
    value = world.values(mark, world.picture(frame))["length"]
    assert value == pytest.approx(LineString(in_mm([one, other], frame)).length, abs=1e-6)
    assert value == pytest.approx(math.dist(*mark.points), abs=1e-6)


@pytest.mark.requirement("B-29", "C-14")
@given(st.lists(world.places, min_size=3, max_size=40), world.frames, world.screens)
def test_a_freehand_course_is_as_long_as_its_steps(
    points: list[Place], frame: FrameAttributes, screen: np.ndarray
) -> None:
    mark = world.drawn(KIND.FREEHAND, points, frame, screen)
    value = world.values(mark, world.picture(frame))["length"]
    assert value == pytest.approx(LineString(in_mm(points, frame)).length, abs=1e-6)


@pytest.mark.requirement("B-29", "C-14")
@given(st.lists(world.places, min_size=3, max_size=12), world.frames, world.screens)
def test_a_closed_course_encloses_what_shapely_says(
    points: list[Place], frame: FrameAttributes, screen: np.ndarray
) -> None:
    judge = Polygon(in_mm(points, frame))
    mark = world.drawn(KIND.FREEHAND, points, frame, screen, closed=True)
    sizes = world.values(mark, world.picture(frame))
    assert sizes["circumference"] == pytest.approx(judge.exterior.length, abs=1e-6)
    if judge.is_valid:
        assert sizes["area"] == pytest.approx(judge.area, abs=1e-5, rel=1e-7)


@pytest.mark.requirement("B-28", "C-13")
@given(world.places, st.floats(1, 30), st.floats(1, 30), world.degrees, world.frames, world.screens)
def test_rectangles_and_ellipses_have_the_areas_of_geometry(
    centre: Place, a: float, b: float, turn: float, frame: FrameAttributes, screen: np.ndarray
) -> None:
    """Half axes of a and b mm in any direction: 4ab and πab, whatever the shape of a pixel."""
    down, across = frame.pixel_spacing
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))

    def at(u: float, v: float) -> Place:
        return centre[0] + (u * c - v * s) / across, centre[1] + (u * s + v * c) / down

    image = world.picture(frame)
    corners = [at(-a, -b), at(a, -b), at(a, b), at(-a, b)]
    rectangle = world.values(world.drawn(KIND.RECTANGLE, corners, frame, screen), image)
    assert rectangle["area"] == pytest.approx(4 * a * b, rel=1e-6)
    assert rectangle["circumference"] == pytest.approx(4 * (a + b), rel=1e-6)
    ends = [at(-a, 0), at(a, 0), at(0, -b), at(0, b)]
    ellipse = world.values(world.drawn(KIND.ELLIPSE, ends, frame, screen), image)
    assert ellipse["area"] == pytest.approx(math.pi * a * b, rel=1e-6)
    circle = world.values(world.drawn(KIND.CIRCLE, [centre, at(a, 0)], frame, screen), image)
    assert circle["area"] == pytest.approx(math.pi * a * a, rel=1e-6)
    assert circle["diameter"] == pytest.approx(2 * a, rel=1e-6)
    assert circle["circumference"] == pytest.approx(2 * math.pi * a, rel=1e-6)


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_the_circumference_of_an_ellipse(a: float, b: float) -> None:
    """Beside shapely's circle of 8192 corners, stretched."""
    turns = np.linspace(0, 2 * np.pi, 20001)
    drawn = LineString(np.stack((a * np.cos(turns), b * np.sin(turns)), axis=1)).length
    assert ellipse_circumference(max(a, b), min(a, b)) == pytest.approx(drawn, rel=1e-6)


def test_an_outline_that_crosses_itself_has_no_area_and_says_so() -> None:
    frame = world.frame()
    points = [(10, 10), (30, 30), (30, 10), (10, 30)]
    mark = world.drawn(KIND.FREEHAND, points, frame, closed=True)
    area = world.found(measured(mark, world.picture(frame)))["area"]
    assert area.value is None
    assert area.note.chinese == "轮廓与自身相交，请重画"


def test_shapely_and_we_agree_on_what_crosses_itself() -> None:
    random = np.random.default_rng(7)
    seen = set()
    for _ in range(300):
        points = [tuple(one) for one in random.uniform(10, 80, (5, 2))]
        mark = world.drawn(KIND.FREEHAND, points, world.plain(), closed=True)
        area = world.found(measured(mark, world.picture(world.plain())))["area"]
        valid = bool(Polygon(points).is_valid)
        assert (area.value is not None) == valid
        seen.add(valid)
    assert seen == {True, False}


@pytest.mark.requirement("B-28")
def test_without_a_spacing_lengths_are_pixels_and_say_so() -> None:
    frame = world.plain()
    mark = world.drawn(KIND.LENGTH, [(10, 10), (40, 50)], frame)
    assert mark.frame_of_reference_uid == ""
    measurement = measured(mark, world.picture(frame, modality="DX"))
    assert lines(measurement) == ("长度 50.0 px（未校准）",)
    assert lines(measurement, english=True) == ("Length 50.0 px (not calibrated)",)
    box = [(0, 0), (10, 0), (10, 20), (0, 20)]
    area = world.found(measured(world.drawn(KIND.RECTANGLE, box, frame), world.picture(frame)))
    assert (area["area"].value, area["area"].unit) == (200.0, "px²")


@pytest.mark.requirement("B-28")
def test_a_length_at_the_detector_is_not_called_one_in_the_patient() -> None:
    frame = world.plain(
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1", imager_pixel_spacing=(0.2, 0.1)
    )
    mark = world.drawn(KIND.LENGTH, [(10, 10), (40, 10)], frame)
    measurement = measured(mark, world.picture(frame, modality="DX"))
    assert lines(measurement) == ("长度 3.0 mm（探测器面，非体内）",)


def ultrasound(units: int = 3) -> FrameAttributes:
    left = UltrasoundRegion(0, 0, 59, 95, units, units, 0.05, 0.02, spatial_format=1)
    right = UltrasoundRegion(60, 0, 127, 95, 3, 3, 0.01, 0.01, spatial_format=1)
    return world.plain(ultrasound_regions=(left, right))


@pytest.mark.requirement("B-28")
def test_an_ultrasound_length_belongs_to_the_region_that_both_ends_lie_in() -> None:
    frame = ultrasound()
    image = world.picture(frame, modality="US")
    left = world.drawn(KIND.LENGTH, [(10, 10), (30, 10)], frame)
    assert lines(measured(left, image)) == ("长度 10.0 mm（超声区域）",)
    right = world.drawn(KIND.LENGTH, [(70, 10), (70, 60)], frame)
    assert lines(measured(right, image)) == ("长度 5.0 mm（超声区域）",)
    across = world.drawn(KIND.LENGTH, [(10, 10), (70, 10)], frame)
    assert lines(measured(across, image)) == ("长度：各点须在同一个超声区域内",)
    area = world.drawn(KIND.CIRCLE, [(50, 50), (55, 50)], frame)
    assert world.values(area, image)["area"] == pytest.approx(math.pi * 25 * 0.25)
    beyond = world.drawn(KIND.CIRCLE, [(50, 50), (70, 50)], frame)
    assert world.values(beyond, image)["area"] is None


def test_a_region_of_velocities_has_no_millimetres() -> None:
    frame = ultrasound(units=7)
    mark = world.drawn(KIND.LENGTH, [(10, 10), (30, 10)], frame)
    assert lines(measured(mark, world.picture(frame, modality="US"))) == (
        "长度 20.0 px（未校准；此超声区域的坐标轴不是长度）",
    )


def test_the_circle_is_round_in_millimetres() -> None:
    """In (column, row) it is an ellipse; shapely's disc, stretched, has the same pixels."""
    frame = world.frame(pixel_spacing=(0.5, 2.0))
    stored = np.zeros((world.ROWS, world.COLUMNS), dtype=np.int16)
    mark = world.drawn(KIND.CIRCLE, [(60.2, 48.3), (70.2, 48.3)], frame)
    disc = Point(60.2 * 2.0, 48.3 * 0.5).buffer(20.0, quad_segs=256)
    inside = sum(
        disc.contains(Point((column + 0.5) * 2.0, (row + 0.5) * 0.5))
        for column in range(world.COLUMNS)
        for row in range(world.ROWS)
    )
    assert world.values(mark, world.picture(frame, stored))["pixels"] == inside
