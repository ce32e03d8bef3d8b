"""Localiser lines (定位线; B-31, C-16): where the active image cuts those in the other panes.

Everything comes from positions and orientations, so lines stand before a pixel has arrived. They
join images of one frame of reference only, and images that are not parallel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from viewer_py.dicom.image_plane import ImagePlane
from viewer_py.dicom.manifest import SeriesManifest, Vector3
from viewer_py.view.image_plane import (
    Ends,
    are_parallel,
    clipped,
    cut,
    plane_of_image,
    same_frame,
    shown_plane,
)
from viewer_py.view.state import PaneKind, ViewerState
from viewer_py.view.tiles import group_of

IMAGE, END, POINT = "reference", "reference-end", "reference-point"
_ARM = 9.0  # CSS pixels of the arms of the point's cross
_NEAR = 0.5  # of a slice's thickness: a point farther away is not in the image
_THIN = 1.0  # mm; what an image of unknown thickness counts for


@dataclass(frozen=True)
class ReferenceLine:
    """A segment in device pixels of the canvas, and what it stands for (IMAGE, END, POINT)."""

    ends: Ends
    style: str


def reference_lines(state: ViewerState, index: int) -> tuple[ReferenceLine, ...]:
    """Return the lines over pane `index`; the active pane has none but the point's cross."""
    if not state.reference.shown or state.reformat is not None:
        return ()
    return (*_of_active_image(state, index), *point_cross(state, index))


def _of_active_image(state: ViewerState, index: int) -> list[ReferenceLine]:
    if index in group_of(state, state.active_pane):
        return []
    series, target = state.active_series(), shown_plane(state, index)
    if series is None or target is None:
        return []
    current = state.pane().frame_index
    frames = [(current, IMAGE)]
    if state.reference.ends:
        first, last = ends_of_stack(series, current)
        frames = [(first, END), (last, END), (current, IMAGE)]
    found = []
    for frame_index, style in frames:
        source = plane_of_image(series, frame_index)
        segment = None if source is None else cut(source, target.plane)
        if segment is None:
            continue
        ends = clipped((target.to_screen(segment[0]), target.to_screen(segment[1])), target.area)
        if ends is not None:
            found.append(ReferenceLine(ends, style))
    return found


def ends_of_stack(series: SeriesManifest, frame_index: int) -> tuple[int, int]:
    """Return the outermost images among those parallel to image `frame_index`."""
    plane = plane_of_image(series, frame_index)
    if plane is None:
        return frame_index, frame_index
    places = [
        (plane.distance(other.origin), number)
        for number in range(len(series.frames))
        if (other := plane_of_image(series, number)) is not None and are_parallel(plane, other)
    ]
    return min(places)[1], max(places)[1]


# --- a point in the patient ------------------------------------------------------------------


def point_cross(state: ViewerState, index: int) -> tuple[ReferenceLine, ...]:
    """Return the cross of the point that was pointed at, where the image of a pane holds it."""
    point, shown = state.reference.point, shown_plane(state, index)
    if point is None or shown is None:
        return ()
    if not same_frame(shown.plane.frame_of_reference_uid, state.reference.frame_of_reference_uid):
        return ()
    if abs(shown.plane.distance(point)) > _NEAR * max(_thickness(state, index), _THIN):
        return ()
    x, y = shown.to_screen(point)
    arm = _ARM * state.canvas.pixel_ratio
    arms = (((x - arm, y), (x + arm, y)), ((x, y - arm), (x, y + arm)))
    clips = (clipped(ends, shown.area) for ends in arms)
    return tuple(ReferenceLine(ends, POINT) for ends in clips if ends is not None)


def _thickness(state: ViewerState, index: int) -> float:
    pane = state.panes[index]
    series = state.series_by_id(pane.series_id)
    return (series.frames[pane.frame_index].slice_thickness or 0.0) if series else 0.0


def pointed_at(state: ViewerState, point: Vector3, uid: str) -> ViewerState:
    """Return the state with the other panes on the images that hold `point`.

    Panes of another frame of reference stay as they are.
    """
    state = replace(
        state, reference=replace(state.reference, point=point, frame_of_reference_uid=uid)
    )
    if not uid:
        return state
    own = group_of(state, state.active_pane)
    panes = tuple(
        replace(pane, frame_index=_frame_through(state, index, point, uid))
        if pane.kind is PaneKind.STACK and pane.tile.number == 0 and index not in own
        else pane
        for index, pane in enumerate(state.panes)
    )
    return replace(state, panes=panes)


def _frame_through(state: ViewerState, index: int, point: Vector3, uid: str) -> int:
    pane = state.panes[index]
    series = state.series_by_id(pane.series_id)
    if series is None or not same_frame(series.frame_of_reference_uid, uid):
        return pane.frame_index
    found = nearest_frame(series, point, pane.frame_index)
    return pane.frame_index if found is None else found


def nearest_frame(series: SeriesManifest, point: Vector3, current: int) -> int | None:
    """Return the image whose plane is nearest to a point, of those it lies inside of if any.

    Of several in one place (phases) that nearest to `current` is taken. None without positions.
    """
    best: tuple[tuple[bool, float, int], int] | None = None
    for number in range(len(series.frames)):
        plane = plane_of_image(series, number)
        if plane is None:
            continue
        away = round(abs(plane.distance(point)), 4)
        key = (not _holds(series, number, plane, point), away, abs(number - current))
        if best is None or key < best[0]:
            best = (key, number)
    return None if best is None else best[1]


def _holds(series: SeriesManifest, number: int, plane: ImagePlane, point: Vector3) -> bool:
    frame = series.frames[number]
    u, v = plane.coordinates(point)
    return 0 <= u <= frame.columns and 0 <= v <= frame.rows
