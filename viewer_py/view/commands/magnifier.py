"""The magnifier's lens: where it is, how much it enlarges, its form (放大镜; B-26, C-11)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, Kind
from viewer_py.view.magnifier import FACTORS
from viewer_py.view.state import ViewerState

_FAR = 1e5


def show(state: ViewerState, args: Arguments) -> ViewerState:
    """Enlarge what lies under (`x`, `y`), CSS pixels; `place` "beside" keeps the lens off it."""
    lens = replace(
        state.lens,
        shown=True,
        x=float(args["x"]),
        y=float(args["y"]),
        beside=args.get("place") == "beside",
    )
    return replace(state, lens=lens)


def hide(state: ViewerState, _args: Arguments) -> ViewerState:
    """Take the lens away."""
    return replace(state, lens=replace(state.lens, shown=False))


def enlarge(state: ViewerState, args: Arguments) -> ViewerState:
    """Set how many times the lens enlarges the picture as it is on the screen."""
    return replace(state, lens=replace(state.lens, factor=float(args["factor"])))


def form(state: ViewerState, args: Arguments) -> ViewerState:
    """Make the lens round or square."""
    return replace(state, lens=replace(state.lens, round=args["form"] == "round"))


COMMANDS = (
    Command(
        name="magnifier.at",
        label="放大此处",
        label_en="Magnify here",
        apply=show,
        gesture="drag",
        arguments=(
            Argument("x", float, -_FAR, _FAR),
            Argument("y", float, -_FAR, _FAR),
            Argument("place", str, allowed=("over", "beside"), optional=True),
        ),
    ),
    Command(
        name="magnifier.hide",
        label="收起放大镜",
        label_en="Put the lens away",
        apply=hide,
    ),
    Command(
        name="magnifier.factor",
        label="放大镜倍数",
        label_en="Lens",
        apply=enlarge,
        kind=Kind.RADIO,
        sheet="lens",
        arguments=(Argument("factor", float, 1.0, 10.0),),
        choices=tuple(
            Choice(f"{factor:g}×", f"{factor:g}×", {"factor": factor}) for factor in FACTORS
        ),
        current=lambda state: state.lens.factor,
    ),
    Command(
        name="magnifier.form",
        label="放大镜形状",
        label_en="Form",
        apply=form,
        kind=Kind.RADIO,
        sheet="lens",
        arguments=(Argument("form", str, allowed=("round", "square")),),
        choices=(
            Choice("圆形", "Round", {"form": "round"}),
            Choice("方形", "Square", {"form": "square"}),
        ),
        current=lambda state: "round" if state.lens.round else "square",
    ),
)
