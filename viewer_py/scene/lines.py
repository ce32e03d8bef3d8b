"""Lines over the planes: where the other planes cut, and the course of a curve."""

from __future__ import annotations

import itertools
import math

from viewer_py.scene.model import Line
from viewer_py.view.cross_hair import GAP, PlaneLine, plane_lines
from viewer_py.view.layout import Area, areas
from viewer_py.view.plane_view import plane_view
from viewer_py.view.state import ViewerState

_CROSS = 5.0  # CSS pixels of the arms of a tapped point
_NEAR = 3.0  # mm; a point of the curve farther from the plane is not marked on it


def plane_lines_of(state: ViewerState, index: int) -> tuple[Line, ...]:
    """Return the cross-hair in pane `index`, with a gap at its centre; styles are the planes cut.

    Two thinner lines, of the style "axial-slab" and so on, are the sides of a slab.
    """
    area = areas(state).get(index)
    if area is None:
        return ()
    gap = GAP * state.canvas.pixel_ratio
    found: list[Line] = []
    for line in plane_lines(state, index):
        for start, end in ((gap, math.inf), (-math.inf, -gap)):
            found += _within(line, area, 0.0, start, end, str(line.direction))
        if line.apart:
            for away in (-line.apart, line.apart):
                found += _within(line, area, away, -math.inf, math.inf, f"{line.direction}-slab")
    return tuple(found)


def _within(
    line: PlaneLine, area: Area, away: float, start: float, end: float, style: str
) -> list[Line]:
    """Return the part of a line, `away` to its side, between two distances and inside the area."""
    x, y = line.x - line.down * away, line.y + line.right * away
    bounds = (
        (x, line.right, area.x, area.x + area.width),
        (y, line.down, area.y, area.y + area.height),
    )
    for place, direction, low, high in bounds:
        if abs(direction) < 1e-9:
            if not low <= place <= high:
                return []
            continue
        near, far = sorted(((low - place) / direction, (high - place) / direction))
        start, end = max(start, near), min(end, far)
    if start >= end:
        return []
    return [
        Line(
            x + start * line.right, y + start * line.down,
            x + end * line.right, y + end * line.down, style,
        )
    ]  # fmt: skip


def curve_lines(state: ViewerState, index: int) -> tuple[Line, ...]:
    """Return the course of the curve in pane `index`, and a cross at each point near the plane."""
    view, reformat = plane_view(state, index), state.reformat
    if view is None or reformat is None:
        return ()
    points = reformat.curve.points
    places = [view.to_screen(point) for point in points]
    found = [Line(*a, *b, "curve") for a, b in itertools.pairwise(places)]
    arm = _CROSS * state.canvas.pixel_ratio
    normal = view.axes[2]
    for point, (x, y) in zip(points, places, strict=True):
        away = sum((p - m) * n for p, m, n in zip(point, view.middle, normal, strict=True))
        if abs(away) <= _NEAR:
            found += [Line(x - arm, y, x + arm, y, "curve"), Line(x, y - arm, x, y + arm, "curve")]
    return tuple(found)
