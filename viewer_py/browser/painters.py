"""The two ways to paint a scene."""

from __future__ import annotations

import enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from viewer_py.render import numpy_renderer
from viewer_py.render.memory import Memory
from viewer_py.render.sources import Sources, is_complete
from viewer_py.render.webgl_renderer import GraphicsContext, WebGLError, WebGLRenderer
from viewer_py.scene.model import Rectangle, Scene


class PainterKind(enum.StrEnum):
    """Which renderer paints."""

    WEBGL = "webgl2"
    NUMPY = "numpy"


class Painter(Protocol):
    """Paints scenes onto a canvas."""

    @property
    def kind(self) -> PainterKind: ...
    def paint(self, scene: Scene, sources: Sources) -> bool: ...
    def clear(self, width: int, height: int) -> None: ...
    def finish(self) -> None: ...
    def shrink(self) -> None: ...
    def release(self) -> None: ...


class Canvas(Protocol):
    """A canvas that takes the finished pixels of an area of a picture, (height, width, 4) RGBA.

    `resize` tells whether what was put there before is gone.
    """

    def resize(self, width: int, height: int) -> bool: ...
    def put(self, pixels: NDArray[np.uint8], area: Rectangle) -> None: ...


class GpuCanvas(Protocol):
    """A canvas that a WebGL 2 context is made for when it is wanted, and taken from for good."""

    def open(self) -> GraphicsContext | None: ...
    def resize(self, width: int, height: int) -> None: ...
    def finish(self) -> None: ...
    def close(self) -> None: ...


class NumpyPainter:
    """Paints with numpy and hands the pixels of the panes that changed to a 2-D canvas."""

    kind = PainterKind.NUMPY

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._memory = Memory()

    def paint(self, scene: Scene, sources: Sources) -> bool:
        """Paint; return whether every image was there."""
        if self._canvas.resize(scene.width, scene.height):
            self._memory.canvas = None
        picture, changed = numpy_renderer.repaint(scene, sources, self._memory)
        for area in changed:
            self._canvas.put(picture, area)
        return is_complete(scene, sources)

    def clear(self, width: int, height: int) -> None:
        """Paint black and forget the pixels."""
        self._memory.clear()
        black = np.zeros((height, width, 4), dtype=np.uint8)
        black[..., 3] = 255
        self._canvas.resize(width, height)
        self._canvas.put(black, Rectangle(0, 0, width, height))

    def finish(self) -> None:
        """Nothing is pending: the pixels are handed over at once."""

    def shrink(self) -> None:
        """Keep one pixel of the canvas and nothing else, until the next picture."""
        self._memory.clear()
        self._canvas.resize(1, 1)

    def release(self) -> None:
        """Give the memory back."""
        self._memory.clear()


class WebGLPainter:
    """Paints with WebGL 2; a context is made for the first picture."""

    kind = PainterKind.WEBGL

    def __init__(self, canvas: GpuCanvas, texture_budget: int) -> None:
        self._canvas = canvas
        self._budget = texture_budget
        self._opened: WebGLRenderer | None = None

    def paint(self, scene: Scene, sources: Sources) -> bool:
        """Paint; return whether every image was there. Raises WebGLError."""
        renderer = self._renderer()
        self._canvas.resize(scene.width, scene.height)
        return renderer.draw(scene, sources)

    def _renderer(self) -> WebGLRenderer:
        if self._opened is None:
            context = self._canvas.open()
            if context is None:
                raise WebGLError("this browser gives no WebGL 2 here")
            self._opened = WebGLRenderer(context, self._budget)
        return self._opened

    def clear(self, width: int, height: int) -> None:
        """Paint black and delete the pixels on the GPU."""
        if self._opened is not None:
            self._opened.forget()
            self._canvas.resize(width, height)
            self._opened.clear(width, height)

    def finish(self) -> None:
        """Wait until the GPU is done."""
        if self._opened is not None:
            self._canvas.finish()

    def shrink(self) -> None:
        """Keep one pixel of the canvas until the next picture; textures stay in their budget."""
        if self._opened is not None:
            self._canvas.resize(1, 1)

    def release(self) -> None:
        """Give the GPU back; nothing can be painted any more."""
        if self._opened is not None:
            self._opened.forget()
            self._opened = None
            self._canvas.close()
