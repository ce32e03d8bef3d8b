"""A reading area that gets another size: what a reader looks at stays where it was (C-34, C-25).

Pan is in CSS pixels, the picture is fitted to its pane: so the pan grows with the picture. What lay
at an edge of the pane, as breasts that are hung back to back do, lies at that edge again.
"""

from __future__ import annotations

from dataclasses import replace

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.view.fit import clamped_pan, image_matrix, scale_of
from viewer_py.view.layout import areas, pane_size
from viewer_py.view.state import CanvasSize, Pane, PaneKind, ViewerState, Viewport

_AT_THE_EDGE = 1.0  # CSS pixels


def kept_in_place(before: ViewerState, after: ViewerState) -> ViewerState:
    """Return `after`, whose panes are those of `before` in other sizes, with pans that fit them."""
    sighted = areas(before).keys() & areas(after).keys()
    panes = tuple(
        replace(pane, viewport=_placed(before, after, index, pane)) if index in sighted else pane
        for index, pane in enumerate(after.panes)
    )
    return replace(after, panes=panes)


def _placed(before: ViewerState, after: ViewerState, index: int, pane: Pane) -> Viewport:
    was, size = pane_size(before, index), pane_size(after, index)
    if (was.width, was.height) == (size.width, size.height):
        return pane.viewport
    frame = _frame(after, pane)
    if frame is not None:
        view = _stack_placed(frame, was, size, pane.viewport)
    else:
        view = _grown(pane.viewport, _plane_growth(before, after, index))
    return clamped_pan(size, view)


def _frame(state: ViewerState, pane: Pane) -> FrameAttributes | None:
    series = state.series_by_id(pane.series_id)
    if pane.kind is not PaneKind.STACK or series is None or not series.frames:
        return None
    return series.frames[min(pane.frame_index, len(series.frames) - 1)]


def _stack_placed(
    frame: FrameAttributes, was: CanvasSize, size: CanvasSize, view: Viewport
) -> Viewport:
    growth = scale_of(frame, size, view) / scale_of(frame, was, view)
    growth *= was.pixel_ratio / size.pixel_ratio
    grown = _grown(view, growth)
    old, new = _extent(frame, was, view), _extent(frame, size, grown)
    return replace(
        grown,
        pan_x=grown.pan_x + _back_to_edge(old[0], was.width, new[0], size.width, view.pan_x),
        pan_y=grown.pan_y + _back_to_edge(old[1], was.height, new[1], size.height, view.pan_y),
    )


def _back_to_edge(
    old: tuple[float, float], was: float, new: tuple[float, float], size: float, pan: float
) -> float:
    """Return how far a picture must go to lie at the edge where it was put; 0 at none, or both."""
    at_start, at_end = abs(old[0]) < _AT_THE_EDGE, abs(was - old[1]) < _AT_THE_EDGE
    if pan == 0 or at_start == at_end:
        return 0.0
    return -new[0] if at_start else size - new[1]


def _extent(
    frame: FrameAttributes, size: CanvasSize, view: Viewport
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return from where to where the picture reaches, across and down, CSS pixels of the pane."""
    a, b, c, d, e, f = image_matrix(frame, replace(size, pixel_ratio=1.0), view)
    corners = [(x, y) for x in (0, frame.columns) for y in (0, frame.rows)]
    across = [a * x + c * y + e for x, y in corners]
    down = [b * x + d * y + f for x, y in corners]
    return (min(across), max(across)), (min(down), max(down))


def _plane_growth(before: ViewerState, after: ViewerState, index: int) -> float:
    """Return how much larger a plane or rendering is drawn; 1 where there is none."""
    from viewer_py.view.plane_view import plane_view  # not before the first picture

    was, view = plane_view(before, index), plane_view(after, index)
    if was is None or view is None:
        return 1.0
    return view.scale / after.canvas.pixel_ratio / (was.scale / before.canvas.pixel_ratio)


def _grown(view: Viewport, growth: float) -> Viewport:
    return replace(view, pan_x=view.pan_x * growth, pan_y=view.pan_y * growth)
