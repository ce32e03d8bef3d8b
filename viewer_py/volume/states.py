"""What the slices of a series are to each other: a volume, and of which state, or none and why.

Everything is derived from Image Position and Image Orientation (Patient), PS3.3 C.7.6.2: slices are
ordered by the projection of their position on the normal, and distances are those along the normal.
Slice Thickness, Spacing Between Slices and Gantry/Detector Tilt are nominal and not believed.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.calibration import is_spacing
from viewer_py.dicom.geometry import image_axes
from viewer_py.dicom.manifest import FrameAttributes, Vector3
from viewer_py.dicom.ordering import SAME_PLACE_MM
from viewer_py.volume.model import VolumeGeometry, VolumeState

# Two slices have no inside: the least that shows something between its ends is three.
FEWEST_SLICES = 3
# A slice may miss its even place by this share of the distance, or by SMALLEST_TOLERANCE_MM: what
# is less cannot be seen, and positions are often written with two decimals.
EVEN_SHARE = 0.01
SMALLEST_TOLERANCE_MM = 0.01
# The perpendicular test: a stack whose slices shift in their plane by more than this share of
# their distance (0.6 degrees) is called tilted. The shift itself is always taken into account.
TILT_SHARE = 0.01
# A shift of less than this share of a pixel, from the first slice to the last, is the rounding of
# the numbers in the objects: the slices count as lying exactly one above the other.
SMALLEST_SHIFT = 0.05
# Directions are the same when no component differs by more: 0.1 degrees, which is half a
# millimetre at the edge of a field of 500 mm.
SAME_DIRECTION = 0.002
# Pixel spacings are the same when they differ by less than this share: under a tenth of a pixel
# over 1000 pixels.
SAME_SPACING = 1e-4
# In an uneven stack, a distance above this multiple of the usual one is a hole: nothing is
# interpolated across it.
LARGEST_UNEVEN_STEP = 2.5
# In mm. A position farther from the origin than any table moves is no position.
FARTHEST_POSITION = 1e5

Floats = NDArray[np.float64]


class Reason(enum.StrEnum):
    """Why slices are not a volume, or are an irregular one; the words are the page's business."""

    TOO_FEW_SLICES = "too-few-slices"
    COLOR = "color"
    NO_POSITION = "no-position"
    NO_SPACING = "no-spacing"
    MIXED_FRAME_OF_REFERENCE = "mixed-frame-of-reference"
    MIXED_ORIENTATION = "mixed-orientation"
    MIXED_MATRIX = "mixed-matrix"
    MIXED_SPACING = "mixed-spacing"
    DUPLICATE_POSITIONS = "duplicate-positions"
    UNEVEN_DISTANCES = "uneven-distances"
    UNEVEN_OFFSETS = "uneven-offsets"


@dataclass(frozen=True)
class _Fit:
    """Slices on a straight line: `multiples[k]` steps from the first, at `corners` (n, 3)."""

    multiples: NDArray[np.intp]
    corners: Floats
    step: Floats
    along_error: float
    across_error: float


def volume_geometry(
    frames: Sequence[FrameAttributes],
    frame_of_reference_uid: str = "",
    members: Sequence[int] | None = None,
) -> VolumeGeometry:
    """Return how the frames lie to each other; never raises.

    `members` are the indices of the frames that count (one group of `stacks.stacks`), None: all.
    The order of the frames does not matter. `VolumeGeometry.frames` are indices into `frames`.
    `frame_of_reference_uid` stands in where the frames name none ("" is no frame of reference).
    Where every frame names another one, it is none: see `spaces`.
    With NOT_A_VOLUME, and with IRREGULAR, `reason` is a word of `Reason`.

    REGULAR, TILTED and MISSING_SLICES are even: every corner is within the tolerance of a straight
    line and is put onto it, so that a renderer may compute places instead of looking them up.
    IRREGULAR corners are as the objects state them.
    """
    indices = list(range(len(frames))) if members is None else list(members)
    reason = _hindrance([frames[index] for index in indices])
    if reason is not None:
        return VolumeGeometry(VolumeState.NOT_A_VOLUME, reason.value)
    axes = image_axes(frames[indices[0]])
    assert axes is not None
    normal = np.cross(*axes)
    normal /= np.linalg.norm(normal)
    corners = np.array([frames[index].image_position_patient for index in indices], dtype=float)
    order = np.argsort(corners @ normal, kind="stable")
    corners = corners[order]
    distances = np.diff(corners @ normal)
    if distances.min() <= SAME_PLACE_MM:
        return VolumeGeometry(VolumeState.NOT_A_VOLUME, Reason.DUPLICATE_POSITIONS.value)
    ordered = tuple(indices[place] for place in order)
    frame = frames[indices[0]]
    named = spaces([frames[index] for index in indices])[0]
    uid = named or ("" if frame.frame_of_reference_uid else frame_of_reference_uid)
    return _placed(frame, ordered, corners, normal, uid)


def _hindrance(frames: Sequence[FrameAttributes]) -> Reason | None:
    """Return why these frames cannot be stacked, whatever their positions."""
    if len(frames) < FEWEST_SLICES:
        return Reason.TOO_FEW_SLICES
    if any(frame.samples_per_pixel != 1 for frame in frames):
        return Reason.COLOR
    if any(not is_position(frame.image_position_patient) for frame in frames):
        return Reason.NO_POSITION
    if len(set(spaces(frames))) > 1:
        return Reason.MIXED_FRAME_OF_REFERENCE
    axes = [image_axes(frame) for frame in frames]
    if any(one is None for one in axes):
        return Reason.NO_POSITION
    if np.abs(np.array(axes) - np.array(axes[0])).max() > SAME_DIRECTION:
        return Reason.MIXED_ORIENTATION
    if len({(frame.rows, frame.columns) for frame in frames}) > 1:
        return Reason.MIXED_MATRIX
    if not all(is_spacing(frame.pixel_spacing) for frame in frames):
        return Reason.NO_SPACING
    spacings = np.array([frame.pixel_spacing for frame in frames])
    if np.any(np.abs(spacings - spacings[0]) > SAME_SPACING * spacings[0]):
        return Reason.MIXED_SPACING
    return None


