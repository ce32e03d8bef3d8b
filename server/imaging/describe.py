"""From a DICOM object to the attributes that the viewer needs of each of its frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from pydicom import Dataset

from server.imaging.attributes import FrameValues, numbers, sequence_item, texts, value
from server.imaging.decode import COLOR, PALETTE
from server.imaging.moments import iso, moment_of
from server.imaging.multiframe import position
from server.imaging.spacing import MEASURES_GROUP, pixel_size
from viewer_py.dicom.manifest import FrameAttributes, LookupTable, Vector6

# XA and XRF: their Modality LUT leads back to X-ray intensity and is not for display; the VOI
# applies to the stored values (PS3.3 C.8.7.1.1.2, PS3.4 N.2.1.2).
STORED_VALUES_SHOWN = frozenset({"1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2"})
MOST_LUT_ENTRIES = 1 << 16
VOI_GROUP = "FrameVOILUTSequence"
RESCALE_GROUP = "PixelValueTransformationSequence"
CT_EXPOSURE_GROUP = "CTExposureSequence"


def frame_count(dataset: Dataset) -> int:
    """Return the number of frames that an image object states (PS3.3 C.7.6.6), at least 1."""
    found = numbers(dataset, "NumberOfFrames")
    return max(1, int(found[0])) if found else 1


def frame_attributes(dataset: Dataset) -> Iterator[FrameAttributes]:
    """Yield the attributes of each frame, described as `decode.stored_frames` gives the pixels.

    Smallest and largest value are left at 0: they are known from the pixels only.
    """
    for index in range(frame_count(dataset)):
        yield _frame(FrameValues(dataset, index))


def _frame(values: FrameValues) -> FrameAttributes:
    photometric = values.text("PhotometricInterpretation")
    color = photometric in COLOR or photometric == PALETTE
    signed = values.integer("PixelRepresentation") == 1 and not color
    bits_stored = 8 if color else values.integer("BitsStored") or 16
    slope = values.number("RescaleSlope", RESCALE_GROUP)
    stored_shown = values.text("SOPClassUID") in STORED_VALUES_SHOWN
    return FrameAttributes(
        sop_instance_uid=values.text("SOPInstanceUID"),
        frame_number=values.index + 1,
        rows=values.integer("Rows") or 0,
        columns=values.integer("Columns") or 0,
        samples_per_pixel=3 if color else 1,
        photometric_interpretation="RGB" if color else photometric,
        bits_stored=bits_stored,
        signed=signed,
        instance_number=values.integer("InstanceNumber"),
        rescale_slope=slope if slope else 1.0,
        rescale_intercept=values.number("RescaleIntercept", RESCALE_GROUP) or 0.0,
        rescale_type=values.text("RescaleType", RESCALE_GROUP),
        modality_lut=None
        if color or stored_shown
        else _lookup_table(sequence_item(values.dataset, "ModalityLUTSequence", 0), signed),
        window_center=values.numbers("WindowCenter", VOI_GROUP),
        window_width=values.numbers("WindowWidth", VOI_GROUP),
        window_explanation=values.texts("WindowCenterWidthExplanation", VOI_GROUP),
        voi_lut_function=values.text("VOILUTFunction", VOI_GROUP) or "LINEAR",
        voi_luts=() if color else _voi_luts(values.dataset, signed),
        presentation_lut_shape=values.text("PresentationLUTShape"),
        pixel_padding_value=_padding(values, "PixelPaddingValue", bits_stored, signed),
        pixel_padding_range_limit=_padding(values, "PixelPaddingRangeLimit", bits_stored, signed),
        sop_class_uid=values.text("SOPClassUID"),
        frame_of_reference_uid=values.text("FrameOfReferenceUID"),
        image_position_patient=position(values),
        image_orientation_patient=cast("Vector6 | None", _exactly(6, _orientation(values))),
        slice_thickness=values.number("SliceThickness", MEASURES_GROUP),
        slice_location=values.number("SliceLocation"),
        patient_orientation=_patient_orientation(values),
        image_laterality=values.text("FrameLaterality", "FrameAnatomySequence")
        or values.text("ImageLaterality")
        or values.text("Laterality"),
        view_position=values.text("ViewPosition"),
        acquired_at=_acquired_at(values),
        frame_time=_frame_time(values),
        kvp=values.number("KVP", "CTXRayDetailsSequence"),
        tube_current=values.number("XRayTubeCurrentInmA", CT_EXPOSURE_GROUP)
        or values.number("XRayTubeCurrent"),
        exposure=values.number("ExposureInmAs", CT_EXPOSURE_GROUP) or values.number("Exposure"),
        pitch=values.number("SpiralPitchFactor", "CTTableDynamicsSequence"),
        repetition_time=values.number("RepetitionTime", "MRTimingAndRelatedParametersSequence"),
        echo_time=values.number("EffectiveEchoTime", "MREchoSequence") or values.number("EchoTime"),
        magnetic_field_strength=values.number("MagneticFieldStrength"),
        **vars(pixel_size(values)),
        **(_pet_timing(values) if values.text("Modality") == "PT" else {}),
    )


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


def _padding(values: FrameValues, keyword: str, bits_stored: int, signed: bool) -> int | None:
    """Return a padding value as a stored value; devices also write signed ones unsigned."""
    found = values.integer(keyword)
    if found is None:
        return None
    masked = found & ((1 << bits_stored) - 1)
    return masked - (1 << bits_stored) if signed and masked >> (bits_stored - 1) else masked


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


def _voi_luts(dataset: Dataset, signed: bool) -> tuple[LookupTable, ...]:
    items = value(dataset, "VOILUTSequence") or ()
    return tuple(table for item in items if (table := _lookup_table(item, signed)) is not None)


def _lookup_table(item: Dataset | None, signed: bool) -> LookupTable | None:
    """Read a Modality or VOI LUT (PS3.3 C.11.1.1.1, C.11.2.1.1); none when it is not whole."""
    if item is None:
        return None
    descriptor = numbers(item, "LUTDescriptor")
    if len(descriptor) != 3:
        return None
    count, first, bits = (int(entry) for entry in descriptor)
    count = count % MOST_LUT_ENTRIES or MOST_LUT_ENTRIES
    if signed and first >= 1 << 15:
        first -= 1 << 16
    data = _lut_data(item, count)
    if len(data) < count or not 1 <= bits <= 16:
        return None
    return LookupTable(first, bits, data[:count], " ".join(texts(item, "LUTExplanation", item)))


def _lut_data(item: Dataset, count: int) -> tuple[int, ...]:
    raw = value(item, "LUTData")
    if isinstance(raw, bytes):
        if len(raw) < 2 * count:
            return tuple(raw)  # eight bits an entry
        order = ">" if item.original_encoding[1] is False else "<"
        return tuple(np.frombuffer(raw, f"{order}u2", count).tolist())
    return tuple(int(entry) & 0xFFFF for entry in numbers(item, "LUTData"))
