"""Draw a scene with WebGL 2: the same picture as `numpy_renderer`, made on the GPU.

Stored values go into integer textures (no float filtering is needed, which phones lack), volumes
into 3-D ones. A layer is drawn in two steps: first its values are computed into a texture (the bits
of floats; a frame's are there already), then that picture is drawn with its window, colour map and
opacity. The first step is left out while only the second changes. One context serves the whole
reading area, a scissor a pane. `gl` is anything with the WebGL2RenderingContext's methods, so a
recorder can stand in.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from viewer_py.pixels.transfer import DisplayTransfer, TransferMode, is_padding
from viewer_py.render.pictures import (
    coarse_grid,
    curve_picture,
    grid_matrix,
    look_of,
    rendering_table,
)
from viewer_py.render.sources import Sources, is_complete, layers_of
from viewer_py.render.webgl.context import GraphicsContext, WebGLError
from viewer_py.render.webgl.display import Display
from viewer_py.render.webgl.planes import cut
from viewer_py.render.webgl.programs import ProgramCache
from viewer_py.render.webgl.rendering import Rendering, View
from viewer_py.render.webgl.textures import (
    COLORS,
    FLOATS,
    FrameTextures,
    Target,
    Texels,
)
from viewer_py.render.webgl.volumes import VolumeTextures
from viewer_py.scene.model import (
    CurveLayer,
    ImageLayer,
    Layer,
    Matrix,
    PlaneLayer,
    Rectangle,
    RenderingLayer,
    Scene,
)
from viewer_py.volume.model import Volume

__all__ = ["GraphicsContext", "WebGLError", "WebGLRenderer"]

# Modality values: no padding to be looked for.
VALUES = DisplayTransfer(TransferMode.LINEAR)

# Which layer of which pane, and the step: a texture is kept for each.
Slot = tuple[int, int, str]


class WebGLRenderer:
    """Draws scenes; raises WebGLError when the GPU cannot, the caller then falls back to numpy."""

    def __init__(self, gl: GraphicsContext, texture_budget: int) -> None:
        self._gl = gl
        self._budget = texture_budget
        self._programs = ProgramCache(gl)
        self._display = Display(gl, self._programs)
        self._rendering = Rendering(gl, self._programs)
        self._frames = FrameTextures(gl, texture_budget)
        self._volumes = VolumeTextures(gl, texture_budget)
        self._targets: dict[Slot, Target] = {}
        gl.disable(gl.DEPTH_TEST)
        gl.disable(gl.BLEND)
        gl.disable(gl.DITHER)
        gl.bindVertexArray(gl.createVertexArray())

    @property
    def texture_bytes(self) -> int:
        """Return the bytes of frames and volumes on the GPU."""
        return self._frames.bytes + self._volumes.bytes

    def forget(self) -> None:
        """Delete the pixels on the GPU."""
        self._frames.clear()
        self._volumes.clear()
        self._rendering.forget()
        for target in self._targets.values():
            target.delete()
        self._targets.clear()

    def clear(self, width: int, height: int) -> None:
        """Paint the whole canvas black."""
        gl = self._gl
        gl.disable(gl.SCISSOR_TEST)
        gl.viewport(0, 0, width, height)
        gl.clearColor(0.0, 0.0, 0.0, 1.0)
        gl.clear(gl.COLOR_BUFFER_BIT)

    def draw(self, scene: Scene, sources: Sources) -> bool:
        """Draw what `sources` has of `scene`; return whether that was every layer.

        Raises WebGLError, and ValueError where a layer cannot be drawn by anyone.
        """
        self._drop_unused(scene)
        self.clear(scene.width, scene.height)
        canvas = (scene.width, scene.height)
        for number, pane in enumerate(scene.panes):
            for height, layer in enumerate(layers_of(pane)):
                drawn = self._picture(layer, sources, pane.area, (number, height), scene)
                if drawn is not None:
                    look = look_of(layer, sources)
                    self._display.draw(*drawn, look, pane.area, canvas, above=height > 0)
        return is_complete(scene, sources)

    # --- the values of a layer, on the GPU --------------------------------------------------

    def _picture(
        self, layer: Layer, sources: Sources, area: Rectangle, place: tuple[int, int], scene: Scene
    ) -> tuple[Texels, Matrix] | None:
        if isinstance(layer, ImageLayer):
            frame = self._frame(layer, sources, place)
            return None if frame is None else (frame, layer.matrix)
        volume = sources.volume(layer.series_id)
        if volume is None:
            return None
        if isinstance(layer, CurveLayer):
            return self._curve(layer, volume, place), layer.matrix
        grid = coarse_grid(layer.grid, layer.detail)
        matrix = grid_matrix(grid, layer.grid, area)
        if isinstance(layer, PlaneLayer):
            return self._plane(layer, volume, place, scene), matrix
        return self._render(layer, volume, place, scene), matrix

    def _frame(self, layer: ImageLayer, sources: Sources, place: tuple[int, int]) -> Texels | None:
        stored = sources.frame(layer.series_id, layer.frame_index)
        if stored is None:
            return None
        transfer = look_of(layer, sources).transfer
        if stored.dtype.kind == "f" and transfer.has_padding:
            stored = np.where(is_padding(transfer, stored), np.float32(np.nan), stored)
        texels = self._frames.get((layer.series_id, layer.frame_index), stored)
        if not layer.filter or transfer.mode is TransferMode.COLOR:
            return texels
        target = self._target((*place, "filter"))
        content = (texels.handle, transfer.padding_low, transfer.padding_high, layer.filter)
        if target.content != content:
            self._display.filter(texels, transfer, layer.filter, target)
            target.end(content)
        return target.texels

    def _plane(
        self, layer: PlaneLayer, volume: Volume, place: tuple[int, int], scene: Scene
    ) -> Texels:
        target = self._target((*place, "plane"))
        bare = replace(layer, window=None, inverted=False, color_map="", opacity=1.0)
        content = (bare, volume.generation, volume.values.ctypes.data)
        if target.texels is not None and target.content == content:
            return target.texels
        grid = coarse_grid(layer.grid, layer.detail)
        texture = self._volumes.get(volume, _volumes_of(scene))
        self._make_room()
        if not layer.filter:
            texels = cut(self._gl, self._programs, texture, volume, grid, layer.slab, target)
            target.end(content)
            return texels
        raw = self._target((*place, "raw"))
        texels = cut(self._gl, self._programs, texture, volume, grid, layer.slab, raw)
        raw.end(None)
        filtered = self._display.filter(texels, VALUES, layer.filter, target)
        target.end(content)
        return filtered

    def _render(
        self, layer: RenderingLayer, volume: Volume, place: tuple[int, int], scene: Scene
    ) -> Texels:
        target = self._target((*place, "rendering"), colors=True)
        content = (layer, volume.generation, volume.values.ctypes.data)
        if target.texels is not None and target.content == content:
            return target.texels
        view = View(
            coarse_grid(layer.grid, layer.detail),
            rendering_table(layer, volume),
            layer.clip_low,
            layer.clip_high,
        )
        texture = self._volumes.get(volume, _volumes_of(scene))
        self._make_room()
        texels = self._rendering.draw(texture, volume, view, target)
        target.end(content)
        return texels

    def _curve(self, layer: CurveLayer, volume: Volume, place: tuple[int, int]) -> Texels:
        """Compute the curve with numpy, which is fast enough for a picture of its size."""
        target = self._target((*place, "curve"))
        bare = replace(layer, window=None, inverted=False, color_map="")
        content = (bare, volume.generation, volume.values.ctypes.data)
        if target.texels is None or target.content != content:
            picture = curve_picture(layer, volume)
            values = picture.values.astype(np.float32)
            if picture.padding is not None:
                values[picture.padding] = np.nan
            target.fill(values)
            target.content = content
        assert target.texels is not None
        return target.texels

    # --- memory -----------------------------------------------------------------------------

    def _target(self, slot: Slot, *, colors: bool = False) -> Target:
        if slot not in self._targets:
            self._targets[slot] = Target(self._gl, COLORS if colors else FLOATS)
        return self._targets[slot]

    def _make_room(self) -> None:
        """Let frames have what the volumes leave."""
        self._frames.budget = max(self._budget - self._volumes.bytes, 0)
        self._frames.shrink()

    def _drop_unused(self, scene: Scene) -> None:
        """Delete what was computed for layers that the scene no longer has."""
        used = {
            (number, height)
            for number, pane in enumerate(scene.panes)
            for height, _ in enumerate(layers_of(pane))
        }
        for slot in [slot for slot in self._targets if slot[:2] not in used]:
            self._targets.pop(slot).delete()


def _volumes_of(scene: Scene) -> frozenset[str]:
    """Return the series whose volumes a scene shows."""
    return frozenset(
        layer.series_id
        for pane in scene.panes
        for layer in layers_of(pane)
        if not isinstance(layer, ImageLayer)
    )
