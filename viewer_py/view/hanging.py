"""Hanging a study by a rule: which rule fits, which image comes into which place (C-07)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels import presets
from viewer_py.view.fit import pixel_aspect, scale_of
from viewer_py.view.hanging_rules import Place, Rule, own_entries, rule
from viewer_py.view.image_plane import same_frame
from viewer_py.view.layout import pane_size
from viewer_py.view.pairing import image_beside, kinds
from viewer_py.view.series_facts import SeriesFacts, facts_of
from viewer_py.view.state import Pane, ViewerState, Viewport


@dataclass(frozen=True)
class Hung:
    """One image that a rule has found for a place."""

    place: Place
    series_id: str
    frame_index: int


def wanted_manifests(state: ViewerState, name: str) -> tuple[str, ...]:
    """Return the series of which a rule must know more, and does not yet."""
    modalities = rule(name).modalities
    return tuple(
        entry.series_id
        for entry in own_entries(state.catalogue)
        if entry.modality in modalities and state.series_by_id(entry.series_id) is None
    )


def filled_places(state: ViewerState, one: Rule) -> tuple[Hung | None, ...]:
    """Return what comes into each place of a rule, None where nothing fits."""
    found: list[Hung | None] = []
    for place in one.places:
        found.append(_fill(state, place, [hung for hung in found if hung is not None]))
    return tuple(found)


def _fill(state: ViewerState, place: Place, others: list[Hung]) -> Hung | None:
    taken = {(hung.series_id, hung.frame_index) for hung in others}
    taken_series = {hung.series_id for hung in others}
    if place.view or place.laterality:
        found = (one for one in _images(state, place) if one not in taken)
        image = next(found, None)
        return None if image is None else Hung(place, *image)
    choices = [
        facts
        for entry in own_entries(state.catalogue)
        if entry.modality in place.modalities
        and (place.again or entry.series_id not in taken_series)
        and (facts := facts_of(state, entry.series_id)) is not None
    ]
    best = max(choices, key=lambda facts: _worth(place, facts, taken_series), default=None)
    if best is None:
        return None
    return Hung(place, best.series_id, max(best.frame_count // 2, 0))


def _images(state: ViewerState, place: Place) -> Iterable[tuple[str, int]]:
    """Yield the images of the wanted view and side."""
    for entry in own_entries(state.catalogue):
        series = state.series_by_id(entry.series_id)
        if series is None or entry.modality not in place.modalities:
            continue
        for index, frame in enumerate(series.frames):
            if _is_wanted(frame, place):
                yield entry.series_id, index


def _is_wanted(frame: FrameAttributes, place: Place) -> bool:
    view = frame.view_position.upper().strip()
    sided = not place.laterality or frame.image_laterality == place.laterality
    return sided and (not place.view or view in place.view)


def _worth(place: Place, facts: SeriesFacts, taken: set[str]) -> tuple[float, ...]:
    """Return how well a series fits a place: name, plane, not shown elsewhere, many thin slices."""
    made = kinds(facts.words)
    planes = [*place.planes, ""]
    return (
        not made & set(place.without),
        bool(made & set(place.kinds)),
        -planes.index(facts.plane) if facts.plane in place.planes else -len(planes),
        facts.series_id not in taken,
        facts.frame_count,
    )


def hung(state: ViewerState, one: Rule) -> ViewerState | None:
    """Return the state with the study hung by a rule; None where too few places can be filled.

    The images that were read before the rule came into force stay where they were looked at: a
    series that is hung again keeps the image it was on.
    """
    found = filled_places(state, one)
    if sum(place is not None for place in found) < one.fewest:
        return None
    from viewer_py.view.linking import anchored
    from viewer_py.view.reformatting import closed

    state = closed(state)
    panes = tuple(_pane(state, place) for place in found)
    state = replace(
        state, panes=_level(state, panes), grid=one.grid, maximized=False, playing=False,
        active_pane=next(index for index, place in enumerate(found) if place is not None),
    )  # fmt: skip
    state = _back_to_back(state, found)
    links = replace(state.linking, scroll=one.linked, zoom=one.linked)
    return replace(state, linking=replace(links, anchors=anchored(state), by_hand=False))


def _pane(state: ViewerState, found: Hung | None) -> Pane:
    if found is None:
        return Pane()
    place, shown = found.place, state.pane()
    frame = shown.frame_index if shown.series_id == found.series_id else found.frame_index
    modality = next(
        (one.modality for one in state.catalogue if one.series_id == found.series_id), ""
    )
    preset = place.preset if presets.apply_to(modality) else "default"
    return Pane(
        series_id=found.series_id,
        frame_index=found.frame_index if place.view or place.laterality else frame,
        window=presets.find(preset).window,
        preset=preset,
        inverted=place.inverted,
    )


def _level(state: ViewerState, panes: tuple[Pane, ...]) -> tuple[Pane, ...]:
    """Return the panes at the place of the first one, so that they begin beside each other."""
    first = state.series_by_id(panes[0].series_id)
    if first is None or panes[0].frame_index >= len(first.frames):
        return panes
    level = [panes[0]]
    for pane in panes[1:]:
        series = state.series_by_id(pane.series_id)
        same = series is not None and (
            series.series_id == first.series_id
            or same_frame(series.frame_of_reference_uid, first.frame_of_reference_uid)
        )
        if series is None or not same or len(series.frames) < 2:
            level.append(pane)
            continue
        beside = image_beside(first, panes[0].frame_index, series)
        level.append(replace(pane, frame_index=beside))
    return tuple(level)


def _back_to_back(state: ViewerState, found: tuple[Hung | None, ...]) -> ViewerState:
    """Turn and shift the breasts so that their chest walls meet between the places."""
    for index, one in enumerate(found):
        if one is None or not one.place.chest_wall:
            continue
        series = state.series_by_id(one.series_id)
        if series is None:
            continue
        frame = series.frames[one.frame_index]
        viewport = against_wall(state, index, frame, one.place.chest_wall)
        state = state.with_pane(replace(state.panes[index], viewport=viewport), index)
    return state


def against_wall(state: ViewerState, index: int, frame: FrameAttributes, wall: str) -> Viewport:
    """Return how an image lies in pane `index` with its chest wall at that side of the pane.

    Which side of the image the chest wall is on is told by Patient Orientation: where columns run
    to the front ("A"), it is on the left. An image that does not say so is not mirrored.
    """
    size = pane_size(state, index)
    along = (frame.patient_orientation or ("", ""))[0][:1]
    is_left = {"A": True, "P": False}.get(along)
    mirrored = is_left is not None and is_left != (wall == "left")
    scale = scale_of(frame, size, Viewport()) / size.pixel_ratio
    room = (size.width - frame.columns * pixel_aspect(frame)[0] * scale) / 2
    return Viewport(pan_x=-room if wall == "left" else room, flip_horizontal=mirrored)
