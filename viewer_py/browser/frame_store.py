"""Decoded frames in memory that is allocated once and never passes its budget.

A series gets one block of slots. When the series is longer than the block, the slots follow the
reader: the frame farthest from the one on the screen gives way. The WASM heap never shrinks, so
blocks are dropped (oldest series first) before a new one is made.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest


class FrameSizeError(ValueError):
    """A frame has another number of bytes than its rows, columns and samples allow."""


def frame_dtype(frame: FrameAttributes, byte_count: int) -> np.dtype[Any]:
    """Return the dtype of a frame of `byte_count` bytes; raises FrameSizeError when none fits."""
    samples = frame.rows * frame.columns * frame.samples_per_pixel
    item_size = byte_count // samples if samples else 0
    if item_size not in (1, 2, 4) or item_size * samples != byte_count:
        raise FrameSizeError(f"{byte_count} bytes for {frame.columns} × {frame.rows} pixels")
    sign = "i" if frame.signed and frame.samples_per_pixel == 1 else "u"
    return np.dtype(f"<{sign}{item_size}")


def largest_frame(series: SeriesManifest) -> int:
    """Return the bytes that the largest frame of the series takes once it is decoded."""
    return max(
        frame.rows * frame.columns * frame.samples_per_pixel * _item_size(frame)
        for frame in series.frames
    )


def _item_size(frame: FrameAttributes) -> int:
    return 1 if frame.bits_stored <= 8 else 2 if frame.bits_stored <= 16 else 4


class SeriesFrames:
    """The slots of one series."""

    def __init__(self, series: SeriesManifest, slot_bytes: int, slot_count: int) -> None:
        self.series = series
        self._block = np.empty((slot_count, slot_bytes), dtype=np.uint8)
        self._slots: dict[int, int] = {}
        self._bytes: dict[int, int] = {}
        self._free = list(range(slot_count - 1, -1, -1))

    @property
    def size(self) -> int:
        """Return the bytes of the block."""
        return self._block.nbytes

    @property
    def capacity(self) -> int:
        """Return how many frames the block holds."""
        return len(self._block)

    @property
    def loaded(self) -> frozenset[int]:
        """Return the indices of the frames that are there."""
        return frozenset(self._bytes)

    def window(self, around: int) -> range:
        """Return the frames worth having when the reader looks at `around`."""
        count = len(self.series.frames)
        if self.capacity >= count:
            return range(count)
        first = min(max(around - self.capacity // 2, 0), count - self.capacity)
        return range(first, first + self.capacity)

    def reserve(self, frame_index: int, byte_count: int, around: int) -> NDArray[np.uint8] | None:
        """Return the memory for one frame, to be filled and then told to `commit`.

        None when every frame held is nearer to `around`. Raises FrameSizeError for a frame of the
        wrong size.
        """
        frame_dtype(self.series.frames[frame_index], byte_count)
        if byte_count > self._block.shape[1]:
            raise FrameSizeError(f"{byte_count} bytes do not fit a slot")
        slot = self._slot_for(frame_index, around)
        if slot is None:
            return None
        self._slots[frame_index] = slot
        return self._block[slot, :byte_count]

    def commit(self, frame_index: int, byte_count: int) -> None:
        """Say that the reserved memory of the frame is filled."""
        self._bytes[frame_index] = byte_count

    def pixels(self, frame_index: int) -> NDArray[Any] | None:
        """Return the stored values, (rows, columns) or (rows, columns, 3), or None."""
        byte_count = self._bytes.get(frame_index)
        if byte_count is None:
            return None
        frame = self.series.frames[frame_index]
        raw = self._block[self._slots[frame_index], :byte_count]
        values = raw.view(frame_dtype(frame, byte_count))
        if frame.samples_per_pixel == 1:
            return values.reshape(frame.rows, frame.columns)
        return values.reshape(frame.rows, frame.columns, frame.samples_per_pixel)

    def _slot_for(self, frame_index: int, around: int) -> int | None:
        if frame_index in self._slots:
            return self._slots[frame_index]
        if self._free:
            return self._free.pop()
        farthest = max(self._slots, key=lambda held: abs(held - around))
        if abs(farthest - around) <= abs(frame_index - around):
            return None
        self._bytes.pop(farthest, None)
        return self._slots.pop(farthest)


class FrameStore:
    """The frames of all series that were opened, under one budget in bytes."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._open: OrderedDict[str, SeriesFrames] = OrderedDict()

    @property
    def size(self) -> int:
        """Return the bytes allocated."""
        return sum(frames.size for frames in self._open.values())

    def open(self, series: SeriesManifest) -> SeriesFrames:
        """Return the slots of `series`, made now if they are not there; others may give way."""
        if series.series_id in self._open:
            self._open.move_to_end(series.series_id)
            return self._open[series.series_id]
        slot_bytes = largest_frame(series)
        slot_count = max(min(len(series.frames), self._budget // slot_bytes), 1)
        while self._open and self.size + slot_count * slot_bytes > self._budget:
            self._open.popitem(last=False)
        self._open[series.series_id] = SeriesFrames(series, slot_bytes, slot_count)
        return self._open[series.series_id]

    def pixels(self, series_id: str, frame_index: int) -> NDArray[Any] | None:
        """Return the stored values of a frame, or None while it is not there."""
        frames = self._open.get(series_id)
        return None if frames is None else frames.pixels(frame_index)

    def clear(self) -> None:
        """Forget every frame."""
        self._open.clear()
