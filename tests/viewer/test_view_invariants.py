"""What must hold whatever the view: places, distances, letters, and what a number is worth."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.view.samples import make_series, open_state
from tests.viewer.strategies import (
    apply,
    calm,
    frame_attributes,
    lengths,
    placed_frames,
    shares,
    viewports,
)
from viewer_py.dicom.attributes import FrameAttributes
from viewer_py.dicom.geometry import direction_letters, pixel_to_patient, spacing
from viewer_py.render.sampling import inverse
from viewer_py.scene.compose import orientation_marks
from viewer_py.view.commands import run
from viewer_py.view.fit import image_matrix
from viewer_py.view.state import ViewerState, Viewport


def patient_points(state: ViewerState, screen: list[tuple[float, float]]) -> np.ndarray[Any, Any]:
    """Carry device pixels through the view to the image, and on to the patient."""
    frame = state.active_frame()
    assert frame is not None
    to_image = inverse(image_matrix(frame, state.canvas, state.pane().viewport))
    to_patient = pixel_to_patient(frame)
    assert to_image is not None and to_patient is not None
    points = []
    for x, y in screen:
        u, v = apply(to_image, x, y)
        points.append(to_patient @ (u - 0.5, v - 0.5, 0.0, 1.0))
    return np.array(points)[:, :3]


@calm
@given(placed_frames(), viewports, shares, shares, shares, shares)
def test_no_view_changes_where_a_point_lies_or_how_long_a_distance_is(
    frame: FrameAttributes, viewport: Viewport, x1: float, y1: float, x2: float, y2: float
) -> None:
    """Two anatomical points, wherever a view puts them on the screen, stay where they are."""
    series = dataclasses.replace(make_series(frames=1), frames=(frame,))
    state = open_state(series)
    state = state.with_pane(dataclasses.replace(state.pane(), viewport=viewport))
    image = [(x1 * frame.columns, y1 * frame.rows), (x2 * frame.columns, y2 * frame.rows)]
    matrix = image_matrix(frame, state.canvas, viewport)
    seen = patient_points(state, [apply(matrix, *point) for point in image])
    # An independent way: PS3.3 C.7.6.2.1.1, image coordinates at pixel centres.
    between_rows, between_columns = frame.pixel_spacing or (0, 0)
    orientation = np.array(frame.image_orientation_patient)
    said = [
        np.array(frame.image_position_patient)
        + orientation[:3] * between_columns * (u - 0.5)
        + orientation[3:] * between_rows * (v - 0.5)
        for u, v in image
    ]
    size = max(frame.rows, frame.columns) * max(between_rows, between_columns)
    assert np.abs(seen - said).max() <= 1e-6 * (size + 1000)
    wide, high = (x1 - x2) * frame.columns * between_columns, (y1 - y2) * frame.rows * between_rows
    assert np.linalg.norm(seen[0] - seen[1]) == pytest.approx(
        math.hypot(wide, high), rel=1e-6, abs=1e-6 * size
    )


@calm
@given(placed_frames(), viewports)
def test_pixels_keep_their_shape_at_every_zoom_and_turn(
    frame: FrameAttributes, viewport: Viewport
) -> None:
    """A millimetre is as long across as down, at right angles, in every view."""
    a, b, c, d, *_ = image_matrix(frame, open_state(make_series()).canvas, viewport)
    between_rows, between_columns = frame.pixel_spacing or (0, 0)
    across, down = math.hypot(a, b) / between_columns, math.hypot(c, d) / between_rows
    assert across == pytest.approx(down, rel=1e-9)
    assert abs(a * c + b * d) <= 1e-9 * math.hypot(a, b) * math.hypot(c, d)
    mirrored = viewport.flip_horizontal != viewport.flip_vertical
    assert (a * d - b * c < 0) == mirrored


TURNS = [("viewport.rotate", {"degrees": 90.0})] * 4
FLIPS = [
    [("viewport.flip", {"axis": axis})] * 2 for axis in ("horizontal", "vertical")
] + [[("viewport.rotate", {"degrees": 37.0}), ("viewport.rotate", {"degrees": -37.0})]]  # fmt: skip


@pytest.mark.parametrize("calls", [TURNS, *FLIPS, [("image.invert", {})] * 2])
@calm
@given(viewport=viewports)
def test_what_is_done_and_undone_leaves_no_trace(
    calls: list[tuple[str, dict[str, Any]]], viewport: Viewport
) -> None:
    state = open_state(make_series(frames=3))
    state = run(
        state.with_pane(dataclasses.replace(state.pane(), viewport=viewport)),
        "viewport.pan",
        {"x": 0, "y": 0},
    )
    after = state
    for name, args in calls:
        after = run(after, name, args)
    before_view, after_view = state.pane().viewport, after.pane().viewport
    assert math.isclose((after_view.rotation - before_view.rotation + 180) % 360, 180, abs_tol=1e-9)
    assert dataclasses.replace(after.pane(), viewport=Viewport()) == dataclasses.replace(
        state.pane(), viewport=Viewport()
    )
    assert dataclasses.replace(after_view, rotation=0.0) == dataclasses.replace(
        before_view, rotation=0.0
    )


@calm
@given(placed_frames(), viewports)
def test_direction_letters_follow_the_picture(frame: FrameAttributes, viewport: Viewport) -> None:
    """The letter at an edge names where the picture's own anatomy leads at that edge."""
    marks = orientation_marks(frame, viewport)
    matrix = image_matrix(frame, open_state(make_series()).canvas, viewport)
    back = inverse(matrix)
    assert back is not None
    between_rows, between_columns = frame.pixel_spacing or (0, 0)
    for letters, x, y in (
        (marks.right, 1.0, 0.0), (marks.left, -1.0, 0.0),
        (marks.bottom, 0.0, 1.0), (marks.top, 0.0, -1.0),
    ):  # fmt: skip
        u, v = back[0] * x + back[2] * y, back[1] * x + back[3] * y
        across, down = u * between_columns, v * between_rows
        along = np.array(frame.image_orientation_patient)
        direction = along[:3] * across + along[3:] * down
        direction /= np.linalg.norm(direction)
        heaviest = int(np.abs(direction).argmax())
        others = np.delete(np.abs(direction), heaviest)
        assume(abs(direction[heaviest]) - others.max() > 1e-3)
        assert letters[0] == ("LPH" if direction[heaviest] > 0 else "RAF")[heaviest]
        assert letters == direction_letters(frame, across, down) or min(others) < 0.06


@calm
@given(frame_attributes, st.sampled_from(("", "GEOMETRY", "FIDUCIAL")), st.none() | lengths)
def test_no_length_in_mm_without_a_spacing_and_no_doubtful_one_without_words(
    frame: FrameAttributes, calibration: str, magnification: float | None
) -> None:
    frame = dataclasses.replace(
        frame,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
        pixel_spacing_calibration_type=calibration,
        estimated_radiographic_magnification_factor=magnification,
    )
    known = spacing(frame)
    if known.in_mm:
        assert frame.pixel_spacing or frame.imager_pixel_spacing or frame.ultrasound_regions
        # A projection is never simply "mm": the magnification is always someone's claim.
        assert known.label.chinese and known.label.english
    assert known.between_rows > 0 and known.between_columns > 0
