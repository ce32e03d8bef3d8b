"""What a reader draws on an image: measurements and marks, as plain data.

An annotation belongs to the place in the patient, not to the screen: its points are in the patient
frame (LPS, mm) where the image has a position there, else in the coordinates of one image.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from viewer_py.volume.model import Slab

Point3 = tuple[float, float, float]
PLANE = Slab()  # no slab at all


class AnnotationKind(enum.StrEnum):
    """What can be drawn (B-28, B-29, B-30), and what its points are."""

    LENGTH = "length"  # the two ends
    RECTANGLE = "rectangle"  # four corners in order round it
    ELLIPSE = "ellipse"  # four ends of the two axes: one axis' two ends, then the other's
    CIRCLE = "circle"  # the centre and a place on the circle
    ANGLE = "angle"  # one end, the vertex, the other end
    COBB = "cobb"  # the two ends of the first line, then those of the second
    FREEHAND = "freehand"  # the course; `closed` makes it an area
    PROBE = "probe"  # one place (CT值)
    CARDIOTHORACIC = "cardiothoracic"  # the six places of viewer_py.measure.cardiothoracic
    ARROW = "arrow"  # the tip, the tail
    TEXT = "text"  # the place it speaks of, the place of the words


MOST_FREEHAND_POINTS = 2000

# How many points each kind has: at least, at most.
POINT_COUNTS: dict[AnnotationKind, tuple[int, int]] = {
    AnnotationKind.LENGTH: (2, 2),
    AnnotationKind.RECTANGLE: (4, 4),
    AnnotationKind.ELLIPSE: (4, 4),
    AnnotationKind.CIRCLE: (2, 2),
    AnnotationKind.ANGLE: (3, 3),
    AnnotationKind.COBB: (4, 4),
    AnnotationKind.FREEHAND: (2, MOST_FREEHAND_POINTS),
    AnnotationKind.PROBE: (1, 1),
    AnnotationKind.CARDIOTHORACIC: (6, 6),
    AnnotationKind.ARROW: (2, 2),
    AnnotationKind.TEXT: (2, 2),
}


@dataclass(frozen=True)
class ImageReference:
    """The image an annotation was drawn on; `frame_number` counts from 1 as DICOM does.

    `sop_instance_uid` is "" for what was drawn on a reformation of the series `series_id`.
    """

    series_id: str
    sop_instance_uid: str = ""
    frame_number: int = 1


@dataclass(frozen=True)
class Annotation:
    """One measurement or mark.

    With a `frame_of_reference_uid` the `points` are in the patient frame (LPS, mm), in the plane
    through them with the unit `normal`; without one they are image coordinates (column, row, 0) of
    `image`, (0, 0) being the outer top-left corner of its first pixel. `text` is the words of a
    mark, or a name that the reader gave to a measurement. `created_at` is ISO 8601 in UTC. What was
    drawn on a slab (MIP, MinIP, AvgIP) is measured over that `slab`, whatever it is looked at on.
    """

    annotation_id: str
    kind: AnnotationKind
    points: tuple[Point3, ...]
    image: ImageReference
    frame_of_reference_uid: str = ""
    normal: Point3 = (0.0, 0.0, 1.0)
    text: str = ""
    closed: bool = False
    created_at: str = ""
    slab: Slab = PLANE

    @property
    def in_patient(self) -> bool:
        """Tell whether the points are in the patient frame."""
        return bool(self.frame_of_reference_uid)
