"""One reading: messages in, state changed by commands, scene painted, messages out.

Everything the browser gives stands behind `Host`, so the session runs in CPython under test.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from viewer_py.browser.arranging import Arranging, forgotten
from viewer_py.browser.composing import Composing
from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.hands import Hands
from viewer_py.browser.loader import Fill, FrameLoader
from viewer_py.browser.looked_at import LookedAt, frames_shown
from viewer_py.browser.magnifying import LensHost, Magnifying
from viewer_py.browser.manifests import Manifests
from viewer_py.browser.marks import Marks
from viewer_py.browser.messages import (
    MessageError,
    Start,
    read_command,
    scene_message,
    state_report,
)
from viewer_py.browser.notices import Notice
from viewer_py.browser.overlay_store import OverlayStore
from viewer_py.browser.overlaying import Overlaying
from viewer_py.browser.painters import Painter
from viewer_py.browser.screen import Screen
from viewer_py.browser.unshown import Unshowing
from viewer_py.browser.volume_store import BrowserSources, VolumeStore
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.dicom.overlays import OverlayError
from viewer_py.scene.compose import compose
from viewer_py.view.annotations.store import NO_ANNOTATIONS
from viewer_py.view.calls import Call
from viewer_py.view.cine import CineClock, advance, rate_of
from viewer_py.view.command import CommandError
from viewer_py.view.commands import run
from viewer_py.view.commands.fusion import settle, wanted_manifests
from viewer_py.view.habits import resting_tool
from viewer_py.view.reformatting import closed
from viewer_py.view.state import CanvasSize, PaneKind, ViewerState

_PROGRESS_EVERY = 0.2  # seconds
_REPAINT_EVERY = 0.3  # seconds between pictures of a volume whose slices still come


class Host(LensHost, Protocol):
    """What the worker gives the session."""

    def now(self) -> float: ...
    def post(self, message: Mapping[str, Any]) -> None: ...
    def request_tick(self) -> None: ...
    def fetch_manifest(self, series_id: str) -> None: ...
    def open_stream(self, series_id: str, request: int, query: str) -> None: ...
    def close_stream(self) -> None: ...
    def coming(self, series_id: str) -> Iterable[int]: ...
    def call_later(self, seconds: float) -> None: ...
    def fetch_overlays(self, series_id: str) -> None: ...
    def fetch_studies(self) -> None: ...
    def serve_from(self, series_id: str, base: str) -> None: ...
    def draw_shapes(self, shapes: str, width: int, height: int, pixel_ratio: float) -> None: ...
    def save_picture(self, request: str) -> None: ...


class Session:
    """The viewer behind the page."""

    def __init__(
        self, host: Host, start: Start, store: FrameStore, cpu: Painter, gpu: Painter | None
    ) -> None:
        self._host = host
        self._store = store
        volumes = VolumeStore(store)
        self._looked_at = LookedAt(store, volumes)
        self._marks = Marks(host, store, volumes)
        self._overlays = OverlayStore(lambda series_id: self.state.series_by_id(series_id))
        sources = BrowserSources(store, volumes, self._overlays)
        self._screen = Screen(host, sources, cpu, gpu, start.renderer)
        self._magnifying = Magnifying(host, sources)
        self._loader = FrameLoader(host, store, volumes)
        self._composing = Composing(
            host.now, store, self._loader, self._looked_at, self._marks, self._screen
        )
        self._volume_painted_at = -1e9
        self._hands = Hands(self._run, lambda: self.state)
        self._arranging = Arranging(host, hangs=start.hangs)
        self._clock, self._ticked_at = CineClock(), host.now()
        self._manifests = Manifests(host)
        self._overlaying = Overlaying(host, self._overlays)
        self._open_series = ""
        self._interactive = False
        self._complete_told = ""
        self._unshowing = Unshowing(host)
        self._notice = Notice.NONE
        self._progress_at = -1e9
        self.state = run(
            ViewerState(
                catalogue=start.catalogue,
                canvas=CanvasSize(start.width, start.height, start.pixel_ratio),
                habits=start.habits,
                linking=start.linking,
                tool=resting_tool(start.habits),
            ),
            "series.open",
            {"series_id": start.series_id, "frame": start.frame_index},
        )
        self._follow()

    # --- messages from the page -------------------------------------------------------------

    def receive(self, message: Mapping[str, Any]) -> None:
        """Carry out one message of the page; what is wrong with it is answered in words."""
        handlers: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "command": self._on_command,
            "state": self._on_state,
            "pointer": self._hands.pointer,
            "wheel": self._hands.wheel,
            "key": self._hands.key,
            "picture": self._on_picture,
        }
        handler = handlers.get(str(message.get("type")))
        try:
            if handler is None:
                raise MessageError(f"unknown message {message.get('type')!r}")
            handler(message)
        except (CommandError, MessageError) as error:
            self._refuse(message, str(error))

    def _refuse(self, message: Mapping[str, Any], words: str) -> None:
        if message.get("id") is not None:
            self._host.post({"type": "reply", "id": message["id"], "error": words})
        else:
            self._host.post({"type": "refused", "message": words})

    def _on_command(self, message: Mapping[str, Any]) -> None:
        self._run(read_command(message))
        if message.get("id") is not None:
            self._host.post({"type": "reply", "id": message["id"], "result": self.report()})

    def _on_state(self, message: Mapping[str, Any]) -> None:
        self._host.post({"type": "reply", "id": message.get("id"), "result": self.report()})

    def _on_picture(self, message: Mapping[str, Any]) -> None:
        """Answer with a file of what is on the screen, words burnt in."""
        if self._loader.ended or not self._interactive:
            raise CommandError("影像尚未载入 / no image is loaded yet")
        scene = self._composing.in_full(self.state)
        self._screen.paint(scene, volumes=False, detail=1.0)
        panes = scene_message(self.state, scene)["panes"]
        self._marks.picture(message.get("id"), panes, scene, self._screen.kind)

    def _run(self, call: Call) -> None:
        if self._loader.ended:
            raise CommandError("访问已结束 / access has ended")
        self.state = run(self.state, call.name, call.args)
        self._composing.moved()
        self._follow()

    # --- what follows from a changed state --------------------------------------------------

    def _follow(self) -> None:
        """Fetch what the state needs and is not there, and paint soon."""
        self._settle_fusion()
        self._arrange()
        if self.state.annotations.going:
            from viewer_py.view.annotations.going import arrived

            self.state = arrived(self.state)
        for pane in self.state.panes:
            self._ask_for(pane.series_id)
        series = self.state.active_series()
        if series is not None and series.series_id != self._open_series:
            self._open(series)
        elif series is not None and self.state.pane().kind is PaneKind.STACK:
            self._loader.focus(self.state.pane().frame_index)
        words = self._looked_at.follow(self.state)
        if words:
            self.state = closed(self.state)
            self._looked_at.follow(self.state)
            self._host.post({"type": "refused", "message": words})
        self._looked_at.load_beside(self._loader, self.state, self._open_series)
        if self._interactive:
            self._overlaying.ask(self.state)
        self._host.request_tick()

    def _ask_for(self, series_id: str | None) -> None:
        self._manifests.ask(self.state, series_id)

    def overlays_arrived(self, series_id: str, status: int, data: bytes) -> None:
        """Take the overlay planes of a series; without them its images are shown bare."""
        if status != 200 or self._loader.ended:
            return
        try:
            self.state = self._overlaying.arrived(self.state, series_id, data)
        except OverlayError:
            self._tell(Notice.UNREADABLE)
            return
        self._host.request_tick()

    def _arrange(self) -> None:
        self.state = self._arranging.follow(
            self.state, self._ask_for, interactive=self._interactive
        )

    def studies_arrived(self, status: int, text: str) -> None:
        """Take the list of the person's other studies (status 200), or learn why there is none."""
        if not self._loader.ended:
            self.state = self._arranging.arrived(self.state, status, text)
            self._follow()

    def _settle_fusion(self) -> None:
        """Carry out the wish for a fusion as soon as it can be; else see to what it waits for."""
        if not self.state.wants_fusion:
            return
        try:
            self.state = settle(self.state)
        except CommandError as error:
            self.state = replace(self.state, wants_fusion=False)
            self._host.post({"type": "refused", "message": str(error)})
        for series_id in wanted_manifests(self.state):
            self._ask_for(series_id)

    def _open(self, series: SeriesManifest) -> None:
        self._open_series = series.series_id
        pane = self.state.pane()
        last = len(series.frames) - 1
        self.state = replace(
            self.state.with_pane(replace(pane, frame_index=min(pane.frame_index, last))),
            frames_per_second=rate_of(series.frames[0]),
        )
        self._loader.open(series, self.state.pane().frame_index)
        self._unshowing.tell(series, self._loader.undecoded)

    def manifest_arrived(self, series_id: str, status: int, text: str) -> None:
        """Take a manifest (status 200) or learn why there is none (0: no network)."""
        found = self._manifests.arrived(series_id, status, text)
        if found is Notice.ENDED:
            self._end()
            return
        if isinstance(found, Notice):
            self._tell(found)
            return
        self._tell(Notice.NONE)
        self.state = replace(self.state, series=(*self.state.series, found))
        self._follow()

    # --- frames -----------------------------------------------------------------------------

    def frame_arrived(self, request: int, frame_index: int, byte_count: int, fill: Fill) -> None:
        """Take one decoded frame of the stream `request`."""
        self._screen.arrived()
        if self._loader.frame_arrived(request, frame_index, byte_count, fill):
            if not self._interactive and frame_index == self.state.pane().frame_index:
                self.tick()  # the first picture waits for nothing
            elif self.state.playing or frame_index in frames_shown(self.state):
                self._host.request_tick()
        self._repaint_volume()
        self._after_loading()

    def _repaint_volume(self) -> None:
        """Show slices that have come, but not each one by itself."""
        if self.state.reformat is None:
            return
        wait = self._volume_painted_at + _REPAINT_EVERY - self._host.now()
        if wait <= 0:
            self._volume_painted_at = self._host.now()
            self._host.request_tick()

    def frame_failed(self, request: int, frame_index: int) -> None:
        """Take note of a frame that no decoder could read."""
        self._loader.frame_failed(request, frame_index)
        self._host.request_tick()  # its pane may be waiting for it
        self._after_loading()

    def stream_ended(self, request: int, status: int) -> None:
        """Take note that a stream is over."""
        self._loader.stream_ended(request, status)
        if self._loader.ended:
            self._end()
        else:
            self._looked_at.load_beside(self._loader, self.state, self._open_series)
            self._after_loading()

    def woken(self) -> None:
        """Go on after `call_later`: ask again for what failed."""
        if self._loader.ended:
            return
        self._screen.woken()
        waiting = self.state.wants_fusion or self._arranging.waits(self.state)
        if self.state.active_series() is None or waiting:
            self._follow()
        else:
            self._loader.check()

    def _after_loading(self) -> None:
        self._tell(self._loader.notice)
        series = self.state.series_by_id(self._open_series)
        if series is not None:
            self._unshowing.tell(series, self._loader.undecoded)
        done = self._loader.complete
        now = self._host.now()
        if done or now - self._progress_at >= _PROGRESS_EVERY:
            self._progress_at = now
            self._host.post({"type": "progress", **self._loader.status()})
        if done and self._complete_told != self._open_series:
            self._complete_told = self._open_series
            self._host.request_tick()
            self._host.post({"type": "series-loaded", "series_id": self._open_series})

    def _tell(self, notice: Notice) -> None:
        if notice is not self._notice:
            self._notice = notice
            self._host.post({"type": "notice", "code": str(notice)})

    def _end(self) -> None:
        """Access is over: nothing of the study stays on the screen or in memory."""
        self._loader.end()
        self._overlays.clear()
        self._marks.end()
        self._unshowing.forget()
        state = replace(closed(self.state), series=(), geometries=(), playing=False)
        self.state = replace(forgotten(state), annotations=NO_ANNOTATIONS)
        scene = compose(self.state)
        self._screen.clear(scene.width, scene.height)
        self._tell(Notice.ENDED)
        self._host.post({**scene_message(self.state, scene), "waiting": False})

    # --- painting ---------------------------------------------------------------------------

    def tick(self) -> None:
        """Paint one frame of the screen; the browser calls it when it is ready for one."""
        now = self._host.now()
        elapsed, self._ticked_at = now - self._ticked_at, now
        if self._loader.ended:
            return
        if self.state.playing:
            self._play(elapsed)
        facts = self._composing.drawn = self._composing.facts(self.state)
        scene = self._composing.scene(self.state, facts)
        waiting = not self._composing.is_there(self.state)
        self._host.post({**scene_message(self.state, scene), "waiting": waiting})
        # Until the first frame is there, the server's picture of that very frame stays.
        if not self._interactive and waiting:
            return
        volumes = self.state.reformat is not None
        complete = self._screen.paint(scene, volumes=volumes, detail=facts.detail)
        self._magnifying.paint(self.state, scene)
        self._marks.paint(scene, self.state.canvas.pixel_ratio)
        self._marks.tell(self.state, facts)
        painted = self._screen.drawable(scene)
        if painted is not scene and painted != scene:
            self._host.post({**scene_message(self.state, painted), "waiting": waiting})
        if complete and not self._interactive:
            self._interactive = True
            self._host.post({"type": "interactive", "python": platform.python_version()})
            self._follow()

    def _play(self, elapsed: float) -> None:
        """Go on as far as cine has come, and come again."""
        loaded, moving = self._loader.loaded, self.state.reformat is not None
        self.state, self._clock = advance(
            self.state, self._clock, elapsed, lambda index: moving or index in loaded
        )
        if moving:
            self._screen.moved()
        else:
            self._loader.focus(self.state.pane().frame_index)
            if self.state.linking.scroll:
                self._looked_at.load_beside(self._loader, self.state, self._open_series)
        self._host.request_tick()

    def context_lost(self) -> None:
        """The GPU is gone (or refused): numpy paints from now on."""
        self._screen.context_lost()

    def report(self) -> dict[str, Any]:
        """Return the serialisable state (`window.yingyun.state()`)."""
        facts = self._composing.facts(self.state)
        scene = self._composing.scene(self.state, facts)
        return {
            **state_report(self.state, scene, facts),
            "shown": self._composing.is_shown(self.state, facts),
            "unshown": self._unshowing.report(),
            "annotations": self._marks.report(self.state, facts),
            "loading": self._loader.status(),
            "renderer": self._screen.kind,
            "measured": self._screen.measured,
            "python": platform.python_version(),
            "interactive": self._interactive,
        }
