"""Cine: order, speed, direction, range (B-34, C-19)."""

from __future__ import annotations

import pytest

from tests.view.samples import make_series, open_state
from viewer_py.view.cine import CineClock, advance, loop_range
from viewer_py.view.command import CommandError, Entry
from viewer_py.view.commands import find, run
from viewer_py.view.state import ViewerState
from viewer_py.view.toolbar import values_in_force


@pytest.fixture
def state() -> ViewerState:
    state = run(open_state(make_series(frames=6)), "stack.go", {"frame": 0})
    return run(state, "cine.rate", {"frames_per_second": 10})


def played(state: ViewerState, steps: int) -> list[int]:
    """Return the images that so many steps of cine show."""
    clock, seen = CineClock(), []
    for _ in range(steps):
        state, clock = advance(state, clock, 1 / state.frames_per_second + 1e-9, lambda _: True)
        seen.append(state.pane().frame_index)
    return seen


@pytest.mark.requirement("B-34", "C-19")
@pytest.mark.parametrize(
    ("direction", "order"),
    [
        ("forward", [1, 2, 3, 4, 5, 0, 1, 2]),
        ("backward", [5, 4, 3, 2, 1, 0, 5, 4]),
        ("both", [1, 2, 3, 4, 5, 4, 3, 2, 1, 0, 1]),
    ],
)
def test_it_plays_forward_backward_and_to_and_fro(
    state: ViewerState, direction: str, order: list[int]
) -> None:
    playing = run(run(state, "cine.direction", {"direction": direction}), "cine.toggle")
    assert played(playing, len(order)) == order


@pytest.mark.requirement("B-34", "C-19")
def test_it_stays_within_its_range(state: ViewerState) -> None:
    state = run(run(state, "cine.range", {"first": 3, "last": 5}), "cine.toggle")
    assert loop_range(state) == (2, 4)
    assert played(state, 6) == [2, 3, 4, 2, 3, 4]
    assert played(run(state, "cine.direction", {"direction": "both"}), 6) == [2, 3, 4, 3, 2, 3]
    assert played(run(state, "cine.whole"), 6) == [1, 2, 3, 4, 5, 0]


@pytest.mark.requirement("B-34", "C-19")
def test_the_range_begins_and_ends_with_the_image_on_the_screen(state: ViewerState) -> None:
    state = run(run(state, "stack.go", {"frame": 1}), "cine.begin")
    state = run(run(state, "stack.go", {"frame": 3}), "cine.end")
    assert values_in_force(state)["cine.range"] == {"first": 2, "last": 4}
    state = run(run(state, "stack.go", {"frame": 5}), "cine.begin")
    assert loop_range(state) == (5, 5)  # an end before it is given up
    with pytest.raises(CommandError, match="终点"):
        run(state, "cine.range", {"first": 4, "last": 2})


@pytest.mark.requirement("B-34")
def test_another_series_is_played_whole() -> None:
    state = open_state(make_series("a", frames=6), make_series("b", frames=9))
    state = run(
        run(state, "cine.range", {"first": 2, "last": 3}), "series.open", {"series_id": "b"}
    )
    assert loop_range(state) == (0, 8)


@pytest.mark.requirement("B-34", "C-19")
@pytest.mark.parametrize("rate", [1, 10, 30, 60])
def test_a_second_shows_as_many_images_as_are_asked_for(rate: int) -> None:
    state = run(open_state(make_series(frames=100)), "stack.go", {"frame": 0})
    state = run(run(state, "cine.rate", {"frames_per_second": rate}), "cine.toggle")
    clock = CineClock()
    for _ in range(60):  # a screen's frames
        state, clock = advance(state, clock, 1 / 60, lambda _: True)
    assert abs(state.pane().frame_index - rate) <= 1


@pytest.mark.requirement("B-34")
def test_the_speed_is_a_slider_from_1_to_60(state: ViewerState) -> None:
    command = find("cine.rate")
    (speed,) = command.arguments
    assert command.entry is Entry.SLIDER and (speed.minimum, speed.maximum) == (1, 60)
    assert values_in_force(state)["cine.rate"] == {"frames_per_second": 10}
    for wrong in (0.5, 61):
        with pytest.raises(CommandError):
            run(state, "cine.rate", {"frames_per_second": wrong})
