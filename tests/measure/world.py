"""Frames in the patient, and marks that are drawn on a turned, mirrored, enlarged screen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.volume.phantoms import AXIAL, rotation
from viewer_py.dicom.geometry import pixel_to_patient
from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest, StudyHeading
from viewer_py.measure.annotation import Annotation, AnnotationKind, ImageReference
from viewer_py.measure.measured import measured
from viewer_py.measure.model import MeasuredImage, Measurement, Result
from viewer_py.measure.pictures import stored_picture

ROWS, COLUMNS = 96, 128

spacings = st.floats(0.2, 4.0)
degrees = st.floats(-180, 180)
frames = st.builds(
    lambda down, across, x, y, z, rows: frame(
        pixel_spacing=(down, across), axes=AXIAL @ rotation(x, y, z).T, rows=rows
    ),
    spacings, spacings, degrees, degrees, degrees, st.just(ROWS),
)  # fmt: skip
# Zoom, turn, mirror and shift of a pane: image coordinates to device pixels.
screens = st.builds(
    lambda zoom, turn, mirrored, x, y: screen(zoom, turn, mirrored, (x, y)),
    st.floats(0.1, 30), degrees, st.booleans(), st.floats(-500, 500), st.floats(-500, 500),
)  # fmt: skip
columns = st.floats(5, COLUMNS - 5)
rows = st.floats(5, ROWS - 5)
places = st.tuples(columns, rows)


def frame(axes: np.ndarray = AXIAL, rows: int = ROWS, **attributes: Any) -> FrameAttributes:
    """Return a frame of COLUMNS × `rows` pixels in the patient."""
    attributes = {"pixel_spacing": (1.0, 1.0)} | attributes
    return FrameAttributes(
        "1.2.1",
        1,
        rows,
        COLUMNS,
        image_position_patient=(-40.0, 12.5, 300.0),
        image_orientation_patient=tuple(np.concatenate((axes[0], axes[1])).tolist()),
        frame_of_reference_uid="1.2.99",
        **attributes,
    )


def plain(**attributes: Any) -> FrameAttributes:
    """Return a frame that has no place in the patient."""
    return FrameAttributes("1.2.1", 1, ROWS, COLUMNS, **attributes)


def series(one: FrameAttributes, modality: str = "CT", **extra: Any) -> SeriesManifest:
    """Return the series of one frame."""
    return SeriesManifest("series", "1.2.3", modality, StudyHeading(), (one,), **extra)


def picture(
    one: FrameAttributes, stored: np.ndarray | None = None, modality: str = "CT", **extra: Any
) -> MeasuredImage:
    """Return the picture of one frame."""
    return stored_picture(series(one, modality, **extra), 0, stored)


def screen(zoom: float, turn: float, mirrored: bool, shift: tuple[float, float]) -> np.ndarray:
    """Return the 3 × 3 matrix from image coordinates to device pixels."""
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    sign = -1.0 if mirrored else 1.0
    return np.array([[zoom * c * sign, -zoom * s, shift[0]], [zoom * s * sign, zoom * c, shift[1]],
                     [0, 0, 1]])  # fmt: skip


def drawn(
    kind: AnnotationKind,
    points: list[tuple[float, float]],
    one: FrameAttributes,
    shown: np.ndarray | None = None,
    **extra: Any,
) -> Annotation:
    """Return the mark of somebody who clicks where `shown` puts these (column, row) places.

    What is kept is where the click lies in the patient, as a viewer finds it.
    """
    shown = np.eye(3) if shown is None else shown
    clicked = shown @ np.array([[x, y, 1.0] for x, y in points]).T
    back = np.linalg.inv(shown) @ clicked
    matrix = pixel_to_patient(one)
    if matrix is None:
        kept = [(x, y, 0.0) for x, y, _ in back.T]
    else:
        indices = np.array([[x - 0.5, y - 0.5, 0.0, 1.0] for x, y, _ in back.T])
        kept = [tuple(point[:3]) for point in (matrix @ indices.T).T]
    uid = one.frame_of_reference_uid if matrix is not None else ""
    image = ImageReference("series", one.sop_instance_uid, one.frame_number)
    return Annotation("mark", kind, tuple(kept), image, frame_of_reference_uid=uid, **extra)


def found(measurement: Measurement) -> dict[str, Result]:
    """Return the results by their names."""
    return {result.name: result for result in measurement.results}


def values(annotation: Annotation, image: MeasuredImage) -> dict[str, float | None]:
    """Return the numbers of a mark by their names."""
    return {result.name: result.value for result in measured(annotation, image).results}
