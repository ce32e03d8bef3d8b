"""A film shows what is read as it is read: what the viewer hands to the form (C-39)."""

from __future__ import annotations

import pytest

from server.film.options import parse_options
from tests.view.samples import make_series, open_state
from tests.view.volume_samples import opened, volume_series
from viewer_py.pixels.voi import Window
from viewer_py.view.commands import run
from viewer_py.view.film import film_request
from viewer_py.view.state import ViewerState


def test_what_was_not_touched_is_left_to_the_film() -> None:
    assert film_request(open_state(make_series())) == {"series": "a"}
    assert film_request(ViewerState()) == {}


@pytest.mark.requirement("C-39")
def test_window_inversion_turn_and_mirror_reach_the_film() -> None:
    state = open_state(make_series())
    for name, args in (
        ("window.set", {"center": 35.5, "width": 120}),
        ("image.invert", {}),
        ("viewport.flip", {"axis": "horizontal"}),
        ("viewport.rotate", {"degrees": 90}),
    ):
        state = run(state, name, args)
    options = parse_options(film_request(state))
    assert options.window == Window(35.5, 120.0) and options.inverted
    view = state.pane().viewport
    assert options.viewport.rotation == view.rotation == 90
    assert (options.flip_horizontal, options.flip_vertical) == (True, False)


@pytest.mark.parametrize(
    ("degrees", "quarter"), [(30, None), (50, "90"), (200, "180"), (350, None)]
)
def test_a_free_rotation_becomes_the_nearest_quarter(degrees: float, quarter: str | None) -> None:
    state = run(open_state(make_series()), "viewport.rotate", {"degrees": degrees})
    assert film_request(state).get("rotation") == quarter


def test_of_reformats_the_series_and_the_window_are_taken() -> None:
    state = run(opened(volume_series("v")), "mpr.toggle")
    state = run(run(state, "mpr.turn", {"degrees": 25}), "window.preset", {"name": "lung"})
    assert film_request(state) == {"series": "v", "center": "-600", "width": "1500"}
