"""The numbers of an annotation: each kind has a module of its own, this is the table of them.

All work in the plane of the picture that the annotation lies on, in millimetres where they are
known: neither zoom nor turning nor mirroring of the screen has any part in them.
"""

from __future__ import annotations

from collections.abc import Callable

from viewer_py.measure import angle, cardiothoracic, cobb, freehand, length, probe, regions
from viewer_py.measure.annotation import POINT_COUNTS, Annotation, AnnotationKind
from viewer_py.measure.model import MeasuredImage, Measurement, Points, Result, Words

__all__ = ["POINT_COUNTS", "MeasuredImage", "Measurement", "Result", "Words", "measured"]

_MEASURES: dict[AnnotationKind, Callable[[Points, MeasuredImage], Measurement]] = {
    AnnotationKind.LENGTH: length.measure,
    AnnotationKind.RECTANGLE: regions.measure_rectangle,
    AnnotationKind.ELLIPSE: regions.measure_ellipse,
    AnnotationKind.CIRCLE: regions.measure_circle,
    AnnotationKind.ANGLE: angle.measure,
    AnnotationKind.COBB: cobb.measure,
    AnnotationKind.PROBE: probe.measure,
    AnnotationKind.CARDIOTHORACIC: cardiothoracic.measure,
}


def measured(annotation: Annotation, image: MeasuredImage) -> Measurement:
    """Return the numbers of an annotation on its picture (B-28, B-29); marks have none.

    Raises ValueError for another number of points than the kind has, points that are not finite,
    and points in the patient on a picture that has no place there.
    """
    fewest, most = POINT_COUNTS[annotation.kind]
    if not fewest <= len(annotation.points) <= most:
        raise ValueError(f"{annotation.kind} with {len(annotation.points)} points")
    points = image.points(annotation)
    if annotation.kind is AnnotationKind.FREEHAND:
        return freehand.measure(points, image, annotation.closed)
    measure = _MEASURES.get(annotation.kind)
    return Measurement() if measure is None else measure(points, image)
