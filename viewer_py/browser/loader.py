"""Loading the frames of the series on the screen: what to ask for, when to ask again.

One stream at a time. It starts nearest to the reader; when the reader jumps away from what has
arrived it is dropped and asked for anew; when the network fails it is asked for again, later and
later; when access has ended it stops for good.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from viewer_py.browser.frame_store import FrameSizeError, FrameStore, SeriesFrames
from viewer_py.dicom.manifest import SeriesManifest

JUMP = 8  # frames; nearer than that the running stream gets there soon
_PATIENCE = 0.15  # seconds between two questions while the reader drags
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
_FRUITLESS = 3  # streams that end well and bring nothing before the missing frames are given up

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


class FrameLoader:
    """Keeps the frames around the reader coming."""

    def __init__(self, host: StreamHost, store: FrameStore) -> None:
        self._host = host
        self._store = store
        self._frames: SeriesFrames | None = None
        self._focus = 0
        self._request = 0
        self._streaming = False
        self._asked_around = 0
        self._asked_at = -1e9
        self._resume_at = 0.0
        self._failures = 0
        self._fruitless = 0
        self._arrived = 0
        self._given_up: set[int] = set()
        self.ended = False
        self.notice = Notice.NONE

    def open(self, series: SeriesManifest, around: int) -> None:
        """Load another series, nearest to `around` first."""
        self._stop()
        self._frames = self._store.open(series)
        self._given_up = set()
        self._failures = self._fruitless = 0
        self._resume_at = 0.0
        self._asked_at = -1e9
        self._focus = around
        windowed = self._frames.capacity < len(series.frames)
        self.notice = Notice.WINDOWED if windowed else Notice.NONE
        self.check()

    def focus(self, frame_index: int) -> None:
        """Say which frame is on the screen now."""
        self._focus = frame_index
        self.check()

    @property
    def loaded(self) -> frozenset[int]:
        """Return the frames of the series that are in memory."""
        return self._frames.loaded if self._frames else frozenset()

    @property
    def arrived_bytes(self) -> int:
        """Return the decoded bytes that arrived since the page was opened."""
        return self._arrived

    def missing(self) -> set[int]:
        """Return the frames worth having that are not there."""
        if self._frames is None:
            return set()
        return set(self._frames.window(self._focus)) - self._frames.loaded - self._given_up

    @property
    def complete(self) -> bool:
        """Tell whether everything worth having is there."""
        return self._frames is not None and not self.missing()

    def check(self) -> None:
        """Ask for frames if it is time to; call it again after `call_later`."""
        if self.ended or self._frames is None:
            return
        missing = self.missing()
        if not missing or (self._streaming and not self._jumped(missing)):
            return
        wait = max(self._resume_at, self._asked_at + _PATIENCE) - self._host.now()
        if wait > 0:
            self._host.call_later(wait)
            return
        self._ask(missing)

    def _jumped(self, missing: set[int]) -> bool:
        far = abs(self._focus - self._asked_around) > JUMP
        return far and self._focus in missing

    def _ask(self, missing: set[int]) -> None:
        assert self._frames is not None
        self._stop()
        self._request += 1
        self._streaming = True
        self._asked_around = self._focus
        self._asked_at = self._host.now()
        self._arrived_before = self._arrived
        query = f"around={self._focus}&wanted={as_ranges(missing)}"
        self._host.open_stream(self._frames.series.series_id, self._request, query)

    def _stop(self) -> None:
        if self._streaming:
            self._streaming = False
            self._host.close_stream()

    def frame_arrived(self, request: int, frame_index: int, byte_count: int, fill: Fill) -> bool:
        """Take one decoded frame; `fill` writes its bytes into the memory it is given.

        Returns whether it was kept. A frame of a stream that was dropped is not.
        """
        frames = self._frames
        if frames is None or request != self._request or self.ended:
            return False
        if not 0 <= frame_index < len(frames.series.frames):
            return False
        try:
            memory = frames.reserve(frame_index, byte_count, self._focus)
        except FrameSizeError:
            self.frame_failed(request, frame_index)
            return False
        if memory is None:
            return False
        fill(memory)
        frames.commit(frame_index, byte_count)
        self._arrived += byte_count
        self._failures = self._fruitless = 0
        if self.notice is Notice.RETRYING:
            self.notice = Notice.NONE
        return True

    def frame_failed(self, request: int, frame_index: int) -> None:
        """Give up a frame that cannot be decoded; the page says so."""
        if request == self._request:
            self._given_up.add(frame_index)
            self.notice = Notice.INCOMPLETE

    def stream_ended(self, request: int, status: int) -> None:
        """Take note that a stream is over: 200 to its end, 0 the network broke, else refused."""
        if request != self._request or self.ended:
            return
        self._streaming = False
        if access_ended(status):
            self.end()
        elif status != 200:
            self._pause()
        elif self._arrived == self._arrived_before:
            self._came_to_nothing()
        self.check()

    def _pause(self) -> None:
        pause = min(_FIRST_PAUSE * 2.0**self._failures, _LONGEST_PAUSE)
        self._failures += 1
        self._resume_at = self._host.now() + pause
        self.notice = Notice.RETRYING

    def _came_to_nothing(self) -> None:
        self._fruitless += 1
        if self._fruitless >= _FRUITLESS:
            self._given_up |= self.missing()
            self.notice = Notice.INCOMPLETE
        else:
            self._resume_at = self._host.now() + _FIRST_PAUSE

    def end(self) -> None:
        """Access is over: stop, and forget every frame."""
        self._stop()
        self.ended = True
        self.notice = Notice.ENDED
        self._store.clear()
        self._frames = None

    def status(self) -> dict[str, Any]:
        """Return the counts for the page and for `state()`."""
        series = self._frames.series if self._frames else None
        return {
            "loaded": len(self.loaded),
            "total": len(series.frames) if series else 0,
            "arrived_bytes": self._arrived,
            "allocated_bytes": self._store.size,
            "complete": self.complete,
            "notice": str(self.notice),
        }
