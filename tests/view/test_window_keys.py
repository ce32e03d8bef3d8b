"""The figures of the keyboard choose a window in every modality, and `?` lists them (C-10)."""

from __future__ import annotations

import pytest

from tests.view.samples import make_series, open_state
from viewer_py.pixels.presets import PRESETS
from viewer_py.pixels.voi import Window, full_range
from viewer_py.view.command import CommandError
from viewer_py.view.commands import run
from viewer_py.view.commands.window import shown_window
from viewer_py.view.keys import key_call
from viewer_py.view.shortcuts import shortcuts
from viewer_py.view.state import ViewerState
from viewer_py.view.toolbar import unfitting


def pressed(state: ViewerState, key: str) -> ViewerState:
    call = key_call(state, key, control=False, shift=False)
    assert call is not None, key
    return run(state, call.name, call.args)


@pytest.mark.requirement("B-39", "C-10")
def test_one_to_eight_are_the_presets_of_a_ct() -> None:
    state = open_state(make_series(modality="CT"))
    for number, preset in enumerate(PRESETS, start=1):
        state = pressed(state, str(number))
        assert state.pane().preset == preset.name
        assert shown_window(state) == (preset.window or Window(40.0, 400.0))


@pytest.mark.requirement("C-10")
@pytest.mark.parametrize("modality", ["CT", "MR", "DX", "PT"])
def test_nine_shows_every_value_and_one_the_default_again(modality: str) -> None:
    state = open_state(make_series(modality=modality))
    frame = state.active_frame()
    assert frame is not None
    whole = pressed(state, "9")
    assert shown_window(whole) == full_range(frame) == Window(0.5, 2001.0)
    assert shown_window(pressed(whole, "1")) == Window(40.0, 400.0)


@pytest.mark.requirement("C-10")
def test_the_presets_of_a_ct_are_refused_in_words_elsewhere() -> None:
    state = open_state(make_series(modality="MR"))
    for number in range(2, 9):
        with pytest.raises(CommandError, match="只适用于 CT"):
            pressed(state, str(number))


@pytest.mark.requirement("C-10")
def test_nought_goes_through_the_windows_that_the_image_brings() -> None:
    many = make_series(modality="MR", window_center=(40.0, 300.0), window_width=(400.0, 900.0))
    state = open_state(many)
    seen = []
    for _ in range(3):
        state = pressed(state, "0")
        seen.append(shown_window(state))
    assert seen == [Window(300.0, 900.0), Window(40.0, 400.0), Window(300.0, 900.0)]
    one = open_state(make_series(modality="MR"))
    assert "自带窗" in unfitting(one)["window.own"]
    with pytest.raises(CommandError, match="自带窗"):
        pressed(one, "0")


def test_a_colour_image_has_no_greys_to_window() -> None:
    state = open_state(make_series(modality="US", samples_per_pixel=3))
    for key in "90":
        with pytest.raises(CommandError, match="彩色"):
            pressed(state, key)
    assert "彩色" in unfitting(state)["window.full"]


@pytest.mark.requirement("C-10")
def test_the_list_of_keys_names_every_figure() -> None:
    listed = {one.key: one.command for one in shortcuts().keys}
    assert {key: listed[key] for key in "1234567890"} == {
        **dict.fromkeys("12345678", "window.preset"),
        "9": "window.full",
        "0": "window.own",
    }
