"""What stands in the toolbar, and what it shows of the state: what is pressed, what fits, why not.

The strip holds what is always there; the bar of the reformats stands above it while they are open.
A sheet is a pop-up with one row of choices a command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from viewer_py.view.command import Choice, Command, Current, Kind, Value, fits
from viewer_py.view.commands import COMMANDS, find
from viewer_py.view.state import ViewerState


@dataclass(frozen=True)
class Picked:
    """One choice of a command as a button of its own."""

    command: Command
    choice: int
    label: str
    label_en: str
    icon: str


@dataclass(frozen=True)
class Sheet:
    """A pop-up and the button that opens it; `shows` names the command whose choice it shows.

    Single choices of other commands (tools) are `picked`: they stand first.
    """

    name: str
    label: str
    label_en: str
    icon: str
    commands: tuple[Command, ...]
    shows: str = ""
    picked: tuple[Picked, ...] = ()


@dataclass(frozen=True)
class Link:
    """A button that opens a page of the study beside the viewer; `page` is its address there."""

    page: str
    label: str
    label_en: str
    icon: str


Item = Command | Sheet | Picked | Link


@dataclass(frozen=True)
class Toolbar:
    """The groups of the strip, and those of the bar that reformats bring with them.

    `tips` tells of tools in plain words (view.tool_tips), once each.
    """

    strip: tuple[tuple[Item, ...], ...]
    reformats: tuple[tuple[Item, ...], ...]
    tips: Mapping[str, str] = field(default_factory=dict)


# Rows of shared sheets whose words only a doctor knows.
_DOCTORS = frozenset({"hanging.apply", "window.full", "window.own"})


def _sheet(
    name: str, label: str, label_en: str, icon: str, *, command: str = "", shows: str = ""
) -> Sheet:
    first = (find(command),) if command else ()
    rows = (*first, *(one for one in COMMANDS if one.sheet == name and one.name not in _DOCTORS))
    return Sheet(name, label, label_en, icon, rows, shows)


def _group(name: str) -> tuple[Command, ...]:
    return tuple(
        command for command in COMMANDS if command.group == name and command.kind is not Kind.API
    )


def _picked(name: str, value: str, icon: str = "") -> Picked:
    """Return the choice of a command whose first argument is `value` as a button."""
    command = find(name)
    number = next(n for n, one in enumerate(command.choices) if _is(one, value))
    choice = command.choices[number]
    return Picked(command, number, choice.label, choice.label_en, icon or choice.icon)


def _tool(name: str) -> Picked:
    return _picked("tool.choose", name)


def toolbar() -> Toolbar:
    """Return what stands where for a patient (B-20…B-45): what is used most is met first.

    Each function is at most two taps away: its button, or that of its sheet and its choice in it.
    Paging and the button that plays ("stack", "paging") have their own row beside the slider.
    """
    from viewer_py.view.tool_tips import TIPS  # the page's, not the worker's

    presets = _sheet(
        "window.preset", "窗位", "Presets", "adjustments",
        command="window.preset", shows="window.preset",
    )  # fmt: skip
    colors = _sheet("color", "伪彩滤波", "Colours", "palette")
    turns = _sheet("turn", "旋转镜像", "Rotate", "rotate-clockwise")
    measures = _sheet("measure", "测量", "Measure", "ruler-measure", shows="annotation.measure")
    marks = _sheet("mark", "标记", "Mark", "pencil", shows="annotation.mark")
    grids = _sheet("layout", "布局", "Layout", "layout-grid")
    links = _sheet("link", "联动", "Link", "link")
    lens = _sheet("lens", "镜片", "Lens", "settings")
    cine = _sheet("cine", "动态播放", "Cine", "player-play")
    directions = _sheet(
        "direction", "方位", "Direction", "switch-horizontal", shows="mpr.direction"
    )
    slab = _sheet("slab", "投影层厚", "Slab", "stack-front", shows="mpr.projection")
    rendering = _sheet("rendering", "三维", "3-D", "cube-3d-sphere", shows="rendering.preset")
    curve = _sheet("curve", "曲面", "Curve", "line")
    fusion = _sheet("fusion", "融合", "Fusion", "layers-intersect", shows="fusion.opacity")
    flat, opened = _group("volume")[:1], _group("volume")[1:]
    projections = (
        _picked("mpr.projection", "MIP", "stack-front"),
        _picked("mpr.projection", "MinIP", "stack-middle"),
    )
    return Toolbar(
        strip=(
            (_tool("pan"), _tool("window"), presets),
            (measures, marks),
            _group("reset"),
            (*flat, *projections, *opened),
            (_tool("zoom"), _tool("stack"), _tool("magnifier"), lens),
            (*_group("image"), colors, turns, _tool("rotate"), cine),
            (grids, *_group("panes"), _tool("localizer"), links),
            _group("studies"),
            _group("zoom"),
        ),
        reformats=(
            (_tool("crosshair"), directions, slab),
            (rendering, curve, fusion),
            _group("planes"),
        ),
        tips=TIPS,
    )


@cache
def toolbar_commands() -> tuple[Command, ...]:
    """Return every command that has a button or a choice in the toolbar, once."""
    bar = toolbar()
    found: dict[str, Command] = {}
    for group in (*bar.strip, *bar.reformats):
        for item in group:
            found |= {command.name: command for command in _commands_of(item)}
    return tuple(found.values())


def _commands_of(item: Item) -> tuple[Command, ...]:
    if isinstance(item, Link):
        return ()
    if isinstance(item, Sheet):
        return (*item.commands, *(one.command for one in item.picked))
    return (item.command,) if isinstance(item, Picked) else (item,)


_OFFERED = tuple(command for command in COMMANDS if command.kind is not Kind.API)
_SHOWN = tuple(command for command in COMMANDS if command.current is not None)


def values_in_force(state: ViewerState) -> dict[str, dict[str, Value]]:
    """Return, by command name, the numbers that its slider or fields show."""
    return {
        command.name: dict(command.values(state))
        for command in COMMANDS
        if command.values is not None
    }


def in_force(state: ViewerState) -> dict[str, bool | int]:
    """Return, by command name, whether it is on, or which choice is in force (-1: none)."""
    return {command.name: _in_force(command, state) for command in _SHOWN}


def _in_force(command: Command, state: ViewerState) -> bool | int:
    assert command.current is not None
    value = command.current(state)
    if command.kind is Kind.TOGGLE:
        return bool(value)
    numbers = (n for n, choice in enumerate(command.choices) if _is(choice, value))
    return next(numbers, -1)


def _is(choice: Choice, value: Current | None) -> bool:
    if isinstance(value, Mapping):
        return dict(choice.args) == dict(value)
    return value is not None and next(iter(choice.args.values())) == value


def unfitting(state: ViewerState) -> dict[str, str]:
    """Return why buttons cannot be used: "name" or "name/choice number" to the reason in words."""
    series = state.active_series()
    modality = series.modality if series else ""
    reasons: dict[str, str] = {}
    for command in _OFFERED:
        reason = _reason(command.modalities, modality)
        if not reason and command.unavailable is not None:
            reason = command.unavailable(state)
        if reason:
            reasons[command.name] = reason
        for number, choice in enumerate(command.choices):
            reason = _reason(choice.modalities, modality)
            if not reason and choice.unavailable is not None:
                reason = choice.unavailable(state)
            if reason:
                reasons[f"{command.name}/{number}"] = reason
    return reasons


def _reason(modalities: tuple[str, ...], modality: str) -> str:
    if fits(modalities, modality):
        return ""
    names = "、".join(modalities)
    return f"只适用于 {names} / for {', '.join(modalities)} only"
