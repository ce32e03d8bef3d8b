"""The doctor's toolbar: the 22 functions of the specification in its order (C-06…C-28, ui.md §2).

Each function names commands of the table, so that its buttons do what the patient's do (C-43); what
has no command yet has no button.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from viewer_py.view.command import Command
from viewer_py.view.commands import COMMANDS
from viewer_py.view.toolbar import Item, Link, Picked, Sheet, Toolbar, toolbar

_BY_NAME = {command.name: command for command in COMMANDS}


@dataclass(frozen=True)
class Function:
    """One function of the specification: its words, and the buttons that stand for it."""

    label: str
    label_en: str
    items: tuple[Item, ...]


def _button(name: str, label: str, label_en: str, icon: str = "") -> tuple[Item, ...]:
    """Return a command under the name that the specification gives it."""
    command = _BY_NAME.get(name)
    if command is None:
        return ()
    return (replace(command, label=label, label_en=label_en, icon=icon or command.icon),)


def _pick(name: str, value: str, label: str, label_en: str, icon: str) -> tuple[Item, ...]:
    """Return the choice of a command whose first argument is `value`."""
    command = _BY_NAME.get(name)
    for number, choice in enumerate(command.choices if command else ()):
        if command is not None and next(iter(choice.args.values())) == value:
            return (Picked(command, number, label, label_en, icon),)
    return ()


def _sheet(
    name: str,
    label: str,
    label_en: str,
    icon: str,
    *commands: str,
    shows: str = "",
    tools: tuple[Item, ...] = (),
) -> tuple[Item, ...]:
    """Return a pop-up with the named commands, or else with those of the sheet `name`.

    `tools` are choices that stand in it too: a function has one button, whatever belongs to it.
    """
    rows: tuple[Command, ...] = tuple(_BY_NAME[one] for one in commands if one in _BY_NAME)
    rows = rows or tuple(one for one in COMMANDS if one.sheet == name)
    picked = tuple(one for one in tools if isinstance(one, Picked))
    return (Sheet(name, label, label_en, icon, rows, shows, picked),) if rows else ()


def functions() -> tuple[Function, ...]:
    """Return the functions in the specification's order; 001 puts 3D重建 before MPR."""
    return (
        Function("鼠标快捷功能", "Mouse", _sheet("mouse", "鼠标快捷功能", "Mouse", "mouse")),
        Function("布局", "Layout", _sheet("layout", "布局", "Layout", "layout-grid")),
        Function("缩放", "Zoom", _pick("tool.choose", "zoom", "缩放", "Zoom", "zoom-in")),
        Function("移动", "Move", _pick("tool.choose", "pan", "移动", "Move", "arrows-move")),
        Function("窗宽窗位", "Window", _window()),
        Function("放大镜", "Magnifier", _magnifier()),
        Function("反像", "Invert", _button("image.invert", "反像", "Invert")),
        Function(
            "测量",
            "Measure",
            _sheet("measure", "测量", "Measure", "ruler-measure", shows="annotation.measure"),
        ),
        Function("标记", "Mark", _sheet("mark", "标记", "Mark", "pencil", shows="annotation.mark")),
        Function("定位线", "Localiser", _localizer()),
        Function(
            "镜像", "Mirror", _sheet("mirror", "镜像", "Mirror", "flip-vertical", "viewport.flip")
        ),
        Function("旋转", "Rotate", _rotate()),
        Function(
            "动态播放",
            "Cine",
            _sheet("cine", "动态播放", "Cine", "player-play", shows="cine.toggle"),
        ),
        Function("3D重建", "3-D", _button("rendering.open", "3D重建", "3-D")),
        Function("MPR", "MPR", _button("mpr.toggle", "MPR", "MPR")),
        Function("MIP", "MIP", _pick("mpr.projection", "MIP", "MIP", "MIP", "stack-front")),
        Function(
            "MinIP", "MinIP", _pick("mpr.projection", "MinIP", "MinIP", "MinIP", "stack-middle")
        ),
        Function("伪彩", "Colours", _sheet("color", "伪彩", "Colours", "palette")),
        Function("PET-CT融合", "PET-CT", _button("fusion.toggle", "PET-CT融合", "PET-CT")),
        Function("历史检查", "History", _button("history.toggle", "历史检查", "History")),
        Function("一键发送", "Send", (Link("sending", "一键发送", "Send", "share"),)),
        Function("标签", "Tags", _button("tags.toggle", "标签", "Tags")),
        Function(
            "功能栏置底/置顶", "Toolbar", _button("toolbar.place", "功能栏置底", "Toolbar below")
        ),
    )


def _window() -> tuple[Item, ...]:
    """Return presets, own windows and numbers, and the tool that drags the window."""
    return _sheet(
        "window.preset", "窗宽窗位", "Window", "contrast",
        "window.full", "window.own", "window.preset", "window.set",
        shows="tool.choose",
        tools=_pick("tool.choose", "window", "调窗", "Drag", "contrast"),
    )  # fmt: skip


def _magnifier() -> tuple[Item, ...]:
    return _sheet(
        "lens", "放大镜", "Magnifier", "search", shows="tool.choose",
        tools=_pick("tool.choose", "magnifier", "放大镜", "Magnifier", "search"),
    )  # fmt: skip


def _localizer() -> tuple[Item, ...]:
    """Return the lines, and the tool that looks a point up in the other panes."""
    return _sheet(
        "reference", "定位线", "Localiser", "square-half",
        "reference.toggle", "reference.ends",
        shows="reference.toggle",
        tools=_pick("tool.choose", "localizer", "定位", "Look up", "target"),
    )  # fmt: skip


def _rotate() -> tuple[Item, ...]:
    return _sheet(
        "rotate", "旋转", "Rotate", "rotate-clockwise",
        "viewport.rotate", "viewport.angle", "viewport.upright",
        shows="tool.choose",
        tools=_pick("tool.choose", "rotate", "转动", "Turn freely", "rotate"),
    )  # fmt: skip


# After which functions a line divides the bar: what is alike stands together.
_ENDS = frozenset({"布局", "反像", "定位线", "动态播放", "PET-CT融合", "标签"})


def doctor_toolbar() -> Toolbar:
    """Return what stands where for a doctor: the 22 functions, then what helps beside them."""
    groups: list[tuple[Item, ...]] = [()]
    for function in functions():
        groups[-1] += function.items
        if function.label in _ENDS:
            groups.append(())
    beside = (
        _button("viewport.reset", "复位", "Reset")
        + _sheet("link", "联动", "Link", "link", "link.scroll", "link.zoom", "link.window")
        + _button("key.toggle", "关键影像", "Key image")
        + _button("navigation.show", "导航条", "Navigation")
        + _button("report.show", "报告", "Report")
        + (Link("film", "胶片打印", "Film", "printer"),)
    )
    return Toolbar(strip=(*(one for one in groups if one), beside), reformats=toolbar().reformats)
