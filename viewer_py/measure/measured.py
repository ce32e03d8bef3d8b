"""The numbers of an annotation: each kind has a module of its own, this is the table of them.

All work in the plane of the picture that the annotation lies on, in millimetres where they are
known: neither zoom nor turning nor mirroring of the screen has any part in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from viewer_py.measure import angle, cardiothoracic, cobb, freehand, length, probe, regions
from viewer_py.measure.annotation import POINT_COUNTS, Annotation, AnnotationKind
from viewer_py.measure.model import MeasuredImage, Measurement, Points, Result, Words
from viewer_py.volume.model import Projection, Slab

__all__ = ["POINT_COUNTS", "MeasuredImage", "Measurement", "Result", "Words", "measured"]

_PROJECTIONS = {Projection.MIP: "MIP", Projection.MINIP: "MinIP", Projection.AVGIP: "AvgIP"}
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
        found = freehand.measure(points, image, annotation.closed)
    else:
        measure = _MEASURES.get(annotation.kind)
        found = Measurement() if measure is None else measure(points, image)
    if not found.results or annotation.slab.thickness_mm <= 0:
        return found
    return replace(found, warnings=(*found.warnings, slab_words(annotation.slab)))


def slab_words(slab: Slab) -> Words:
    """Return what must be said of numbers that were taken from a projection, not from a plane."""
    name = f"{_PROJECTIONS[slab.projection]} {slab.thickness_mm:g} mm"
    return Words(f"取自 {name} 投影", f"on the projection {name}")
