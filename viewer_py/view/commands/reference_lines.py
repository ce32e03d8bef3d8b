"""Localiser lines on and off, and one point looked up in all panes (定位线; B-31, C-16)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Command, CommandError, Kind
from viewer_py.view.state import PaneKind, ViewerState

_FAR = 1e5


def toggle(state: ViewerState, _args: Arguments) -> ViewerState:
    """Show where the active image lies in the other panes, or no lines at all."""
    reference = replace(state.reference, shown=not state.reference.shown, point=None)
    return replace(state, reference=reference)


def ends(state: ViewerState, _args: Arguments) -> ViewerState:
    """Show the first and last image of the active series too, or not."""
    on = not state.reference.ends
    shown = state.reference.shown or on
    return replace(state, reference=replace(state.reference, ends=on, shown=shown))


def pick(state: ViewerState, args: Arguments) -> ViewerState:
    """Show in every other pane the image through the point under (`x`, `y`), CSS pixels.

    In reformats the cross-hair goes there. Raises CommandError where the image does not say where
    it lies.
    """
    if state.pane().kind is PaneKind.PLANE:
        from viewer_py.view.commands.mpr import pick as pick_plane

        return pick_plane(state, args)
    from viewer_py.view.image_plane import shown_plane
    from viewer_py.view.reference_lines import pointed_at

    shown = shown_plane(state, state.active_pane)
    if shown is None:
        raise CommandError("影像没有空间位置信息 / the image does not say where it lies")
    ratio = state.canvas.pixel_ratio
    point = shown.to_patient(float(args["x"]) * ratio, float(args["y"]) * ratio)
    state = replace(state, reference=replace(state.reference, shown=True))
    return pointed_at(state, point, shown.plane.frame_of_reference_uid)


def _in_reformats(state: ViewerState) -> str:
    if state.reformat is None:
        return ""
    return "MPR 中由十字线定位 / the cross-hair does this in the reformats"


COMMANDS = (
    Command(
        name="reference.toggle",
        label="定位线",
        label_en="Localiser",
        apply=toggle,
        kind=Kind.TOGGLE,
        group="panes",
        icon="square-half",
        key="x",
        current=lambda state: state.reference.shown,
        unavailable=_in_reformats,
    ),
    Command(
        name="reference.ends",
        label="首末层定位线",
        label_en="First and last image",
        apply=ends,
        kind=Kind.TOGGLE,
        sheet="link",
        current=lambda state: state.reference.ends,
        unavailable=_in_reformats,
    ),
    Command(
        name="reference.pick",
        label="定位到此点",
        label_en="Look up this point",
        apply=pick,
        gesture="tap",
        arguments=(Argument("x", float, -_FAR, _FAR), Argument("y", float, -_FAR, _FAR)),
    ),
)
