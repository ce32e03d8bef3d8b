"""The viewer without a browser: a state that shows a series, and its picture by numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest
from viewer_py.render import numpy_renderer
from viewer_py.scene.compose import compose
from viewer_py.scene.model import ImageLayer
from viewer_py.view.commands import run
from viewer_py.view.state import SeriesEntry, ViewerState
from viewer_py.volume.model import Volume

LARGEST_DRAWN = 1 << 22  # pixels of a frame that is made up to be drawn


@dataclass(frozen=True)
class MadeUp:
    """Sources whose frames are made up to fit what is said of them."""

    series: tuple[SeriesManifest, ...]

    def frame(self, series_id: str, frame_index: int) -> np.ndarray[Any, Any] | None:
        found = next((one for one in self.series if one.series_id == series_id), None)
        return None if found is None else made_up(found.frames[frame_index])

    def volume(self, series_id: str) -> Volume | None:
        return None


def made_up(frame: FrameAttributes) -> np.ndarray[Any, Any] | None:
    """Return stored values of the frame's shape and kind; None when they would be too many."""
    if not 0 < frame.rows * frame.columns <= LARGEST_DRAWN:
        return None
    shape = (frame.rows, frame.columns, 3)[: 3 if frame.samples_per_pixel == 3 else 2]
    wide = np.arange(math.prod(shape)).reshape(shape)
    if frame.samples_per_pixel == 3 or (frame.bits_stored <= 8 and not frame.signed):
        return wide.astype(np.uint8)
    return wide.astype(np.int16 if frame.signed else np.uint16)


def opened(series: SeriesManifest) -> ViewerState:
    """Return a state that shows the first frame of the series on a small canvas."""
    entry = SeriesEntry(series.series_id, series.modality, len(series.frames))
    state = ViewerState(catalogue=(entry,), series=(series,))
    state = run(state, "canvas.resize", {"width": 40, "height": 30, "pixel_ratio": 1})
    return run(state, "series.open", {"series_id": series.series_id, "frame": 0})


def draw(state: ViewerState) -> None:
    """Compose and paint what the state shows; every number of the scene must be one."""
    scene = compose(state)
    for pane in scene.panes:
        if isinstance(pane.image, ImageLayer):
            assert all(map(math.isfinite, pane.image.matrix)), "an image that lies nowhere"
        if pane.scale_bar is not None:
            assert 0 < pane.scale_bar.length_px <= scene.width, "a scale bar off the canvas"
    picture = numpy_renderer.render(scene, MadeUp(state.series))
    assert picture.shape == (scene.height, scene.width, 4)
