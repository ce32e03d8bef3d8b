"""The cross-hair on the screen: its centre, its lines, and what a pointer takes hold of."""

from __future__ import annotations

import math
from dataclasses import dataclass

from viewer_py.dicom.geometry import cross
from viewer_py.view.plane_view import PlaneView, plane_view
from viewer_py.view.state import Direction, PaneKind, ViewerState

GAP = 14.0  # CSS pixels around the centre that the lines leave free
_REACH, _REACH_OF_FINGER = 7.0, 16.0  # CSS pixels beside a line that take hold of it
_FREE, _FREE_OF_FINGER = 36.0, 56.0  # CSS pixels around the centre where it is moved, not turned
_THINNEST_SHOWN_SLAB = 2.0  # mm; a thinner one is drawn as one line


@dataclass(frozen=True)
class PlaneLine:
    """Where another plane cuts this one: through (x, y), along the unit (right, down), device
    pixels; `apart` is how far the two sides of its slab lie from the line, 0 for a plane.
    """

    direction: Direction
    x: float
    y: float
    right: float
    down: float
    apart: float = 0.0


def plane_lines(state: ViewerState, index: int) -> tuple[PlaneLine, ...]:
    """Return the lines of the two other planes in pane `index`; none where it is no plane."""
    pane, reformat = state.panes[index], state.reformat
    view = plane_view(state, index)
    if pane.kind is not PaneKind.PLANE or reformat is None or view is None:
        return ()
    center_x, center_y = view.to_screen(reformat.cross_hair.center)
    lines = []
    for other in Direction:
        if other is pane.direction:
            continue
        normal = reformat.cross_hair.axes(other)[2]
        right, down = view.direction_on_screen(cross(normal, view.axes[2]))
        length = math.hypot(right, down)
        if length < 1e-6:
            continue
        apart = _slab_of(state, other) / 2 * view.scale
        lines.append(PlaneLine(other, center_x, center_y, right / length, down / length, apart))
    return tuple(lines)


def _slab_of(state: ViewerState, direction: Direction) -> float:
    """Return the thickness of the slab that a pane of this direction shows, mm."""
    slabs = [
        pane.slab.thickness_mm
        for pane in state.panes
        if pane.kind is PaneKind.PLANE and pane.direction is direction
    ]
    thickest = max(slabs, default=0.0)
    return thickest if thickest >= _THINNEST_SHOWN_SLAB else 0.0


def _active_view(state: ViewerState) -> PlaneView | None:
    return plane_view(state, state.active_pane)


def cross_hair_on_screen(state: ViewerState) -> tuple[float, float] | None:
    """Return the centre in the active pane, CSS pixels of the reading area; None without one."""
    view = _active_view(state)
    if view is None or state.reformat is None:
        return None
    x, y = view.to_screen(state.reformat.cross_hair.center)
    return x / state.canvas.pixel_ratio, y / state.canvas.pixel_ratio


def on_a_line(state: ViewerState, x: float, y: float, *, touch: bool) -> bool:
    """Tell whether a pointer at (x, y), CSS pixels, takes hold of a line away from the centre."""
    ratio = state.canvas.pixel_ratio
    reach, free = (_REACH_OF_FINGER, _FREE_OF_FINGER) if touch else (_REACH, _FREE)
    for line in plane_lines(state, state.active_pane):
        across, along = x - line.x / ratio, y - line.y / ratio
        if math.hypot(across, along) < free:
            return False
        if abs(across * line.down - along * line.right) <= reach:
            return True
    return False
