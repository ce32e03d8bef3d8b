"""The rectangle that a stored image is in the patient: where it lies, from metadata alone.

All points are LPS in mm. An image without position, orientation or Pixel Spacing lies nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from viewer_py.dicom.attributes import FrameAttributes, Vector3
from viewer_py.dicom.geometry import cross, dot, image_axes, unit


def _plus(point: Vector3, direction: Vector3, length: float) -> Vector3:
    return (
        point[0] + direction[0] * length,
        point[1] + direction[1] * length,
        point[2] + direction[2] * length,
    )


@dataclass(frozen=True)
class ImagePlane:
    """A rectangle in the patient: `corners` in their order round it, `normal` of length 1.

    `right` and `down` are the steps of one image coordinate, along columns and rows, from `origin`,
    the outer top left corner.
    """

    origin: Vector3
    right: Vector3
    down: Vector3
    normal: Vector3
    corners: tuple[Vector3, ...]
    frame_of_reference_uid: str

    def distance(self, point: Vector3) -> float:
        """Return how far a point lies from the plane, along the normal; mm."""
        return dot(_plus(point, self.origin, -1.0), self.normal)

    def coordinates(self, point: Vector3) -> tuple[float, float]:
        """Return the image coordinates of a point, brought onto the plane along the normal."""
        away = _plus(point, self.origin, -1.0)
        return (
            dot(away, self.right) / dot(self.right, self.right),
            dot(away, self.down) / dot(self.down, self.down),
        )

    def point(self, u: float, v: float) -> Vector3:
        """Return the point at image coordinates."""
        return _plus(_plus(self.origin, self.right, u), self.down, v)


def plane_of_frame(frame: FrameAttributes, frame_of_reference_uid: str) -> ImagePlane | None:
    """Return where a stored image lies; None where it does not say so (PS3.3 C.7.6.2)."""
    axes, position = image_axes(frame), frame.image_position_patient
    spacing = frame.pixel_spacing
    if axes is None or position is None or spacing is None or not min(spacing) > 0:
        return None
    normal = unit(cross(*axes))
    if normal is None:
        return None
    right, down = _scaled(axes[0], spacing[1]), _scaled(axes[1], spacing[0])
    origin = _plus(_plus(position, right, -0.5), down, -0.5)  # the position is a pixel's centre
    size = (frame.columns, frame.rows)
    return rectangle(origin, right, down, normal, size, frame_of_reference_uid)


def _scaled(direction: Vector3, length: float) -> Vector3:
    return (direction[0] * length, direction[1] * length, direction[2] * length)


def rectangle(
    origin: Vector3,
    right: Vector3,
    down: Vector3,
    normal: Vector3,
    size: tuple[float, float],
    frame_of_reference_uid: str,
) -> ImagePlane:
    """Return the plane of a picture of `size` (columns, rows), whose steps are `right`, `down`."""
    ends = ((0.0, 0.0), (size[0], 0.0), size, (0.0, size[1]))
    corners = tuple(_plus(_plus(origin, right, u), down, v) for u, v in ends)
    return ImagePlane(origin, right, down, normal, corners, frame_of_reference_uid)
