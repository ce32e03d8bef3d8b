"""How long a pixel is, and what that length is worth (PS3.3 10.7, C.7.6.3, C.8.5.5).

A radiograph enlarges: what is measured at the detector is larger than in the patient, by a factor
that is known, estimated or unknown. So every length is shown with the label of its state. Nothing
is guessed: where the attributes contradict each other there are no millimetres at all.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from viewer_py.dicom.attributes import FrameAttributes, UltrasoundRegion

# Two spacings are the same when they differ by less than this share.
SAME_SPACING = 1e-4
# A magnification worked out in two ways may differ by this share: distances are written in whole
# millimetres, the factor with two decimals.
SAME_MAGNIFICATION = 0.02
# Physical Units code of centimetres (PS3.3 C.8.5.5.1.15), and the flag of low priority.
CENTIMETRES = 3
LOW_PRIORITY = 1
TWO_DIMENSIONAL = 1  # Region Spatial Format

# The classes whose rays diverge from a focus: only their spacing needs a magnification.
PROJECTION_CLASSES = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{suffix}"
    for suffix in (
        "1",  # CR
        "1.1",  # digital X-ray, for presentation and for processing
        "1.1.1",
        "1.2",  # mammography
        "1.2.1",
        "1.3",  # intra-oral
        "1.3.1",
        "12.1",  # angiography
        "12.1.1",
        "12.2",  # radiofluoroscopy
        "12.2.1",
        "12.3",  # biplane angiography, retired
    )
)

Point = tuple[float, float]


# No pixel is smaller than a nanometre or larger than ten metres (mm).
SMALLEST_SPACING, LARGEST_SPACING = 1e-6, 1e4


class CalibrationState(enum.StrEnum):
    """What the pixel spacing of an image is worth."""

    CALIBRATED = "CALIBRATED"  # mm in the patient
    FIDUCIAL = "FIDUCIAL"  # mm, measured by an object of known size in the image
    ERMF = "ERMF"  # mm, the magnification being estimated from distances
    CORRECTED = "CORRECTED"  # mm, corrected by the maker in a way that is not stated
    PROJECTION = "PROJECTION"  # mm in a plane that is not stated: detector or patient
    DETECTOR = "DETECTOR"  # mm at the detector; in the patient smaller, by an unknown factor
    SCANNED = "SCANNED"  # mm on the film that was digitised
    REGION = "REGION"  # mm inside an ultrasound region
    ASPECT_ONLY = "ASPECT_ONLY"  # only the ratio of the two is known, no length
    UNKNOWN = "UNKNOWN"  # nothing is known; square pixels are assumed
    ERROR = "ERROR"  # the attributes contradict each other: no length


IN_MM = frozenset(CalibrationState) - {
    CalibrationState.ASPECT_ONLY,
    CalibrationState.UNKNOWN,
    CalibrationState.ERROR,
}


@dataclass(frozen=True)
class CalibrationLabel:
    """The words that stand beside a length; empty where it needs none."""

    chinese: str
    english: str


CALIBRATION_LABELS: dict[CalibrationState, CalibrationLabel] = {
    CalibrationState.CALIBRATED: CalibrationLabel("", ""),
    CalibrationState.FIDUCIAL: CalibrationLabel("标尺校准", "calibrated by fiducial"),
    CalibrationState.ERMF: CalibrationLabel("按估计放大率", "estimated magnification"),
    CalibrationState.CORRECTED: CalibrationLabel(
        "已校正，方式未注明", "corrected, method not stated"
    ),
    CalibrationState.PROJECTION: CalibrationLabel("投影，放大率未知", "projection, unknown scale"),
    CalibrationState.DETECTOR: CalibrationLabel("探测器面，非体内", "at detector, not in patient"),
    CalibrationState.SCANNED: CalibrationLabel("胶片上，非体内", "on the film, not in patient"),
    CalibrationState.REGION: CalibrationLabel("超声区域", "ultrasound region"),
    CalibrationState.ASPECT_ONLY: CalibrationLabel("未校准", "not calibrated"),
    CalibrationState.UNKNOWN: CalibrationLabel("未校准", "not calibrated"),
    CalibrationState.ERROR: CalibrationLabel("校准信息矛盾", "contradictory calibration"),
}


@dataclass(frozen=True)
class Spacing:
    """Distance between pixel centres: mm where the state says so, else relative numbers.

    `between_rows` is the first value of Pixel Spacing (down the image), `between_columns` the
    second (across it).
    """

    between_rows: float
    between_columns: float
    state: CalibrationState

    @property
    def in_mm(self) -> bool:
        """Say whether the two numbers are mm, wherever."""
        return self.state in IN_MM

    @property
    def label(self) -> CalibrationLabel:
        """Return the words to stand beside a length made from this spacing."""
        return CALIBRATION_LABELS[self.state]


def is_spacing(pair: tuple[float, ...] | None) -> bool:
    """Say whether two distances between pixels, in mm, can be ones; what else stands there is none.

    A number beyond belief would not only be wrong: the samples of a slab are counted by it.
    """
    return pair is not None and all(SMALLEST_SPACING <= one <= LARGEST_SPACING for one in pair)


def spacing(frame: FrameAttributes) -> Spacing:
    """Return the pixel spacing of a frame as a whole, and what it is worth.

    Cross-sections (CT, MR, PET …) state it in the patient. Projections go through the radiographic
    rules of `_radiographic`. In ultrasound all two-dimensional regions must agree; a point's own
    spacing is that of `spacing_at`. Where there are no mm, Pixel Aspect Ratio may still say the
    shape of a pixel.
    """
    if frame.ultrasound_regions:
        return _whole_ultrasound(frame)
    detector, patient = _positive(frame.imager_pixel_spacing), _positive(frame.pixel_spacing)
    if (
        frame.sop_class_uid in PROJECTION_CLASSES
        or detector
        or frame.pixel_spacing_calibration_type
    ):
        found = _radiographic(frame, detector, patient)
    else:
        found = _spacing(patient, CalibrationState.CALIBRATED)
    if found is None:
        scanned = _positive(frame.nominal_scanned_pixel_spacing)
        found = _spacing(scanned, CalibrationState.SCANNED)
    return found or _shape(frame)


def spacing_at(frame: FrameAttributes, column: float, row: float) -> Spacing:
    """Return the spacing at a point; (0.5, 0.5) is the centre of the first pixel."""
    return spacing_between(frame, ((column, row),))


def spacing_between(frame: FrameAttributes, points: Iterable[Point]) -> Spacing:
    """Return the spacing for a measurement with these (column, row) points.

    In ultrasound all points must lie in one region whose two axes are lengths; else there are no
    mm. Everywhere else it is the spacing of the frame.
    """
    if not frame.ultrasound_regions:
        return spacing(frame)
    regions = {region_at(frame, column, row) for column, row in points}
    region = regions.pop() if len(regions) == 1 else None
    return _spacing(_region_spacing(region), CalibrationState.REGION) or _shape(frame)


def region_at(frame: FrameAttributes, column: float, row: float) -> UltrasoundRegion | None:
    """Return the ultrasound region that a point lies in; of several the one of high priority."""
    inside = [
        region
        for region in frame.ultrasound_regions
        if region.x0 <= column < region.x1 + 1 and region.y0 <= row < region.y1 + 1
    ]
    return min(inside, key=lambda region: region.flags & LOW_PRIORITY, default=None)


def _radiographic(
    frame: FrameAttributes, detector: Point | None, patient: Point | None
) -> Spacing | None:
    """Return the spacing of a projection (PS3.3 10.7.1.2, 10.7.1.3).

    * FIDUCIAL: Pixel Spacing, measured. GEOMETRY: Pixel Spacing, or the detector's over the factor.
    * Pixel Spacing smaller than Imager Pixel Spacing: somebody corrected it and does not say how.
    * Both the same, or the detector's alone: over the magnification where there is one, else at
      the detector.
    * Pixel Spacing alone: in which plane nobody knows.
    * ERROR: a factor below 1, a GEOMETRY that does not lead from one spacing to the other, or a
      Pixel Spacing larger than at the detector, which no ray can do.
    """
    factor = _magnification(frame)
    kind = frame.pixel_spacing_calibration_type
    if factor is not None and factor < 1.0 - SAME_MAGNIFICATION:
        return _contradiction(frame)
    if kind == "FIDUCIAL" and patient is not None:
        return _spacing(patient, CalibrationState.FIDUCIAL)
    if detector is None:
        estimated = kind == "GEOMETRY"
        return _spacing(
            patient, CalibrationState.ERMF if estimated else CalibrationState.PROJECTION
        )
    if patient is None or (kind != "GEOMETRY" and _same(patient, detector, SAME_SPACING)):
        return _demagnified(detector, factor)
    if any(near > far * (1 + SAME_SPACING) for near, far in zip(patient, detector, strict=True)):
        return _contradiction(frame)
    if kind != "GEOMETRY":
        return _spacing(patient, CalibrationState.CORRECTED)
    stated = frame.estimated_radiographic_magnification_factor
    if stated and not _same(
        (detector[0] / stated, detector[1] / stated), patient, SAME_MAGNIFICATION
    ):
        return _contradiction(frame)
    return _spacing(patient, CalibrationState.ERMF)


def _demagnified(detector: Point, factor: float | None) -> Spacing:
    if factor is None:
        return Spacing(*detector, CalibrationState.DETECTOR)
    return Spacing(detector[0] / factor, detector[1] / factor, CalibrationState.ERMF)


def _magnification(frame: FrameAttributes) -> float | None:
    """Return the estimated factor, else source-to-detector over source-to-patient distance."""
    stated = frame.estimated_radiographic_magnification_factor
    if stated is not None and stated > 0:
        return stated
    far, near = frame.distance_source_to_detector, frame.distance_source_to_patient
    return far / near if far is not None and near is not None and far > 0 and near > 0 else None


def _whole_ultrasound(frame: FrameAttributes) -> Spacing:
    found = [
        _region_spacing(region)
        for region in frame.ultrasound_regions
        if region.spatial_format == TWO_DIMENSIONAL
    ]
    first = found[0] if found else None
    if first is None or any(
        other is None or not _same(first, other, SAME_SPACING) for other in found
    ):
        return _shape(frame)
    return Spacing(*first, CalibrationState.REGION)


def _region_spacing(region: UltrasoundRegion | None) -> Point | None:
    """Return mm (between rows, between columns); None unless both axes are lengths in tissue."""
    if region is None or not region.physical_units_x == region.physical_units_y == CENTIMETRES:
        return None
    return _positive((abs(region.physical_delta_y) * 10.0, abs(region.physical_delta_x) * 10.0))


def _contradiction(frame: FrameAttributes) -> Spacing:
    shape = _shape(frame)
    return Spacing(shape.between_rows, shape.between_columns, CalibrationState.ERROR)


def _shape(frame: FrameAttributes) -> Spacing:
    if frame.pixel_aspect_ratio is not None and min(frame.pixel_aspect_ratio) > 0:
        vertical, horizontal = frame.pixel_aspect_ratio
        return Spacing(vertical / horizontal, 1.0, CalibrationState.ASPECT_ONLY)
    return Spacing(1.0, 1.0, CalibrationState.UNKNOWN)


def _spacing(pair: Point | None, state: CalibrationState) -> Spacing | None:
    return None if pair is None else Spacing(*pair, state)


def _positive(pair: Point | None) -> Point | None:
    return pair if is_spacing(pair) else None


def _same(one: Point, other: Point, tolerance: float) -> bool:
    return all(abs(a - b) <= tolerance * b for a, b in zip(one, other, strict=True))
