"""From a DICOM object to the attributes that the viewer needs of each of its frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from pydicom import Dataset

from server.imaging import tables
from server.imaging.attributes import FrameValues, numbers, sequence_item
from server.imaging.decode import COLOR, NOT_A_NUMBER, PALETTE, frame_count
from server.imaging.moments import iso, moment_of
from server.imaging.multiframe import position
from server.imaging.spacing import MEASURES_GROUP, pixel_size
from viewer_py.dicom.manifest import FrameAttributes, Vector6

# XA and XRF: their Modality LUT or rescale leads back to X-ray intensity, whatever the Pixel
# Intensity Relationship, and is not for display: the VOI applies to the stored values (PS3.3
# C.8.7.1.1.2; PS3.4 N.2.5: "if a Modality LUT … is present in the referenced image(s) it shall be
# ignored"). DCMTK does the same. RF as DX (C.8.11.3) has an ordinary Modality LUT.
STORED_VALUES_SHOWN = frozenset({"1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2"})
VOI_GROUP = "FrameVOILUTSequence"
RESCALE_GROUP = "PixelValueTransformationSequence"
CT_EXPOSURE_GROUP = "CTExposureSequence"


def frame_attributes(dataset: Dataset) -> Iterator[FrameAttributes]:
    """Yield the attributes of each frame, described as `decode.stored_frames` gives the pixels.

    Smallest and largest value are left at 0: they are known from the pixels only.
    """
    for index in range(frame_count(dataset)):
        yield _frame(FrameValues(dataset, index))


@dataclass(frozen=True)
class _Stored:
    """What kind of numbers the stored values are."""

    color: bool
    floating: bool
    bits: int
    signed: bool
    as_stored: bool  # no modality transformation


def _stored(values: FrameValues) -> _Stored:
    photometric = values.text("PhotometricInterpretation")
    color = photometric in COLOR or photometric == PALETTE
    floating = "PixelData" not in values.dataset
    return _Stored(
        color=color,
        floating=floating,
        bits=8 if color else 32 if floating else values.integer("BitsStored") or 16,
        signed=floating or (values.integer("PixelRepresentation") == 1 and not color),
        as_stored=values.text("SOPClassUID") in STORED_VALUES_SHOWN,
    )


def _frame(values: FrameValues) -> FrameAttributes:
    stored = _stored(values)
    return FrameAttributes(
        sop_instance_uid=values.text("SOPInstanceUID"),
        sop_class_uid=values.text("SOPClassUID"),
        frame_number=values.index + 1,
        instance_number=values.integer("InstanceNumber"),
        rows=values.integer("Rows") or 0,
        columns=values.integer("Columns") or 0,
        samples_per_pixel=3 if stored.color else 1,
        photometric_interpretation=(
            "RGB" if stored.color else values.text("PhotometricInterpretation")
        ),
        bits_stored=stored.bits,
        signed=stored.signed,
        floating=stored.floating,
        **_modality(values, stored),
        **_window(values),
        **vars(pixel_size(values)),
        **_place(values),
        **_acquisition(values),
        **(_pet_timing(values) if values.text("Modality") == "PT" else {}),
    )


def _modality(values: FrameValues, stored: _Stored) -> dict[str, Any]:
    """Return what leads from stored values to modality values, and the tables that follow it."""
    slope = None if stored.as_stored else values.number("RescaleSlope", RESCALE_GROUP)
    intercept = None if stored.as_stored else values.number("RescaleIntercept", RESCALE_GROUP)
    padding, padding_limit = _padding(values, stored)
    table = None
    if not (stored.color or stored.as_stored or stored.floating):
        table = tables.modality_lut(values.dataset, stored.signed)
    negative = table is None and (stored.signed or (intercept or 0.0) < 0)
    return {
        "rescale_slope": slope if slope else 1.0,
        "rescale_intercept": intercept or 0.0,
        "rescale_type": "" if stored.as_stored else values.text("RescaleType", RESCALE_GROUP),
        "modality_lut": table,
        "voi_luts": () if stored.color else tables.voi_luts(values.dataset, negative),
        "pixel_padding_value": padding,
        "pixel_padding_range_limit": padding_limit,
    }


def _window(values: FrameValues) -> dict[str, Any]:
    return {
        "window_center": values.numbers("WindowCenter", VOI_GROUP),
        "window_width": values.numbers("WindowWidth", VOI_GROUP),
        "window_explanation": values.texts("WindowCenterWidthExplanation", VOI_GROUP),
        "voi_lut_function": values.text("VOILUTFunction", VOI_GROUP) or "LINEAR",
        "presentation_lut_shape": values.text("PresentationLUTShape"),
    }


def _place(values: FrameValues) -> dict[str, Any]:
    """Return where the frame lies in the patient, and which part and side it shows."""
    return {
        "frame_of_reference_uid": values.text("FrameOfReferenceUID"),
        "image_position_patient": position(values),
        "image_orientation_patient": cast("Vector6 | None", _exactly(6, _orientation(values))),
        "slice_thickness": values.number("SliceThickness", MEASURES_GROUP),
        "slice_location": values.number("SliceLocation"),
        "patient_orientation": _patient_orientation(values),
        "patient_position": values.text("PatientPosition"),
        "image_laterality": values.text("FrameLaterality", "FrameAnatomySequence")
        or values.text("ImageLaterality")
        or values.text("Laterality"),
        "view_position": values.text("ViewPosition"),
    }


def _acquisition(values: FrameValues) -> dict[str, Any]:
    return {
        "acquired_at": _acquired_at(values),
        "frame_time": _frame_time(values),
        "kvp": values.number("KVP", "CTXRayDetailsSequence"),
        "tube_current": values.number("XRayTubeCurrentInmA", CT_EXPOSURE_GROUP)
        or values.number("XRayTubeCurrent"),
        "exposure": values.number("ExposureInmAs", CT_EXPOSURE_GROUP) or values.number("Exposure"),
        "pitch": values.number("SpiralPitchFactor", "CTTableDynamicsSequence"),
        "repetition_time": values.number("RepetitionTime", "MRTimingAndRelatedParametersSequence"),
        "echo_time": values.number("EffectiveEchoTime", "MREchoSequence")
        or values.number("EchoTime"),
        "magnetic_field_strength": values.number("MagneticFieldStrength"),
    }


def _pet_timing(values: FrameValues) -> dict[str, Any]:
    return {
        "acquisition_datetime": iso(moment_of(values, "Acquisition")),
        "decay_factor": values.number("DecayFactor"),
        "frame_reference_time": values.number("FrameReferenceTime"),
        "actual_frame_duration": values.number("ActualFrameDuration"),
    }


def _orientation(values: FrameValues) -> tuple[float, ...]:
    found = values.numbers("ImageOrientationPatient", "PlaneOrientationSequence")
    detector = sequence_item(values.dataset, "DetectorInformationSequence", 0)
    if found or detector is None:
        return found
    return numbers(detector, "ImageOrientationPatient")  # nuclear medicine, PS3.3 C.8.4.11


def _exactly(count: int, found: tuple[float, ...]) -> tuple[float, ...] | None:
    return found if len(found) == count else None


def _patient_orientation(values: FrameValues) -> tuple[str, str] | None:
    found = values.texts("PatientOrientation")
    return (found[0], found[1]) if len(found) == 2 else None


def _padding(values: FrameValues, stored: _Stored) -> tuple[float | None, float | None]:
    """Return padding value and range limit as stored values (PS3.3 C.7.5.1.1.2, C.7.6.24).

    Devices also write signed ones unsigned. What is no number in float pixels is padding too.
    """
    if stored.floating:
        double = "Double" if "DoubleFloatPixelData" in values.dataset else ""
        value_found = values.number(f"{double}FloatPixelPaddingValue")
        limit = values.number(f"{double}FloatPixelPaddingRangeLimit")
        return (NOT_A_NUMBER, None) if value_found is None else (value_found, limit)
    wrapped = tuple(
        None if found is None else _wrapped(found, stored)
        for found in map(values.integer, ("PixelPaddingValue", "PixelPaddingRangeLimit"))
    )
    return wrapped[0], wrapped[1]


def _wrapped(found: int, stored: _Stored) -> int:
    masked = found & ((1 << stored.bits) - 1)
    return masked - (1 << stored.bits) if stored.signed and masked >> (stored.bits - 1) else masked


def _acquired_at(values: FrameValues) -> str:
    """Return when the frame was acquired, as "YYYYMMDDHHMMSS…", as far as it is said."""
    moment = values.text("FrameAcquisitionDateTime", "FrameContentSequence")
    if moment or (moment := values.text("AcquisitionDateTime")):
        return moment
    for kind in ("Acquisition", "Content", "Series", "Study"):
        if date := values.text(f"{kind}Date"):
            return date + values.text(f"{kind}Time")
    return ""


def _frame_time(values: FrameValues) -> float | None:
    """Return the time from frame to frame in ms (PS3.3 C.7.6.5)."""
    vector = values.numbers("FrameTimeVector")
    if values.index < len(vector) and (step := vector[values.index]) > 0:
        return step
    if (time := values.number("FrameTime")) and time > 0:
        return time
    for keyword in ("RecommendedDisplayFrameRate", "CineRate"):
        if (rate := values.number(keyword)) and rate > 0:
            return 1000.0 / rate
    return None
