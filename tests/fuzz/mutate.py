"""Ways to spoil a DICOM file, most of them aware of what the bytes mean."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable

_EXPLICIT = re.compile(
    rb"(?s)[\x02-\x7f]\x00..(AE|AS|AT|CS|DA|DS|DT|FD|FL|IS|LO|LT|OB|OW|PN|SH|SL|SQ|SS|ST|TM|UI|UL|UN|US|UT)"
)
_ITEM = b"\xfe\xff\x00\xe0"
_DELIMITERS = (b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0")
# JPEG frame and scan heads, JPEG 2000 SIZ, COD, QCD and tile heads, HTJ2K CAP.
_MARKERS = re.compile(rb"\xff[\xc0-\xc4\xda\xdb\xdd\xf7\xf8\x4f-\x53\x5c\x90]")
_WORDS = (0, 1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 127, 255, 256, 4096, 32767, 32768, 65534, 65535)
_LONGS = (0, 1, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0x00FFFFFF, 0x10000)
_VRS = (b"US", b"SS", b"DS", b"IS", b"OB", b"OW", b"SQ", b"UN", b"UI", b"FD", b"zz", b"\0\0")
_SYNTAXES = (
    *(f"1.2.840.10008.1.2{end}" for end in ("", ".1", ".2", ".5", ".1.99")),
    *(
        f"1.2.840.10008.1.2.4.{number}"
        for number in (50, 51, 57, 70, 80, 81, 90, 91, 201, 202, 203)
    ),
)

Data = bytearray
Mutation = Callable[[random.Random, Data, bytes], None]


def spoilt(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """Return `data` with one to four faults; `other` is a file to take foreign bytes from."""
    result = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        if result:
            chance.choice(_MUTATIONS)(chance, result, other)
    return bytes(result)


def _place(chance: random.Random, data: Data) -> int:
    """Return an offset; the head of the file, where the structure is, is preferred."""
    near = min(len(data), 3000)
    return chance.randrange(near if chance.random() < 0.6 else len(data))


def _flip_bits(chance: random.Random, data: Data, _other: bytes) -> None:
    for _ in range(chance.randint(1, 8)):
        data[_place(chance, data)] ^= 1 << chance.randrange(8)


def _random_bytes(chance: random.Random, data: Data, _other: bytes) -> None:
    at = _place(chance, data)
    data[at : at + chance.randint(1, 16)] = chance.randbytes(chance.randint(0, 16))


def _truncate(chance: random.Random, data: Data, _other: bytes) -> None:
    del data[chance.randrange(len(data)) :]


def _remove(chance: random.Random, data: Data, _other: bytes) -> None:
    at = _place(chance, data)
    del data[at : at + chance.choice((1, 2, 8, 100, 5000))]


def _splice(chance: random.Random, data: Data, other: bytes) -> None:
    start = chance.randrange(max(len(other), 1))
    at = _place(chance, data)
    data[at:at] = other[start : start + chance.choice((4, 8, 64, 1000, 20_000))]


def _explicit_element(chance: random.Random, data: Data) -> int | None:
    places = [found.start() for found in _EXPLICIT.finditer(data, 132, 20_000)]
    return chance.choice(places) if places else None


def _length(chance: random.Random, data: Data, _other: bytes) -> None:
    at = _explicit_element(chance, data)
    if at is None or at + 12 > len(data):
        return
    if data[at + 4 : at + 6] in (b"OB", b"OW", b"SQ", b"UN", b"UT"):
        struct.pack_into("<I", data, at + 8, chance.choice(_LONGS))
    else:
        struct.pack_into("<H", data, at + 6, chance.choice(_WORDS))


def _representation(chance: random.Random, data: Data, _other: bytes) -> None:
    at = _explicit_element(chance, data)
    if at is not None:
        data[at + 4 : at + 6] = chance.choice(_VRS)


def _duplicate_element(chance: random.Random, data: Data, _other: bytes) -> None:
    one, another = _explicit_element(chance, data), _explicit_element(chance, data)
    if one is None or another is None:
        return
    length = 8 + int.from_bytes(data[one + 6 : one + 8], "little")
    data[another:another] = data[one : one + min(length, 4000)]


def _image_word(chance: random.Random, data: Data, _other: bytes) -> None:
    """Change Rows, Columns, Bits Stored and their like, in either encoding."""
    places = [
        found.start()
        for found in re.finditer(rb"(?s)\x28\x00([\x02-\x11\x20\x21]\x00|.\x01)", data)
    ]
    if not places:
        return
    at = chance.choice(places)
    if at + 10 <= len(data):
        struct.pack_into("<H", data, at + 8, chance.choice(_WORDS))


def _deep_sequences(chance: random.Random, data: Data, _other: bytes) -> None:
    at = _explicit_element(chance, data)
    if at is not None:
        level = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + _ITEM + b"\xff\xff\xff\xff"
        data[at:at] = level * chance.choice((5, 31, 33, 400, 3000))


def _encapsulation(chance: random.Random, data: Data, _other: bytes) -> None:
    places = [found.start() for found in re.finditer(re.escape(_ITEM), data)]
    if not places:
        return
    at = chance.choice(places)
    fault = chance.randrange(5)
    if fault == 0 and at + 8 <= len(data):
        struct.pack_into("<I", data, at + 4, chance.choice((*_LONGS, chance.randrange(1 << 16))))
    elif fault == 1:
        data[at:at] = _ITEM + bytes(4)
    elif fault == 2:
        data[at : at + 4] = chance.choice(_DELIMITERS)
    elif fault == 3:
        data[at:at] = _ITEM + struct.pack("<I", 8) + chance.randbytes(8)
    else:
        del data[at : at + 8]


def _codestream(chance: random.Random, data: Data, _other: bytes) -> None:
    places = [found.start() for found in _MARKERS.finditer(data)]
    if not places:
        return
    at = chance.choice(places[:12]) + chance.randint(2, 40)
    if at + 4 > len(data):
        return
    fault = chance.randrange(3)
    if fault == 0:
        data[at] = chance.randrange(256)
    elif fault == 1:
        struct.pack_into(">H", data, at, chance.choice(_WORDS))
    else:
        struct.pack_into(">I", data, at, chance.choice(_LONGS))


def _transfer_syntax(chance: random.Random, data: Data, _other: bytes) -> None:
    at = bytes(data[:1000]).find(b"\x02\x00\x10\x00UI")
    if at < 0:
        return
    length = int.from_bytes(data[at + 6 : at + 8], "little")
    uid = chance.choice(_SYNTAXES).encode()
    uid += b"\0" * (len(uid) % 2)
    data[at + 6 : at + 8 + length] = struct.pack("<H", len(uid)) + uid


_MUTATIONS: tuple[Mutation, ...] = (
    _flip_bits,
    _flip_bits,
    _random_bytes,
    _truncate,
    _remove,
    _splice,
    _length,
    _representation,
    _duplicate_element,
    _image_word,
    _image_word,
    _deep_sequences,
    _encapsulation,
    _encapsulation,
    _codestream,
    _codestream,
    _transfer_syntax,
)
