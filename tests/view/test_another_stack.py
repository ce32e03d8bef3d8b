"""A series of several stacks: what one of them left never stands for another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.view.test_webgl_renderer import RecordingGL
from tests.view.volume_samples import volume_series
from tests.volume.grids import center, plane_grid
from viewer_py.render import numpy_renderer
from viewer_py.render.memory import Memory
from viewer_py.render.webgl.volumes import VolumeTextures
from viewer_py.scene.model import (
    CornerText,
    OrientationMarks,
    PaneScene,
    PlaneLayer,
    Rectangle,
    Scene,
)
from viewer_py.volume.assemble import volume_of
from viewer_py.volume.model import Volume
from viewer_py.volume.planes import Plane, standard_planes
from viewer_py.volume.states import volume_geometry

SHAPE = (6, 8, 9)


def stacks(values: np.ndarray[Any, Any]) -> tuple[Volume, Volume]:
    """Return two stacks of one series whose volumes lie in the same memory, one after the other."""
    series = volume_series("a", slices=2 * SHAPE[0], rows=SHAPE[1], columns=SHAPE[2])
    here = series.frames[: SHAPE[0]]
    series = replace(series, frames=(*here, *here))
    present = np.ones(SHAPE[0], dtype=np.bool_)
    first = volume_geometry(series.frames, "", tuple(range(SHAPE[0])))
    second = volume_geometry(series.frames, "", tuple(range(SHAPE[0], 2 * SHAPE[0])))
    assert first.corners == second.corners
    return volume_of(series, first, values, present), volume_of(series, second, values, present)


def test_the_gpu_gets_the_slices_of_another_stack() -> None:
    gl = RecordingGL(getParameter=2048)
    textures = VolumeTextures(gl, 1 << 20)
    first, second = stacks(np.zeros(SHAPE, dtype=np.int16))
    for volume in (first, first, second):
        textures.get(volume, frozenset({"a"}))
    assert len(gl.of("texSubImage3D")) == 2 * SHAPE[0]


def test_numpy_reads_the_slices_of_another_stack() -> None:
    values = np.zeros(SHAPE, dtype=np.int16)
    first, second = stacks(values)
    axes = standard_planes(first.geometry)[Plane.AXIAL]
    grid = plane_grid(axes, center(first.geometry), 12, 10, 1.0)
    layer = PlaneLayer("a", grid)
    pane = PaneScene(Rectangle(0, 0, 12, 10), layer, CornerText(), OrientationMarks())
    memory, pictures = Memory(), []
    for volume, value in ((first, -2000), (second, 3000)):
        values[:] = value
        sources = _Only(volume)
        pictures.append(numpy_renderer.render(Scene(12, 10, (pane,)), sources, memory)[5, 6, 0])
    assert pictures == [0, 255]


class _Only:
    def __init__(self, volume: Volume) -> None:
        self._volume = volume

    def frame(self, series_id: str, frame_index: int) -> None:
        return None

    def volume(self, series_id: str) -> Volume:
        return self._volume
