"""Panes that go together (多序列对照, C-34): scrolling by position, zoom and pan, window.

Two series are linked by their place in the patient where they share a frame of reference. Where
they do not, what lay side by side when they were linked belongs together: along the normal where
both say how they lie, else image by image. Images that are not parallel are not linked.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace

from viewer_py.dicom.geometry import dot
from viewer_py.dicom.image_plane import ImagePlane
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.view.image_plane import are_parallel, plane_of_image, same_frame
from viewer_py.view.layout import pane_size
from viewer_py.view.reading_modes import Anchor, Linking
from viewer_py.view.state import Pane, PaneKind, ViewerState, Viewport
from viewer_py.view.tiles import group_of, leaders

_PARALLEL = math.sin(math.radians(5.0))  # tilted by less, images are read as one direction
_THIN = 1.0  # mm; images this near to each other are the same place


class Link(enum.StrEnum):
    """How a pane goes with the active one, or why it does not."""

    POSITION = "position"
    OFFSET = "offset"
    NOT_PARALLEL = "not-parallel"
    NOTHING = "nothing"  # empty, not read yet, or no stack


@dataclass(frozen=True)
class _Image:
    """An image of a series, and where it lies if it says so."""

    series: SeriesManifest
    frame_index: int
    plane: ImagePlane | None


def anchored(state: ViewerState) -> tuple[Anchor, ...]:
    """Return what lies side by side now."""
    return tuple(
        Anchor(index, pane.series_id, pane.frame_index)
        for index in leaders(state)
        if (pane := state.panes[index]).series_id is not None
    )


def linked(before: ViewerState, after: ViewerState) -> ViewerState:
    """Return `after` with the other panes following what the reader did in the active one."""
    links = after.linking
    if after.reformat is not None or not (links.scroll or links.zoom or links.window):
        return after
    if _series(before) != _series(after):
        return replace(after, linking=_anchored_anew(after))
    if before.active_pane != after.active_pane:
        return after
    old, new = before.pane(), after.pane()
    if links.scroll and old.frame_index != new.frame_index:
        after = _scrolled(after)
    if links.zoom and _place(old.viewport) != _place(new.viewport):
        after = _zoomed(after)
    if links.window and (old.window, old.preset) != (new.window, new.preset):
        after = _windowed(after)
    return after


def _anchored_anew(state: ViewerState) -> Linking:
    """Return the links of panes that show other series now.

    A command that lays images side by side has anchored them; otherwise the reader opened one.
    """
    links, anchors = state.linking, anchored(state)
    return replace(links, anchors=anchors, by_hand=links.by_hand or links.anchors != anchors)


def _series(state: ViewerState) -> tuple[str | None, ...]:
    return tuple(state.panes[index].series_id for index in leaders(state))


def _others(state: ViewerState) -> list[int]:
    own = group_of(state, state.active_pane)
    return [
        index
        for index in leaders(state)
        if index not in own and state.panes[index].kind is PaneKind.STACK
    ]


# --- scrolling ------------------------------------------------------------------------------


def link_of(state: ViewerState, index: int) -> Link:
    """Return how pane `index` is linked with the active one."""
    active, other = _image(state, state.active_pane), _image(state, index)
    if active is None or other is None:
        return Link.NOTHING
    if active.plane is None or other.plane is None:
        return Link.OFFSET
    if not are_parallel(active.plane, other.plane, _PARALLEL):
        return Link.NOT_PARALLEL
    uids = active.series.frame_of_reference_uid, other.series.frame_of_reference_uid
    return Link.POSITION if same_frame(*uids) else Link.OFFSET


def _image(state: ViewerState, index: int, frame_index: int | None = None) -> _Image | None:
    pane = state.panes[index]
    series = state.series_by_id(pane.series_id)
    if series is None or not series.frames or pane.kind is not PaneKind.STACK:
        return None
    last = len(series.frames) - 1
    number = min(max(pane.frame_index if frame_index is None else frame_index, 0), last)
    return _Image(series, number, plane_of_image(series, number))


def _scrolled(state: ViewerState) -> ViewerState:
    for index in _others(state):
        target = _target(state, index)
        if target is not None:
            pane = replace(state.panes[index], frame_index=target)
            state = state.with_pane(pane, index)
    return state


def _target(state: ViewerState, index: int) -> int | None:
    """Return the image that pane `index` shows beside that of the active one; None: it stays."""
    link, active, other = link_of(state, index), _first_tile(state), _image(state, index)
    if link in (Link.NOT_PARALLEL, Link.NOTHING) or active is None or other is None:
        return None
    if link is Link.POSITION and active.plane is not None and other.plane is not None:
        return _nearest(other, other.plane.distance(active.plane.origin))
    return _by_offset(state, index, active, other)


def _first_tile(state: ViewerState) -> _Image | None:
    """Return the image in the first tile of the active series: that which others are linked to."""
    number = state.pane().tile.number
    return _image(state, state.active_pane, state.pane().frame_index - number)


def _by_offset(state: ViewerState, index: int, active: _Image, other: _Image) -> int | None:
    here = _anchor(state, group_of(state, state.active_pane).start)
    there = _anchor(state, index)
    if here is None or there is None:
        return None
    start, beside = _plane_at(active, here), _plane_at(other, there)
    if start is None or beside is None or active.plane is None or other.plane is None:
        return min(max(there + active.frame_index - here, 0), len(other.series.frames) - 1)
    moved = start.distance(active.plane.origin)
    same_side = dot(start.normal, other.plane.normal) >= 0
    distance = other.plane.distance(beside.origin) + (moved if same_side else -moved)
    return _nearest(other, distance)


def _plane_at(image: _Image, frame_index: int) -> ImagePlane | None:
    return plane_of_image(image.series, min(frame_index, len(image.series.frames) - 1))


def _anchor(state: ViewerState, index: int) -> int | None:
    series_id = state.panes[index].series_id
    anchors = (
        one.frame_index
        for one in state.linking.anchors
        if one.pane == index and one.series_id == series_id
    )
    return next(anchors, None)


def _nearest(other: _Image, distance: float) -> int | None:
    """Return the image that lies nearest to `distance` mm from the plane of `other`.

    Only images parallel to it count (a localiser may stand among them). Of several in one place
    (phases) that nearest to the one shown is taken.
    """
    assert other.plane is not None
    best: tuple[tuple[float, int], int] | None = None
    for number in range(len(other.series.frames)):
        plane = plane_of_image(other.series, number)
        if plane is None or not are_parallel(plane, other.plane, _PARALLEL):
            continue
        away = abs(other.plane.distance(plane.origin) - distance)
        key = (round(away, 3), abs(number - other.frame_index))
        if best is None or key < best[0]:
            best = (key, number)
    return None if best is None else best[1]


def gap_mm(state: ViewerState, index: int) -> float:
    """Return how far the image in a linked pane lies from the active one, mm; 0 when it is there.

    Within the thickness of a slice it is there. Only for panes linked by position.
    """
    active, other = _first_tile(state), _image(state, index)
    if active is None or other is None or link_of(state, index) is not Link.POSITION:
        return 0.0
    if active.plane is None or other.plane is None:
        return 0.0
    away = abs(other.plane.distance(active.plane.origin))
    slices = (one.series.frames[one.frame_index].slice_thickness or 0.0 for one in (active, other))
    return away if away > max(*slices, _THIN) else 0.0


def link_words(state: ViewerState, index: int) -> str:
    """Return what a reader is told of how pane `index` scrolls with the active one, "" if nothing.

    That it is not linked and why, that it goes by the offset that the reader gave it or by the
    places that were matched, or that it has no image so near.
    """
    if not state.linking.scroll or state.reformat is not None or index not in _others(state):
        return ""
    link = link_of(state, index)
    if link is Link.NOT_PARALLEL:
        return "未联动：切面方向不同"
    if link is Link.OFFSET:
        return "按手动偏移联动" if state.linking.by_hand else "按对应位置联动"
    away = gap_mm(state, index)
    return f"此处无层面，最近层相距 {away:.1f} mm" if away else ""


# --- zoom, pan, window ----------------------------------------------------------------------


def _place(viewport: Viewport) -> tuple[float, float, float]:
    return viewport.zoom, viewport.pan_x, viewport.pan_y


def _zoomed(state: ViewerState) -> ViewerState:
    """Give the others the zoom, and the pan as a share of the pane; they turn by themselves."""
    view, size = state.pane().viewport, _side(state, state.active_pane)
    for index in _others(state):
        share = _side(state, index) / size
        pane = state.panes[index]
        place = replace(
            pane.viewport, zoom=view.zoom, pan_x=view.pan_x * share, pan_y=view.pan_y * share
        )
        state = state.with_pane(replace(pane, viewport=place), index)
    return state


def _side(state: ViewerState, index: int) -> float:
    size = pane_size(state, index)
    return min(size.width, size.height)


def _windowed(state: ViewerState) -> ViewerState:
    """Give the window to the panes of the same modality: to others its numbers mean nothing."""
    active, modality = state.pane(), _modality(state, state.pane())
    for index in _others(state):
        pane = state.panes[index]
        if _modality(state, pane) == modality:
            pane = replace(pane, window=active.window, preset=active.preset)
            state = state.with_pane(pane, index)
    return state


def _modality(state: ViewerState, pane: Pane) -> str:
    entries = (one.modality for one in state.catalogue if one.series_id == pane.series_id)
    return next(entries, "")
