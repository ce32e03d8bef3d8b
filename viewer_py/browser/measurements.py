"""The numbers of the annotations, worked out once and again only when something changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.volume_store import VolumeStore
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.measure.annotation import Annotation, ImageReference
from viewer_py.measure.measured import measured
from viewer_py.measure.model import MeasuredImage, Measurement
from viewer_py.measure.pictures import (
    frame_index_of,
    fused_picture,
    plane_picture,
    stored_picture,
)
from viewer_py.view.annotations.drawing import draft_annotation
from viewer_py.view.state import ViewerState
from viewer_py.volume.model import VolumeGeometry
from viewer_py.volume.states import volume_geometry


@dataclass(frozen=True)
class _Known:
    """What was worked out, and of what: `basis` names the pixels that were there."""

    annotation: Annotation
    basis: object
    measurement: Measurement


class Measurements:
    """Measures the annotations of a state on the pixels in memory.

    Values stay known when their pixels have to leave the memory again.
    """

    def __init__(self, store: FrameStore, volumes: VolumeStore) -> None:
        self._store = store
        self._volumes = volumes
        self._known: dict[str, _Known] = {}
        self._geometries: dict[str, VolumeGeometry] = {}
        self._indices: dict[ImageReference, int | None] = {}

    def of(self, state: ViewerState) -> Mapping[str, Measurement]:
        """Return the numbers of every annotation, and of what is being drawn, by id."""
        draft = draft_annotation(state)
        items = state.annotations.items if draft is None else (*state.annotations.items, draft)
        ids = {one.annotation_id for one in items}
        self._known = {name: one for name, one in self._known.items() if name in ids}
        return {one.annotation_id: self._one(state, one) for one in items}

    def _one(self, state: ViewerState, annotation: Annotation) -> Measurement:
        series = state.series_by_id(annotation.image.series_id)
        if series is None:
            return Measurement()
        known = self._known.get(annotation.annotation_id)
        basis = self._basis(state, annotation)
        same = known is not None and known.annotation is annotation
        if known is not None and same and basis in (known.basis, None):
            return known.measurement
        try:
            image = self._image(state, series, annotation)
            found = Measurement() if image is None else measured(annotation, image)
        except ValueError:
            found = Measurement()
        self._known[annotation.annotation_id] = _Known(annotation, basis, found)
        return found

    def _basis(self, state: ViewerState, annotation: Annotation) -> object:
        """Return what names the pixels that are there for an annotation, None for none."""
        image = annotation.image
        if image.sop_instance_uid:
            frames, index = self._store.frames(image.series_id), self._index(state, image)
            return (
                True if frames is not None and index is not None and frames.holds(index) else None
            )
        volume = self._volumes.volume(image.series_id)
        fused = self._fused_id(state, image.series_id)
        other = self._volumes.volume(fused) if fused else None
        if volume is None:
            return None
        return volume.generation, fused, None if other is None else other.generation

    def _index(self, state: ViewerState, image: ImageReference) -> int | None:
        """Return which frame of its series an image is; looked for once."""
        if image not in self._indices:
            series = state.series_by_id(image.series_id)
            if series is None:
                return None
            self._indices[image] = frame_index_of(series, image)
        return self._indices[image]

    @staticmethod
    def _fused_id(state: ViewerState, series_id: str) -> str:
        reformat = state.reformat
        if reformat is None or reformat.fusion is None or reformat.series_id != series_id:
            return ""
        return reformat.fusion.series_id

    def _geometry(self, state: ViewerState, series: SeriesManifest) -> VolumeGeometry:
        """Return how the slices of a series lie, whether reformats are open or not."""
        known = state.geometry(series.series_id)
        if known is not None:
            return known
        if series.series_id not in self._geometries:
            found = volume_geometry(series.frames, series.frame_of_reference_uid)
            self._geometries[series.series_id] = found
        return self._geometries[series.series_id]

    def _image(
        self, state: ViewerState, series: SeriesManifest, annotation: Annotation
    ) -> MeasuredImage | None:
        if annotation.image.sop_instance_uid:
            index = self._index(state, annotation.image)
            if index is None:
                return None
            return stored_picture(series, index, self._store.pixels(series.series_id, index))
        geometry = self._geometry(state, series)
        volume = self._volumes.volume(series.series_id)
        image = plane_picture(series, geometry, volume, annotation)
        other = state.series_by_id(self._fused_id(state, series.series_id))
        if other is None:
            return image
        above = self._volumes.volume(other.series_id)
        return fused_picture(image, other, above, annotation.slab)
