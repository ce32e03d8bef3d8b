"""Commands of the reformats (B-36…B-38, B-40…B-42): open, direction, slab, linked cross-hairs."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, Kind
from viewer_py.view.planes import with_turn
from viewer_py.view.reformatting import (
    EXTRA,
    active_plane,
    centred,
    closed,
    opened,
    the_reformat,
    unavailable,
    view_of,
    with_active_plane,
)
from viewer_py.view.state import Direction, PaneKind, ViewerState, Viewport
from viewer_py.volume.model import Projection, Slab

# B-42, in mm; 0 is the plane itself.
THICKNESSES = (0.1, 0.5, 1.0, 20.0, 40.0, 80.0, 160.0)
_FIRST_SLAB = 20.0  # what a projection starts with: of a plane it would show nothing new
_FAR = 1e5
_LARGEST_SLAB = 500.0

_PROJECTIONS = {"MIP": Projection.MIP, "MinIP": Projection.MINIP, "AvgIP": Projection.AVGIP}
PROJECTION_NAMES = {projection: name for name, projection in _PROJECTIONS.items()}


def toggle(state: ViewerState, _args: Arguments) -> ViewerState:
    """Open the reformats, or close them."""
    return opened(state) if state.reformat is None else closed(state)


def open_reformats(state: ViewerState, args: Arguments) -> ViewerState:
    """Open the reformats with the pane of `direction` active."""
    state = opened(state)
    wanted = Direction(str(args.get("direction", "axial")))
    for index, pane in enumerate(state.panes):
        if pane.kind is PaneKind.PLANE and pane.direction is wanted:
            return replace(state, active_pane=index)
    return set_direction(replace(state, active_pane=0), {"direction": str(wanted)})


def set_direction(state: ViewerState, args: Arguments) -> ViewerState:
    """Switch the selected pane to another direction (B-41); its pan and zoom start anew."""
    state = with_active_plane(state)
    pane = replace(state.pane(), direction=Direction(str(args["direction"])), viewport=Viewport())
    return state.with_pane(pane)


def set_projection(state: ViewerState, args: Arguments) -> ViewerState:
    """Show the selected pane as a slab of MIP, MinIP or AvgIP (B-37, B-38, B-42)."""
    state = with_active_plane(state)
    pane = state.pane()
    thickness = pane.slab.thickness_mm or _FIRST_SLAB
    slab = Slab(thickness, _PROJECTIONS[str(args["projection"])])
    return state.with_pane(replace(pane, slab=slab))


def set_thickness(state: ViewerState, args: Arguments) -> ViewerState:
    """Set the thickness of the selected pane's slab in mm; 0 is the plane itself (B-42)."""
    state = with_active_plane(state)
    pane = state.pane()
    slab = replace(pane.slab, thickness_mm=float(args["thickness"]))
    return state.with_pane(replace(pane, slab=slab))


def shown_projection(state: ViewerState) -> str | None:
    """Return which projection is in force in the selected pane, "" for the plane itself."""
    pane = state.pane()
    if pane.kind is not PaneKind.PLANE:
        return None
    return PROJECTION_NAMES[pane.slab.projection] if pane.slab.thickness_mm > 0 else ""


def set_cursor(state: ViewerState, args: Arguments) -> ViewerState:
    """Put the cross-hair on a point in the patient (LPS, mm), kept inside the volume."""
    return centred(state, (float(args["x"]), float(args["y"]), float(args["z"])))


def pick(state: ViewerState, args: Arguments) -> ViewerState:
    """Put the cross-hair on the point of the selected pane that lies under (`x`, `y`)."""
    ratio = state.canvas.pixel_ratio
    view = view_of(state)
    return centred(state, view.to_patient(float(args["x"]) * ratio, float(args["y"]) * ratio))


def turn_lines(state: ViewerState, args: Arguments) -> ViewerState:
    """Turn the lines of the selected pane, and with them the two other planes (oblique)."""
    reformat, pane = the_reformat(state), active_plane(state)
    degrees = float(args["degrees"])
    if pane.viewport.flip_horizontal != pane.viewport.flip_vertical:
        degrees = -degrees  # seen in a mirror, clockwise is the other way round
    cross_hair = with_turn(reformat.cross_hair, pane.direction, degrees)
    return replace(state, reformat=replace(reformat, cross_hair=cross_hair))


