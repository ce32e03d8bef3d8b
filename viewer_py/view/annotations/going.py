"""From an annotation to the image that it lies on."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.dicom.geometry import dot
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.measure.annotation import Annotation
from viewer_py.view.annotations.drawing import with_store
from viewer_py.view.annotations.places import place_of
from viewer_py.view.command import CommandError
from viewer_py.view.layout import shown_panes
from viewer_py.view.planes import moved
from viewer_py.view.state import ViewerState


def gone_to(state: ViewerState, annotation: Annotation) -> ViewerState:
    """Return the state with an annotation on the screen, selected.

    The pane that shows it already stays; else a stored image is opened in the active pane, or the
    plane that lies like it brought to it. Raises CommandError where neither can be.
    """
    store = state.annotations
    hidden = store.hidden - {annotation.annotation_id}
    selected = replace(
        store, selected=annotation.annotation_id, shown=True, hidden=hidden, draft=None
    )
    state = replace(with_store(state, selected), playing=False)
    there = pane_with(state, annotation)
    if there is not None:
        return replace(state, active_pane=there)
    if annotation.image.sop_instance_uid:
        return _image_opened(state, annotation)
    return _plane_brought(state, annotation)


def arrived(state: ViewerState) -> ViewerState:
    """Go on to the annotation whose series was not known yet, as soon as it is."""
    store = state.annotations
    wanted = store.find(store.going)
    if wanted is not None and state.series_by_id(wanted.image.series_id) is None:
        return state
    state = with_store(state, replace(store, going=""))
    if wanted is None or state.pane().series_id != wanted.image.series_id:
        return state  # the reader has gone elsewhere
    try:
        return gone_to(state, wanted)
    except CommandError:
        return state


def pane_with(state: ViewerState, annotation: Annotation) -> int | None:
    """Return the pane on the screen that shows an annotation, the active one first."""
    for index in sorted(shown_panes(state), key=lambda one: one != state.active_pane):
        place = place_of(state, index)
        if place is not None and place.holds(annotation):
            return index
    return None


def image_number(series: SeriesManifest, annotation: Annotation) -> int | None:
    """Return the index of the stored image that an annotation was drawn on, or lies in."""
    image = annotation.image
    for index, frame in enumerate(series.frames):
        same = frame.sop_instance_uid == image.sop_instance_uid
        if same and frame.frame_number == image.frame_number:
            return index
    return _nearest_image(series, annotation) if annotation.in_patient else None


def _nearest_image(series: SeriesManifest, annotation: Annotation) -> int | None:
    """Return the image whose plane is nearest to the first point; None without positions."""
    point, normal = annotation.points[0], annotation.normal
    found = [
        (abs(dot(position, normal) - dot(point, normal)), index)
        for index, frame in enumerate(series.frames)
        if (position := frame.image_position_patient) is not None
    ]
    return min(found)[1] if found else None


def _image_opened(state: ViewerState, annotation: Annotation) -> ViewerState:
    """Open the image that was drawn on; reformats are closed."""
    from viewer_py.view.commands.series import open_series
    from viewer_py.view.reformatting import closed

    state = closed(state)
    series_id = annotation.image.series_id
    series = state.series_by_id(series_id)
    if series is not None and image_number(series, annotation) is None:
        raise CommandError("此标注的影像不在本序列中 / its image is not in this series")
    if state.pane().series_id != series_id:
        state = open_series(state, {"series_id": series_id})
    if series is None:  # its images are known when its manifest is there
        store = replace(state.annotations, going=annotation.annotation_id)
        return with_store(state, store)
    index = image_number(series, annotation)
    assert index is not None
    return state.with_pane(replace(state.pane(), frame_index=index))


def _plane_brought(state: ViewerState, annotation: Annotation) -> ViewerState:
    """Bring the plane that lies like an annotation to it, opening the reformats."""
    from viewer_py.view.commands.series import open_series
    from viewer_py.view.reformatting import opened

    if state.reformat is None:
        if state.pane().series_id != annotation.image.series_id:
            state = open_series(state, {"series_id": annotation.image.series_id})
        state = opened(state)
    reformat = state.reformat
    assert reformat is not None
    geometry = state.geometry(reformat.series_id)
    assert geometry is not None
    count = len(annotation.points)
    x, y, z = (sum(point[axis] for point in annotation.points) / count for axis in range(3))
    if annotation.frame_of_reference_uid == geometry.frame_of_reference_uid:
        center = moved(reformat.cross_hair, (x, y, z), geometry)
        state = replace(state, reformat=replace(reformat, cross_hair=center))
        there = pane_with(state, annotation)
        if there is not None:
            return replace(state, active_pane=there)
    raise CommandError("此标注在另一个斜面上 / this mark lies in another oblique plane")
