"""A walk over the structure of a DICOM data set (PS3.5 section 7), values unread.

pydicom reads what is there and says little of what is missing: a value cut short is returned
short. Here every length is followed to its end, so that a truncated object is told from a whole
one, and hostile nesting is met with a limit instead of a recursion error.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from server.ingest.limits import IngestLimits
from server.ingest.rejection import Reason, RefusedError
from server.ingest.spool import Buffer

UNDEFINED = 0xFFFFFFFF
_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_ITEM, _ITEM_END, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)
PIXEL_DATA = 0x7FE00010


@dataclass(frozen=True)
class Element:
    """Where one top-level element lies: offsets in bytes from the start of the data."""

    tag: int
    start: int
    value_start: int
    end: int
    undefined_length: bool


@dataclass(frozen=True)
class Encoding:
    """How a data set is written: with or without value representations, and its byte order."""

    implicit: bool
    little_endian: bool


def truncated() -> RefusedError:
    """Return the refusal of an object that ends too early."""
    return RefusedError(
        Reason.TRUNCATED, "文件不完整，数据提前结束 / incomplete: the data ends too early"
    )


def _malformed(what: str) -> RefusedError:
    return RefusedError(Reason.MALFORMED, f"DICOM 结构错误 / malformed DICOM: {what}")


class Walker:
    """Walks one data set; counts elements and depth against the limits."""

    def __init__(self, data: Buffer, encoding: Encoding, limits: IngestLimits) -> None:
        self._data = data
        self._limits = limits
        self._count = 0
        self._encoding = encoding
        order = "<" if encoding.little_endian else ">"
        self._tag = struct.Struct(order + "HH")
        self._long = struct.Struct(order + "I")
        self._short = struct.Struct(order + "H")

    def top_level(self, start: int) -> dict[int, Element]:
        """Return the elements from an offset to the end, by tag.

        Raises RefusedError: truncated, or malformed.
        """
        end = len(self._data)
        elements: dict[int, Element] = {}
        position = start
        while position < end:
            element = self.one(position)
            if element.tag >> 16 == 0xFFFE:
                raise _malformed("an item outside a sequence")
            elements.setdefault(element.tag, element)
            position = element.end
        return elements

    def one(self, start: int) -> Element:
        """Return the element at an offset. Raises RefusedError."""
        end = len(self._data)
        group_element, implicit, value_start, length = self._header(start, end, False)
        tag = group_element[0] << 16 | group_element[1]
        value_end = self._value_end(tag, value_start, length, end, implicit)
        return Element(tag, start, value_start, value_end, length == UNDEFINED)

    def fragments(self, pixel_data: Element) -> int:
        """Return the number of fragments of encapsulated pixel data (PS3.5 A.4), empty ones apart.

        The first item is the offset table and no fragment.
        """
        count, position = -1, pixel_data.value_start
        while True:
            tag, _, value_start, length = self._header(position, pixel_data.end, True)
            if tag == _SEQUENCE_END:
                return max(0, count)
            count += 1 if count < 0 or length else 0
            position = value_start + length

    def _value_end(self, tag: int, start: int, length: int, end: int, implicit: bool) -> int:
        if length != UNDEFINED:
            if start + length > end:
                raise truncated()
            return start + length
        if tag == PIXEL_DATA:
            return self._fragments_end(start, end)
        return self._sequence_end(start, end, implicit, 1)

    def _fragments_end(self, position: int, end: int) -> int:
        while True:
            tag, _, value_start, length = self._header(position, end, True)
            if tag == _SEQUENCE_END:
                return value_start
            if tag != _ITEM or length == UNDEFINED:
                raise _malformed("pixel data of undefined length that is not made of fragments")
            position = value_start + length
            if position > end:
                raise truncated()

    def _sequence_end(self, position: int, end: int, implicit: bool, depth: int) -> int:
        if depth > self._limits.depth:
            raise _malformed(f"sequences nested deeper than {self._limits.depth}")
        while True:
            tag, _, value_start, length = self._header(position, end, True)
            if tag == _SEQUENCE_END:
                return value_start
            if tag != _ITEM:
                raise _malformed("a sequence that holds something else than items")
            if length == UNDEFINED:
                position = self._item_end(value_start, end, implicit, depth)
            else:
                position = value_start + length
            if position > end:
                raise truncated()

    def _item_end(self, position: int, end: int, implicit: bool, depth: int) -> int:
        while True:
            tag, inner_implicit, value_start, length = self._header(position, end, implicit)
            if tag == _ITEM_END:
                return value_start
            if tag[0] == 0xFFFE:
                raise _malformed("an item that does not end")
            if length == UNDEFINED:
                position = self._sequence_end(value_start, end, inner_implicit, depth + 1)
            else:
                position = value_start + length
            if position > end:
                raise truncated()

    def _header(
        self, position: int, end: int, implicit: bool
    ) -> tuple[tuple[int, int], bool, int, int]:
        """Return tag, whether what it encloses is implicit, value offset, length."""
        self._count += 1
        if self._count > self._limits.elements:
            raise _malformed(f"more than {self._limits.elements} elements")
        if position + 8 > end:
            raise truncated()
        tag = self._tag.unpack_from(self._data, position)
        vr = self._data[position + 4 : position + 6]
        if implicit or self._encoding.implicit or tag[0] == 0xFFFE or not _is_vr(vr):
            # Letters that are no value representation: some writers leave them out (as pydicom).
            length = self._long.unpack_from(self._data, position + 4)[0]
            return tag, implicit, position + 8, length
        if vr not in _LONG_VRS:
            return tag, False, position + 8, self._short.unpack_from(self._data, position + 6)[0]
        if position + 12 > end:
            raise truncated()
        # Inside a UN of undefined length everything is implicit (PS3.5 6.2.2).
        length = self._long.unpack_from(self._data, position + 8)[0]
        return tag, vr == b"UN", position + 12, length


def _is_vr(letters: bytes) -> bool:
    return len(letters) == 2 and letters.isalpha() and letters.isupper()
