"""Decoded frames in memory that is allocated once and never passes its budget.

A series gets one block of slots. Where all its frames fit, slot and frame have the same index, so
that the block read as one array is the series in reading order (a volume without a copy). Where
they do not, the slots follow the reader: the frame farthest from the one on the screen gives way.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.browser.arena import Arena
from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest
from viewer_py.dicom.pack import wire_dtype

LEAST_SLOTS = 8  # frames that a series keeps when another one needs room


class FrameSizeError(ValueError):
    """A frame has another number of bytes than its rows, columns and samples allow."""


def frame_dtype(frame: FrameAttributes, byte_count: int) -> np.dtype[Any]:
    """Return the dtype of a frame of `byte_count` bytes; raises FrameSizeError when none fits."""
    samples = frame.rows * frame.columns * frame.samples_per_pixel
    item_size = byte_count // samples if samples else 0
    if item_size not in (1, 2, 4) or item_size * samples != byte_count:
        raise FrameSizeError(f"{byte_count} bytes for {frame.columns} × {frame.rows} pixels")
    if frame.floating and item_size == wire_dtype(frame).itemsize:
        return wire_dtype(frame)
    sign = "i" if frame.signed and frame.samples_per_pixel == 1 else "u"
    return np.dtype(f"<{sign}{item_size}")


def shaped(raw: NDArray[np.uint8], frame: FrameAttributes) -> NDArray[Any]:
    """Return the bytes of a frame as its stored values, (rows, columns) or (rows, columns, 3).

    Raises FrameSizeError.
    """
    values = raw.view(frame_dtype(frame, raw.size))
    if frame.samples_per_pixel == 1:
        return values.reshape(frame.rows, frame.columns)
    return values.reshape(frame.rows, frame.columns, frame.samples_per_pixel)


def decoded_bytes(frame: FrameAttributes) -> int:
    """Return the bytes that a frame takes once it is decoded."""
    return frame.rows * frame.columns * frame.samples_per_pixel * wire_dtype(frame).itemsize


def largest_frame(series: SeriesManifest) -> int:
    """Return the bytes that the largest frame of the series takes once it is decoded."""
    return max(max(decoded_bytes(frame) for frame in series.frames), 1)


class SeriesFrames:
    """The slots of one series in memory that is lent."""

    def __init__(self, series: SeriesManifest, block: NDArray[np.uint8]) -> None:
        """Use `block`, (slots, bytes of a slot)."""
        self.series = series
        self.generation = 0  # grows with every frame that comes
        self._block = block
        self._slots: dict[int, int] = {}
        self._bytes: dict[int, int] = {}
        self._loaded: frozenset[int] | None = frozenset()
        self._free = list(range(len(block) - 1, -1, -1))

    @property
    def size(self) -> int:
        """Return the bytes of the block."""
        return self._block.nbytes

    @property
    def capacity(self) -> int:
        """Return how many frames the block holds."""
        return len(self._block)

    @property
    def whole(self) -> bool:
        """Tell whether there is a slot for every frame."""
        return self.capacity >= len(self.series.frames)

    @property
    def loaded(self) -> frozenset[int]:
        """Return the indices of the frames that are there."""
        if self._loaded is None:
            self._loaded = frozenset(self._bytes)
        return self._loaded

    @property
    def count(self) -> int:
        """Return how many frames are there."""
        return len(self._bytes)

    def holds(self, frame_index: int) -> bool:
        """Tell whether a frame is there."""
        return frame_index in self._bytes

    def window(self, around: int) -> range:
        """Return the frames worth having when the reader looks at `around`."""
        count = len(self.series.frames)
        if self.whole:
            return range(count)
        first = min(max(around - self.capacity // 2, 0), count - self.capacity)
        return range(first, first + self.capacity)

    def reserve(self, frame_index: int, byte_count: int, window: range) -> NDArray[np.uint8] | None:
        """Return the memory for one frame, to be filled and then told to `commit`.

        Where no slot is free, the frame farthest from `window` gives way; None when all frames
        held are inside it, or this one is not. Raises FrameSizeError for a frame of the wrong size.
        """
        frame_dtype(self.series.frames[frame_index], byte_count)
        if byte_count > self._block.shape[1]:
            raise FrameSizeError(f"{byte_count} bytes do not fit a slot")
        slot = self._slot_for(frame_index, window)
        if slot is None:
            return None
        self._slots[frame_index] = slot
        return self._block[slot, :byte_count]

    def commit(self, frame_index: int, byte_count: int) -> None:
        """Say that the reserved memory of the frame is filled."""
        self._bytes[frame_index] = byte_count
        self._loaded = None
        self.generation += 1

    def pixels(self, frame_index: int) -> NDArray[Any] | None:
        """Return the stored values, (rows, columns) or (rows, columns, 3), or None."""
        byte_count = self._bytes.get(frame_index)
        if byte_count is None:
            return None
        raw = self._block[self._slots[frame_index], :byte_count]
        return shaped(raw, self.series.frames[frame_index])

    def stack(self) -> NDArray[Any] | None:
        """Return the block as (frames, rows, columns) in reading order, not copied.

        None unless every frame has a slot and all are of one size and type, in one sample. Frames
        that are not loaded hold anything.
        """
        first = self.series.frames[0]
        kinds = {(one.rows, one.columns, wire_dtype(one)) for one in self.series.frames}
        if not self.whole or len(kinds) > 1 or first.samples_per_pixel != 1:
            return None
        count = len(self.series.frames)
        return self._block.view(wire_dtype(first)).reshape(count, first.rows, first.columns)

    def shrink(self, slot_count: int) -> None:
        """Keep the first slots only; the frames in the others are forgotten."""
        self._block = self._block[:slot_count]
        for frame_index, slot in list(self._slots.items()):
            if slot >= slot_count:
                del self._slots[frame_index]
                self._bytes.pop(frame_index, None)
        taken = set(self._slots.values())
        self._free = [slot for slot in range(slot_count - 1, -1, -1) if slot not in taken]
        self._loaded = None

    def _slot_for(self, frame_index: int, window: range) -> int | None:
        if self.whole:
            return frame_index
        if frame_index in self._slots:
            return self._slots[frame_index]
        if frame_index not in window:
            return None
        if self._free:
            return self._free.pop()
        farthest = max(self._slots, key=lambda held: _distance(held, window))
        if _distance(farthest, window) == 0:
            return None
        self._bytes.pop(farthest, None)
        self._loaded = None
        return self._slots.pop(farthest)


def _distance(frame_index: int, window: range) -> int:
    return max(window.start - frame_index, frame_index - window.stop + 1, 0)


class FrameStore:
    """The frames of all series that were opened, under one budget in bytes."""

    def __init__(self, budget: int) -> None:
        self._arena = Arena(budget)
        self._open: OrderedDict[str, SeriesFrames] = OrderedDict()
        self._places: dict[str, int] = {}

    @property
    def budget(self) -> int:
        """Return the bytes that may be taken."""
        return self._arena.size

    @property
    def size(self) -> int:
        """Return the bytes taken."""
        return self._arena.used

    def open(self, series: SeriesManifest, keep: AbstractSet[str] = frozenset()) -> SeriesFrames:
        """Return the slots of `series`, made now if they are not there.

        Others give way, the oldest first; the series in `keep` only lose frames, and only where
        not even `LEAST_SLOTS` frames fit beside them. Raises MemoryError.
        """
        series_id = series.series_id
        if series_id in self._open:
            self._open.move_to_end(series_id)
            return self._open[series_id]
        slot_bytes = largest_frame(series)
        count = len(series.frames)
        if not self._make_gap(slot_bytes * count, keep):
            self._make_gap(slot_bytes * min(count, LEAST_SLOTS), keep, shrink=True)
            count = max(min(count, self._arena.largest_gap // slot_bytes), 1)
        lent = self._arena.take(slot_bytes * count)
        if lent is None:
            raise MemoryError(f"{slot_bytes} bytes a frame do not fit the budget")
        self._places[series_id], raw = lent
        self._open[series_id] = SeriesFrames(series, raw.reshape(count, slot_bytes))
        return self._open[series_id]

    def frames(self, series_id: str) -> SeriesFrames | None:
        """Return the slots of a series, None when it was never opened or had to give way."""
        return self._open.get(series_id)

    def pixels(self, series_id: str, frame_index: int) -> NDArray[Any] | None:
        """Return the stored values of a frame, or None while it is not there."""
        frames = self._open.get(series_id)
        return None if frames is None else frames.pixels(frame_index)

    def borrow(
        self, byte_count: int, keep: AbstractSet[str]
    ) -> tuple[int, NDArray[np.uint8]] | None:
        """Lend memory of the budget for something else: its place for `give_back`, and its bytes.

        Series give way as in `open`, those in `keep` down to `LEAST_SLOTS` frames. None where it
        does not fit even so.
        """
        self._make_gap(byte_count, keep, shrink=True)
        return self._arena.take(byte_count)

    def give_back(self, place: int) -> None:
        """Take back what `borrow` lent."""
        self._arena.give_back(place)

    def clear(self) -> None:
        """Forget every frame."""
        for series_id in list(self._open):
            self._drop(series_id)

    def _make_gap(self, byte_count: int, keep: AbstractSet[str], *, shrink: bool = False) -> bool:
        """Make room by dropping series, then (`shrink`) by taking slots; say whether it worked."""
        for series_id in [one for one in self._open if one not in keep]:
            if self._arena.largest_gap >= byte_count:
                return True
            self._drop(series_id)
        if shrink and self._arena.largest_gap < byte_count:
            kept = keep & self._open.keys()
            for series_id in sorted(kept, key=lambda one: self._open[one].size, reverse=True):
                self._shrink(series_id, byte_count)
        return self._arena.largest_gap >= byte_count

    def _shrink(self, series_id: str, byte_count: int) -> None:
        """Take away the last slots of a series until the gap behind it is large enough."""
        frames = self._open[series_id]
        if self._arena.largest_gap >= byte_count:
            return
        slot_bytes = frames.size // frames.capacity
        enough = (frames.size - byte_count) // slot_bytes
        count = min(max(enough, LEAST_SLOTS), frames.capacity)
        frames.shrink(count)
        self._arena.give_back(self._places[series_id], kept=count * slot_bytes)

    def _drop(self, series_id: str) -> None:
        self._open.pop(series_id)
        self._arena.give_back(self._places.pop(series_id))
