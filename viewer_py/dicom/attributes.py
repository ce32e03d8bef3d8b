"""What the viewer knows of a frame and of a series; the names are those of the DICOM attributes."""

from __future__ import annotations

from dataclasses import dataclass

Vector3 = tuple[float, float, float]
Vector6 = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class LookupTable:
    """A Modality, VOI or Presentation LUT (PS3.3 C.11.1, C.11.2, C.11.4).

    `values[i]` is the entry for input `first_mapped + i`.
    """

    first_mapped: int
    bits: int
    values: tuple[int, ...]
    explanation: str = ""


@dataclass(frozen=True)
class UltrasoundRegion:
    """One item of the Sequence of Ultrasound Regions (PS3.3 C.8.5.5.1).

    The location is in pixels from 0, both ends belong to the region. Units are the codes of
    Physical Units X/Y Direction (3 is cm); the deltas are physical units a pixel, x across the
    columns, y across the rows.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    physical_units_x: int
    physical_units_y: int
    physical_delta_x: float
    physical_delta_y: float
    spatial_format: int = 0
    data_type: int = 0
    flags: int = 0


@dataclass(frozen=True)
class FrameAttributes:
    """One frame as the viewer needs it.

    Lengths are mm, positions and directions are in the patient frame (LPS). `pixel_spacing` is
    (between rows, between columns). `None` or an empty tuple means that the object says nothing.
    """

    sop_instance_uid: str
    frame_number: int
    rows: int
    columns: int
    samples_per_pixel: int = 1
    photometric_interpretation: str = "MONOCHROME2"
    bits_stored: int = 16
    signed: bool = False
    floating: bool = False  # (Double) Float Pixel Data: stored values are float32
    instance_number: int | None = None
    rescale_slope: float = 1.0
    rescale_intercept: float = 0.0
    rescale_type: str = ""
    modality_lut: LookupTable | None = None
    window_center: tuple[float, ...] = ()
    window_width: tuple[float, ...] = ()
    window_explanation: tuple[str, ...] = ()
    voi_lut_function: str = "LINEAR"
    voi_luts: tuple[LookupTable, ...] = ()
    presentation_lut_shape: str = ""
    pixel_padding_value: float | None = None
    pixel_padding_range_limit: float | None = None
    # Smallest and largest stored value without padding; the fall-back window needs it.
    smallest_value: float = 0
    largest_value: float = 0
    sop_class_uid: str = ""
    frame_of_reference_uid: str = ""
    image_position_patient: Vector3 | None = None
    image_orientation_patient: Vector6 | None = None
    pixel_spacing: tuple[float, float] | None = None
    pixel_spacing_calibration_type: str = ""
    imager_pixel_spacing: tuple[float, float] | None = None
    nominal_scanned_pixel_spacing: tuple[float, float] | None = None
    estimated_radiographic_magnification_factor: float | None = None
    distance_source_to_detector: float | None = None
    distance_source_to_patient: float | None = None
    ultrasound_regions: tuple[UltrasoundRegion, ...] = ()
    pixel_aspect_ratio: tuple[int, int] | None = None
    slice_thickness: float | None = None
    slice_location: float | None = None
    patient_orientation: tuple[str, str] | None = None
    image_laterality: str = ""
    view_position: str = ""
    patient_position: str = ""
    acquired_at: str = ""
    frame_time: float | None = None
    kvp: float | None = None
    tube_current: float | None = None
    exposure: float | None = None
    pitch: float | None = None
    repetition_time: float | None = None
    echo_time: float | None = None
    magnetic_field_strength: float | None = None
    # PET: start of the acquisition of this frame (ISO, local time), and what decay it is
    # corrected by; Frame Reference Time and Actual Frame Duration are ms.
    acquisition_datetime: str = ""
    decay_factor: float | None = None
    frame_reference_time: float | None = None
    actual_frame_duration: float | None = None


@dataclass(frozen=True)
class PetAttributes:
    """What SUV needs of a PET series (PS3.3 C.8.9.1, C.8.9.2), the same for all its objects.

    Date-times are ISO ("2026-11-21T08:30:00.5"), local to the scanner, without an offset. Activity
    and dose are Bq, half life s, weight kg, size m. An attribute that the objects of the series
    contradict each other in is as good as absent, and its name stands in `contradictory`.
    """

    units: str = ""
    suv_type: str = ""
    corrected_image: tuple[str, ...] = ()
    decay_correction: str = ""
    decay_correction_datetime: str = ""
    radiopharmaceutical: str = ""
    radionuclide_total_dose: float | None = None
    radionuclide_half_life: float | None = None
    radiopharmaceutical_start: str = ""
    series_datetime: str = ""
    patient_weight: float | None = None
    patient_size: float | None = None
    patient_sex: str = ""
    ge_scan_datetime: str = ""
    philips_suv_factor: float | None = None
    philips_activity_factor: float | None = None
    contradictory: tuple[str, ...] = ()


@dataclass(frozen=True)
class StudyHeading:
    """What the corners say of the study (I-11); empty when the object says nothing."""

    patient_name: str = ""
    patient_id: str = ""
    patient_sex: str = ""
    patient_age: str = ""
    accession_number: str = ""
    institution_name: str = ""
    study_description: str = ""
    study_datetime: str = ""
    cloud_index: str = ""


@dataclass(frozen=True)
class RefusedObject:
    """An object, or one frame of it, that cannot be shown, and why.

    `reason` is a word for machines, `message` for people; `frame_number` 0 means all its frames.
    """

    sop_instance_uid: str
    instance_number: int | None
    frame_number: int
    reason: str
    message: str
