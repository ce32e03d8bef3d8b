"""What paints: the renderer of each picture, and how finely volumes are drawn while they move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from viewer_py.browser.choice import PainterChoice
from viewer_py.browser.pace import REST, Pace
from viewer_py.browser.painters import Painter
from viewer_py.render.sources import Sources
from viewer_py.render.webgl_renderer import WebGLError
from viewer_py.scene.model import Scene

SETTLE = 1.0  # seconds from the first picture until the painters are compared


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
        self._cpu, self._gpu = cpu, gpu
        self._choice = PainterChoice(gpu, cpu, host.now, wish)
        self._painter: Painter | None = None
        self._slow = False
        self._measure_from: float | None = None
        self._pace = Pace()
        self._painted: Scene | None = None

    @property
    def measured(self) -> dict[str, Any]:
        """Return what was measured of the painters, by kind of picture."""
        return self._choice.measured

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
        """Paint in full what was drawn coarsely and has come to rest; compare the painters."""
        rested = self._pace.is_coarse and self._pace.at_rest(self._host.now())
        if rested or not (self._choice.measured or self._measure_from is None):
            self._host.request_tick()

    def paint(self, scene: Scene, *, volumes: bool, detail: float) -> bool:
        """Paint; return whether everything was there. `volumes`: planes or renderings are shown."""
        painter = self._painter_for(scene)
        begun = self._host.now()
        try:
            complete = painter.paint(scene, self._sources)
        except WebGLError as error:
            painter = self._choice.refused(scene, str(error))
            complete = painter.paint(scene, self._sources)
        if volumes:
            painter.finish()  # or pictures would queue up behind a slow one
        self._show(painter)
        if volumes:
            if scene != self._painted:  # the same again costs nothing, and tells nothing
                self._pace.painted(detail, self._host.now() - begun)
            self._painted = scene
            if detail < 1.0:
                self._host.call_later(REST)
        return complete

    def _painter_for(self, scene: Scene) -> Painter:
        """Return who paints; the first picture waits for no measurement, and is on the screen then.

        Software GL would hold up the whole browser meanwhile, the page's own frames too.
        """
        if self._choice.would_measure(scene):
            now = self._host.now()
            if self._measure_from is None:
                self._measure_from = now + SETTLE
                self._host.call_later(SETTLE)
            if now < self._measure_from:
                return self._cpu
        return self._choice.painter_for(scene, self._sources)

    def _show(self, painter: Painter) -> None:
        """Say whose canvas is to be seen; `slow`: GL is software, and need not be tried again."""
        slow = self._choice.is_slow
        if painter is not self._painter or slow != self._slow:
            self._painter, self._slow = painter, slow
            self._host.post({"type": "renderer", "kind": str(painter.kind), "slow": slow})

    def context_lost(self) -> None:
        """The GPU is gone: numpy paints from now on."""
        self._gpu = None
        self._choice.gpu_lost()
        self._host.request_tick()

    def clear(self, width: int, height: int) -> None:
        """Paint black, and leave no pixels anywhere."""
        self._painted = None
        for painter in (self._gpu, self._cpu):
            if painter is not None:
                painter.clear(width, height)
