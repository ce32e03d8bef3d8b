"""What an object says of the size of its pixels (PS3.3 10.7, C.8.5.5, C.8.19.6)."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom import Dataset

from server.imaging.attributes import FrameValues, number, numbers, value
from viewer_py.dicom.attributes import UltrasoundRegion

MEASURES_GROUP = "PixelMeasuresSequence"
DETECTOR_GROUP = "FramePixelDataPropertiesSequence"
GEOMETRY_GROUP = "XRayGeometrySequence"
IN_BEAM_GROUP = "ProjectionPixelCalibrationSequence"
MOST_REGIONS = 64


@dataclass(frozen=True)
class PixelSize:
    """The attributes of calibration of one frame, as in `FrameAttributes`."""

    pixel_spacing: tuple[float, float] | None
    pixel_spacing_calibration_type: str
    imager_pixel_spacing: tuple[float, float] | None
    nominal_scanned_pixel_spacing: tuple[float, float] | None
    estimated_radiographic_magnification_factor: float | None
    distance_source_to_detector: float | None
    distance_source_to_patient: float | None
    ultrasound_regions: tuple[UltrasoundRegion, ...]
    pixel_aspect_ratio: tuple[int, int] | None


def pixel_size(values: FrameValues) -> PixelSize:
    """Return what the object says, nothing worked out; a nonsensical spacing is none.

    The only translation: enhanced angiography states the spacing in the patient, at the centre of
    the beam, under a name of its own; that is a Pixel Spacing of type GEOMETRY.
    """
    spacing = pair(values.numbers("PixelSpacing", MEASURES_GROUP))
    kind = values.text("PixelSpacingCalibrationType")
    in_beam = pair(values.numbers("ObjectPixelSpacingInCenterOfBeam", IN_BEAM_GROUP))
    if spacing is None and in_beam is not None:
        spacing, kind = in_beam, "GEOMETRY"
    return PixelSize(
        pixel_spacing=spacing,
        pixel_spacing_calibration_type=kind,
        imager_pixel_spacing=pair(values.numbers("ImagerPixelSpacing", DETECTOR_GROUP)),
        nominal_scanned_pixel_spacing=pair(values.numbers("NominalScannedPixelSpacing")),
        estimated_radiographic_magnification_factor=values.number(
            "EstimatedRadiographicMagnificationFactor"
        ),
        distance_source_to_detector=values.number("DistanceSourceToDetector", GEOMETRY_GROUP),
        distance_source_to_patient=values.number("DistanceSourceToIsocenter", GEOMETRY_GROUP)
        or values.number("DistanceSourceToPatient"),
        ultrasound_regions=_regions(values.dataset),
        pixel_aspect_ratio=_aspect_ratio(values),
    )


def pair(found: tuple[float, ...]) -> tuple[float, float] | None:
    """Return a spacing in mm; a missing or nonsensical one is none, never a guess."""
    if len(found) != 2 or min(found) <= 0:
        return None
    return found[0], found[1]


def _aspect_ratio(values: FrameValues) -> tuple[int, int] | None:
    found = values.numbers("PixelAspectRatio")
    if len(found) != 2 or min(found) < 1:
        return None
    return int(found[0]), int(found[1])


def _regions(dataset: Dataset) -> tuple[UltrasoundRegion, ...]:
    """Return the whole regions; one that lacks its place, a unit or a delta says nothing."""
    items = value(dataset, "SequenceOfUltrasoundRegions") or ()
    read = (_region(item) for item in list(items)[:MOST_REGIONS])
    return tuple(region for region in read if region is not None)


def _region(item: Dataset) -> UltrasoundRegion | None:
    place = [
        number(item, f"RegionLocation{corner}") for corner in ("MinX0", "MinY0", "MaxX1", "MaxY1")
    ]
    units = numbers(item, "PhysicalUnitsXDirection") + numbers(item, "PhysicalUnitsYDirection")
    deltas = numbers(item, "PhysicalDeltaX") + numbers(item, "PhysicalDeltaY")
    whole = [int(side) for side in place if side is not None]
    if len(whole) != 4 or len(units) != 2 or len(deltas) != 2:
        return None
    return UltrasoundRegion(
        whole[0],
        whole[1],
        whole[2],
        whole[3],
        int(units[0]),
        int(units[1]),
        deltas[0],
        deltas[1],
        spatial_format=int(number(item, "RegionSpatialFormat") or 0),
        data_type=int(number(item, "RegionDataType") or 0),
        flags=int(number(item, "RegionFlags") or 0),
    )
