"""The numbers of annotations, worked out anew on the server by the viewer's own measurements.

Sizes and angles of all; values of those on stored frames. What lies on a reformation has its sizes
only: whole volumes are not put together for a report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from server.imaging import codec, delivery
from server.imaging.delivery import PictureMissingError
from server.model import Series, Study
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.dicom.pack import HEAD, read_head
from viewer_py.measure.annotation import Annotation, AnnotationKind
from viewer_py.measure.measured import measured
from viewer_py.measure.model import MeasuredImage, Measurement
from viewer_py.measure.pictures import frame_index_of, plane_picture, stored_picture
from viewer_py.volume.model import VolumeGeometry
from viewer_py.volume.states import volume_geometry

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# So many frames are decoded for one report; marks on further ones have their sizes only.
MOST_FRAMES = 100
WITHOUT_VALUES = frozenset(
    {
        AnnotationKind.LENGTH,
        AnnotationKind.ANGLE,
        AnnotationKind.COBB,
        AnnotationKind.CARDIOTHORACIC,
        AnnotationKind.ARROW,
        AnnotationKind.TEXT,
    }
)


class Numbers:
    """Measures annotations of one study; series and frames are read once each."""

    def __init__(self, cloud: ImageCloud, session: Session, study: Study) -> None:
        self._cloud = cloud
        self._session = session
        self._series = {one.series_id: one for one in study.series}
        self._manifests: dict[str, SeriesManifest | None] = {}
        self._geometries: dict[str, VolumeGeometry] = {}
        self._frames: dict[tuple[str, int], NDArray[Any]] = {}

    def manifest(self, series_id: str) -> SeriesManifest | None:
        """Return what is known of a series; None while it is not prepared."""
        if series_id not in self._manifests:
            self._manifests[series_id] = self._read(self._series.get(series_id))
        return self._manifests[series_id]

    def picture(self, annotation: Annotation) -> MeasuredImage | None:
        """Return what an annotation lies on, with pixels where it measures them; None if unknown.

        Raises StorageError, DecodeError.
        """
        series = self.manifest(annotation.image.series_id)
        if series is None:
            return None
        if not annotation.image.sop_instance_uid:
            geometry = self._geometry(series)
            return plane_picture(series, geometry, None, annotation) if geometry.corners else None
        index = frame_index_of(series, annotation.image)
        if index is None:
            return None
        wanted = annotation.kind not in WITHOUT_VALUES
        return stored_picture(series, index, self._pixels(series, index) if wanted else None)

    def measured(self, annotation: Annotation) -> Measurement:
        """Return the numbers of an annotation, none where it lies on nothing that is known."""
        picture = self.picture(annotation)
        if picture is None or (annotation.in_patient and picture.to_patient is None):
            return Measurement()
        return measured(annotation, picture)

    def _read(self, series: Series | None) -> SeriesManifest | None:
        if series is None:
            return None
        try:
            return delivery.series_manifest(self._cloud, self._session, series)
        except PictureMissingError:
            return None

    def _geometry(self, series: SeriesManifest) -> VolumeGeometry:
        if series.series_id not in self._geometries:
            found = volume_geometry(series.frames, series.frame_of_reference_uid)
            self._geometries[series.series_id] = found
        return self._geometries[series.series_id]

    def _pixels(self, series: SeriesManifest, index: int) -> NDArray[Any] | None:
        place = (series.series_id, index)
        if place not in self._frames:
            if len(self._frames) >= MOST_FRAMES:
                return None
            rows = self._series[series.series_id]
            record = next(delivery.frame_records(self._cloud, self._session, rows, [index]))
            stored = codec.decode(
                read_head(record).codec, record[HEAD.size :], series.frames[index]
            )
            self._frames[place] = np.asarray(stored)
        return self._frames[place]
