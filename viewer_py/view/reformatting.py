"""The reformats as a whole: open them, close them, and move among their planes (B-36, B-40)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.dicom.geometry import dot
from viewer_py.view.command import CommandError
from viewer_py.view.layout import is_in_strip
from viewer_py.view.plane_view import PlaneView, plane_view
from viewer_py.view.planes import at_slice, moved, opened_cross_hair, slice_number
from viewer_py.view.state import (
    Before,
    Direction,
    Grid,
    Pane,
    PaneKind,
    Reformat,
    ViewerState,
    Viewport,
)
from viewer_py.view.volumes import geometry_refusal, refusal, with_geometry
from viewer_py.volume.model import Slab, VolumeGeometry

EXTRA = 3  # the pane for the rendering or the curve


def unavailable(state: ViewerState) -> str:
    """Return why reformats cannot be opened, "" when they can or are open."""
    return "" if state.reformat is not None else refusal(state)


def opened(state: ViewerState) -> ViewerState:
    """Return the state with the reformats of the active series open; as it is when they are.

    Raises CommandError with the reason in words when the series is no volume (B-40).
    """
    if state.reformat is not None:
        return state
    reason = refusal(state)
    if reason:
        raise CommandError(reason)
    shown = state.pane()
    assert shown.series_id is not None
    state = with_geometry(state, shown.series_id, shown.frame_index)
    geometry = state.geometry(shown.series_id)
    assert geometry is not None
    reason = geometry_refusal(geometry)
    if reason:
        raise CommandError(reason)
    look = replace(shown, viewport=Viewport(), kind=PaneKind.PLANE, slab=Slab())
    planes = tuple(replace(look, direction=direction) for direction in Direction)
    home = opened_cross_hair(geometry, shown.frame_index)
    return replace(
        state,
        panes=(*planes, Pane(series_id=shown.series_id, kind=PaneKind.EMPTY)),
        active_pane=0,
        grid=Grid(),
        maximized=False,
        playing=False,
        tool="crosshair",
        reformat=Reformat(
            series_id=shown.series_id,
            cross_hair=home,
            home=home,
            before=Before(state.panes, state.active_pane, state.grid, state.tool),
        ),
    )


def closed(state: ViewerState) -> ViewerState:
    """Return the state with the panes that the reformats replaced, on the slice they came to.

    Window and colours stay as they were chosen last.
    """
    reformat = state.reformat
    if reformat is None:
        return state
    before, look = reformat.before, state.panes[0]
    state = replace(
        state,
        panes=before.panes,
        active_pane=before.active_pane,
        grid=before.grid,
        tool=before.tool,
        maximized=False,
        reformat=None,
        wants_fusion=False,
    )
    pane = replace(
        state.pane(),
        window=look.window,
        preset=look.preset,
        inverted=look.inverted,
        color_map=look.color_map,
        filter=look.filter,
    )
    geometry = state.geometry(reformat.series_id)
    if geometry is not None:
        pane = replace(pane, frame_index=_nearest_frame(geometry, reformat))
    return state.with_pane(pane)


def _nearest_frame(geometry: VolumeGeometry, reformat: Reformat) -> int:
    place = dot(reformat.cross_hair.center, geometry.normal) - dot(
        geometry.corners[0], geometry.normal
    )
    slices = range(len(geometry.positions))
    return geometry.frames[min(slices, key=lambda k: abs(geometry.positions[k] - place))]


def the_reformat(state: ViewerState) -> Reformat:
    """Return the open reformation. Raises CommandError when there is none."""
    if state.reformat is None:
        raise CommandError("请先打开 MPR / open the reformats first")
    return state.reformat


def active_plane(state: ViewerState) -> Pane:
    """Return the active pane, a plane. Raises CommandError when it is none."""
    the_reformat(state)
    if state.pane().kind is not PaneKind.PLANE:
        raise CommandError("请先选中一个平面 / choose a plane first")
    return state.pane()


def with_active_plane(state: ViewerState) -> ViewerState:
    """Return the state with reformats open and a plane active, the axial one for want of any."""
    state = opened(state)
    return state if state.pane().kind is PaneKind.PLANE else replace(state, active_pane=0)


def view_of(state: ViewerState) -> PlaneView:
    """Return how the active plane lies on the screen. Raises CommandError when there is none."""
    active_plane(state)
    view = plane_view(state, state.active_pane)
    assert view is not None
    return view


def _geometry(state: ViewerState, reformat: Reformat) -> VolumeGeometry:
    geometry = state.geometry(reformat.series_id)
    assert geometry is not None  # opened() asked for it
    return geometry


def centred(state: ViewerState, point: tuple[float, float, float]) -> ViewerState:
    """Return the state with the cross-hair on a point (LPS, mm), kept inside the volume."""
    reformat = the_reformat(state)
    cross_hair = moved(reformat.cross_hair, point, _geometry(state, reformat))
    return replace(state, reformat=replace(reformat, cross_hair=cross_hair))


def plane_number(state: ViewerState, pane: Pane) -> tuple[int, int]:
    """Return (index, count) of a pane's plane among the steps along its normal."""
    reformat = the_reformat(state)
    normal = reformat.cross_hair.axes(pane.direction)[2]
    return slice_number(_geometry(state, reformat), reformat.cross_hair.center, normal)


def go_to_plane(state: ViewerState, index: int) -> ViewerState:
    """Move the cross-hair along the active plane's normal to a step of `plane_number`."""
    reformat, pane = the_reformat(state), active_plane(state)
    normal = reformat.cross_hair.axes(pane.direction)[2]
    geometry = _geometry(state, reformat)
    return centred(state, at_slice(geometry, reformat.cross_hair.center, normal, index))


def enlarged_with_a_tap(state: ViewerState, index: int) -> bool:
    """Tell whether a tap on pane `index` makes it the large one and does nothing else."""
    return is_in_strip(state, index)
