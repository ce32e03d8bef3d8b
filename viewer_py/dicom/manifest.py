"""The series manifest: all that a viewer must know of a series before its pixels arrive.

Written by the server (which has pydicom), read in the browser (which has not). On the wire each
attribute is one column over the frames, and a column whose values are all equal is one value, so
that 600 slices stay below 100 KB.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from viewer_py.dicom.attributes import (
    FrameAttributes,
    LookupTable,
    PetAttributes,
    RefusedObject,
    StudyHeading,
    UltrasoundRegion,
    Vector3,
    Vector6,
)
from viewer_py.dicom.manifest_check import UnfitError, check_columns, check_record

if TYPE_CHECKING:
    from viewer_py.dicom.image_plane import ImagePlane

__all__ = [
    "MANIFEST_VERSION",
    "FrameAttributes",
    "LookupTable",
    "ManifestError",
    "PetAttributes",
    "RefusedObject",
    "SeriesManifest",
    "StudyHeading",
    "UltrasoundRegion",
    "Vector3",
    "Vector6",
    "from_json",
    "to_json",
]

# 2: calibration, PET, refused objects. A reader of 2 reads 1 too, whose attributes are fewer; the
# server prepares series of version 1 anew (server.imaging.renew).
MANIFEST_VERSION = 2
READABLE_VERSIONS = frozenset({1, 2})
_APART = frozenset({"frames", "heading"})  # fields of a series that stand beside it on the wire


class ManifestError(ValueError):
    """The manifest is of another version or lacks what the viewer needs."""


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
    pet: PetAttributes | None = None
    refused: tuple[RefusedObject, ...] = ()
    # Who reads this, and when (C-40), as the server says; "" on a patient's own page.
    watermark: str = ""
    overlay_bytes: int = 0  # of the file of overlay planes (viewer_py.dicom.overlays); 0: none

    @cached_property
    def planes(self) -> tuple[ImagePlane | None, ...]:
        """Return where each image lies in the patient, None where it does not say so."""
        from viewer_py.dicom.image_plane import plane_of_frame  # not before the first picture

        return tuple(plane_of_frame(one, self.frame_of_reference_uid) for one in self.frames)


def _freeze(value: Any) -> Any:
    return tuple(_freeze(item) for item in value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _record(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: _freeze(value) for key, value in raw.items()}


def _pack_column(values: list[Any]) -> dict[str, Any]:
    """Write a column: one value for all, a few values and which frame has which, or each its own.

    The middle form is for what is long and alike in many frames: UIDs of multi-frame objects,
    lookup tables, ultrasound regions. Of texts the common beginning is written once.
    """
    if all(value == values[0] for value in values):
        return {"all": values[0]}
    if not isinstance(values[0], (int, float)):
        places: dict[str, int] = {}
        picks = [places.setdefault(_text(value), len(places)) for value in values]
        if 2 * len(places) <= len(values):
            return {"few": [json.loads(text) for text in places], "pick": picks}
    if all(isinstance(value, str) for value in values):
        start = _common_start(min(values), max(values))
        return {"start": start, "each": [value[len(start) :] for value in values]}
    return {"each": values}


def _common_start(one: str, other: str) -> str:
    pairs = enumerate(zip(one, other, strict=False))
    return one[: next((place for place, (a, b) in pairs if a != b), len(one))]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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
            f.name: _plain(getattr(manifest, f.name))
            for f in dataclasses.fields(SeriesManifest)
            if f.name not in _APART
        },
        "heading": dataclasses.asdict(manifest.heading),
        "frame_count": len(rows),
        "frames": columns,
    }
    return _text(document)


def _column(name: str, packed: dict[str, Any], count: int) -> list[Any]:
    """Return one value a frame; what is written once is also made once."""
    if "all" in packed:
        return [_value(name, packed["all"])] * count
    if "few" in packed:
        few = [_value(name, value) for value in packed["few"]]
        return [few[place] for place in packed["pick"]]
    start = packed.get("start")
    if start:
        return [start + rest for rest in packed["each"]]
    return [_value(name, value) for value in packed["each"]]


def _value(name: str, raw: Any) -> Any:
    if isinstance(raw, (str, int, float)) or raw is None:
        return raw
    if name == "modality_lut":
        return LookupTable(**_record(raw))
    if name == "voi_luts":
        return tuple(LookupTable(**_record(table)) for table in raw)
    if name == "ultrasound_regions":
        return tuple(UltrasoundRegion(**_record(region)) for region in raw)
    return _freeze(raw)


def _series(raw: dict[str, Any]) -> dict[str, Any]:
    values = _record(raw)
    if raw.get("pet") is not None:
        values["pet"] = PetAttributes(**_record(raw["pet"]))
    if raw.get("refused"):
        values["refused"] = tuple(RefusedObject(**_record(one)) for one in raw["refused"])
    return values


def from_json(text: str | bytes) -> SeriesManifest:
    """Read what `to_json` wrote.

    Raises ManifestError for another version or a manifest that does not hold together.
    """
    try:
        document = json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise ManifestError(f"the manifest is no JSON: {error}") from error
    version = document.get("version") if isinstance(document, dict) else None
    if type(version) is not int or version not in READABLE_VERSIONS:
        raise ManifestError(f"manifest version {version!r} is not known")
    try:
        check_record(SeriesManifest, document.get("series"), _APART)
        check_record(StudyHeading, document.get("heading"))
        check_columns(document.get("frames"), document.get("frame_count"))
    except UnfitError as error:
        raise ManifestError(str(error)) from error
    count = document["frame_count"]
    packed = document["frames"]
    names = list(packed)
    columns = [_column(name, packed[name], count) for name in names]
    frames = tuple(
        FrameAttributes(**dict(zip(names, values, strict=True)))
        for values in zip(*columns, strict=True)
    )
    heading = StudyHeading(**document["heading"])
    return SeriesManifest(heading=heading, frames=frames, **_series(document["series"]))


def _no_number(name: str) -> Any:
    raise ManifestError(f"{name} is no number")
