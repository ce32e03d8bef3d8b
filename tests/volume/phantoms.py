"""Made volumes whose numbers are known at every point of the patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest, StudyHeading, Vector3
from viewer_py.volume.assemble import assemble
from viewer_py.volume.model import SampleGrid, Volume, VolumeGeometry
from viewer_py.volume.states import vector, volume_geometry

Function = Callable[[np.ndarray], np.ndarray]

AXIAL = np.array([[1.0, 0, 0], [0, 1.0, 0]])


def rotation(x: float, y: float, z: float) -> np.ndarray:
    """Return the rotation by three angles in degrees about the patient's axes."""
    a, b, c = np.radians([x, y, z])
    about_x = [[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]
    about_y = [[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]]
    about_z = [[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]
    turned: np.ndarray = np.array(about_z) @ np.array(about_y) @ np.array(about_x)
    return turned


def frames(
    places: Sequence[float],
    rows: int = 12,
    columns: int = 10,
    pixel_spacing: tuple[float, float] = (1.0, 1.0),
    axes: np.ndarray = AXIAL,
    origin: Vector3 = (0.0, 0.0, 0.0),
    shift: Sequence[float] = (0.0, 0.0, 0.0),
    **attributes: Any,
) -> tuple[FrameAttributes, ...]:
    """Return frames at `places` mm along the normal, shifted by `shift` a mm (tilt), LPS."""
    along = np.cross(axes[0], axes[1]) + np.array(shift)
    return tuple(
        FrameAttributes(
            f"1.2.{number}",
            1,
            rows,
            columns,
            instance_number=number,
            image_position_patient=vector(np.array(origin) + place * along),
            image_orientation_patient=tuple(np.concatenate((axes[0], axes[1])).tolist()),
            pixel_spacing=pixel_spacing,
            **attributes,
        )
        for number, place in enumerate(places, 1)
    )


def pixel_points(frame: FrameAttributes) -> np.ndarray:
    """Return the centres of all pixels, (rows, columns, 3), LPS mm (PS3.3 C.7.6.2.1.1)."""
    along = np.array(frame.image_orientation_patient)
    between_rows, between_columns = frame.pixel_spacing
    column = np.arange(frame.columns)[None, :, None] * between_columns * along[:3]
    row = np.arange(frame.rows)[:, None, None] * between_rows * along[3:]
    points: np.ndarray = np.array(frame.image_position_patient) + column + row
    return points


def series(frames_: Sequence[FrameAttributes], modality: str = "CT") -> SeriesManifest:
    """Return a manifest of these frames."""
    return SeriesManifest("series", "1.2.3", modality, StudyHeading(), tuple(frames_))


def volume(
    frames_: Sequence[FrameAttributes],
    function: Function,
    dtype: str = "float32",
    **changes: Any,
) -> Volume:
    """Return the volume of frames whose stored values are `function` of the pixels' points."""
    geometry = volume_geometry(frames_)
    stored = [function(pixel_points(frame)).astype(dtype) for frame in frames_]
    return replace(assemble(series(frames_), geometry, stored.__getitem__), **changes)


def noise(
    frames_: Sequence[FrameAttributes], seed: int = 0, high: int = 4096, **changes: Any
) -> Volume:
    """Return the volume of frames that hold random stored values below `high`."""
    random = np.random.default_rng(seed)
    stored = [random.integers(0, high, (f.rows, f.columns), dtype=np.uint16) for f in frames_]
    geometry = volume_geometry(frames_)
    return replace(assemble(series(frames_), geometry, stored.__getitem__), **changes)


def grid(
    axes: np.ndarray,
    middle: Sequence[float],
    width: int = 17,
    height: int = 13,
    spacing: tuple[float, float] = (1.0, 1.0),
) -> SampleGrid:
    """Return a grid about a point; `axes` are its directions to the right and down."""
    step_x, step_y = np.array(axes[0]) * spacing[0], np.array(axes[1]) * spacing[1]
    origin = np.array(middle) - step_x * (width - 1) / 2 - step_y * (height - 1) / 2
    normal = np.cross(axes[0], axes[1])
    return SampleGrid(vector(origin), vector(step_x), vector(step_y), vector(normal), width, height)


def points_of(grid_: SampleGrid) -> np.ndarray:
    """Return the points of a grid, (height, width, 3)."""
    x = np.arange(grid_.width)[None, :, None] * np.array(grid_.step_x)
    y = np.arange(grid_.height)[:, None, None] * np.array(grid_.step_y)
    points: np.ndarray = np.array(grid_.origin) + x + y
    return points


def middle(geometry: VolumeGeometry) -> np.ndarray:
    """Return the middle of a volume, LPS mm."""
    corners = np.array(geometry.corners)
    across = np.array(geometry.column_step) * (geometry.columns - 1) / 2
    down = np.array(geometry.row_step) * (geometry.rows - 1) / 2
    found: np.ndarray = (corners[0] + corners[-1]) / 2 + across + down
    return found


def ramp(points: np.ndarray) -> np.ndarray:
    """Return a function that is linear in the patient's coordinates."""
    values: np.ndarray = 100 + points @ np.array([3.0, -2.0, 5.0])
    return values
