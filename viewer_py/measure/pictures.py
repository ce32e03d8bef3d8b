"""The pictures that annotations are measured on: stored frames, planes through volumes.

What an annotation measures follows from the annotation alone: from the frame that it was drawn on,
or from the plane through its points, sampled along the volume's own directions. The pane that it
is looked at on, its zoom and its turning have no part in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.calibration import CalibrationState, Spacing
from viewer_py.dicom.geometry import pixel_to_patient
from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest
from viewer_py.measure.annotation import Annotation, ImageReference
from viewer_py.measure.model import (
    NOTHING,
    Matrix4,
    MeasuredImage,
    PixelValues,
    ReadValues,
    Words,
)
from viewer_py.measure.units import value_unit
from viewer_py.pixels.pipeline import modality_values
from viewer_py.volume.assemble import padding_range
from viewer_py.volume.fusion import voxel_value
from viewer_py.volume.model import SampleGrid, Slab, Volume, VolumeGeometry
from viewer_py.volume.reslice import PLANE, reslice
from viewer_py.volume.states import vector

COLORED = Words("彩色图像没有像素值", "a colour image has no pixel values")
NOT_LOADED = Words("像素尚未载入", "the pixels have not arrived yet")
UNREADABLE = Words("像素值无法换算", "the pixel values cannot be converted")
INTERPOLATED = Words("重建图像上的插值", "interpolated on the reformation")
REDUCED = Words("按降低的分辨率取值", "read at a reduced resolution")
# A plane through a volume has at most so many samples along one side.
MOST_SAMPLES = 8192
Floats = NDArray[np.float64]


def frame_index_of(series: SeriesManifest, image: ImageReference) -> int | None:
    """Return the index, in the series, of the frame that a mark refers to; None for another's."""
    return next(
        (
            index
            for index, frame in enumerate(series.frames)
            if frame.sop_instance_uid == image.sop_instance_uid
            and frame.frame_number == image.frame_number
        ),
        None,
    )


def stored_picture(
    series: SeriesManifest, frame_index: int, stored: NDArray[Any] | None
) -> MeasuredImage:
    """Return a stored frame to measure on.

    `stored` are its stored values (rows, columns) as `FrameStore.pixels` gives them, None while
    they are not there: everything but values can be measured before.
    """
    frame = series.frames[frame_index]
    image = MeasuredImage(
        series.modality,
        frame.rows,
        frame.columns,
        to_patient=pixel_to_patient(frame),
        frame=frame,
        unit=value_unit(series),
        body_part=series.body_part,
    )
    if frame.samples_per_pixel != 1 or frame.photometric_interpretation == "PALETTE COLOR":
        return replace(image, no_values=COLORED)
    if stored is None:
        return replace(image, no_values=NOT_LOADED)
    if frame.modality_lut is not None and not frame.modality_lut.values:
        return replace(image, no_values=UNREADABLE)
    read = _stored_reader(frame, stored)
    return replace(image, read=read, probe=lambda column, row: _one(read, column, row))


def plane_picture(
    series: SeriesManifest,
    geometry: VolumeGeometry,
    volume: Volume | None,
    annotation: Annotation,
) -> MeasuredImage:
    """Return the plane of an annotation through the volume of a series (MPR) to measure on.

    What was drawn on a slab has the values of the projected picture. `geometry` is that of the full
    series, `volume` what is there of it, None before. The samples lie a voxel's smallest side
    apart; on the planes of the volume itself they are its voxels.
    Raises ValueError for an annotation that is not in the patient or has no normal, and a geometry
    that is no volume.
    """
    if not annotation.in_patient or not geometry.corners:
        raise ValueError("a plane through a volume needs points in the patient")
    to_patient, rows, columns = _plane(geometry, annotation)
    step = float(np.linalg.norm(to_patient[:3, 0]))
    image = MeasuredImage(
        series.modality,
        rows,
        columns,
        to_patient=to_patient,
        plane_spacing=Spacing(step, step, CalibrationState.CALIBRATED),
        unit=value_unit(series),
        body_part=series.body_part,
    )
    return _with_volume(image, volume, annotation.slab)


def fused_picture(
    base: MeasuredImage, series: SeriesManifest, volume: Volume | None, slab: Slab = PLANE
) -> MeasuredImage:
    """Return `base` with the values of a second volume (PET) at the same places.

    The caller has made sure that both share a frame of reference. Raises ValueError when the base
    has no place in the patient.
    """
    if base.to_patient is None:
        raise ValueError("the picture below has no place in the patient")
    second = replace(
        base,
        modality=series.modality,
        frame=None,
        read=None,
        probe=None,
        unit=value_unit(series),
        no_values=NOTHING,
    )
    return replace(base, fused=_with_volume(second, volume, slab))


