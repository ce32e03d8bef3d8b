"""Pointers over several panes: which pane they work, cross-hairs, lines, curves, renderings."""

from __future__ import annotations

import pytest

from tests.view.volume_samples import opened, volume_series
from viewer_py.view.commands import run
from viewer_py.view.cross_hair import cross_hair_on_screen, plane_lines
from viewer_py.view.gestures import Gesture, Idle, Lifting, PointerEvent, PointerKind
from viewer_py.view.layout import areas
from viewer_py.view.pointer import step
from viewer_py.view.state import PaneKind, ViewerState

DOWN, MOVE, UP, _ = PointerKind


@pytest.fixture
def mpr() -> ViewerState:
    """The reformats of a CT on a desktop, two by two."""
    return run(opened(volume_series()), "mpr.toggle")


def touch(kind: PointerKind, x: float, y: float, time: float = 0.0) -> PointerEvent:
    return PointerEvent(kind, 1, x, y, touch=True, time=time)


def mouse(kind: PointerKind, x: float, y: float, button: int = 0) -> PointerEvent:
    return PointerEvent(kind, 9, x, y, button=button)


def play(state: ViewerState, *events: PointerEvent) -> tuple[ViewerState, Gesture]:
    gesture: Gesture = Idle()
    for event in events:
        gesture, calls = step(gesture, event, state)
        for call in calls:
            state = run(state, call.name, call.args)
    return state, gesture


def middle(state: ViewerState, index: int) -> tuple[float, float]:
    area = areas(state)[index]
    return area.x + area.width / 2, area.y + area.height / 2


def test_a_pointer_works_the_pane_it_goes_down_in(mpr: ViewerState) -> None:
    x, y = middle(mpr, 2)
    panning = run(mpr, "tool.choose", {"tool": "pan"})
    after, _ = play(panning, mouse(DOWN, x, y), mouse(MOVE, x + 30, y), mouse(UP, x + 30, y))
    assert after.active_pane == 2
    assert [pane.viewport.pan_x for pane in after.panes[:3]] == [0, 0, 30]


@pytest.mark.requirement("B-36")
def test_a_tap_and_a_drag_bring_the_cross_hair_under_the_finger(mpr: ViewerState) -> None:
    x, y = middle(mpr, 1)
    tapped, _ = play(mpr, touch(DOWN, x + 20, y - 15), touch(UP, x + 20, y - 15))
    assert cross_hair_on_screen(tapped) == pytest.approx((x + 20, y - 15))
    start = cross_hair_on_screen(tapped)
    assert start is not None
    dragged, _ = play(tapped, touch(DOWN, *start), touch(MOVE, x - 40, y + 30))
    assert cross_hair_on_screen(dragged) == pytest.approx((x - 40, y + 30))


@pytest.mark.requirement("B-36")
def test_dragging_a_line_turns_it_by_the_angle_the_pointer_went_round(mpr: ViewerState) -> None:
    center = cross_hair_on_screen(mpr)
    assert center is not None
    x, y = center
    turned, _ = play(mpr, mouse(DOWN, x + 80, y), mouse(MOVE, x + 80, y + 80))
    lines = {str(line.direction): line for line in plane_lines(turned, 0)}
    slope = lines["coronal"].down / lines["coronal"].right
    assert slope == pytest.approx(1.0)  # 45 degrees down
    assert cross_hair_on_screen(turned) == pytest.approx(center)


@pytest.mark.requirement("B-47")
def test_a_drag_turns_the_rendering_and_the_middle_button_still_pans(mpr: ViewerState) -> None:
    state = run(mpr, "rendering.open")
    x, y = middle(state, 3)
    turned, _ = play(state, mouse(DOWN, x, y), mouse(MOVE, x + 60, y + 10))
    assert turned.reformat is not None and state.reformat is not None
    assert turned.reformat.rendering != state.reformat.rendering
    panned, _ = play(state, mouse(DOWN, x, y, button=1), mouse(MOVE, x + 60, y + 10))
    assert panned.reformat == state.reformat and panned.panes[3].viewport.pan_x == 60


@pytest.mark.requirement("C-33")
def test_taps_draw_a_curve_and_a_double_tap_ends_it(mpr: ViewerState) -> None:
    x, y = middle(mpr, 0)
    state = run(mpr, "curve.draw")
    events = []
    for number, (dx, dy) in enumerate(((-60, 0), (0, 20), (60, 0))):
        events += [touch(DOWN, x + dx, y + dy, number), touch(UP, x + dx, y + dy, number + 0.05)]
    drawn, _ = play(state, *events)
    assert drawn.reformat is not None and len(drawn.reformat.curve.points) == 3
    end = [touch(DOWN, x + 60, y, 2.2), touch(UP, x + 60, y, 2.25)]
    done, _ = play(state, *events, *end)
    assert done.panes[3].kind is PaneKind.CURVE


def test_a_double_tap_shows_one_pane_alone_and_a_slow_one_does_not(mpr: ViewerState) -> None:
    x, y = middle(mpr, 0)
    first = (touch(DOWN, x, y, 1.0), touch(UP, x, y, 1.05))
    twice, _ = play(mpr, *first, touch(DOWN, x, y, 1.2), touch(UP, x, y, 1.25))
    assert twice.maximized
    slow, _ = play(mpr, *first, touch(DOWN, x, y, 2.2), touch(UP, x, y, 2.25))
    assert not slow.maximized


def test_on_a_phone_a_touch_on_a_small_pane_enlarges_it_and_does_nothing_else() -> None:
    state = run(opened(volume_series(), width=390, height=480), "mpr.toggle")
    x, y = middle(state, 2)
    after, gesture = play(state, touch(DOWN, x, y), touch(MOVE, x + 40, y), touch(MOVE, x + 90, y))
    assert after.active_pane == 2 and after.reformat == state.reformat
    assert after.panes == state.panes
    assert isinstance(gesture, Lifting)


def test_a_pinch_zooms_the_pane_under_the_fingers(mpr: ViewerState) -> None:
    x, y = middle(mpr, 1)
    second = PointerEvent(DOWN, 2, x + 40, y, touch=True)
    wider = PointerEvent(MOVE, 2, x + 120, y, touch=True)
    after, _ = play(mpr, touch(DOWN, x - 40, y), second, wider)
    assert [pane.viewport.zoom for pane in after.panes[:3]] == pytest.approx([1, 2, 1])
