"""Choosing what the left button or one finger does."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Kind
from viewer_py.view.state import ViewerState

TOOLS = ("pan", "window", "zoom", "stack", "crosshair")


def choose(state: ViewerState, args: Arguments) -> ViewerState:
    """Make `tool` the one that the left button and one finger work."""
    if args["tool"] == "crosshair" and state.reformat is None:
        raise CommandError("请先打开 MPR / open the reformats first")
    return replace(state, tool=str(args["tool"]))


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
            Choice("缩放", "Zoom", {"tool": "zoom"}, icon="search", key="z"),
            Choice("翻页", "Scroll", {"tool": "stack"}, icon="stack-2", key="s"),
            Choice(
                "十字线", "Cross-hair", {"tool": "crosshair"}, icon="crosshair", key="c", mpr=True
            ),
        ),
        current=lambda state: state.tool,
    ),
)
