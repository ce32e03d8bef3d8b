"""The magnifier's picture: the layers of the pane under it, enlarged from their own pixels.

It is a scene of its own, one pane as large as the lens, drawn by any renderer; so window, colours,
filter, overlays and fusion are in it as they are in the pane (B-26, C-11).
"""

from __future__ import annotations

from dataclasses import replace

from viewer_py.scene.model import (
    CornerText,
    CurveLayer,
    ImageLayer,
    Layer,
    Matrix,
    OrientationMarks,
    PaneScene,
    PlaneLayer,
    Rectangle,
    Scene,
)
from viewer_py.view.layout import pane_at, shown_panes
from viewer_py.view.magnifier import lens_place
from viewer_py.view.planes import plus
from viewer_py.view.state import ViewerState
from viewer_py.volume.model import SampleGrid


def lens_scene(state: ViewerState, scene: Scene) -> Scene | None:
    """Return what the lens shows, in device pixels from its own top left corner.

    The point under the pointer lies in the middle. None while there is no lens, or no picture that
    could be enlarged under it (a volume rendering is turned and zoomed itself).
    """
    place = lens_place(state)
    if place is None:
        return None
    lens, ratio = state.lens, state.canvas.pixel_ratio
    shown = shown_panes(state)
    index = pane_at(state, lens.x, lens.y)
    if index not in shown:
        return None
    pane = scene.panes[shown.index(index)]
    size = max(round(place.size * ratio), 1)
    glass = _Glass(lens.x * ratio, lens.y * ratio, lens.factor, size)
    image = None if pane.image is None else glass.layer(pane.image, pane.area)
    if image is None:
        return None
    overlays = (glass.layer(layer, pane.area) for layer in pane.overlays)
    enlarged = PaneScene(
        Rectangle(0, 0, size, size), image, CornerText(), OrientationMarks(),
        overlays=tuple(layer for layer in overlays if layer is not None),
    )  # fmt: skip
    return Scene(size, size, (enlarged,))


class _Glass:
    """Enlarges `factor` times about (x, y), device pixels of the canvas, into `size` pixels."""

    def __init__(self, x: float, y: float, factor: float, size: int) -> None:
        self._x, self._y, self._factor, self._size = x, y, factor, size

    def layer(self, layer: Layer, area: Rectangle) -> Layer | None:
        """Return the layer as it lies under the lens."""
        if isinstance(layer, ImageLayer | CurveLayer):
            return replace(layer, matrix=self._matrix(layer.matrix))
        if isinstance(layer, PlaneLayer):
            return replace(layer, grid=self._grid(layer.grid, area))
        return None

    def _matrix(self, matrix: Matrix) -> Matrix:
        a, b, c, d, e, f = (value * self._factor for value in matrix)
        half = self._size / 2
        return (a, b, c, d, e - self._x * self._factor + half, f - self._y * self._factor + half)

    def _grid(self, grid: SampleGrid, area: Rectangle) -> SampleGrid:
        # The first sample of the grid is the centre of the area's first pixel.
        first = (0.5 - self._size / 2) / self._factor - 0.5
        origin = plus(grid.origin, grid.step_x, self._x - area.x + first)
        origin = plus(origin, grid.step_y, self._y - area.y + first)
        step_x, step_y = self._step(grid.step_x), self._step(grid.step_y)
        return replace(
            grid, origin=origin, step_x=step_x, step_y=step_y, width=self._size, height=self._size
        )

    def _step(self, step: tuple[float, float, float]) -> tuple[float, float, float]:
        return (step[0] / self._factor, step[1] / self._factor, step[2] / self._factor)