def spaces(frames: Sequence[FrameAttributes]) -> list[str]:
    """Return the frame of reference of each frame of one series.

    A series has one (PS3.3 C.7.4.1). A few different ones are stacks that do not fit together. When
    no two of three or more frames share one, an anonymiser has made up a UID for each (LIDC-IDRI):
    the series then counts as one space that is unlike every other, named "".
    """
    uids = [frame.frame_of_reference_uid for frame in frames]
    if len(uids) >= FEWEST_SLICES and len(set(uids)) == len(uids):
        return [""] * len(uids)
    return uids


def is_position(values: tuple[float, ...] | None) -> bool:
    """Say whether these can be a place; infinite ones and nan cannot."""
    return values is not None and all(abs(value) <= FARTHEST_POSITION for value in values)


def _placed(
    frame: FrameAttributes,
    ordered: tuple[int, ...],
    corners: Floats,
    normal: Floats,
    frame_of_reference_uid: str,
) -> VolumeGeometry:
    """Return the geometry of slices in ascending order whose planes are parallel and distinct."""
    distances = np.diff(corners @ normal)
    usual = float(np.median(distances))
    assert frame.pixel_spacing is not None
    fit = _fit(corners, normal, usual, SMALLEST_SHIFT * min(frame.pixel_spacing))
    tolerance = max(SMALLEST_TOLERANCE_MM, EVEN_SHARE * usual)
    single = np.diff(fit.multiples) == 1
    # A slice that is missing leaves the double distance; that is only known to be double where
    # most distances are single.
    counted = bool(np.all(np.diff(fit.multiples) >= 1) and single.mean() >= 0.5)
    tilt = _tilt(fit.step, normal)
    reason: Reason | None = None
    if not counted or fit.along_error > tolerance:
        reason = Reason.UNEVEN_DISTANCES
    elif fit.across_error > tolerance:
        reason = Reason.UNEVEN_OFFSETS
    if reason is None:
        gaps = np.flatnonzero(~single)
        corners = fit.corners
        usual = float(fit.step @ normal)
    else:
        gaps = np.flatnonzero(distances > LARGEST_UNEVEN_STEP * usual)
    axes = image_axes(frame)
    assert axes is not None
    between_rows, between_columns = frame.pixel_spacing
    return VolumeGeometry(
        state=_state(reason, bool(len(gaps)), tilt),
        reason="" if reason is None else reason.value,
        frames=ordered,
        rows=frame.rows,
        columns=frame.columns,
        column_step=vector(np.array(axes[0]) * between_columns),
        row_step=vector(np.array(axes[1]) * between_rows),
        normal=vector(normal),
        corners=tuple(vector(corner) for corner in corners),
        positions=tuple(float(place) for place in (corners - corners[0]) @ normal),
        nominal_distance=usual,
        gaps=tuple(int(gap) for gap in gaps),
        missing_slices=int(fit.multiples[-1]) - len(ordered) + 1 if reason is None else 0,
        tilt_degrees=math.degrees(math.atan(tilt)) if tilt > TILT_SHARE else 0.0,
        frame_of_reference_uid=frame_of_reference_uid,
    )


def _fit(corners: Floats, normal: Floats, usual: float, smallest_shift: float) -> _Fit:
    """Lay a straight line of even steps through the corners, by least squares.

    It is perpendicular to the slices when it misses that by no more than `smallest_shift` mm.
    """
    distances = np.diff(corners @ normal)
    multiples = np.concatenate(([0], np.cumsum(np.rint(distances / usual)))).astype(np.intp)
    # A step of less than half the usual one counts as none; the line then follows the distances.
    counts = multiples.astype(float)
    if np.any(np.diff(multiples) < 1):
        counts = (corners - corners[0]) @ normal / usual
    centred = counts - counts.mean()
    step = centred @ (corners - corners.mean(axis=0)) / (centred @ centred)
    along_normal = (step @ normal) * normal
    if np.linalg.norm(step - along_normal) * np.ptp(counts) <= smallest_shift:
        step = along_normal
    start = corners.mean(axis=0) - counts.mean() * step
    fitted = start + counts[:, None] * step
    errors = corners - fitted
    along = errors @ normal
    across = np.linalg.norm(errors - along[:, None] * normal, axis=1)
    return _Fit(multiples, fitted, step, float(np.abs(along).max()), float(across.max()))


def _tilt(step: Floats, normal: Floats) -> float:
    """Return the shift in the plane per distance along the normal."""
    along = float(step @ normal)
    return float(np.linalg.norm(step - along * normal)) / along


def _state(reason: Reason | None, gaps: bool, tilt: float) -> VolumeState:
    if reason is not None:
        return VolumeState.IRREGULAR
    if gaps:
        return VolumeState.MISSING_SLICES
    return VolumeState.TILTED if tilt > TILT_SHARE else VolumeState.REGULAR


def vector(values: Floats) -> Vector3:
    """Return three numbers as a tuple, without negative zeros."""
    return (float(values[0]) + 0.0, float(values[1]) + 0.0, float(values[2]) + 0.0)
