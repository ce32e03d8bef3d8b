"""Choosing what the left button or one finger does."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Kind
from viewer_py.view.habits import resting_tool
from viewer_py.view.mouse_mapping import FREE
from viewer_py.view.state import ViewerState

TOOLS = (
    FREE, "pan", "window", "zoom", "stack", "rotate", "magnifier", "localizer", "crosshair",
)  # fmt: skip


def choose(state: ViewerState, args: Arguments) -> ViewerState:
    """Make `tool` the one that the left button and one finger work.

    On the doctor's page the chosen one is laid down when it is chosen again.
    """
    if args["tool"] == "crosshair" and state.reformat is None:
        raise CommandError("请先打开 MPR / open the reformats first")
    resting = resting_tool(state.habits)
    chosen = str(args["tool"])
    again = state.tool == chosen and resting == FREE
    lens = replace(state.lens, shown=False)
    drawn = replace(state.annotations, draft=None)  # what was begun with another tool is let go
    return replace(state, tool=resting if again else chosen, lens=lens, annotations=drawn)


COMMANDS = (
    Command(
        name="tool.choose",
        label="工具",
        label_en="Tool",
        apply=choose,
        kind=Kind.RADIO,
        group="tool",
        arguments=(Argument("tool", str, allowed=TOOLS),),
        choices=(
            Choice("移动", "Pan", {"tool": "pan"}, icon="arrows-move", key="p"),
            Choice("调窗", "Window", {"tool": "window"}, icon="contrast", key="w"),
            Choice("缩放", "Zoom", {"tool": "zoom"}, icon="zoom-reset", key="z"),
            Choice("翻页", "Scroll", {"tool": "stack"}, icon="stack-2", key="s"),
            Choice("转动", "Rotate", {"tool": "rotate"}, icon="rotate", key="o"),
            Choice("放大镜", "Magnifier", {"tool": "magnifier"}, icon="search", key="g"),
            Choice("定位", "Locate", {"tool": "localizer"}, icon="target", key="j"),
            Choice(
                "十字线", "Cross-hair", {"tool": "crosshair"}, icon="crosshair", key="c", mpr=True
            ),
        ),
        current=lambda state: state.tool,
    ),
)
