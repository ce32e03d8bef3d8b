"""Where the frames of an object lie that states one position for all of them."""

from __future__ import annotations

from server.imaging.attributes import FrameValues, numbers, sequence_item, texts
from viewer_py.dicom.geometry import cross, unit
from viewer_py.dicom.manifest import Vector3


def position(values: FrameValues) -> Vector3 | None:
    """Return Image Position (Patient) of a frame in mm (LPS), None where the object is silent.

    Enhanced objects say it frame by frame (PS3.3 C.7.6.16.2.3). Dose grids add an offset a frame
    along the slice normal (C.8.8.3.2), reconstructed nuclear medicine steps by Spacing Between
    Slices (C.8.4.15). In any other object of several frames the one position says nothing of them.
    """
    found = values.numbers("ImagePositionPatient", "PlanePositionSequence")
    orientation = values.numbers("ImageOrientationPatient", "PlaneOrientationSequence")
    detector = sequence_item(values.dataset, "DetectorInformationSequence", 0)
    if detector is not None and not found:
        found = numbers(detector, "ImagePositionPatient")
        orientation = numbers(detector, "ImageOrientationPatient")
    if len(found) != 3:
        return None
    start: Vector3 = (found[0], found[1], found[2])
    if "PlanePositionSequence" in _groups(values) or values.number("NumberOfFrames") in {None, 1}:
        return start
    offset = _offset(values)
    if offset is None or len(orientation) != 6:
        return None
    normal = unit(cross(orientation[:3], orientation[3:]))
    if normal is None:
        return None
    return (
        start[0] + offset * normal[0],
        start[1] + offset * normal[1],
        start[2] + offset * normal[2],
    )


def _groups(values: FrameValues) -> set[str]:
    holder = values.holder("ImagePositionPatient", "PlanePositionSequence")
    return set() if holder is values.dataset else {"PlanePositionSequence"}


def _offset(values: FrameValues) -> float | None:
    """Return how far, in mm along the normal, a frame lies from the stated position."""
    offsets = values.numbers("GridFrameOffsetVector")
    if values.index < len(offsets):
        relative = offsets[0] == 0.0
        return offsets[values.index] if relative else None
    if "RECON TOMO" not in texts(values.dataset, "ImageType", values.dataset):
        return None
    step = values.number("SpacingBetweenSlices")
    slices = values.numbers("SliceVector")
    if step is None or values.index >= len(slices):
        return None
    return (slices[values.index] - 1) * step
