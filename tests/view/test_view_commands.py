"""Every command of the table, what it refuses, and what it leaves alone."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.view.samples import make_series, open_state
from viewer_py.pixels import color_maps, filters
from viewer_py.pixels.voi import Window
from viewer_py.scene.compose import compose
from viewer_py.scene.model import ImageLayer
from viewer_py.view.command import CommandError, Kind
from viewer_py.view.commands import COMMANDS, run
from viewer_py.view.commands.image import COLOR_MAPS, FILTERS
from viewer_py.view.commands.window import shown_window
from viewer_py.view.keys import KEYS, call_for_key
from viewer_py.view.state import ViewerState, Viewport
from viewer_py.view.toolbar import in_force, toolbar_commands, unfitting


def test_names_are_unique_and_every_choice_is_a_valid_call(state: ViewerState) -> None:
    names = [command.name for command in COMMANDS]
    assert len(names) == len(set(names))
    for command in COMMANDS:
        for number, choice in enumerate(command.choices):
            try:
                assert isinstance(run(state, command.name, choice.args), ViewerState)
            except CommandError:
                said = {command.name, f"{command.name}/{number}"} & unfitting(state).keys()
                assert choice.mpr or said


def test_every_button_has_an_icon_and_words_in_two_languages() -> None:
    for command in toolbar_commands():
        assert command.label and command.label_en
        shown = command.icon or command.sheet or all(choice.icon for choice in command.choices)
        assert shown, command.name


def test_no_key_means_two_things() -> None:
    keys = [c.key for c in COMMANDS if c.key]
    keys += [choice.key for c in COMMANDS for choice in c.choices if choice.key]
    assert len(keys) == len(set(keys)) == len(KEYS)


@pytest.mark.requirement("B-39")
def test_the_eight_presets_stand_in_order_on_keys_1_to_8(state: ViewerState) -> None:
    preset = next(command for command in COMMANDS if command.name == "window.preset")
    labels = [choice.label for choice in preset.choices]
    assert labels == ["默认", "头部", "肺部", "胸部", "心脏", "腹部", "肝脏", "骨骼"]
    expected = [None, (80, 40), (1500, -600), (350, 40), (400, 40), (400, 50), (160, 60)]
    for number, window in enumerate([*expected, (1500, 300)], start=1):
        call = call_for_key(str(number))
        assert call is not None
        chosen = run(state, call.name, call.args).pane()
        found = chosen.window and (chosen.window.width, chosen.window.center)
        assert found == window
        assert chosen.preset == call.args["name"]


@pytest.mark.requirement("B-39")
def test_presets_in_hounsfield_units_are_refused_outside_ct() -> None:
    mr = open_state(make_series(modality="MR"))
    with pytest.raises(CommandError, match="CT"):
        run(mr, "window.preset", {"name": "lung"})
    assert run(mr, "window.preset", {"name": "default"}) == mr
    assert [name for name in unfitting(mr) if name.startswith("window.preset/")] == [
        f"window.preset/{number}" for number in range(1, 8)
    ]


@pytest.mark.requirement("B-25")
def test_a_free_window_leaves_the_preset_and_keeps_the_files_function() -> None:
    state = open_state(make_series(voi_lut_function="SIGMOID"))
    pane = run(state, "window.set", {"center": 10, "width": 50}).pane()
    assert pane.window == Window(10, 50, "SIGMOID")
    assert pane.preset == ""


@pytest.mark.requirement("B-25")
def test_a_linear_window_never_gets_narrower_than_one(state: ViewerState) -> None:
    narrow = run(state, "window.adjust", {"delta_center": 5, "delta_width": -1000})
    assert narrow.pane().window == Window(45, 1, "LINEAR")


@pytest.mark.requirement("B-35", "C-23", "C-36")
def test_colour_maps_and_filters_are_those_of_the_pixels_and_can_be_taken_off(
    state: ViewerState,
) -> None:
    assert {**COLOR_MAPS, "grey": color_maps.LABELS["grey"]} == {
        "": color_maps.LABELS["grey"], **color_maps.LABELS,
    }  # fmt: skip
    names = {name: (one.label, one.label_english) for name, one in filters.FILTERS.items()}
    assert {"": ("原始", "None"), **names} == FILTERS
    for name, field in (("image.color_map", "color_map"), ("image.filter", "filter")):
        for choice in next(one for one in COMMANDS if one.name == name).choices:
            changed = run(state, name, choice.args)
            assert getattr(changed.pane(), field) == choice.args["name"]
            layer = compose(changed).panes[0].image
            assert isinstance(layer, ImageLayer)
            assert getattr(layer, field) == choice.args["name"]
            assert run(changed, "viewport.reset").pane() == state.pane()


@pytest.mark.requirement("B-35")
def test_a_picture_with_colours_of_its_own_is_not_coloured_anew() -> None:
    state = open_state(make_series(samples_per_pixel=3, photometric_interpretation="RGB"))
    with pytest.raises(CommandError, match="彩色"):
        run(state, "image.color_map", {"name": "hot_iron"})
    assert "彩色" in unfitting(state)["image.color_map"]


@pytest.mark.requirement("B-27")
def test_invert_twice_is_nothing(state: ViewerState) -> None:
    inverted = run(state, "image.invert")
    assert inverted.pane().inverted and in_force(inverted)["image.invert"] is True
    assert run(inverted, "image.invert") == state


@pytest.mark.requirement("B-15")
def test_scrolling_stops_at_both_ends(state: ViewerState) -> None:
    assert run(state, "stack.scroll", {"by": 500}).pane().frame_index == 19
    assert run(state, "stack.scroll", {"by": -500}).pane().frame_index == 0
    assert run(state, "stack.go", {"frame": 3}).pane().frame_index == 3
    with pytest.raises(CommandError):
        run(state, "stack.go", {"frame": 20})


@pytest.mark.requirement("B-18", "B-45")
def test_a_series_opens_on_its_middle_image_with_a_fresh_view(state: ViewerState) -> None:
    zoomed = run(run(state, "viewport.zoom", {"factor": 3}), "cine.toggle")
    other = run(zoomed, "series.open", {"series_id": "b"})
    assert (other.pane().series_id, other.pane().frame_index) == ("b", 2)
    assert other.pane().viewport == Viewport() and not other.playing
    assert run(other, "series.step", {"by": -1}).pane().series_id == "a"
    assert run(other, "series.step", {"by": 1}) == other
    with pytest.raises(CommandError):
        run(state, "series.open", {"series_id": "none"})


@pytest.mark.requirement("B-45")
def test_reset_restores_everything_but_series_and_image(state: ViewerState) -> None:
    changed = run(state, "stack.go", {"frame": 7})
    for name, args in (
        ("viewport.zoom", {"factor": 2, "x": 10, "y": 10}),
        ("viewport.rotate", {"degrees": 90}),
        ("viewport.flip", {"axis": "vertical"}),
        ("image.invert", {}),
        ("window.preset", {"name": "bone"}),
    ):
        changed = run(changed, name, args)
    reset = run(changed, "viewport.reset").pane()
    assert reset == run(state, "stack.go", {"frame": 7}).pane()


@pytest.mark.requirement("B-22")
def test_cine_is_refused_for_a_single_image() -> None:
    single = open_state(make_series(frames=1))
    with pytest.raises(CommandError):
        run(single, "cine.toggle")


def test_choosing_a_tool_is_shown_as_pressed(state: ViewerState) -> None:
    assert in_force(run(state, "tool.choose", {"tool": "window"}))["tool.choose"] == 1


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("no.such", {}),
        ("stack.go", {}),
        ("stack.go", {"frame": 1.5}),
        ("stack.go", {"frame": True}),
        ("stack.go", {"frame": "1"}),
        ("stack.go", {"frame": 1, "more": 2}),
        ("window.set", {"center": float("nan"), "width": 1}),
        ("window.set", {"center": 0, "width": -1}),
        ("tool.choose", {"tool": "hammer"}),
        ("tool.choose", {"tool": 3}),
        ("viewport.zoom", {"factor": 0}),
        ("canvas.resize", {"width": 0, "height": 1, "pixel_ratio": 1}),
    ],
)
def test_wrong_calls_are_refused_in_words(
    state: ViewerState, name: str, args: dict[str, object]
) -> None:
    with pytest.raises(CommandError) as refusal:
        run(state, name, args)
    assert len(str(refusal.value)) > 5


def test_an_empty_pane_refuses_what_needs_an_image() -> None:
    for name, args in (("window.adjust", {"delta_center": 1, "delta_width": 1}),):
        with pytest.raises(CommandError):
            run(ViewerState(), name, args)
    with pytest.raises(CommandError):
        run(ViewerState(), "stack.scroll", {"by": 1})


def test_api_commands_have_no_button() -> None:
    assert all(command.kind is not Kind.API for command in toolbar_commands())


@given(
    st.lists(
        st.sampled_from(
            [(c.name, dict(choice.args)) for c in COMMANDS for choice in c.choices]
            + [("viewport.pan", {"x": 70, "y": -400}), ("image.invert", {}), ("cine.toggle", {})]
        ),
        max_size=12,
    )
)
def test_no_row_of_commands_breaks_the_state(calls: list[tuple[str, dict[str, object]]]) -> None:
    state = open_state(make_series(), make_series("b", frames=5))
    for name, args in calls:
        with contextlib.suppress(CommandError):  # said in words, and the state stands
            state = run(state, name, args)
        compose(state)
    series = state.active_series()
    assert series is not None and 0 <= state.pane().frame_index < len(series.frames)
    assert 0.1 <= state.pane().viewport.zoom <= 40
    assert shown_window(state).width >= 1
