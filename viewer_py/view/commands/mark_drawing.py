"""Drawing measurements and marks (B-28…B-30, C-13…C-15).

What draws is imported when something is drawn: no picture waits for it.
"""

from __future__ import annotations

from dataclasses import replace

from viewer_py.measure.annotation import AnnotationKind
from viewer_py.view.command import Argument, Arguments, Command
from viewer_py.view.commands.mark_arguments import KINDS, PLACE, with_store
from viewer_py.view.commands.mark_editing import release
from viewer_py.view.state import ViewerState


def press(state: ViewerState, args: Arguments) -> ViewerState:
    """Begin to draw `kind` at (`x`, `y`), or set the next point of what is being drawn."""
    from viewer_py.view.annotations.drawing import pressed

    kind = AnnotationKind(str(args["kind"]))
    touch = bool(args.get("touch", 0))
    return pressed(state, kind, float(args["x"]), float(args["y"]), touch=touch)


def follow(state: ViewerState, args: Arguments) -> ViewerState:
    """Bring the point that is being placed to (`x`, `y`)."""
    from viewer_py.view.annotations.drawing import followed

    return followed(state, float(args["x"]), float(args["y"]))


def lift(state: ViewerState, args: Arguments) -> ViewerState:
    """Let the pointer go at (`x`, `y`): what was `dragged` stands, a click leaves the line."""
    from viewer_py.view.annotations.drawing import lifted

    dragged = bool(args.get("dragged", 0))
    return lifted(state, float(args["x"]), float(args["y"]), dragged=dragged)


def retract(state: ViewerState, _args: Arguments) -> ViewerState:
    """Take the press of the pointer back."""
    from viewer_py.view.annotations.drawing import retracted

    return retracted(state)


def finish(state: ViewerState, _args: Arguments) -> ViewerState:
    """End what is being drawn with the points it has."""
    from viewer_py.view.annotations.drawing import finished

    return finished(state)


def cancel(state: ViewerState, _args: Arguments) -> ViewerState:
    """Let go of what is being drawn or moved; with neither, of what is selected."""
    store = state.annotations
    if store.held is not None:
        return release(state, {})
    if store.draft is not None:
        return with_store(state, replace(store, draft=None))
    return with_store(state, replace(store, selected=""))


COMMANDS = (
    Command("annotation.press", "落笔", "Press", press, gesture="press",
            arguments=(Argument("kind", str, allowed=KINDS), *PLACE,
                       Argument("touch", int, 0, 1, optional=True))),
    Command("annotation.follow", "移动笔", "Follow", follow, gesture="drag", arguments=PLACE),
    Command("annotation.lift", "提笔", "Lift", lift, gesture="lift",
            arguments=(*PLACE, Argument("dragged", int, 0, 1, optional=True))),
    Command("annotation.retract", "收回落笔", "Take the press back", retract),
    Command("annotation.finish", "完成标注", "Finish", finish, gesture="double-tap"),
    Command("annotation.cancel", "取消标注", "Cancel", cancel),
)  # fmt: skip
