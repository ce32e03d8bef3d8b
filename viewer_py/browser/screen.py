"""What paints: the renderer of each picture, and how finely volumes are drawn while they move."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any, Protocol

from viewer_py.browser.choice import PainterChoice
from viewer_py.browser.pace import REST, Pace
from viewer_py.browser.painters import Painter
from viewer_py.browser.undrawable import PAINT_ERRORS, Undrawable
from viewer_py.render.sources import Sources
from viewer_py.render.webgl_renderer import WebGLError
from viewer_py.scene.model import Scene

SETTLE = 1.0  # seconds without a change until the painters are compared
LOADING = 10.0  # seconds for which frames that arrive put it off too
UNSEEN = 1.0  # seconds after which a canvas that is not seen gives its memory back
_EARLY = 0.01  # seconds that a timer may ring too early


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
        self._changed_at = self._arrived_at = host.now()
        self._alarm_at: float | None = None
        self._unseen_at: float | None = None
        self._pace = Pace()
        self._painted: Scene | None = None
        self._complete = False
        self._undrawable = Undrawable()

    @property
    def measured(self) -> dict[str, Any]:
        """Return what was measured of the painters, by kind of picture."""
        return self._choice.measured

    @property
    def kind(self) -> str | None:
        """Return which renderer paints, None before the first picture."""
        return None if self._painter is None else str(self._painter.kind)

    def shows(self, scene: Scene) -> bool:
        """Tell whether the last painting was of this scene, whole, and as fine as it will be."""
        return self._complete and self._painted == scene and not self._pace.is_coarse

    def moved(self) -> None:
        """Say that the reader changes what is shown."""
        self._changed_at = self._host.now()
        self._pace.moved(self._changed_at)

    def arrived(self) -> None:
        """Say that a frame has arrived: more of them want the processor."""
        self._arrived_at = self._host.now()

    def detail(self) -> float:
        """Return with how many samples a device pixel along each axis volumes are drawn now."""
        return self._pace.detail(self._host.now())

    def woken(self) -> None:
        """Paint in full what was drawn coarsely and has come to rest; compare the painters."""
        self._free_unseen()
        rested = self._pace.is_coarse and self._pace.at_rest(self._host.now())
        if self._rings() or rested:
            self._host.request_tick()

    def drawable(self, scene: Scene) -> Scene:
        """Return the scene without the pictures that are known not to be drawable."""
        return self._undrawable.without(scene)

    def paint(self, scene: Scene, *, volumes: bool, detail: float) -> bool:
        """Paint; return whether everything was there. `volumes`: planes or renderings are shown.

        A pane that cannot be drawn is left black, which `drawable` tells from then on.
        """
        begun = self._host.now()
        try:
            painter = self._painter_for(scene)
            begun = self._host.now()
            complete = painter.paint(scene, self._sources)
        except (WebGLError, *PAINT_ERRORS) as error:
            painter = self._cpu
            complete = self._paint_instead(scene, error)
        if volumes:
            painter.finish()  # or pictures would queue up behind a slow one
        self._show(painter)
        if not volumes:
            self._pace.left()
        elif scene != self._painted:  # the same again costs nothing, and tells nothing
            self._pace.painted(detail, self._host.now() - begun)
        if volumes and detail < 1.0:
            self._host.call_later(REST)
        self._painted, self._complete = scene, complete
        return complete

    def _paint_instead(self, scene: Scene, error: Exception) -> bool:
        """Let numpy paint what raised `error`; what it cannot paint either is left out."""
        try:
            complete = self._cpu.paint(scene, self._sources)
        except PAINT_ERRORS as same:
            detail = "".join(traceback.format_exception(same))
            self._host.post({"type": "undrawable", "detail": detail})
            paint = self._cpu.paint
            rest = self._undrawable.learn(scene, lambda part: paint(part, self._sources))
            return paint(rest, self._sources)
        self._choice.refused(scene, str(error))
        return complete

    def _painter_for(self, scene: Scene) -> Painter:
        """Return who paints; a reader who is at work waits for no measurement.

        Software GL would hold up the whole browser meanwhile, the page's own frames too.
        """
        now = self._host.now()
        if scene != self._painted:
            self._changed_at = now
        if self._choice.is_open(scene, self._sources):
            if now >= self._rest_until:
                self._choice.compare(scene, self._sources)
                self._note_unseen()
            elif self._alarm_at is None:
                self._set_alarm(now)
        return self._choice.painter_for(scene)

    @property
    def _rest_until(self) -> float:
        """Return when there has been rest for long enough, as things stand."""
        return max(self._changed_at, min(self._arrived_at, self._changed_at + LOADING)) + SETTLE

    def _rings(self) -> bool:
        """Tell whether the painters are to be compared now; a change has put it off."""
        now = self._host.now()
        if self._alarm_at is None or now < self._alarm_at:
            return False
        self._alarm_at = None
        if now >= self._rest_until:
            return True
        self._set_alarm(now)
        return False

    def _set_alarm(self, now: float) -> None:
        self._alarm_at = self._rest_until
        self._host.call_later(self._alarm_at - now + _EARLY)

    def _show(self, painter: Painter) -> None:
        """Say whose canvas is to be seen; `slow`: GL is software, and need not be tried again."""
        slow = self._choice.is_slow
        if painter is not self._painter or slow != self._slow:
            self._painter, self._slow = painter, slow
            self._note_unseen()
            self._host.post({"type": "renderer", "kind": str(painter.kind), "slow": slow})

    def _note_unseen(self) -> None:
        """Have the canvas that is not seen shrink once the page has put the other before it."""
        self._unseen_at = self._host.now() + UNSEEN
        self._host.call_later(UNSEEN + _EARLY)

    def _free_unseen(self) -> None:
        if self._unseen_at is None or self._host.now() < self._unseen_at:
            return
        self._unseen_at = None
        for painter in (self._gpu, self._cpu):
            if painter is not None and painter is not self._painter:
                painter.shrink()

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
