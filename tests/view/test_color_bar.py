"""The bar beside the picture (B-35, C-23) and windows by numbers (B-25, C-10)."""

from __future__ import annotations

import numpy as np
import pytest

from tests.view.pane_series import axial, reading
from viewer_py.pixels.color_maps import colors_of
from viewer_py.pixels.transfer import display_transfer, shade
from viewer_py.pixels.voi import Window
from viewer_py.scene.compose import compose
from viewer_py.scene.model import ColorBar
from viewer_py.view.command import CommandError, Entry
from viewer_py.view.commands import find, run
from viewer_py.view.state import ViewerState
from viewer_py.view.toolbar import toolbar, values_in_force


def bar(state: ViewerState) -> ColorBar:
    found = compose(state).panes[0].color_bar
    assert found is not None
    return found


def rgb(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color[1:]))


@pytest.mark.requirement("B-35", "C-23")
def test_colours_bring_a_bar_with_the_ends_of_the_window() -> None:
    state = reading(axial())
    assert compose(state).panes[0].color_bar is None
    state = run(
        run(state, "window.set", {"center": 50, "width": 101}), "image.color_map", {"name": "pet"}
    )
    shown = bar(state)
    # PS3.3 C.11.2.1.2.1: 49.5 ± 50.
    assert (shown.low, shown.high, shown.unit) == ("0", "100", "HU")
    table = colors_of("pet")
    assert rgb(shown.colors[0]) == tuple(table[0]) and rgb(shown.colors[-1]) == tuple(table[255])
    assert len(set(shown.colors)) > 20
    assert compose(run(state, "image.color_map", {"name": ""})).panes[0].color_bar is None


@pytest.mark.requirement("B-35", "C-23")
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("interpretation", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("inverted", [False, True])
def test_each_colour_of_the_bar_is_that_of_a_pixel_with_its_value(
    function: str, interpretation: str, inverted: bool
) -> None:
    series = axial(voi_lut_function=function, photometric_interpretation=interpretation)
    state = run(reading(series), "image.color_map", {"name": "rainbow"})
    state = run(state, "image.invert") if inverted else state
    state = run(state, "window.set", {"center": 100, "width": 400})
    shown = bar(state)
    low, high = (-100.0, 300.0) if function != "LINEAR" else (-100.0, 299.0)
    values = np.linspace(low, high, len(shown.colors))
    transfer = display_transfer(series.frames[0], Window(100, 400, function), inverted)
    expected = colors_of("rainbow")[shade(transfer, values)]
    assert [rgb(color) for color in shown.colors] == [tuple(row) for row in expected.tolist()]


@pytest.mark.requirement("C-23")
def test_a_bar_of_greys_is_there_when_it_is_wanted() -> None:
    state = run(reading(axial()), "image.bar")
    assert bar(state).colors[0] == "#000000" and bar(state).colors[-1] == "#ffffff"
    assert compose(run(state, "image.bar")).panes[0].color_bar is None
    color = axial(samples_per_pixel=3, photometric_interpretation="RGB")
    assert compose(run(reading(color), "image.bar")).panes[0].color_bar is None


@pytest.mark.requirement("B-25", "C-10")
def test_a_window_is_given_by_numbers_where_the_presets_are() -> None:
    command = find("window.set")
    assert command.entry is Entry.FIELDS
    assert [argument.label for argument in command.arguments] == ["窗宽 W", "窗位 L"]
    sheets = [item for group in toolbar().strip for item in group if hasattr(item, "commands")]
    presets = next(one for one in sheets if one.name == "window.preset")
    assert [row.name for row in presets.commands] == ["window.preset", "window.set"]
    state = reading(axial())
    assert values_in_force(state)["window.set"] == {"width": 400, "center": 40}
    state = run(state, "window.set", {"width": 1234.5, "center": -321.25})
    assert values_in_force(state)["window.set"] == {"width": 1234.5, "center": -321.25}
    assert state.pane().window == Window(-321.25, 1234.5) and state.pane().preset == ""
    with pytest.raises(CommandError):
        run(state, "window.set", {"width": -1, "center": 0})
