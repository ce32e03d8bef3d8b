"""Loading the frames of the series on the screen: what to ask for, when to ask again.

One stream at a time. It starts nearest to the reader; when the reader jumps away from what has
arrived it is dropped and asked for anew; when the network fails it is asked for again, later and
later; when access has ended it stops for good. No frame is asked for while it is on its way.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from viewer_py.browser.frame_store import FrameSizeError, FrameStore, SeriesFrames, shaped
from viewer_py.browser.volume_store import VolumeStore
from viewer_py.dicom.manifest import SeriesManifest

JUMP = 8  # frames; nearer than that the running stream gets there soon
_PATIENCE = 0.15  # seconds between two questions while the reader drags
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
_FRUITLESS = 3  # streams that end well and bring nothing before the missing frames are given up

OPENING = 0  # the request of the frame that the worker fetches by itself, of the first series

Fill = Callable[[NDArray[np.uint8]], object]


class Notice(enum.StrEnum):
    """What the page is told in words of its own."""

    NONE = ""
    RETRYING = "retrying"
    INCOMPLETE = "incomplete"
    ENDED = "ended"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    WINDOWED = "windowed"


class StreamHost(Protocol):
    """What loading needs of the worker around it."""

    def now(self) -> float: ...
    def open_stream(self, series_id: str, request: int, query: str) -> None: ...
    def close_stream(self) -> None: ...

    def coming(self, series_id: str) -> Iterable[int]:
        """Return the frames that are received, or fetched in another way, and come for sure."""
        ...

    def call_later(self, seconds: float) -> None: ...


def access_ended(status: int) -> bool:
    """Tell whether an HTTP status means that this reader may not look any more."""
    return status in (401, 403, 410)


def as_ranges(indices: Iterable[int]) -> str:
    """Return "0-3,7-7" for {0, 1, 2, 3, 7} (the `wanted` parameter)."""
    parts: list[list[int]] = []
    for index in sorted(indices):
        if parts and parts[-1][1] == index - 1:
            parts[-1][1] = index
        else:
            parts.append([index, index])
    return ",".join(f"{first}-{last}" for first, last in parts)


@dataclass
class _Loading:
    """A series whose frames are to come."""

    frames: SeriesFrames
    given_up: set[int] = field(default_factory=set)
    window: range = range(0)
    focus: int = 0  # the image on the screen, of a series beside the active one

    @property
    def series_id(self) -> str:
        return self.frames.series.series_id

    @property
    def window_is_there(self) -> bool:
        """Tell whether all frames of the window came or were given up."""
        settled = self.frames.count + len(self.given_up)
        if settled < len(self.window):
            return False
        return not set(self.window) - self.frames.loaded - self.given_up


@dataclass(frozen=True)
class _Stream:
    """What was asked for last."""

    request: int
    loading: _Loading
    around: int
    arrived_before: int


class FrameLoader:
    """Keeps the frames around the reader coming, then what volumes lack, then a second series."""

    def __init__(
        self,
        host: StreamHost,
        store: FrameStore,
        volumes: VolumeStore | None = None,
    ) -> None:
        self._host = host
        self._store = store
        self._volumes = volumes or VolumeStore(store)
        self._active: _Loading | None = None
        self._beside: _Loading | None = None
        self._kept: frozenset[str] = frozenset()
        self._focus, self._toward = 0, 0  # the last step: 1 forward, -1 back, 0 none yet
        self._request = 0
        self._asked: dict[int, str] = {}  # request → series
        self._stream: _Stream | None = None
        self._asked_at = -1e9
        self._resume_at = 0.0
        self._failures = 0
        self._fruitless = 0
        self._arrived = 0
        self._scratch: NDArray[np.uint8] = np.empty(0, dtype=np.uint8)
        self.ended = False
        self.notice = Notice.NONE

    # --- what is wanted ---------------------------------------------------------------------

    def open(self, series: SeriesManifest, around: int) -> None:
        """Load another series, nearest to `around` first."""
        self._stop()
        self._beside = None
        self._active = self._begin(series, around)
        self._asked.setdefault(OPENING, series.series_id)
        self._failures = self._fruitless = 0
        self._resume_at = 0.0
        self._asked_at = -1e9
        self._focus, self._toward = around, 0
        self.notice = Notice.NONE if self._active.frames.whole else Notice.WINDOWED
        self.check()

    def keep(self, series_ids: Iterable[str]) -> None:
        """Say which series are on the screen: they keep some frames where memory is short."""
        self._kept = frozenset(series_ids)

    def beside(self, series: SeriesManifest | None, around: int | None = None) -> None:
        """Load a second series after the active one, nearest to `around`, by default its middle.

        None: no second one.
        """
        if series is None or self._active is None or series.series_id == self._active.series_id:
            self._beside = None
        elif self._beside is None or self._beside.series_id != series.series_id:
            focus = len(series.frames) // 2 if around is None else around
            self._beside = self._begin(series, focus)
            self._beside.focus = focus
            self._active.window = self._window(self._active)  # it may have had to give way
        elif around is not None and around not in self._beside.window:
            self._beside.focus = around
            self._beside.window = self._window(self._beside)
        self.check()

    def focus(self, frame_index: int) -> None:
        """Say which frame is on the screen now."""
        if frame_index != self._focus:
            self._toward = 1 if frame_index > self._focus else -1
        self._focus = frame_index
        if self._active is not None:
            self._follow(self._active)
        self.check()

    def _begin(self, series: SeriesManifest, around: int) -> _Loading:
        keep = set(self._volumes.wanted)
        if self._active is not None and self._active.series_id != series.series_id:
            keep.add(self._active.series_id)
        try:
            frames = self._store.open(series, keep | self._kept)
        except MemoryError:  # what is on the screen beside it has to give way
            frames = self._store.open(series, keep)
        loading = _Loading(frames)
        loading.window = loading.frames.window(around)
        return loading

    def _follow(self, loading: _Loading) -> None:
        """Move the window when the reader comes near its edge, further ahead than behind."""
        window, count = loading.window, len(loading.frames.series.frames)
        margin = max(len(window) // 4, 1)
        forward = self._toward >= 0
        ahead = window.stop - 1 - self._focus if forward else self._focus - window.start
        at_end = window.stop == count if forward else window.start == 0
        inside = self._focus in window
        if len(window) != loading.frames.capacity or not inside or (ahead < margin and not at_end):
            loading.window = self._window(loading)

    def _window(self, loading: _Loading) -> range:
        if loading is self._beside:
            return loading.frames.window(loading.focus)
        lead = self._toward * (loading.frames.capacity // 4)
        return loading.frames.window(self._focus + lead)

    # --- what is there and what is not ------------------------------------------------------

    @property
    def loaded(self) -> frozenset[int]:
        """Return the frames of the series that are in memory."""
        return self._active.frames.loaded if self._active else frozenset()

    @property
    def arrived_bytes(self) -> int:
        """Return the decoded bytes that arrived since the page was opened."""
        return self._arrived

    def missing(self) -> set[int]:
        """Return the frames worth having that are not there, on the screen and for volumes."""
        return set() if self._active is None else self._missing(self._active)

    def _missing(self, loading: _Loading) -> set[int]:
        for_volume = self._volumes.missing(loading.series_id)  # which may take slots for itself
        if len(loading.window) > loading.frames.capacity:
            loading.window = self._window(loading)
        wanted = set(loading.window) - loading.frames.loaded
        return (wanted | for_volume) - loading.given_up

    def _nearest_missing(self, loading: _Loading) -> set[int]:
        """Return what to ask for next: frames for the screen before those for volumes alone."""
        missing = self._missing(loading)
        on_screen = missing & set(loading.window)
        return on_screen or missing

    @property
    def complete(self) -> bool:
        """Tell whether everything worth having is there; asked with every frame, so it is quick."""
        active = self._active
        if active is None:
            return False
        shrunk = len(active.window) > active.frames.capacity
        if not active.window_is_there and not shrunk:
            return False
        return active.frames.whole or not self.missing()

    # --- asking -----------------------------------------------------------------------------

    def check(self) -> None:
        """Ask for frames if it is time to; call it again after `call_later`."""
        if self.ended or self._active is None:
            return
        loading = self._next()
        if loading is None or (self._stream is not None and not self._better(loading)):
            return
        wait = max(self._resume_at, self._asked_at + _PATIENCE) - self._host.now()
        if wait > 0:
            self._host.call_later(wait)
            return
        self._ask(loading)

    def _next(self) -> _Loading | None:
        """Return the series to load now: the active one, then the one beside it."""
        for loading in (self._active, self._beside):
            if loading is not None and self._nearest_missing(loading):
                return loading
        return None

    def _better(self, loading: _Loading) -> bool:
        """Tell whether to drop the running stream for what is wanted now."""
        stream = self._stream
        assert stream is not None
        if stream.loading is not loading:
            return loading is self._active
        far = abs(self._focus - stream.around) > JUMP
        return far and self._focus in self._nearest_missing(loading)

    def _ask(self, loading: _Loading) -> None:
        self._stop()
        missing = self._nearest_missing(loading) - set(self._host.coming(loading.series_id))
        self._asked_at = self._host.now()
        if not missing:
            self._host.call_later(_PATIENCE)
            return
        self._request += 1
        around = self._focus if loading is self._active else loading.focus
        self._stream = _Stream(self._request, loading, around, self._arrived)
        self._asked[self._request] = loading.series_id
        query = f"around={around}&wanted={as_ranges(missing)}"
        if self._toward and loading is self._active:
            query += f"&toward={self._toward}"
        self._host.open_stream(loading.series_id, self._request, query)

    def _stop(self) -> None:
        if self._stream is not None:
            self._stream = None
            self._host.close_stream()

    # --- what comes -------------------------------------------------------------------------

    def frame_arrived(self, request: int, frame_index: int, byte_count: int, fill: Fill) -> bool:
        """Take one decoded frame; `fill` writes its bytes into the memory it is given.

        Returns whether it was kept. A frame of a stream that was dropped is as good as any, unless
        its series is not open any more.
        """
        loading = self._loading(request)
        if loading is None or not 0 <= frame_index < len(loading.frames.series.frames):
            return False
        try:
            memory = loading.frames.reserve(frame_index, byte_count, loading.window)
        except FrameSizeError:
            self.frame_failed(request, frame_index)
            return False
        self._arrived += byte_count
        self._failures = self._fruitless = 0
        if self.notice is Notice.RETRYING:
            self.notice = Notice.NONE
        if memory is None:
            self._pass_by(loading, frame_index, byte_count, fill)
            return False
        fill(memory)
        loading.frames.commit(frame_index, byte_count)
        self._tell_volume(loading, frame_index, memory)
        return True

    def _pass_by(self, loading: _Loading, frame_index: int, byte_count: int, fill: Fill) -> None:
        """Take from a frame that is not kept what a volume of reduced resolution needs of it."""
        if frame_index in self._volumes.missing(loading.series_id):
            if self._scratch.size < byte_count:
                self._scratch = np.empty(byte_count, dtype=np.uint8)
            fill(self._scratch[:byte_count])
            self._tell_volume(loading, frame_index, self._scratch[:byte_count])

    def _tell_volume(self, loading: _Loading, frame_index: int, memory: NDArray[np.uint8]) -> None:
        frame = loading.frames.series.frames[frame_index]
        self._volumes.frame_passed(loading.series_id, frame_index, shaped(memory, frame))

    def frame_failed(self, request: int, frame_index: int) -> None:
        """Give up a frame that cannot be decoded; the page says so."""
        loading = self._loading(request)
        if loading is not None:
            loading.given_up.add(frame_index)
            self.notice = Notice.INCOMPLETE

    @property
    def undecoded(self) -> frozenset[int]:
        """Return the frames of the active series that came to nothing, or could not be decoded."""
        return frozenset(self._active.given_up) if self._active else frozenset()

    def _loading(self, request: int) -> _Loading | None:
        series_id = self._asked.get(request)
        for loading in (self._active, self._beside):
            if loading is not None and loading.series_id == series_id and not self.ended:
                return loading
        return None

    def stream_ended(self, request: int, status: int) -> None:
        """Take note that a stream is over: 200 to its end, 0 the network broke, else refused."""
        stream = self._stream
        if stream is None or request != stream.request or self.ended:
            return
        self._stream = None
        if access_ended(status):
            self.end()
        elif status != 200:
            self._pause()
        elif self._arrived == stream.arrived_before:
            self._came_to_nothing(stream.loading)
        self.check()

    def _pause(self) -> None:
        pause = min(_FIRST_PAUSE * 2.0**self._failures, _LONGEST_PAUSE)
        self._failures += 1
        self._resume_at = self._host.now() + pause
        self.notice = Notice.RETRYING

    def _came_to_nothing(self, loading: _Loading) -> None:
        self._fruitless += 1
        if self._fruitless >= _FRUITLESS:
            loading.given_up |= self._missing(loading)
            self.notice = Notice.INCOMPLETE
        else:
            self._resume_at = self._host.now() + _FIRST_PAUSE

    def end(self) -> None:
        """Access is over: stop, and forget every frame."""
        self._stop()
        self.ended = True
        self.notice = Notice.ENDED
        self._volumes.clear()
        self._store.clear()
        self._active = self._beside = None

    def status(self) -> dict[str, Any]:
        """Return the counts for the page and for `state()`.

        `failed` are the numbers, from 1, of images that came and could not be decoded.
        """
        series = self._active.frames.series if self._active else None
        return {
            "loaded": len(self.loaded),
            "total": len(series.frames) if series else 0,
            "capacity": self._active.frames.capacity if self._active else 0,
            "failed": sorted(one + 1 for one in self.undecoded),
            "arrived_bytes": self._arrived,
            "allocated_bytes": self._store.size,
            "complete": self.complete,
            "notice": str(self.notice),
        }
