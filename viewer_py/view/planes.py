"""Planes through a volume: the three directions, linked cross-hairs, steps along a normal.

All points are in the patient (LPS, mm). The cross-hairs start along the patient's own axes (or the
volume's, see `viewer_py.volume.reslice.standard_planes`); turning them makes the planes oblique.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from viewer_py.dicom.geometry import cross, dot, unit
from viewer_py.dicom.manifest import Vector3
from viewer_py.view.state import Axes, CrossHair, Direction
from viewer_py.volume.model import VolumeGeometry

_SAME_DIRECTION = 1e-6


def plus(point: Vector3, direction: Vector3, length: float = 1.0) -> Vector3:
    """Return the point `length` away from `point` along `direction`."""
    return (
        point[0] + direction[0] * length,
        point[1] + direction[1] * length,
        point[2] + direction[2] * length,
    )


def minus(point: Vector3, other: Vector3) -> Vector3:
    """Return the vector from `other` to `point`."""
    return plus(point, other, -1.0)


def rotated(vector: Vector3, axis: Vector3, degrees: float) -> Vector3:
    """Return `vector` turned about the unit vector `axis`, right-handed (Rodrigues)."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    along = dot(axis, vector) * (1.0 - cosine)
    across = cross(axis, vector)
    return (
        vector[0] * cosine + across[0] * sine + axis[0] * along,
        vector[1] * cosine + across[1] * sine + axis[1] * along,
        vector[2] * cosine + across[2] * sine + axis[2] * along,
    )


def turned(axes: Axes, axis: Vector3, degrees: float) -> Axes:
    """Return `axes` turned about `axis`, made orthonormal again so that errors do not add up."""
    right = unit(rotated(axes[0], axis, degrees)) or axes[0]
    down = rotated(axes[1], axis, degrees)
    down = unit(plus(down, right, -dot(down, right))) or axes[1]
    normal = cross(right, down)
    same_side = dot(normal, rotated(axes[2], axis, degrees)) > 0
    return (right, down, normal if same_side else (-normal[0], -normal[1], -normal[2]))


def box_center(geometry: VolumeGeometry) -> Vector3:
    """Return the middle of the volume."""
    corners = geometry.box
    count = len(corners)
    return (
        sum(one[0] for one in corners) / count,
        sum(one[1] for one in corners) / count,
        sum(one[2] for one in corners) / count,
    )


def extent(geometry: VolumeGeometry, direction: Vector3) -> tuple[float, float]:
    """Return the lowest and highest distance of the volume along a unit direction, mm."""
    return _span(dot(corner, direction) for corner in geometry.box)


def _span(distances: Iterable[float]) -> tuple[float, float]:
    known = tuple(distances)
    return min(known), max(known)


def step_along(geometry: VolumeGeometry, direction: Vector3) -> float:
    """Return how far one voxel reaches along a unit direction, mm: the distance of two slices."""
    row, column = unit(geometry.column_step), unit(geometry.row_step)
    if row is None or column is None:
        return geometry.nominal_distance
    shares = (
        dot(direction, row) / math.sqrt(dot(geometry.column_step, geometry.column_step)),
        dot(direction, column) / math.sqrt(dot(geometry.row_step, geometry.row_step)),
        dot(direction, geometry.normal) / geometry.nominal_distance,
    )
    return 1.0 / math.sqrt(sum(share * share for share in shares))


def finest_step(geometry: VolumeGeometry) -> float:
    """Return the smallest distance of two voxels along an axis of the volume, mm."""
    return min(
        math.sqrt(dot(geometry.column_step, geometry.column_step)),
        math.sqrt(dot(geometry.row_step, geometry.row_step)),
        geometry.nominal_distance,
    )


def standard_axes(geometry: VolumeGeometry) -> dict[Direction, Axes]:
    """Return how the three planes lie before anything is turned."""
    # Volumes are looked into long after the first picture: nothing of them is imported before.
    from viewer_py.volume.planes import standard_planes

    return {
        Direction(plane.value.lower()): (axes.right, axes.down, axes.normal)
        for plane, axes in standard_planes(geometry).items()
    }


def opened_cross_hair(geometry: VolumeGeometry, frame_index: int) -> CrossHair:
    """Return the cross-hair in the middle of the slice that `frame_index` is."""
    axes = standard_axes(geometry)
    center = box_center(geometry)
    if frame_index in geometry.frames:
        corner = geometry.corners[geometry.frames.index(frame_index)]
        center = plus(corner, geometry.column_step, (geometry.columns - 1) // 2)
        center = plus(center, geometry.row_step, (geometry.rows - 1) // 2)
    return CrossHair(
        center, axes[Direction.AXIAL], axes[Direction.CORONAL], axes[Direction.SAGITTAL]
    )


def moved(cross_hair: CrossHair, center: Vector3, geometry: VolumeGeometry) -> CrossHair:
    """Return the cross-hair at `center`, kept inside the volume."""
    inside = center
    for direction in (
        geometry.normal,
        unit(geometry.column_step) or (1.0, 0.0, 0.0),
        unit(geometry.row_step) or (0.0, 1.0, 0.0),
    ):
        low, high = extent(geometry, direction)
        distance = dot(inside, direction)
        inside = plus(inside, direction, min(max(distance, low), high) - distance)
    return CrossHair(inside, cross_hair.axial, cross_hair.coronal, cross_hair.sagittal)


def with_turn(cross_hair: CrossHair, direction: Direction, degrees: float) -> CrossHair:
    """Turn the two other planes about the normal of the plane of `direction`.

    Positive degrees turn clockwise as the reader of that plane sees it.
    """
    right, down, _ = cross_hair.axes(direction)
    axis = cross(right, down)  # about it, right turns towards down: clockwise on the screen
    planes = {
        one: cross_hair.axes(one)
        if one is direction
        else turned(cross_hair.axes(one), axis, degrees)
        for one in Direction
    }
    return CrossHair(
        cross_hair.center,
        planes[Direction.AXIAL],
        planes[Direction.CORONAL],
        planes[Direction.SAGITTAL],
    )


def is_oblique(cross_hair: CrossHair, home: CrossHair, direction: Direction) -> bool:
    """Tell whether the plane of `direction` was turned away from how it lay at `home`."""
    pairs = zip(home.axes(direction), cross_hair.axes(direction), strict=True)
    return any(1.0 - dot(one, other) > _SAME_DIRECTION for one, other in pairs)


def slice_number(geometry: VolumeGeometry, center: Vector3, normal: Vector3) -> tuple[int, int]:
    """Return (index, count) of the plane through `center` among the steps along `normal`."""
    low, high = extent(geometry, normal)
    step = step_along(geometry, normal)
    if _along_slices(geometry, normal):
        # The outer slices are centres here: n slices are n - 1 steps.
        count = round((high - low) / step) + 1
        index = round((dot(center, normal) - low) / step)
    else:
        count = max(round((high - low) / step), 1)
        index = math.floor((dot(center, normal) - low) / step)
    return min(max(index, 0), count - 1), count


def _along_slices(geometry: VolumeGeometry, normal: Vector3) -> bool:
    return 1.0 - abs(dot(geometry.normal, normal)) < _SAME_DIRECTION


def at_slice(geometry: VolumeGeometry, center: Vector3, normal: Vector3, index: int) -> Vector3:
    """Return `center` moved along `normal` to the step `index` of `slice_number`."""
    low, _ = extent(geometry, normal)
    offset = float(index) if _along_slices(geometry, normal) else index + 0.5
    target = low + offset * step_along(geometry, normal)
    return plus(center, normal, target - dot(center, normal))
