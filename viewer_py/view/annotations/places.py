"""How a pane lies in the space of annotations: from device pixels to their points and back.

An image with a position in the patient, and a plane through a volume, hold annotations in the
patient frame (LPS, mm); any other image holds those in its own coordinates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from viewer_py.dicom.calibration import CalibrationState, spacing
from viewer_py.dicom.geometry import dot, pixel_to_patient, slice_normal
from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest, Vector3
from viewer_py.measure.annotation import Annotation, ImageReference, Point3
from viewer_py.view.fit import image_matrix
from viewer_py.view.layout import Area, areas, pane_size
from viewer_py.view.plane_view import plane_view
from viewer_py.view.planes import minus, plus, step_along
from viewer_py.view.state import PaneKind, ViewerState

_SAME_PLANE = math.cos(math.radians(1.0))
_SAME_POSITION = 0.01  # mm
_UP: Vector3 = (0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Place:
    """The plane of pane `pane`: device pixel (x, y) shows origin + x · across + y · down.

    `half_distance` is how far, along `normal`, a point may lie from the plane and still belong to
    it (mm); without a frame of reference points are coordinates of `image`.
    """

    pane: int
    area: Area
    pixel_ratio: float
    image: ImageReference
    frame_of_reference_uid: str
    normal: Vector3
    origin: Point3
    across: Vector3
    down: Vector3
    half_distance: float = 0.0

    def to_space(self, x: float, y: float) -> Point3:
        """Return the point of annotations under device pixel coordinates of the canvas."""
        return plus(plus(self.origin, self.across, x), self.down, y)

    def to_screen(self, point: Point3) -> tuple[float, float]:
        """Return device pixel coordinates of a point, brought onto the plane along its normal."""
        away = minus(point, self.origin)
        across, down = self.across, self.down
        aa, dd, ad = dot(across, across), dot(down, down), dot(across, down)
        along, below = dot(away, across), dot(away, down)
        whole = aa * dd - ad * ad
        return (along * dd - below * ad) / whole, (below * aa - along * ad) / whole

    def depth(self, point: Point3) -> float:
        """Return how far a point lies from the plane along its normal."""
        return dot(minus(point, self.origin), self.normal) if self.in_patient else 0.0

    @property
    def in_patient(self) -> bool:
        """Tell whether points are in the patient frame."""
        return bool(self.frame_of_reference_uid)

    def holds(self, annotation: Annotation) -> bool:
        """Tell whether an annotation lies in this plane, or on this very image."""
        if not annotation.in_patient:
            return not self.in_patient and annotation.image == self.image
        if annotation.frame_of_reference_uid != self.frame_of_reference_uid:
            return False
        if abs(dot(annotation.normal, self.normal)) < _SAME_PLANE:
            return False
        return all(abs(self.depth(point)) <= self.half_distance for point in annotation.points)


def place_of(state: ViewerState, index: int) -> Place | None:
    """Return how pane `index` lies; None where nothing can be drawn or it is not in sight."""
    area = areas(state).get(index)
    pane = state.panes[index]
    if area is None:
        return None
    if pane.kind is PaneKind.PLANE:
        return _plane(state, index, area)
    series = state.series_by_id(pane.series_id)
    if pane.kind is not PaneKind.STACK or series is None or not series.frames:
        return None
    return _stack(state, index, series, area)


def _plane(state: ViewerState, index: int, area: Area) -> Place | None:
    view, reformat = plane_view(state, index), state.reformat
    if view is None or reformat is None:
        return None
    geometry = state.geometry(reformat.series_id)
    if geometry is None or not geometry.frame_of_reference_uid:
        return None
    right, down, normal = view.axes
    step = 1.0 / view.scale
    thick = max(state.panes[index].slab.thickness_mm, step_along(geometry, normal))
    return Place(
        pane=index,
        area=area,
        pixel_ratio=state.canvas.pixel_ratio,
        image=ImageReference(reformat.series_id),
        frame_of_reference_uid=geometry.frame_of_reference_uid,
        normal=normal,
        origin=view.to_patient(0.0, 0.0),
        across=_times(right, step),
        down=_times(down, step),
        half_distance=thick / 2,
    )


def _times(vector: Vector3, factor: float) -> Vector3:
    return (vector[0] * factor, vector[1] * factor, vector[2] * factor)


def _stack(state: ViewerState, index: int, series: SeriesManifest, area: Area) -> Place:
    pane = state.panes[index]
    frame = series.frames[pane.frame_index]
    a, b, c, d, e, f = image_matrix(frame, pane_size(state, index), pane.viewport)
    e, f = e + area.x, f + area.y
    whole = a * d - b * c
    # The inverse: columns and rows of the image a device pixel to the right, and down.
    across, down = (d / whole, -b / whole), (-c / whole, a / whole)
    start = (-(across[0] * e + down[0] * f), -(across[1] * e + down[1] * f))
    image = ImageReference(series.series_id, frame.sop_instance_uid, frame.frame_number)
    reference = frame_of_reference(series, frame)
    if not reference:
        origin = (start[0], start[1], 0.0)
        return Place(
            index, area, state.canvas.pixel_ratio, image, "", _UP, origin,
            (*across, 0.0), (*down, 0.0),
        )  # fmt: skip
    return Place(
        pane=index,
        area=area,
        pixel_ratio=state.canvas.pixel_ratio,
        image=image,
        frame_of_reference_uid=reference,
        normal=slice_normal(frame) or _UP,
        origin=patient_point(frame, *start),
        across=minus(patient_point(frame, *across), patient_point(frame, 0.0, 0.0)),
        down=minus(patient_point(frame, *down), patient_point(frame, 0.0, 0.0)),
        half_distance=_slice_distance(series, pane.frame_index) / 2,
    )


def frame_of_reference(series: SeriesManifest, frame: FrameAttributes) -> str:
    """Return the frame of reference that annotations on a stored image are kept in, "" for none.

    An image has one where it has a position and its pixels are millimetres in the patient: what is
    measured on a radiograph's detector is no place in the patient.
    """
    if pixel_to_patient(frame) is None or slice_normal(frame) is None:
        return ""
    if spacing(frame).state is not CalibrationState.CALIBRATED:
        return ""
    return frame.frame_of_reference_uid or series.frame_of_reference_uid


def patient_point(frame: FrameAttributes, column: float, row: float) -> Point3:
    """Return image coordinates ((0, 0) the outer corner of the first pixel) as LPS mm.

    The frame must have a position, an orientation and a pixel spacing.
    """
    matrix = pixel_to_patient(frame)
    assert matrix is not None
    point = matrix @ (column - 0.5, row - 0.5, 0.0, 1.0)
    return (float(point[0]), float(point[1]), float(point[2]))


def _slice_distance(series: SeriesManifest, frame_index: int) -> float:
    """Return the distance to the nearest neighbour in another position, mm, along the normal."""
    frame = series.frames[frame_index]
    normal, position = slice_normal(frame), frame.image_position_patient
    found = []
    for step in (-1, 1):
        for count in range(1, 5):  # phases of one position may lie between
            away = _away(series, frame_index + step * count, normal, position)
            if away is None or away > _SAME_POSITION:
                found += [] if away is None else [away]
                break
    return min(found, default=frame.slice_thickness or 1.0)


def _away(
    series: SeriesManifest, index: int, normal: Vector3 | None, position: Vector3 | None
) -> float | None:
    if not 0 <= index < len(series.frames) or normal is None or position is None:
        return None
    other = series.frames[index].image_position_patient
    return None if other is None else abs(dot(minus(other, position), normal))
