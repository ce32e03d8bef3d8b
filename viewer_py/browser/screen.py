"""What paints: the renderer that was chosen, and how finely volumes are drawn while they move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from viewer_py.browser.pace import REST, Pace
from viewer_py.browser.painters import Painter, choose_painter
from viewer_py.render.sources import Sources
from viewer_py.render.webgl_renderer import WebGLError
from viewer_py.scene.model import Scene


class ScreenHost(Protocol):
    """What painting needs of the worker around it."""

    def now(self) -> float: ...
    def post(self, message: Mapping[str, Any]) -> None: ...
    def request_tick(self) -> None: ...
    def call_later(self, seconds: float) -> None: ...


class Screen:
    """Paints scenes with the GPU or with numpy."""

    def __init__(
        self,
        host: ScreenHost,
        sources: Sources,
        cpu: Painter,
        gpu: Painter | None,
        wish: str,
    ) -> None:
        self._host = host
        self._sources = sources
        self._cpu, self._gpu, self._wish = cpu, gpu, wish
        self._painter: Painter | None = None
        self._pace = Pace()
        self.measured: dict[str, Any] = {}

    @property
    def kind(self) -> str | None:
        """Return which renderer paints, None before the first picture."""
        return None if self._painter is None else str(self._painter.kind)

    def moved(self) -> None:
        """Say that the reader changes what is shown."""
        self._pace.moved(self._host.now())

    def detail(self) -> float:
        """Return with how many samples a device pixel along each axis volumes are drawn now."""
        return self._pace.detail(self._host.now())

    def woken(self) -> None:
        """Paint in full what was drawn coarsely and has come to rest."""
        if self._pace.is_coarse and self._pace.at_rest(self._host.now()):
            self._host.request_tick()

    def paint(self, scene: Scene, *, volumes: bool, detail: float) -> bool:
        """Paint; return whether everything was there. `volumes`: planes or renderings are shown."""
        if self._painter is None:
            self._painter, self.measured = choose_painter(
                self._gpu, self._cpu, scene, self._sources, self._host.now, self._wish
            )
            self._host.post({"type": "renderer", "kind": str(self._painter.kind)})
        begun = self._host.now()
        try:
            complete = self._painter.paint(scene, self._sources)
            if volumes:
                self._painter.finish()  # or pictures would queue up behind a slow one
        except WebGLError:
            self.context_lost()
            return False
        if volumes:
            self._pace.painted(detail, self._host.now() - begun)
            if detail < 1.0:
                self._host.call_later(REST)
        return complete

    def context_lost(self) -> None:
        """The GPU is gone (or refused): numpy paints from now on."""
        self._gpu = None
        if self._painter is not self._cpu:
            self._painter = self._cpu
            self._host.post({"type": "renderer", "kind": str(self._cpu.kind)})
        self._host.request_tick()

    def clear(self, width: int, height: int) -> None:
        """Paint black, and leave no pixels anywhere."""
        for painter in (self._gpu, self._cpu):
            if painter is not None:
                painter.clear(width, height)
