"""The series manifest: all that a viewer must know of a series before its pixels arrive.

Written by the server (which has pydicom), read in the browser (which has not). On the wire each
attribute is one column over the frames, and a column whose values are all equal is one value, so
that 600 slices stay below 100 KB.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

MANIFEST_VERSION = 1

Vector3 = tuple[float, float, float]
Vector6 = tuple[float, float, float, float, float, float]


class ManifestError(ValueError):
    """The manifest is of another version or lacks what the viewer needs."""


@dataclass(frozen=True)
class LookupTable:
    """A Modality or VOI LUT (PS3.3 C.11.1, C.11.2): `values[i]` for input `first_mapped + i`."""

    first_mapped: int
    bits: int
    values: tuple[int, ...]
    explanation: str = ""


@dataclass(frozen=True)
class FrameAttributes:
    """One frame as the viewer needs it; the names are those of the DICOM attributes.

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
    pixel_padding_value: int | None = None
    pixel_padding_range_limit: int | None = None
    # Smallest and largest stored value without padding; the fall-back window needs it.
    smallest_value: int = 0
    largest_value: int = 0
    image_position_patient: Vector3 | None = None
    image_orientation_patient: Vector6 | None = None
    pixel_spacing: tuple[float, float] | None = None
    imager_pixel_spacing: tuple[float, float] | None = None
    pixel_aspect_ratio: tuple[int, int] | None = None
    slice_thickness: float | None = None
    slice_location: float | None = None
    patient_orientation: tuple[str, str] | None = None
    image_laterality: str = ""
    view_position: str = ""
    acquired_at: str = ""
    frame_time: float | None = None
    kvp: float | None = None
    tube_current: float | None = None
    exposure: float | None = None
    pitch: float | None = None
    repetition_time: float | None = None
    echo_time: float | None = None
    magnetic_field_strength: float | None = None


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
class SeriesManifest:
    """A series in reading order: `frames[i]` is frame i of the frame pack."""

    series_id: str
    series_uid: str
    modality: str
    heading: StudyHeading
    frames: tuple[FrameAttributes, ...]
    series_number: int | None = None
    series_description: str = ""
    body_part: str = ""
    station_name: str = ""
    frame_of_reference_uid: str = ""
    # Bytes of each frame in the pack, for progress and for the megabytes of the confirmation.
    frame_bytes: tuple[int, ...] = field(default=())


def _freeze(value: Any) -> Any:
    return tuple(_freeze(item) for item in value) if isinstance(value, list) else value


def _lookup_table(raw: dict[str, Any] | None) -> LookupTable | None:
    return None if raw is None else LookupTable(**{key: _freeze(raw[key]) for key in raw})


def _pack_column(values: list[Any]) -> dict[str, Any]:
    if all(value == values[0] for value in values):
        return {"all": values[0]}
    return {"each": values}


def to_json(manifest: SeriesManifest) -> str:
    """Write the manifest as compact JSON, one column an attribute."""
    rows = [dataclasses.asdict(frame) for frame in manifest.frames]
    defaults = {f.name: f.default for f in dataclasses.fields(FrameAttributes)}
    columns = {
        name: _pack_column([row[name] for row in rows])
        for name in defaults
        if rows and any(row[name] != defaults[name] for row in rows)
    }
    document = {
        "version": MANIFEST_VERSION,
        "series": {
            f.name: getattr(manifest, f.name)
            for f in dataclasses.fields(SeriesManifest)
            if f.name not in {"frames", "heading"}
        },
        "heading": dataclasses.asdict(manifest.heading),
        "frame_count": len(rows),
        "frames": columns,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _column(packed: dict[str, Any], count: int) -> list[Any]:
    if "all" in packed:
        return [packed["all"]] * count
    values = packed["each"]
    if len(values) != count:
        raise ManifestError("a column of the manifest has the wrong length")
    return list(values)


def _frame(raw: dict[str, Any]) -> FrameAttributes:
    values = {key: _freeze(value) for key, value in raw.items()}
    if raw.get("modality_lut") is not None:
        values["modality_lut"] = _lookup_table(raw["modality_lut"])
    if raw.get("voi_luts"):
        values["voi_luts"] = tuple(_lookup_table(table) for table in raw["voi_luts"])
    return FrameAttributes(**values)


def from_json(text: str | bytes) -> SeriesManifest:
    """Read what `to_json` wrote.

    Raises ManifestError for another version or a manifest that does not hold together.
    """
    document = json.loads(text)
    if document.get("version") != MANIFEST_VERSION:
        raise ManifestError(f"manifest version {document.get('version')!r} is not known")
    count = document["frame_count"]
    columns = {name: _column(packed, count) for name, packed in document["frames"].items()}
    try:
        frames = tuple(
            _frame({name: values[index] for name, values in columns.items()})
            for index in range(count)
        )
        series = {key: _freeze(value) for key, value in document["series"].items()}
        heading = StudyHeading(**document["heading"])
        return SeriesManifest(heading=heading, frames=frames, **series)
    except TypeError as error:
        raise ManifestError(str(error)) from error
