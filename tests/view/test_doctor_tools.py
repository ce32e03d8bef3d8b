"""The doctor's toolbar, mouse mapping, keys, habits and watermark, without a browser."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.view.samples import make_series, open_state
from viewer_py.scene.compose import compose
from viewer_py.scene.model import ShapeKind
from viewer_py.view import shortcuts
from viewer_py.view.command import CommandError, Kind
from viewer_py.view.commands import COMMANDS, run
from viewer_py.view.doctor_toolbar import doctor_toolbar, functions
from viewer_py.view.gestures import Idle, PointerEvent, PointerKind
from viewer_py.view.habits import Habits, Reader, habits_of, linking_of, may_be_kept, remembered
from viewer_py.view.keys import key_call
from viewer_py.view.mouse_mapping import FREE
from viewer_py.view.pointer import step
from viewer_py.view.reading_modes import Linking
from viewer_py.view.state import ViewerState
from viewer_py.view.toolbar import Link, in_force, toolbar_commands, unfitting

# 000-A 十(一) 1 … 22, and 3D重建 where 001 puts it.
SPECIFIED = [
    "鼠标快捷功能", "布局", "缩放", "移动", "窗宽窗位", "放大镜", "反像", "测量", "标记", "定位线",
    "镜像", "旋转", "动态播放", "3D重建", "MPR", "MIP", "MinIP", "伪彩", "PET-CT融合", "历史检查",
    "一键发送", "标签", "功能栏置底/置顶",
]  # fmt: skip


@pytest.fixture
def doctor() -> ViewerState:
    """A CT that a doctor has opened."""
    habits = Habits(Reader.DOCTOR)
    return replace(open_state(make_series()), habits=habits, tool=FREE)


def dragged(state: ViewerState, button: int, *, touch: bool = False) -> ViewerState:
    """Drag 40 right and 60 down in three moves with one button or finger."""
    gesture = Idle()
    for number, kind in enumerate([PointerKind.DOWN, *[PointerKind.MOVE] * 3, PointerKind.UP]):
        share = min(number, 3) / 3
        event = PointerEvent(
            kind, 1, 200.0 + 40 * share, 200.0 + 60 * share, button=button, touch=touch,
            time=number * 0.05,
        )  # fmt: skip
        gesture, calls = step(gesture, event, state)  # type: ignore[arg-type, assignment]
        for call in calls:
            state = run(state, call.name, call.args)
    return state


def changed(before: ViewerState, after: ViewerState) -> set[str]:
    """Return which of zoom, pan and window a drag changed."""
    one, other = before.pane(), after.pane()
    found = {"zoom"} if one.viewport.zoom != other.viewport.zoom else set()
    if one.window != other.window:
        found.add("window")
    moved = (one.viewport.pan_x, one.viewport.pan_y) != (other.viewport.pan_x, other.viewport.pan_y)
    return found | ({"pan"} if moved and "zoom" not in found else set())


@pytest.mark.requirement("C-06")
def test_without_a_tool_left_zooms_middle_pans_right_windows(doctor: ViewerState) -> None:
    assert [changed(doctor, dragged(doctor, button)) for button in (0, 1, 2)] == [
        {"zoom"}, {"pan"}, {"window"},
    ]  # fmt: skip
    assert changed(doctor, dragged(doctor, 0, touch=True)) == {"pan"}


@pytest.mark.requirement("C-06")
def test_the_common_mapping_is_a_choice(doctor: ViewerState) -> None:
    common = run(doctor, "mouse.mapping", {"name": "common"})
    assert [changed(common, dragged(common, button)) for button in (0, 1, 2)] == [
        {"window"}, {"pan"}, {"zoom"},
    ]  # fmt: skip
    assert in_force(common)["mouse.mapping"] == 1


@pytest.mark.requirement("C-06", "C-09")
def test_a_chosen_tool_takes_the_left_button_until_it_is_laid_down(doctor: ViewerState) -> None:
    chosen = run(doctor, "tool.choose", {"tool": "pan"})
    assert changed(chosen, dragged(chosen, 0)) == {"pan"}
    assert changed(chosen, dragged(chosen, 2)) == {"window"}
    assert in_force(chosen)["mouse.mapping"] == -1
    laid_down = run(chosen, "tool.choose", {"tool": "pan"})
    assert laid_down.tool == FREE
    assert run(chosen, "mouse.mapping", {"name": "specified"}).tool == FREE


@pytest.mark.requirement("C-43")
def test_a_patients_mouse_and_tools_are_as_they_were() -> None:
    patient = open_state(make_series())
    assert patient.tool == "pan"
    assert [changed(patient, dragged(patient, button)) for button in (0, 1, 2)] == [
        {"pan"}, {"pan"}, {"window"},
    ]  # fmt: skip
    assert run(patient, "tool.choose", {"tool": "pan"}).tool == "pan"


@pytest.mark.requirement("C-05")
def test_the_functions_stand_in_the_order_of_the_specification() -> None:
    assert [one.label for one in functions()] == SPECIFIED
    assert all(one.items for one in functions())


@pytest.mark.requirement("C-43")
def test_every_button_of_the_doctors_toolbar_is_a_command_of_the_table() -> None:
    names = {command.name: command for command in COMMANDS}
    bar = doctor_toolbar()
    for group in (*bar.strip, *bar.reformats):
        for item in group:
            if isinstance(item, Link):
                continue  # it leads to a page of the study
            rows = getattr(item, "commands", None) or (getattr(item, "command", item),)
            for command in rows:
                assert names[command.name].apply is command.apply
                assert command.kind is not Kind.API
    shared = {command.name for command in toolbar_commands()}
    assert {"image.invert", "annotation.measure", "mpr.toggle", "tool.choose"} <= shared


def test_what_does_not_fit_is_said_of_the_doctors_buttons_too(doctor: ViewerState) -> None:
    mr = open_state(make_series("b", frames=5, modality="MR"))
    assert "window.preset/1" in unfitting(mr)
    assert "window.preset/1" not in unfitting(doctor)


@pytest.mark.requirement("C-28")
def test_the_toolbar_goes_below_and_back(doctor: ViewerState) -> None:
    below = run(doctor, "toolbar.place")
    assert (below.habits.toolbar, in_force(below)["toolbar.place"]) == ("bottom", True)
    assert run(below, "toolbar.place").habits.toolbar == "top"
    assert run(below, "toolbar.place", {"place": "bottom"}).habits.toolbar == "bottom"
    with pytest.raises(CommandError):
        run(doctor, "toolbar.place", {"place": "left"})


def test_what_is_kept_comes_back_and_nothing_else_does(doctor: ViewerState) -> None:
    state = run(doctor, "toolbar.place")
    state = run(state, "mouse.mapping", {"name": "common"})
    for name in ("navigation.show", "report.show", "keys.use"):
        state = run(state, name)
    kept = remembered(state.habits, Linking(scroll=True))
    assert all(may_be_kept(name, value) for name, value in kept.items())
    assert habits_of(Reader.DOCTOR, kept) == state.habits
    assert linking_of(kept) == Linking(scroll=True)
    spoilt = {"toolbar": "left", "mouse": 7, "keys": "no", "reader": "patient", "else": 1}
    assert habits_of(Reader.DOCTOR, spoilt) == Habits(Reader.DOCTOR)
    assert not any(may_be_kept(name, value) for name, value in spoilt.items())


@pytest.mark.requirement("C-10")
def test_no_key_means_two_things() -> None:
    keys = Counter(one.key for one in shortcuts.shortcuts().keys)
    assert [key for key, count in keys.items() if count > 1] == []
    figures = [one for one in shortcuts.shortcuts().keys if one.key.isdigit()]
    assert [one.key for one in figures][:8] == list("12345678")


def test_single_keys_can_be_switched_off(doctor: ViewerState) -> None:
    def meaning(state: ViewerState, key: str) -> str:
        call = key_call(state, key, control=False, shift=False)
        return call.name if call else ""

    assert meaning(doctor, "i") == "image.invert"
    off = run(doctor, "keys.use")
    assert meaning(off, "i") == ""
    assert meaning(off, "ArrowDown") == "stack.scroll"
    assert meaning(off, " ") == "cine.toggle"


@pytest.mark.requirement("C-40")
def test_the_servers_words_lie_over_every_picture() -> None:
    words = "li.yisheng 2026-03-09 14:05"
    series = replace(make_series(), watermark=words)
    state = run(open_state(series), "layout.set", {"columns": 2, "rows": 2})
    state = run(state, "series.open", {"series_id": series.series_id})
    scene = compose(state)
    shown = [pane for pane in scene.panes if pane.image is not None]
    assert shown
    for pane in shown:
        (mark,) = [one for one in pane.shapes if one.kind is ShapeKind.WATERMARK]
        area = pane.area
        assert mark.lines == (words,)
        assert mark.points == (
            (area.x, area.y), (area.x + area.width, area.y + area.height),
        )  # fmt: skip
    plain = compose(open_state(make_series()))
    assert not any(pane.shapes for pane in plain.panes)
