"""Pointers: which drag is which command, and the second finger that comes late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.view.samples import make_series, open_state
from viewer_py.view.commands import run
from viewer_py.view.gestures import Gesture, Idle, Pinch, PointerEvent, PointerKind
from viewer_py.view.pointer import TOUCH_SLOP, step
from viewer_py.view.state import ViewerState
from viewer_py.view.wheel import WheelEvent, turn

DOWN, MOVE, UP, CANCEL = PointerKind


def touch(kind: PointerKind, x: float, y: float, finger: int = 1) -> PointerEvent:
    return PointerEvent(kind, finger, x, y, touch=True)


def mouse(kind: PointerKind, x: float, y: float, button: int = 0) -> PointerEvent:
    return PointerEvent(kind, 9, x, y, button=button)


def play(state: ViewerState, *events: PointerEvent) -> tuple[ViewerState, Gesture]:
    gesture: Gesture = Idle()
    for event in events:
        gesture, calls = step(gesture, event, state)
        for call in calls:
            state = run(state, call.name, call.args)
    return state, gesture


@pytest.mark.requirement("B-21")
def test_one_finger_pans_and_never_pages(state: ViewerState) -> None:
    after, gesture = play(
        state, touch(DOWN, 100, 100), touch(MOVE, 130, 80), touch(MOVE, 140, 90), touch(UP, 140, 90)
    )
    view = after.pane().viewport
    assert (view.pan_x, view.pan_y) == (40, -10)
    assert after.pane().frame_index == state.pane().frame_index
    assert gesture == Idle()


def test_a_trembling_finger_does_nothing(state: ViewerState) -> None:
    after, _ = play(state, touch(DOWN, 100, 100), touch(MOVE, 100 + TOUCH_SLOP - 1, 100))
    assert after == state


@pytest.mark.requirement("B-20")
def test_two_fingers_zoom_about_their_middle(state: ViewerState) -> None:
    after, gesture = play(
        state,
        touch(DOWN, 100, 100),
        touch(DOWN, 200, 100, finger=2),
        touch(MOVE, 50, 100),
        touch(MOVE, 250, 100, finger=2),
    )
    assert isinstance(gesture, Pinch)
    assert after.pane().viewport.zoom == pytest.approx(2)
    # What lay between the fingers still does: the canvas centre (150, 100) is their middle.
    assert after.pane().viewport.pan_x == pytest.approx(0)


@pytest.mark.requirement("B-20")
def test_a_late_second_finger_takes_back_what_the_tool_did(state: ViewerState) -> None:
    windowing = run(state, "tool.choose", {"tool": "window"})
    dragged, _ = play(windowing, touch(DOWN, 100, 100), touch(MOVE, 160, 130))
    assert dragged.pane().window is not None
    late, gesture = play(
        windowing, touch(DOWN, 100, 100), touch(MOVE, 160, 130), touch(DOWN, 50, 50, finger=2)
    )
    assert late == windowing
    assert isinstance(gesture, Pinch)


def test_a_free_window_is_put_back_too(state: ViewerState) -> None:
    start = run(state, "window.set", {"center": 7, "width": 70})
    start = run(start, "tool.choose", {"tool": "stack"})
    late, _ = play(
        start, touch(DOWN, 100, 100), touch(MOVE, 100, 160), touch(DOWN, 50, 50, finger=2)
    )
    assert late == start


def test_the_finger_that_stays_after_a_pinch_does_nothing(state: ViewerState) -> None:
    pinched, _ = play(state, touch(DOWN, 100, 100), touch(DOWN, 200, 100, finger=2))
    after, gesture = play(
        state,
        touch(DOWN, 100, 100),
        touch(DOWN, 200, 100, finger=2),
        touch(UP, 100, 100),
        touch(MOVE, 20, 20, finger=2),
        touch(UP, 20, 20, finger=2),
    )
    assert after == pinched
    assert gesture == Idle()


@pytest.mark.requirement("B-25")
def test_the_right_button_windows_whatever_the_tool(state: ViewerState) -> None:
    after, _ = play(state, mouse(DOWN, 100, 100, button=2), mouse(MOVE, 175, 70))
    window = after.pane().window
    assert window is not None
    # 300 CSS pixels are one window width (400).
    assert (window.width, window.center) == pytest.approx((500, 0))


@pytest.mark.requirement("B-24")
def test_the_middle_button_pans_whatever_the_tool(state: ViewerState) -> None:
    zooming = run(state, "tool.choose", {"tool": "zoom"})
    after, _ = play(zooming, mouse(DOWN, 100, 100, button=1), mouse(MOVE, 110, 105))
    assert (after.pane().viewport.pan_x, after.pane().viewport.pan_y) == (10, 5)


@pytest.mark.requirement("B-23")
def test_the_zoom_tool_enlarges_upwards(state: ViewerState) -> None:
    zooming = run(state, "tool.choose", {"tool": "zoom"})
    after, _ = play(zooming, mouse(DOWN, 100, 100), mouse(MOVE, 100, 60))
    assert after.pane().viewport.zoom > 1
    before, _ = play(zooming, mouse(DOWN, 100, 100), mouse(MOVE, 100, 140))
    assert before.pane().viewport.zoom < 1


def test_the_stack_tool_pages_with_the_drag(state: ViewerState) -> None:
    paging = run(state, "tool.choose", {"tool": "stack"})
    # 200 CSS pixels of height for 20 frames: 10 pixels a frame, parts of a frame are kept.
    after, _ = play(paging, mouse(DOWN, 0, 0), mouse(MOVE, 0, 15), mouse(MOVE, 0, 30))
    assert after.pane().frame_index == paging.pane().frame_index + 3


def test_a_cancelled_pointer_ends_the_drag(state: ViewerState) -> None:
    _, gesture = play(state, touch(DOWN, 1, 1), touch(CANCEL, 1, 1))
    assert gesture == Idle()


def test_one_notch_is_one_image_and_small_amounts_add_up() -> None:
    assert [c.args for c in turn(0, WheelEvent(0, 0, 120))[1]] == [{"by": 1}]
    assert [c.args for c in turn(0, WheelEvent(0, 0, -53))[1]] == [{"by": -1}]
    owed, total = 0.0, 0
    for _ in range(20):
        owed, calls = turn(owed, WheelEvent(0, 0, 6))
        total += sum(int(call.args["by"]) for call in calls)
    assert total == 3


@pytest.mark.requirement("B-23")
def test_the_wheel_with_ctrl_zooms_about_the_pointer() -> None:
    _, (call,) = turn(5, WheelEvent(12, 34, -100, ctrl=True))
    assert call.name == "viewport.zoom"
    assert call.args["factor"] > 1 and (call.args["x"], call.args["y"]) == (12, 34)


events = st.lists(
    st.builds(
        PointerEvent,
        st.sampled_from(list(PointerKind)),
        st.integers(1, 3),
        st.floats(-50, 400),
        st.floats(-50, 400),
        st.sampled_from([0, 1, 2]),
        st.booleans(),
    ),
    max_size=25,
)


@given(events, st.sampled_from(["pan", "window", "zoom", "stack"]))
def test_any_row_of_events_is_a_row_of_valid_commands(row: list[PointerEvent], tool: str) -> None:
    state = run(open_state(make_series()), "tool.choose", {"tool": tool})
    play(state, *row)
