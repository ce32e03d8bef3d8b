"""Mirror, quarter turns and free rotation (B-32, B-33, C-17, C-18), from button to picture."""

from __future__ import annotations

import math

import pytest

from tests.view.pane_series import axial, reading
from viewer_py.scene.compose import compose
from viewer_py.scene.model import ImageLayer, Matrix, OrientationMarks
from viewer_py.view.command import CommandError
from viewer_py.view.commands import run
from viewer_py.view.gestures import Gesture, Idle, PointerEvent, PointerKind
from viewer_py.view.pointer import step
from viewer_py.view.state import ViewerState
from viewer_py.view.toolbar import toolbar_commands


@pytest.fixture
def state() -> ViewerState:
    return reading(axial())


def matrix(state: ViewerState) -> Matrix:
    image = compose(state).panes[state.active_pane].image
    assert isinstance(image, ImageLayer)
    return image.matrix


def marks(state: ViewerState) -> OrientationMarks:
    return compose(state).panes[state.active_pane].marks


def where(state: ViewerState, u: float, v: float) -> tuple[float, float]:
    """Return where image coordinates lie, from the middle of the 900 × 600 reading area."""
    a, b, c, d, e, f = matrix(state)
    return a * u + c * v + e - 450, b * u + d * v + f - 300


@pytest.mark.requirement("B-32", "C-17")
@pytest.mark.parametrize(("axis", "signs"), [("horizontal", (-1, 1)), ("vertical", (1, -1))])
def test_a_mirror_swaps_sides_and_letters_and_two_are_none(
    state: ViewerState, axis: str, signs: tuple[int, int]
) -> None:
    turned = run(state, "viewport.angle", {"degrees": 30})
    for before in (state, turned):
        once = run(before, "viewport.flip", {"axis": axis})
        x, y = where(before, 10, 20)
        assert where(once, 10, 20) == pytest.approx((signs[0] * x, signs[1] * y))
        assert matrix(run(once, "viewport.flip", {"axis": axis})) == pytest.approx(matrix(before))
    assert (marks(state).left, marks(state).top) == ("R", "A")
    flipped = marks(run(state, "viewport.flip", {"axis": axis}))
    assert (flipped.left, flipped.top) == (("L", "A") if axis == "horizontal" else ("R", "P"))


@pytest.mark.requirement("B-33", "C-18")
@pytest.mark.parametrize("degrees", [90.0, -90.0])
def test_four_quarter_turns_are_none_and_letters_follow(state: ViewerState, degrees: float) -> None:
    turned = run(state, "viewport.rotate", {"degrees": degrees})
    assert marks(turned).top == ("R" if degrees > 0 else "L")
    for _ in range(3):
        turned = run(turned, "viewport.rotate", {"degrees": degrees})
    assert matrix(turned) == matrix(state) and marks(turned) == marks(state)


@pytest.mark.requirement("B-33", "C-18")
@pytest.mark.parametrize("degrees", [1.0, 37.5, -120.0, 180.0])
def test_any_angle_turns_clockwise_about_the_middle(state: ViewerState, degrees: float) -> None:
    turned = run(state, "viewport.rotate", {"degrees": degrees})
    x, y = where(state, 3, 5)
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    assert where(turned, 3, 5) == pytest.approx((cosine * x - sine * y, sine * x + cosine * y))
    assert matrix(run(state, "viewport.angle", {"degrees": degrees})) == pytest.approx(
        matrix(turned)
    )
    assert matrix(run(turned, "viewport.upright")) == matrix(state)
    assert run(turned, "viewport.reset").pane().viewport.rotation == 0


def test_an_angle_beyond_a_turn_is_refused(state: ViewerState) -> None:
    with pytest.raises(CommandError, match="180"):
        run(state, "viewport.angle", {"degrees": 181})


@pytest.mark.requirement("B-33", "C-18")
@pytest.mark.parametrize("touch", [False, True])
def test_dragging_round_the_middle_turns_the_picture_with_the_pointer(
    state: ViewerState, touch: bool
) -> None:
    state = run(state, "tool.choose", {"tool": "rotate"})
    gesture: Gesture = Idle()
    for kind, angle in (("down", 0), ("move", 20), ("move", 65), ("up", 65)):
        radians = math.radians(angle)
        x, y = 450 + 200 * math.cos(radians), 300 + 200 * math.sin(radians)
        event = PointerEvent(PointerKind(kind), 1, x, y, touch=touch)
        gesture, calls = step(gesture, event, state)
        for call in calls:
            state = run(state, call.name, call.args)
    assert state.pane().viewport.rotation == pytest.approx(65)
    assert state.pane().viewport.zoom == 1


def test_turning_has_its_place_in_the_toolbar() -> None:
    named = {command.name for command in toolbar_commands()}
    assert {"viewport.flip", "viewport.rotate", "viewport.angle", "viewport.upright"} <= named
