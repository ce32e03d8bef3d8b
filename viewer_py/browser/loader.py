"""Loading the frames of the series on the screen: what to ask for, when to ask again.

One stream at a time. It starts nearest to the reader; when the reader jumps away from what has
arrived it is dropped and asked for anew; when the network fails it is asked for again, later and
later; when access has ended it stops for good. No frame is asked for while it is on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from viewer_py.browser.frame_store import FrameSizeError, FrameStore, shaped
from viewer_py.browser.notices import Notice, access_ended
from viewer_py.browser.volume_store import VolumeStore
from viewer_py.browser.wanted import Wanted, as_ranges
from viewer_py.dicom.manifest import SeriesManifest

JUMP = 8  # frames; nearer than that the running stream gets there soon
_PATIENCE = 0.15  # seconds between two questions while the reader drags
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
_FRUITLESS = 3  # streams that end well and bring nothing before the missing frames are given up

OPENING = 0  # the request of the frame that the worker fetches by itself, of the first series

Fill = Callable[[NDArray[np.uint8]], object]


class StreamHost(Protocol):
    """What loading needs of the worker around it."""

    def now(self) -> float: ...
    def open_stream(self, series_id: str, request: int, query: str) -> None: ...
    def close_stream(self) -> None: ...

    def coming(self, series_id: str) -> Iterable[int]:
        """Return the frames that are received, or fetched in another way, and come for sure."""
        ...

    def call_later(self, seconds: float) -> None: ...


@dataclass(frozen=True)
class _Stream:
    """What was asked for last."""

    request: int
    wanted: Wanted
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
        self._active: Wanted | None = None
        self._beside: Wanted | None = None
        self._kept: frozenset[str] = frozenset()
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
            middle = len(series.frames) // 2
            self._beside = self._begin(series, middle if around is None else around)
            self._active.move()  # it may have had to give way
        elif around is not None and around not in self._beside.window:
            self._beside.focus = around
            self._beside.move()
        self.check()

    def focus(self, frame_index: int) -> None:
        """Say which frame is on the screen now."""
        if self._active is not None:
            self._active.look_at(frame_index)
        self.check()

    def _begin(self, series: SeriesManifest, around: int) -> Wanted:
        keep = set(self._volumes.wanted)
        if self._active is not None and self._active.series_id != series.series_id:
            keep.add(self._active.series_id)
        try:
            frames = self._store.open(series, keep | self._kept)
        except MemoryError:  # what is on the screen beside it has to give way
            frames = self._store.open(series, keep)
        return Wanted(frames, self._volumes, around)

    # --- what is there and what is not ------------------------------------------------------

    @property
    def opened(self) -> str:
        """Return the series that is loaded before any other, "" when none is."""
        return self._active.series_id if self._active else ""

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
        return set() if self._active is None else self._active.missing()

    @property
    def complete(self) -> bool:
        """Tell whether everything worth having is there."""
        return self._active is not None and self._active.complete

    # --- asking -----------------------------------------------------------------------------

    def check(self) -> None:
        """Ask for frames if it is time to; call it again after `call_later`."""
        if self.ended or self._active is None:
            return
        wanted = self._next()
        if wanted is None or (self._stream is not None and not self._better(wanted)):
            return
        wait = max(self._resume_at, self._asked_at + _PATIENCE) - self._host.now()
        if wait > 0:
            self._host.call_later(wait)
            return
        self._ask(wanted)

    def _next(self) -> Wanted | None:
        """Return the series to load now: the active one, then the one beside it."""
        for wanted in (self._active, self._beside):
            if wanted is not None and wanted.nearest_missing():
                return wanted
        return None

    def _better(self, wanted: Wanted) -> bool:
        """Tell whether to drop the running stream for what is wanted now."""
        stream = self._stream
        assert stream is not None
        if stream.wanted is not wanted:
            return wanted is self._active
        far = abs(wanted.focus - stream.around) > JUMP
        return far and wanted.focus in wanted.nearest_missing()

    def _ask(self, wanted: Wanted) -> None:
        self._stop()
        missing = wanted.nearest_missing() - set(self._host.coming(wanted.series_id))
        self._asked_at = self._host.now()
        if not missing:
            self._host.call_later(_PATIENCE)
            return
        self._request += 1
        self._stream = _Stream(self._request, wanted, wanted.focus, self._arrived)
        self._asked[self._request] = wanted.series_id
        query = f"around={wanted.focus}&wanted={as_ranges(missing)}"
        if wanted.toward:
            query += f"&toward={wanted.toward}"
        self._host.open_stream(wanted.series_id, self._request, query)

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
        wanted = self._loading(request)
        if wanted is None or not 0 <= frame_index < len(wanted.frames.series.frames):
            return False
        try:
            memory = wanted.frames.reserve(frame_index, byte_count, wanted.window)
        except FrameSizeError:
            self.frame_failed(request, frame_index)
            return False
        self._arrived += byte_count
        self._failures = self._fruitless = 0
        if self.notice is Notice.RETRYING:
            self.notice = Notice.NONE
        if memory is None:
            self._pass_by(wanted, frame_index, byte_count, fill)
            return False
        fill(memory)
        wanted.frames.commit(frame_index, byte_count)
        self._tell_volume(wanted, frame_index, memory)
        return True

    def _pass_by(self, wanted: Wanted, frame_index: int, byte_count: int, fill: Fill) -> None:
        """Take from a frame that is not kept what a volume of reduced resolution needs of it."""
        if frame_index in self._volumes.missing(wanted.series_id):
            if self._scratch.size < byte_count:
                self._scratch = np.empty(byte_count, dtype=np.uint8)
            fill(self._scratch[:byte_count])
            self._tell_volume(wanted, frame_index, self._scratch[:byte_count])

    def _tell_volume(self, wanted: Wanted, frame_index: int, memory: NDArray[np.uint8]) -> None:
        frame = wanted.frames.series.frames[frame_index]
        self._volumes.frame_passed(wanted.series_id, frame_index, shaped(memory, frame))

    def frame_failed(self, request: int, frame_index: int) -> None:
        """Give up a frame that cannot be decoded; the page says so."""
        wanted = self._loading(request)
        if wanted is not None:
            wanted.given_up.add(frame_index)
            self.notice = Notice.INCOMPLETE

    @property
    def undecoded(self) -> frozenset[int]:
        """Return the frames of the active series that came to nothing, or could not be decoded."""
        return frozenset(self._active.given_up) if self._active else frozenset()

    def _loading(self, request: int) -> Wanted | None:
        series_id = self._asked.get(request)
        for wanted in (self._active, self._beside):
            if wanted is not None and wanted.series_id == series_id and not self.ended:
                return wanted
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
            self._came_to_nothing(stream.wanted)
        self.check()

    def _pause(self) -> None:
        pause = min(_FIRST_PAUSE * 2.0**self._failures, _LONGEST_PAUSE)
        self._failures += 1
        self._resume_at = self._host.now() + pause
        self.notice = Notice.RETRYING

    def _came_to_nothing(self, wanted: Wanted) -> None:
        self._fruitless += 1
        if self._fruitless >= _FRUITLESS:
            wanted.given_up |= wanted.missing()
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
