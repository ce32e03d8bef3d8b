"""Curved reformation (CPR, C-33): a course tapped on the planes, straightened into a picture."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Command, CommandError, Kind
from viewer_py.view.curve_path import is_long_enough
from viewer_py.view.planes import finest_step
from viewer_py.view.reformatting import (
    EXTRA,
    active_plane,
    the_reformat,
    unavailable,
    view_of,
    with_active_plane,
)
from viewer_py.view.state import Curve, PaneKind, ViewerState, Viewport

_FAR = 1e5
_MOST_POINTS = 200


def _with_curve(state: ViewerState, curve: Curve) -> ViewerState:
    return replace(state, reformat=replace(the_reformat(state), curve=curve))


def draw(state: ViewerState, _args: Arguments) -> ViewerState:
    """Begin a new course; taps on the planes add its points. Called again, stop drawing."""
    state = with_active_plane(state)
    if the_reformat(state).curve.drawing:
        return _with_curve(state, Curve())
    return _with_curve(_without_picture(state), Curve(drawing=True))


def add(state: ViewerState, args: Arguments) -> ViewerState:
    """Add the point of the selected plane that lies under (`x`, `y`)."""
    pane = active_plane(state)
    reformat = the_reformat(state)
    if len(reformat.curve.points) >= _MOST_POINTS:
        raise CommandError("曲线的点太多 / the curve has too many points")
    ratio = state.canvas.pixel_ratio
    point = view_of(state).to_patient(float(args["x"]) * ratio, float(args["y"]) * ratio)
    normal = reformat.cross_hair.axes(pane.direction)[2]
    curve = reformat.curve
    return _with_curve(
        state, replace(curve, points=(*curve.points, point), normals=(*curve.normals, normal))
    )


def finish(state: ViewerState, _args: Arguments) -> ViewerState:
    """Show the curved reformation along the points that were tapped, in the fourth pane."""
    curve, geometry = the_reformat(state).curve, state.geometry(the_reformat(state).series_id)
    assert geometry is not None
    if not is_long_enough(curve.points, finest_step(geometry)):
        raise CommandError("至少需要两个不同的点 / at least two points apart are needed")
    look = state.panes[0]
    pane = replace(look, kind=PaneKind.CURVE, viewport=Viewport())
    state = _with_curve(state, replace(curve, drawing=False)).with_pane(pane, EXTRA)
    return replace(state, active_pane=EXTRA, maximized=False)


def clear(state: ViewerState, _args: Arguments) -> ViewerState:
    """Take the course and its picture away."""
    the_reformat(state)
    return _with_curve(_without_picture(state), Curve())


def _without_picture(state: ViewerState) -> ViewerState:
    extra = state.panes[EXTRA]
    if extra.kind is not PaneKind.CURVE:
        return state
    state = state.with_pane(replace(extra, kind=PaneKind.EMPTY), EXTRA)
    return replace(state, active_pane=0, maximized=False) if state.active_pane == EXTRA else state


def _needs_points(state: ViewerState) -> str:
    if state.reformat is None or not state.reformat.curve.points:
        return "先沿走行逐点轻触 / tap points along the course first"
    return ""


COMMANDS = (
    Command(
        name="curve.draw",
        label="画曲线",
        label_en="Draw course",
        apply=draw,
        kind=Kind.TOGGLE,
        sheet="curve",
        icon="line",
        current=lambda state: state.reformat is not None and state.reformat.curve.drawing,
        unavailable=unavailable,
    ),
    Command(
        name="curve.add",
        label="曲线加点",
        label_en="Add point",
        apply=add,
        gesture="tap",
        arguments=(Argument("x", float, -_FAR, _FAR), Argument("y", float, -_FAR, _FAR)),
    ),
    Command(
        name="curve.finish",
        label="完成",
        label_en="Finish",
        apply=finish,
        kind=Kind.ACTION,
        sheet="curve",
        icon="check",
        key="Enter",
        gesture="double-tap",
        unavailable=_needs_points,
    ),
    Command(
        name="curve.clear",
        label="清除",
        label_en="Clear",
        apply=clear,
        kind=Kind.ACTION,
        sheet="curve",
        icon="eraser",
        unavailable=_needs_points,
    ),
)
