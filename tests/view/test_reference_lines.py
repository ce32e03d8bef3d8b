"""Localiser lines against the geometry of the series, worked out by hand (B-31, C-16)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.view.pane_series import AXIAL, axial, reading, sagittal, stack
from tests.view.volume_samples import opened, volume_series
from viewer_py.dicom.manifest import SeriesManifest, Vector3
from viewer_py.scene.compose import compose
from viewer_py.scene.model import ImageLayer, Line
from viewer_py.view.command import CommandError
from viewer_py.view.commands import run
from viewer_py.view.gestures import Gesture, Idle, PointerEvent, PointerKind
from viewer_py.view.image_plane import cut, plane_of_image, shown_plane
from viewer_py.view.pointer import step
from viewer_py.view.reference_lines import END, IMAGE, POINT
from viewer_py.view.state import ViewerState


def lines(state: ViewerState, index: int, style: str = IMAGE) -> list[Line]:
    return [line for line in compose(state).panes[index].lines if line.style == style]


def on_screen(state: ViewerState, index: int, point: Vector3) -> tuple[float, float]:
    """Return where a point lies, from the matrix that the picture is drawn with."""
    image = compose(state).panes[index].image
    assert isinstance(image, ImageLayer)
    frame = image.frame
    assert frame.image_orientation_patient and frame.image_position_patient and frame.pixel_spacing
    row, column = np.array(frame.image_orientation_patient).reshape(2, 3)
    away = np.array(point) - np.array(frame.image_position_patient)
    u = away @ row / frame.pixel_spacing[1] + 0.5
    v = away @ column / frame.pixel_spacing[0] + 0.5
    a, b, c, d, e, f = image.matrix
    return a * u + c * v + e, b * u + d * v + f


def ends(line: Line) -> set[tuple[float, float]]:
    return {(round(line.x1, 6), round(line.y1, 6)), (round(line.x2, 6), round(line.y2, 6))}


def rounded(*points: tuple[float, float]) -> set[tuple[float, float]]:
    return {(round(x, 6), round(y, 6)) for x, y in points}


@pytest.mark.requirement("B-31", "C-16")
def test_an_axial_image_is_a_line_at_its_height_across_a_sagittal_one() -> None:
    state = run(run(reading(axial(), sagittal()), "stack.go", {"frame": 12}), "reference.toggle")
    assert lines(state, 0) == []  # not in the active image itself
    (line,) = lines(state, 1)
    # Image 12 lies at z = 24 and reaches, half a pixel over its centres, from y = -32 to 32.
    expected = [on_screen(state, 1, (0.0, y, 24.0)) for y in (-32.0, 32.0)]
    assert ends(line) == rounded(*expected)
    assert compose(run(state, "reference.toggle")).panes[1].lines == ()


@pytest.mark.requirement("B-31", "C-16")
def test_lines_follow_the_active_image_the_active_pane_and_what_is_done_to_the_other() -> None:
    state = run(reading(axial(), sagittal()), "reference.toggle")
    moved = run(state, "stack.scroll", {"by": 5})
    assert lines(moved, 1)[0].y1 < lines(state, 1)[0].y1  # towards the head
    other = run(state, "pane.activate", {"pane": 1})
    assert lines(other, 1) == []
    (line,) = lines(other, 0)
    x = on_screen(other, 0, (0.0, 0.0, 0.0))[0]  # the middle of -20…20 mm
    assert line.x1 == pytest.approx(x) and line.x2 == pytest.approx(x)
    turned = run(
        run(other, "viewport.angle", {"degrees": 30}), "viewport.flip", {"axis": "vertical"}
    )
    back = run(turned, "pane.activate", {"pane": 0})
    height = 2.0 * back.pane().frame_index
    expected = [on_screen(back, 1, (0.0, y, height)) for y in (-32.0, 32.0)]
    assert ends(lines(back, 1)[0]) == rounded(*expected)


@pytest.mark.requirement("C-16")
def test_the_first_and_last_image_can_be_shown_too() -> None:
    state = run(reading(axial(), sagittal()), "reference.ends")
    heights = {round(line.y1, 6) for line in lines(state, 1, END)}
    assert heights == {round(on_screen(state, 1, (0, 0, z))[1], 6) for z in (0.0, 58.0)}
    assert len(lines(state, 1)) == 1
    assert lines(run(state, "reference.ends"), 1, END) == []


@pytest.mark.requirement("B-31", "C-16")
@pytest.mark.parametrize(
    "other",
    [
        sagittal(uid="other"),
        sagittal(uid=""),
        axial("parallel", heights=[3.0, 5.0]),
        sagittal(image_position_patient=None),
        sagittal(pixel_spacing=None),
    ],
    ids=["other frame", "no frame", "parallel", "no position", "no spacing"],
)
def test_no_line_without_a_common_frame_of_reference_an_angle_and_a_place(
    other: SeriesManifest,
) -> None:
    state = run(reading(axial(), other), "reference.toggle")
    assert lines(state, 1) == []
    two = reading(axial(uid=""), sagittal(uid=""))
    assert lines(run(two, "reference.toggle"), 1) == []  # unknown is like no other


@pytest.mark.requirement("B-31")
def test_lines_stand_before_any_pixel_has_arrived() -> None:
    # `reading` has manifests only: no renderer and no frame took part.
    state = run(reading(axial(), sagittal()), "reference.toggle")
    assert len(lines(state, 1)) == 1


@pytest.mark.requirement("C-16")
def test_an_image_that_ends_before_the_other_plane_leaves_no_line() -> None:
    far = stack("far", [(200.0, -31.5, 10.0)], AXIAL)
    state = run(reading(far, sagittal()), "reference.toggle")
    assert lines(state, 1) == []


angles = st.floats(-80, 80)


@given(angles, angles, st.floats(-10, 10))
def test_a_cut_lies_in_both_planes_and_in_the_rectangle(
    one: float, two: float, shift: float
) -> None:
    a, b = math.radians(one), math.radians(two)
    row = (math.cos(a), math.sin(a), 0.0)
    column = (-math.sin(a) * math.cos(b), math.cos(a) * math.cos(b), math.sin(b))
    corner = np.array([0.0, 0.0, 30 + shift]) - 40 * np.array(row) - 32 * np.array(column)
    tilted = stack("tilted", [tuple(corner.tolist())], (*row, *column))
    source, target = plane_of_image(tilted, 0), plane_of_image(axial(), 15)
    assert source is not None and target is not None
    segment = cut(source, target)
    if abs(two) < 1.5:
        return  # nearly parallel
    assert segment is None or all(abs(end[2] - 30.0) < 1e-6 for end in segment)
    assert segment is None or all(abs(source.distance(end)) < 1e-6 for end in segment)
    # By another way: the corners on both sides of z = 30 tell whether there is one.
    sides = {bool(z < 30.0) for _, _, z in source.corners}
    assert (segment is not None) == (len(sides) == 2)


# --- a point looked up in all panes ----------------------------------------------------------


def pressed(state: ViewerState, x: float, y: float, *, touch: bool) -> ViewerState:
    gesture: Gesture = Idle()
    for kind in ("down", "up"):
        gesture, calls = step(gesture, PointerEvent(PointerKind(kind), 1, x, y, touch=touch), state)
        for call in calls:
            state = run(state, call.name, call.args)
    return state


@pytest.mark.requirement("C-16")
@pytest.mark.parametrize("touch", [False, True])
def test_a_click_brings_the_other_panes_to_the_images_through_that_point(touch: bool) -> None:
    state = reading(axial(), sagittal(), axial("thin", [0.5 * k for k in range(90)]))
    state = run(state, "tool.choose", {"tool": "localizer"})
    state = run(run(state, "pane.activate", {"pane": 1}), "stack.go", {"frame": 14})  # x = 8
    state = pressed(state, *on_screen(state, 1, (8.0, 12.0, 21.4)), touch=touch)
    assert [pane.frame_index for pane in state.panes] == [11, 14, 43]  # z = 22 and z = 21.5
    assert state.reference.point == pytest.approx((8.0, 12.0, 21.4))
    for index in (0, 2):
        x, y = on_screen(state, index, (8.0, 12.0, 0.0))
        across = lines(state, index, POINT)
        assert len(across) == 2
        assert ((across[0].x1 + across[0].x2) / 2, across[0].y1) == pytest.approx((x, y))


@pytest.mark.requirement("C-16")
def test_a_point_says_nothing_in_another_frame_of_reference() -> None:
    state = reading(axial(), sagittal(uid="other"))
    before = state.panes[1]
    state = run(state, "reference.pick", {"x": 120, "y": 250})
    assert state.panes[1] == before and lines(state, 1, POINT) == []
    with pytest.raises(CommandError, match="位置"):
        run(reading(axial(pixel_spacing=None)), "reference.pick", {"x": 1, "y": 1})


@pytest.mark.requirement("C-16")
def test_in_reformats_the_tool_moves_the_cross_hair_and_planes_know_where_they_lie() -> None:
    state = run(opened(volume_series()), "mpr.toggle")
    for index in range(3):
        shown = shown_plane(state, index)
        assert shown is not None and state.reformat is not None
        center = state.reformat.cross_hair.center
        assert shown.plane.distance(center) == pytest.approx(0, abs=1e-6)
        x, y = shown.to_screen(center)
        assert shown.to_patient(x, y) == pytest.approx(center)
    axial_plane, coronal_plane = (shown_plane(state, index) for index in (0, 1))
    assert axial_plane is not None and coronal_plane is not None
    segment = cut(axial_plane.plane, coronal_plane.plane)
    assert segment is not None
    assert {round(end[2], 6) for end in segment} == {round(center[2], 6)}
    picked = run(state, "reference.pick", {"x": 100, "y": 120})
    assert picked.reformat != state.reformat