def _with_volume(image: MeasuredImage, volume: Volume | None, slab: Slab) -> MeasuredImage:
    if volume is None or image.to_patient is None:
        return replace(image, no_values=NOT_LOADED)
    to_patient = image.to_patient
    read = _volume_reader(volume, to_patient, slab)
    exact = slab.thickness_mm == 0.0

    def probe(column: float, row: float) -> float | None:
        if not exact:
            return _one(read, column, row)
        place = to_patient @ np.array([column - 0.5, row - 0.5, 0.0, 1.0])
        return voxel_value(volume, vector(place[:3]))

    said = INTERPOLATED if volume.reduction == (1, 1, 1) else REDUCED
    return replace(image, read=read, probe=probe, interpolated=said)


def _stored_reader(frame: FrameAttributes, stored: NDArray[Any]) -> ReadValues:
    padding = padding_range(frame)

    def read(rows: range, columns: range) -> PixelValues:
        part = stored[rows.start : rows.stop, columns.start : columns.stop]
        valid = np.isfinite(part)
        if padding is not None:
            valid &= (part < padding[0]) | (part > padding[1])
        return PixelValues(modality_values(part, frame), valid)

    return read


def _volume_reader(volume: Volume, to_patient: Matrix4, slab: Slab) -> ReadValues:
    step_x, step_y = vector(to_patient[:3, 0]), vector(to_patient[:3, 1])
    normal = vector(to_patient[:3, 2])

    def read(rows: range, columns: range) -> PixelValues:
        origin = to_patient @ np.array([columns.start, rows.start, 0.0, 1.0])
        grid = SampleGrid(vector(origin[:3]), step_x, step_y, normal, len(columns), len(rows))
        cut = reslice(volume, grid, slab)
        return PixelValues(cut.values, cut.valid)

    return read


def _one(read: ReadValues, column: float, row: float) -> float | None:
    i, j = int(column), int(row)
    found = read(range(j, j + 1), range(i, i + 1))
    return float(found.values[0, 0]) if bool(found.valid[0, 0]) else None


def _plane(geometry: VolumeGeometry, annotation: Annotation) -> tuple[Matrix4, int, int]:
    """Return (column, row) → LPS of the plane through an annotation, and its rows and columns.

    The first direction is that of the volume's rows as far as it lies in the plane, else that of
    its columns; the whole box of the volume is in the picture.
    """
    normal = np.array(annotation.normal, dtype=np.float64)
    length = float(np.linalg.norm(normal))
    if not np.isfinite(length) or length == 0.0:
        raise ValueError("the annotation has no normal")
    normal /= length
    across = _direction_in(normal, geometry)
    down = np.cross(normal, across)
    step, low, high = _extent(geometry, across, down)
    point = np.array(annotation.points[0], dtype=np.float64)
    first = low + step / 2
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = across * step, down * step, normal
    matrix[:3, 3] = across * first[0] + down * first[1] + normal * (point @ normal)
    columns, rows = (max(int(np.ceil((high - low)[axis] / step - 1e-6)), 1) for axis in (0, 1))
    return matrix, rows, columns


def _direction_in(normal: Floats, geometry: VolumeGeometry) -> Floats:
    for step in (geometry.column_step, geometry.row_step):
        along = np.array(step) / np.linalg.norm(step)
        along = along - normal * (along @ normal)
        length = float(np.linalg.norm(along))
        if length > 0.5:
            return np.asarray(along / length)
    raise ValueError("the directions of the volume are not perpendicular")


def _extent(geometry: VolumeGeometry, across: Floats, down: Floats) -> tuple[float, Floats, Floats]:
    """Return the distance of samples in mm, and the two ends of the volume's box in the plane."""
    sides = (geometry.column_step, geometry.row_step)
    step = min(*(float(np.linalg.norm(one)) for one in sides), geometry.nominal_distance)
    axes = np.array([across, down])
    box = np.array(geometry.box) @ axes.T
    half = np.abs(axes @ np.array(geometry.normal)) * geometry.nominal_distance / 2
    low, high = box.min(axis=0) - half, box.max(axis=0) + half
    return max(step, float((high - low).max()) / MOST_SAMPLES), low, high