def reset(state: ViewerState, _args: Arguments) -> ViewerState:
    """Put cross-hairs, directions, slabs and places of the panes back; window and fusion stay."""
    reformat = the_reformat(state)
    planes = tuple(
        replace(pane, direction=direction, slab=Slab(), viewport=Viewport())
        for pane, direction in zip(state.panes, Direction, strict=False)
    )
    extra = replace(state.panes[EXTRA], viewport=Viewport())
    return replace(
        state,
        panes=(*planes, extra),
        reformat=replace(reformat, cross_hair=reformat.home),
    )


_DIRECTIONS = ("axial", "coronal", "sagittal")

COMMANDS = (
    Command(
        name="mpr.toggle",
        label="MPR",
        label_en="MPR",
        apply=toggle,
        kind=Kind.TOGGLE,
        group="volume",
        icon="layout-board-split",
        key="m",
        current=lambda state: state.reformat is not None,
        unavailable=unavailable,
    ),
    Command(
        name="mpr.open",
        label="打开 MPR",
        label_en="Open MPR",
        apply=open_reformats,
        arguments=(Argument("direction", str, allowed=_DIRECTIONS, optional=True),),
        unavailable=unavailable,
    ),
    Command(
        name="mpr.direction",
        label="方位",
        label_en="Direction",
        apply=set_direction,
        kind=Kind.RADIO,
        sheet="direction",
        arguments=(Argument("direction", str, allowed=_DIRECTIONS),),
        choices=(
            Choice("轴状位", "Axial", {"direction": "axial"}),
            Choice("冠状位", "Coronal", {"direction": "coronal"}),
            Choice("矢状位", "Sagittal", {"direction": "sagittal"}),
        ),
        current=lambda state: (
            str(state.pane().direction) if state.pane().kind is PaneKind.PLANE else None
        ),
        unavailable=unavailable,
    ),
    Command(
        name="mpr.projection",
        label="投影",
        label_en="Projection",
        apply=set_projection,
        kind=Kind.RADIO,
        sheet="slab",
        arguments=(Argument("projection", str, allowed=tuple(_PROJECTIONS)),),
        choices=tuple(Choice(name, name, {"projection": name}) for name in _PROJECTIONS),
        current=shown_projection,
        unavailable=unavailable,
    ),
    Command(
        name="mpr.thickness",
        label="层厚",
        label_en="Thickness",
        apply=set_thickness,
        kind=Kind.RADIO,
        sheet="slab",
        arguments=(Argument("thickness", float, 0.0, _LARGEST_SLAB),),
        choices=(
            Choice("单层", "Plane", {"thickness": 0.0}),
            *(Choice(f"{mm:g}mm", f"{mm:g} mm", {"thickness": mm}) for mm in THICKNESSES),
        ),
        current=lambda state: (
            state.pane().slab.thickness_mm if state.pane().kind is PaneKind.PLANE else None
        ),
        unavailable=unavailable,
    ),
    Command(
        name="mpr.cursor",
        label="十字线位置",
        label_en="Cross-hair position",
        apply=set_cursor,
        arguments=tuple(Argument(axis, float, -_FAR, _FAR) for axis in "xyz"),
    ),
    Command(
        name="mpr.pick",
        label="十字线到此",
        label_en="Cross-hair here",
        apply=pick,
        gesture="tap",
        arguments=(Argument("x", float, -_FAR, _FAR), Argument("y", float, -_FAR, _FAR)),
    ),
    Command(
        name="mpr.turn",
        label="旋转十字线",
        label_en="Turn cross-hairs",
        apply=turn_lines,
        gesture="drag a line",
        arguments=(Argument("degrees", float, -360.0, 360.0),),
    ),
    Command(
        name="mpr.reset",
        label="十字线复位",
        label_en="Reset planes",
        apply=reset,
        kind=Kind.ACTION,
        group="planes",
        icon="focus-2",
        unavailable=lambda state: (
            "" if state.reformat is not None else "请先打开 MPR / open the reformats first"
        ),
    ),
)
