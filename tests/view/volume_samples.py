"""Series that are volumes, with awkward numbers, and what a command makes of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.view.samples import entry_of, make_frame, make_series
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.scene.compose import compose
from viewer_py.scene.facts import NO_FACTS, Facts
from viewer_py.scene.model import PaneScene, PlaneLayer
from viewer_py.view.commands import run
from viewer_py.view.layout import shown_panes
from viewer_py.view.state import Direction, ViewerState
from viewer_py.view.volumes import with_geometry
from viewer_py.volume.assemble import assemble
from viewer_py.volume.model import Volume
from viewer_py.volume.reslice import Resliced, reslice

SLICES, ROWS, COLUMNS = 60, 40, 50
BETWEEN_ROWS, BETWEEN_COLUMNS, DISTANCE = 0.75, 1.5, 2.5
CORNER = (-30.0, -12.0, 100.0)


def volume_series(
    series_id: str = "v",
    *,
    slices: int = SLICES,
    modality: str = "CT",
    tilt: float = 0.0,
    missing: tuple[int, ...] = (),
    frame_of_reference_uid: str = "1.2.9",
    **attributes: object,
) -> SeriesManifest:
    """Return slices along the patient's axes from the head down; `tilt` degrees shifts them."""
    shift = math.tan(math.radians(tilt)) * DISTANCE
    size = {"rows": ROWS, "columns": COLUMNS, "pixel_spacing": (BETWEEN_ROWS, BETWEEN_COLUMNS)}
    frames = []
    for k in range(slices):
        if k in missing:
            continue
        place = (CORNER[0], CORNER[1] - k * shift, CORNER[2] - k * DISTANCE)
        frames.append(make_frame(k, **{**size, "image_position_patient": place, **attributes}))
    series = make_series(series_id, frames=1, modality=modality)
    return replace(series, frames=tuple(frames), frame_of_reference_uid=frame_of_reference_uid)


def point_of(k: int, j: int, i: int) -> tuple[float, float, float]:
    """Return where voxel (frame k, row j, column i) of an untilted series lies, LPS mm."""
    x, y, z = CORNER
    return (x + i * BETWEEN_COLUMNS, y + j * BETWEEN_ROWS, z - k * DISTANCE)


def opened(*series: SeriesManifest, width: float = 900, height: float = 700) -> ViewerState:
    """Return a state with the first series on its middle image, on a desktop's reading area."""
    state = ViewerState(catalogue=tuple(entry_of(one) for one in series), series=series)
    state = run(state, "canvas.resize", {"width": width, "height": height, "pixel_ratio": 1})
    return run(state, "series.open", {"series_id": series[0].series_id})


def volume_of(state: ViewerState, values: NDArray[Any], series_id: str = "v") -> Volume:
    """Return the volume of a series whose frame k holds values[k]."""
    series = state.series_by_id(series_id)
    geometry = with_geometry(state, series_id).geometry(series_id)
    assert series is not None and geometry is not None
    return assemble(series, geometry, lambda index: values[index])


def pane_scene(state: ViewerState, index: int, facts: Facts = NO_FACTS) -> PaneScene:
    """Return the scene of pane `index`, which must be in sight."""
    return compose(state, facts).panes[shown_panes(state).index(index)]


def pane_of(state: ViewerState, direction: Direction) -> int:
    """Return the first pane that shows a direction."""
    return next(i for i, pane in enumerate(state.panes[:3]) if pane.direction is direction)


def picture(state: ViewerState, volume: Volume, index: int) -> Resliced:
    """Return the modality values that the plane of pane `index` shows."""
    layer = pane_scene(state, index).image
    assert isinstance(layer, PlaneLayer)
    return reslice(volume, layer.grid, layer.slab)


def brightest(shown: Resliced) -> tuple[float, float]:
    """Return the middle (x, y) of the brightest samples, in pixels with centres at +0.5."""
    values = np.where(shown.valid, shown.values, -np.inf)
    rows, columns = np.nonzero(values >= values.max() - 1e-3)
    return float(columns.mean()) + 0.5, float(rows.mean()) + 0.5
