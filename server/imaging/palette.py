"""Palettes: from a stored index to a colour (PS3.3 C.7.6.3.1.5, C.7.9)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from server.imaging.attributes import numbers, value

MOST_ENTRIES = 1 << 16
CHANNELS = ("Red", "Green", "Blue")
DISCRETE, LINEAR, INDIRECT = range(3)


class PaletteError(ValueError):
    """The palette is missing, cut short or makes no sense."""


def read_palette(dataset: Dataset) -> tuple[int, NDArray[np.uint8]]:
    """Return the first index that the palette maps, and its colours, (entries, 3) of 8 bits.

    Entries of 16 bits keep their upper eight; those whose values all fit eight bits, though
    declared wider, are eight (many makers write them so). Raises PaletteError.
    """
    descriptors = [_descriptor(dataset, channel) for channel in CHANNELS]
    first, bits = descriptors[0][1], descriptors[0][2]
    channels = [
        _channel(dataset, channel, count, depth)
        for channel, (count, _first, depth) in zip(CHANNELS, descriptors, strict=True)
    ]
    entries = max(len(channel) for channel in channels)
    colors = np.stack([_extended(channel, entries) for channel in channels], axis=1)
    wide = bits > 8 and bool((colors > 255).any())
    narrow = colors // (1 << (bits - 8)) if wide else colors
    return first, np.minimum(narrow, 255).astype(np.uint8)


def apply_palette(indices: NDArray[Any], dataset: Dataset) -> NDArray[np.uint8]:
    """Return the colours of stored values, RGB in a last axis. Raises PaletteError.

    Below and above the palette its first and last colour hold.
    """
    first, colors = read_palette(dataset)
    place = np.clip(indices.astype(np.int64) - first, 0, len(colors) - 1)
    return np.take(colors, place, axis=0)


def _descriptor(dataset: Dataset, channel: str) -> tuple[int, int, int]:
    found = numbers(dataset, f"{channel}PaletteColorLookupTableDescriptor")
    if len(found) != 3 or int(found[2]) not in range(1, 17):
        raise PaletteError("the palette has no descriptor")
    count, first, bits = (int(number) for number in found)
    return count % MOST_ENTRIES or MOST_ENTRIES, first, bits


def _channel(dataset: Dataset, channel: str, count: int, bits: int) -> NDArray[np.uint16]:
    segmented = value(dataset, f"Segmented{channel}PaletteColorLookupTableData")
    order = ">" if dataset.original_encoding[1] is False else "<"
    plain = value(dataset, f"{channel}PaletteColorLookupTableData")
    if isinstance(plain, bytes):
        wide = len(plain) >= 2 * count
        words = np.frombuffer(plain, f"{order}u2" if wide else "u1", count if wide else -1)
        entries = words.astype(np.uint16)
    elif isinstance(segmented, bytes):
        parts = np.frombuffer(segmented, "u1" if bits <= 8 else f"{order}u2")
        entries = np.array(_expanded(parts.tolist(), parts.itemsize), dtype=np.uint16)
    else:
        raise PaletteError("the palette has no data")
    if len(entries) < count:
        raise PaletteError("the palette is cut short")
    return entries[:count]


def _extended(channel: NDArray[np.uint16], entries: int) -> NDArray[np.uint16]:
    return np.pad(channel, (0, entries - len(channel)), mode="edge")


def _expanded(words: list[int], size: int) -> list[int]:
    """Write out a segmented palette of words of `size` bytes (PS3.3 C.7.9.2)."""
    entries: list[int] = []
    starts: list[int] = []
    place = 0
    while place + 1 < len(words) and len(entries) <= MOST_ENTRIES:
        if words[place] == INDIRECT:
            parts = _words(words, place + 2, 4 // size)
            offset = sum(part << 8 * size * number for number, part in enumerate(parts))
            for start in _segments_at(starts, offset // size, words[place + 1]):
                _segment(words, start, entries)
            place += 2 + len(parts)
            continue
        starts.append(place)
        place = _segment(words, place, entries)
    if len(entries) > MOST_ENTRIES:
        raise PaletteError("the segments of the palette never end")
    return entries


def _segments_at(starts: list[int], place: int, count: int) -> list[int]:
    """Return the starts of `count` segments from the one at `place` on."""
    if place not in starts:
        raise PaletteError("an indirect segment of the palette points nowhere")
    first = starts.index(place)
    return starts[first : first + count]


def _segment(words: list[int], place: int, entries: list[int]) -> int:
    """Append the entries of a discrete or linear segment; return where the next one starts."""
    code, length = _words(words, place, 2)
    if code == DISCRETE:
        entries.extend(_words(words, place + 2, length))
        return place + 2 + length
    if code != LINEAR or not entries:
        raise PaletteError("the palette has an unknown segment")
    (end,) = _words(words, place + 2, 1)
    start = entries[-1]
    entries.extend(start + round((end - start) * step / length) for step in range(1, length + 1))
    return place + 3


def _words(words: list[int], place: int, count: int) -> list[int]:
    if place + count > len(words):
        raise PaletteError("the segments of the palette are cut short")
    return words[place : place + count]
