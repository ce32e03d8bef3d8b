"""Two volumes of one patient in one picture: may they lie over each other, and what is at a point.

Volumes fit together by the Frame of Reference UID (PS3.3 C.7.4.1). One that is missing is unlike
every other, a second missing one too.

Both are resliced on the same `SampleGrid`, each in its own voxels: nothing is resampled in between.
"""

from __future__ import annotations

import enum
import math

import numpy as np

from viewer_py.dicom.manifest import SeriesManifest, Vector3
from viewer_py.volume.lookup import SliceTable
from viewer_py.volume.model import Volume, VolumeGeometry


class FusionHindrance(enum.StrEnum):
    """Why two volumes are not laid over each other."""

    NOT_A_VOLUME = "not-a-volume"
    NO_FRAME_OF_REFERENCE = "no-frame-of-reference"
    OTHER_FRAME_OF_REFERENCE = "other-frame-of-reference"


def fusion_hindrance(one: VolumeGeometry, other: VolumeGeometry) -> FusionHindrance | None:
    """Return why two volumes do not share the patient's space, None when they do (trap 18)."""
    if not one.corners or not other.corners:
        return FusionHindrance.NOT_A_VOLUME
    uids = (one.frame_of_reference_uid, other.frame_of_reference_uid)
    if not all(uids):
        return FusionHindrance.NO_FRAME_OF_REFERENCE
    return None if uids[0] == uids[1] else FusionHindrance.OTHER_FRAME_OF_REFERENCE


def voxel_value(volume: Volume, point: Vector3) -> float | None:
    """Return the modality value of the voxel that a point (LPS mm) lies in; None without data.

    It is the voxel itself, never an interpolated value (trap 14).
    """
    if not volume.geometry.corners:
        return None
    table = SliceTable.of(volume.geometry)
    found = [float(index) for index in table.indices(np.array(point, dtype=float))]
    if not all(map(math.isfinite, found)):
        return None
    s, j, i = (
        min(max(math.floor(index + 0.5), 0), size - 1)
        for index, size in zip(found, volume.values.shape, strict=True)
    )
    value = float(volume.values[s, j, i])
    padded = volume.has_padding and volume.padding_low <= value <= volume.padding_high
    if padded or not volume.present[s]:
        return None
    return value * volume.slope + volume.intercept


def value_unit(series: SeriesManifest) -> str:
    """Return the unit of the modality values of a series, "" where they have none.

    HU only for CT whose Rescale Type says so or nothing (PS3.3 C.11.1.1.2), for PET the Units.
    """
    if series.pet is not None:
        return series.pet.units
    stated = {frame.rescale_type for frame in series.frames}
    return "HU" if series.modality == "CT" and stated <= {"", "HU"} else ""
