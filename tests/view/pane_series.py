"""Series that cut one phantom in several directions; what lies where is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.view.samples import entry_of, make_frame, make_series
from viewer_py.dicom.manifest import SeriesManifest, Vector3
from viewer_py.view.commands import run
from viewer_py.view.state import ViewerState

ROWS, COLUMNS = 64, 80
FRAME_OF_REFERENCE = "1.2.840.1"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def stack(
    series_id: str,
    positions: list[Vector3],
    orientation: tuple[float, ...] = AXIAL,
    *,
    spacing: tuple[float, float] = (1.0, 1.0),
    uid: str = FRAME_OF_REFERENCE,
    modality: str = "CT",
    **attributes: object,
) -> SeriesManifest:
    """Return a series whose image k has the centre of its first pixel at positions[k]."""
    chosen: dict[str, object] = {
        "rows": ROWS,
        "columns": COLUMNS,
        "pixel_spacing": spacing,
        "image_orientation_patient": orientation,
        "slice_thickness": 2.0,
        **attributes,
    }
    frames = tuple(
        make_frame(k, **{"image_position_patient": place, **chosen})
        for k, place in enumerate(positions)
    )
    return replace(
        make_series(series_id, frames=1, modality=modality), frames=frames,
        frame_of_reference_uid=uid,
    )  # fmt: skip


def axial(
    series_id: str = "axial", heights: list[float] | None = None, **more: Any
) -> SeriesManifest:
    """Return axial images of x -40…40, y -32…32 mm; by default from 0 to 58 mm upwards."""
    places = [2.0 * k for k in range(30)] if heights is None else heights
    return stack(series_id, [(-39.5, -31.5, z) for z in places], **more)


def sagittal(series_id: str = "sagittal", **more: Any) -> SeriesManifest:
    """Return sagittal images of y -40…40, z 61…-3 mm, from x = -20 to 20 mm."""
    places = [(x, -39.5, 60.5) for x in np.linspace(-20.0, 20.0, 21).tolist()]
    return stack(series_id, places, SAGITTAL, **more)


def pixels(series: SeriesManifest) -> NDArray[Any]:
    """Return stored values: a ball round (5, -4, 30) in air, with a grid of fine lines."""
    images = []
    for frame in series.frames:
        orientation = np.array(frame.image_orientation_patient)
        down, across = frame.pixel_spacing or (1.0, 1.0)
        v, u = np.mgrid[0 : frame.rows, 0 : frame.columns]
        place = np.array(frame.image_position_patient)[:, None, None]
        point = place + orientation[:3, None, None] * u * across
        point = point + orientation[3:, None, None] * v * down
        away = np.linalg.norm(point - np.array([5.0, -4.0, 30.0])[:, None, None], axis=0)
        value = np.where(away < 24, 200 - 6 * away, -600.0)
        value = value + np.where((u % 8 == 0) | (v % 8 == 0), 60, 0)
        images.append(np.rint(value))
    return np.stack(images).astype(np.int16)


def reading(*series: SeriesManifest, width: float = 900, height: float = 600) -> ViewerState:
    """Return a desktop's reading area with each series in a pane of its own, in a row."""
    state = ViewerState(catalogue=tuple(entry_of(one) for one in series), series=series)
    state = run(state, "canvas.resize", {"width": width, "height": height, "pixel_ratio": 1})
    state = run(state, "series.open", {"series_id": series[0].series_id})
    return run(state, "layout.set", {"columns": len(series), "rows": 1})
