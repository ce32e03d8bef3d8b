"""Angles and Cobb angles: between lengths, from 0 to 180 degrees, whichever way they are drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.measure import world
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.measure.annotation import AnnotationKind
from viewer_py.measure.measured import measured
from viewer_py.measure.wording import lines

KIND = AnnotationKind
tilts = st.floats(-89, 89)


def arm(frame: FrameAttributes, degrees: float, length: float = 20.0) -> tuple[float, float]:
    """Return the (column, row) way of `length` mm in a direction."""
    down, across = frame.pixel_spacing or (1.0, 1.0)
    turn = math.radians(degrees)
    return length * math.cos(turn) / across, length * math.sin(turn) / down


@pytest.mark.requirement("B-28", "C-13")
@given(world.places, world.degrees, st.floats(0, 180), world.frames, world.screens)
def test_the_angle_at_a_vertex(
    vertex: tuple[float, float],
    first: float,
    between: float,
    frame: FrameAttributes,
    screen: np.ndarray,
) -> None:
    arms = [arm(frame, first), arm(frame, first + between, 35.0)]
    ends = [(vertex[0] + x, vertex[1] + y) for x, y in arms]
    mark = world.drawn(KIND.ANGLE, [ends[0], vertex, ends[1]], frame, screen)
    value = world.values(mark, world.picture(frame))["angle"]
    assert value == pytest.approx(between, abs=1e-4)


@pytest.mark.requirement("B-29", "C-14")
@given(tilts, tilts, st.booleans(), st.booleans(), world.frames, world.screens)
def test_cobb_is_the_difference_of_two_tilts(
    upper: float,
    lower: float,
    turned: bool,
    turned_too: bool,
    frame: FrameAttributes,
    screen: np.ndarray,
) -> None:
    """Also above 90 degrees, and whichever end of a line was drawn first."""

    def line(row: float, tilt: float, backwards: bool) -> list[tuple[float, float]]:
        x, y = arm(frame, tilt)
        ends = [(50.0, row), (50.0 + x, row + y)]
        return ends[::-1] if backwards else ends

    points = line(20.0, upper, turned) + line(70.0, lower, turned_too)
    found = world.values(world.drawn(KIND.COBB, points, frame, screen), world.picture(frame))
    assert found["cobb"] == pytest.approx(abs(upper - lower), abs=1e-4)
    assert found["supplement"] == pytest.approx(180 - abs(upper - lower), abs=1e-4)


def test_parallel_end_plates_are_zero_degrees_and_no_nonsense() -> None:
    frame = world.frame(pixel_spacing=(0.1, 0.3))
    mark = world.drawn(KIND.COBB, [(10, 10), (40, 20), (10, 30), (40, 40)], frame)
    assert world.values(mark, world.picture(frame))["cobb"] == pytest.approx(0.0, abs=1e-9)


def test_an_arm_without_length_is_said() -> None:
    frame = world.frame()
    mark = world.drawn(KIND.ANGLE, [(10, 10), (10, 10), (40, 40)], frame)
    assert lines(measured(mark, world.picture(frame))) == ("角度：一条边没有长度",)


@pytest.mark.requirement("B-28")
def test_an_angle_is_measured_between_lengths_also_where_only_their_ratio_is_known() -> None:
    frame = world.plain(pixel_aspect_ratio=(2, 1))  # a pixel is twice as high as wide
    mark = world.drawn(KIND.ANGLE, [(40, 10), (20, 10), (40, 20)], frame)
    assert world.values(mark, world.picture(frame))["angle"] == pytest.approx(45.0)


def test_an_angle_is_refused_where_the_shape_of_a_pixel_is_in_dispute() -> None:
    facts = {"sop_class_uid": "1.2.840.10008.5.1.4.1.1.1.1", "pixel_spacing": (0.4, 0.2)}
    points = [(40.0, 10.0), (20.0, 10.0), (40.0, 20.0)]
    disputed = world.plain(imager_pixel_spacing=(0.2, 0.1), **facts)
    mark = world.drawn(KIND.ANGLE, points, disputed)
    assert lines(measured(mark, world.picture(disputed))) == (
        "角度：像素的长宽比不明，不能测量角度",
    )
    agreed = world.plain(
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
        pixel_spacing=(0.4, 0.4),
        imager_pixel_spacing=(0.2, 0.2),
    )
    assert world.values(mark, world.picture(agreed))["angle"] == pytest.approx(26.565051)
