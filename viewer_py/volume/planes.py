"""The three standard planes of a volume (B-36, B-41)."""

from __future__ import annotations

import enum
import itertools
from dataclasses import dataclass

import numpy as np

from viewer_py.dicom.manifest import Vector3
from viewer_py.volume.model import VolumeGeometry
from viewer_py.volume.states import vector


class Plane(enum.StrEnum):
    """The direction of a reformatted plane (轴状位、冠状位、矢状位)."""

    AXIAL = "AXIAL"
    CORONAL = "CORONAL"
    SAGITTAL = "SAGITTAL"


@dataclass(frozen=True)
class PlaneAxes:
    """Unit directions on the screen, LPS: to the right, down, and away from the viewer."""

    right: Vector3
    down: Vector3
    normal: Vector3


# What the two directions mean in a patient who faces the viewer or lies on the back: axial seen
# from the feet with R on the left, coronal from the front, sagittal from the left with A on the
# left. Numbers are (axis of the patient, sign).
_CONVENTION = {
    Plane.AXIAL: ((0, 1.0), (1, 1.0)),
    Plane.CORONAL: ((0, 1.0), (2, -1.0)),
    Plane.SAGITTAL: ((1, 1.0), (2, -1.0)),
}


def patient_axes(geometry: VolumeGeometry) -> tuple[Vector3, Vector3, Vector3]:
    """Return the volume's own perpendicular directions, named after the patient's: near L, P, H.

    They are the row direction, the slice normal and what is perpendicular to both, each with the
    sign of the patient axis that it lies nearest to.
    """
    along_row = np.array(geometry.column_step) / np.linalg.norm(geometry.column_step)
    normal = np.array(geometry.normal)
    own = np.array([along_row, np.cross(normal, along_row), normal])
    order = max(
        itertools.permutations(range(3)),
        key=lambda order: sum(abs(own[order[axis], axis]) for axis in range(3)),
    )
    first, second, third = (
        vector(own[place] * (1.0 if own[place, axis] >= 0 else -1.0))
        for axis, place in enumerate(order)
    )
    return first, second, third


def standard_planes(geometry: VolumeGeometry) -> dict[Plane, PlaneAxes]:
    """Return the axial, coronal and sagittal plane in the radiological convention.

    They are the planes of the volume itself that lie nearest to those of the patient, so that the
    plane in which the slices were taken shows them as they are. In an oblique volume the letters
    at the edges say so.
    """
    axes = np.array(patient_axes(geometry))
    planes = {}
    for plane, ((across, across_sign), (down, down_sign)) in _CONVENTION.items():
        right, below = axes[across] * across_sign, axes[down] * down_sign
        planes[plane] = PlaneAxes(vector(right), vector(below), vector(np.cross(right, below)))
    return planes
