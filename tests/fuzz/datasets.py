"""Whole data sets with absurd values, written byte by byte so that nothing corrects them."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Mapping

Value = tuple[bytes, bytes]  # VR and value
Elements = dict[int, Value]

ROWS, COLUMNS = 12, 16
_LONG = frozenset({b"OB", b"OW", b"OF", b"SQ", b"UN", b"UT"})
_DECIMALS = tuple(
    text.encode()
    for text in (
        "", "0", "-0", "1", "-1", "0.5", "1e-320", "1e-30", "1e30", "1e308", "-1e308", "1e309",
        "NaN", "nan", "Infinity", "-inf", "abc", "1,5", "1\\2", "0\\0", "1\\-1", "1e308\\1e308",
        "1e-300\\1e-300", "1\\abc", "\\", "1\\2\\3", "0\\0\\0", "1e308\\1e308\\1e308", " 1 ",
        "1\\0\\0\\0\\1\\0", "0\\0\\0\\0\\0\\0", "1e200\\0\\0\\0\\1e200\\0", "nan\\0\\0\\0\\1\\0",
        "1\\0\\0\\1\\0\\0", "99999999999999999999", "１", "0x10", "1_0", "+.5", "1" * 300,
    )
)  # fmt: skip
_WORDS = (0, 1, 2, 3, 5, 7, 8, 9, 11, 12, 15, 16, 17, 24, 31, 32, 64, 255, 4096, 32768, 65535)
_TEXTS = (
    b"", b"\0", b" ", b"MONOCHROME1", b"MONOCHROME2", b"RGB", b"PALETTE COLOR", b"YBR_FULL",
    b"YBR_FULL_422", b"YBR_RCT", b"SIGMOID", b"LINEAR_EXACT", b"LINEAR", b"INVERSE", b"IDENTITY",
    b"\xff\xfe", "王^五".encode(), "王^五".encode("gb18030"),
    b"\x1b$)A\xcd\xf5", b"<script>", b"A\\B\\C", b"-0800", b"CT", b"PT",
    b"=" * 70, b"%s%n", b"../../etc", b"x" * 5000, b"20260101", b"235960.999999",
)  # fmt: skip
_CHARSETS = (b"ISO_IR 100", b"ISO_IR 192", b"GB18030", b"GBK", b"\\ISO 2022 IR 58", b"nonsense",
             b"ISO 2022 IR 13\\ISO 2022 IR 87", b"\\\\\\",
             b"utf_7", b"rot13", b"zlib_codec", b"idna")  # fmt: skip

_US_TAGS = (0x00280002, 0x00280006, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102,
            0x00280103, 0x00280120, 0x00280121, 0x00281101, 0x00281102, 0x00281103)  # fmt: skip
_DS_TAGS = (0x00180050, 0x00180060, 0x00180088, 0x00181063, 0x00181065, 0x00181110, 0x00181111,
            0x00181114, 0x00181164, 0x00182010, 0x00200032, 0x00200037, 0x00201041, 0x00280030,
            0x00281050, 0x00281051, 0x00281052, 0x00281053, 0x00189311,
            0x00101030, 0x3004000C)  # fmt: skip
_IS_TAGS = (0x00200011, 0x00200013, 0x00280008, 0x00280034, 0x00181153, 0x00540081)
_TEXT_TAGS = (0x00080005, 0x00080008, 0x00080020, 0x00080030, 0x00080050, 0x00080060, 0x00080070,
              0x00081030, 0x0008103E, 0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00101010,
              0x00180015, 0x00185101, 0x00200020, 0x00200052, 0x00200062, 0x00280004, 0x00281054,
              0x00281055, 0x00281056, 0x20500020, 0x00541001, 0x00541102)  # fmt: skip
_VRS = (
    b"US",
    b"SS",
    b"DS",
    b"IS",
    b"UN",
    b"LO",
    b"OB",
    b"OW",
    b"FD",
    b"SQ",
    b"AT",
    b"PN",
    b"UI",
    b"OF",
)


def base() -> Elements:
    """Return a small CT that is in order."""
    elements: Elements = {
        0x00080005: (b"CS", b"ISO_IR 192"),
        0x00080008: (b"CS", b"ORIGINAL\\PRIMARY\\AXIAL"),
        0x00080016: (b"UI", b"1.2.840.10008.5.1.4.1.1.2"),
        0x00080018: (b"UI", b"1.2.3.4.5"),
        0x00080020: (b"DA", b"20260101"),
        0x00080060: (b"CS", b"CT"),
        0x00100010: (b"PN", "Mi^Mi=秘^密".encode()),
        0x00100020: (b"LO", b"P1"),
        0x0020000D: (b"UI", b"1.2.3.4"),
        0x0020000E: (b"UI", b"1.2.3.4.1"),
        0x00200011: (b"IS", b"1"),
        0x00200013: (b"IS", b"1"),
        0x00200032: (b"DS", b"0\\0\\0"),
        0x00200037: (b"DS", b"1\\0\\0\\0\\1\\0"),
        0x00280002: (b"US", struct.pack("<H", 1)),
        0x00280004: (b"CS", b"MONOCHROME2"),
        0x00280010: (b"US", struct.pack("<H", ROWS)),
        0x00280011: (b"US", struct.pack("<H", COLUMNS)),
        0x00280030: (b"DS", b"0.5\\0.5"),
        0x00280100: (b"US", struct.pack("<H", 16)),
        0x00280101: (b"US", struct.pack("<H", 12)),
        0x00280102: (b"US", struct.pack("<H", 11)),
        0x00280103: (b"US", struct.pack("<H", 0)),
        0x00281050: (b"DS", b"40"),
        0x00281051: (b"DS", b"400"),
        0x00281052: (b"DS", b"-1024"),
        0x00281053: (b"DS", b"1"),
    }
    pixels = b"".join(struct.pack("<H", (at * 37) % 4096) for at in range(ROWS * COLUMNS))
    elements[0x7FE00010] = (b"OW", pixels)
    return elements


def inputs(first: int, count: int) -> Iterator[tuple[int, bytes]]:
    """Yield files with one to six absurd attributes each."""
    for number in range(first, first + count):
        yield number, absurd(random.Random(f"data set {number}"))


def absurd(chance: random.Random) -> bytes:
    """Return a file with one to six absurd attributes."""
    elements = base()
    _shape(chance, elements)
    for _ in range(chance.randint(1, 6)):
        _spoil(chance, elements)
    return written(elements)


def _shape(chance: random.Random, elements: Elements) -> None:
    """Let a part of the files be of several frames, of eight bits, signed, or coloured."""
    kind = chance.randrange(8)
    if kind == 0:
        frames = chance.choice((2, 3, 5))
        elements[0x00280008] = (b"IS", str(frames).encode())
        elements[0x7FE00010] = (b"OW", elements[0x7FE00010][1] * frames)
    elif kind == 1:
        _bits(elements, 8, chance.choice((8, 7, 1)))
        elements[0x7FE00010] = (b"OB", elements[0x7FE00010][1][: ROWS * COLUMNS])
    elif kind == 2:
        elements[0x00280103] = (b"US", b"\1\0")
    elif kind == 3:
        _bits(elements, 32, chance.choice((32, 31, 20)))
        elements[0x7FE00010] = (b"OW", elements[0x7FE00010][1] * 2)
    elif kind == 4:
        _bits(elements, 8, 8)
        elements[0x00280002] = (b"US", b"\3\0")
        elements[0x00280004] = (b"CS", chance.choice((b"RGB", b"YBR_FULL", b"YBR_FULL_422")))
        elements[0x00280006] = (b"US", struct.pack("<H", chance.randrange(2)))
        elements[0x7FE00010] = (b"OB", (elements[0x7FE00010][1] * 2)[: ROWS * COLUMNS * 3])


def _bits(elements: Elements, allocated: int, stored: int) -> None:
    for tag, bits in ((0x00280100, allocated), (0x00280101, stored), (0x00280102, stored - 1)):
        elements[tag] = (b"US", struct.pack("<H", bits))


def _spoil(chance: random.Random, elements: Elements) -> None:
    kind = chance.randrange(10)
    if kind < 4:
        elements[chance.choice(_DS_TAGS)] = (b"DS", chance.choice(_DECIMALS))
    elif kind == 4:
        elements[chance.choice(_US_TAGS)] = (b"US", struct.pack("<H", chance.choice(_WORDS)))
    elif kind == 5:
        elements[chance.choice(_IS_TAGS)] = (b"IS", chance.choice(_DECIMALS))
    elif kind == 6:
        tag = chance.choice(_TEXT_TAGS)
        elements[tag] = (b"LO", chance.choice(_CHARSETS if tag == 0x00080005 else _TEXTS))
    elif kind == 7:
        elements[chance.choice((0x00283000, 0x00283010, 0x20500010))] = _lookup_tables(chance)
    elif kind == 8:
        _sequence(chance, elements)
    else:
        tag = chance.choice(list(elements))
        elements[tag] = (chance.choice(_VRS), elements[tag][1])


def _lookup_tables(chance: random.Random) -> Value:
    return b"SQ", b"".join(_item(_lookup_table(chance)) for _ in range(chance.choice((0, 1, 1, 2))))


def _lookup_table(chance: random.Random) -> Elements:
    count = chance.choice((0, 1, 2, 256, 4096, 65535))
    bits = chance.choice((0, 1, 8, 10, 12, 16, 17, 255))
    first = chance.choice((0, 1, 100, 32768, 65535))
    entries = chance.choice((0, 1, count // 2, count, count + 1))
    return {
        0x00283002: (chance.choice((b"US", b"SS", b"OW")), struct.pack("<HHH", count, first, bits)),
        0x00283003: (b"LO", chance.choice(_TEXTS)),
        0x00283006: (chance.choice((b"US", b"OW", b"OB")), chance.randbytes(2 * entries)[:65000]),
    }


def _sequence(chance: random.Random, elements: Elements) -> None:
    """Add functional groups, ultrasound regions, a detector, a radiopharmaceutical or a palette."""
    kind = chance.randrange(5)
    if kind == 0:
        groups = [_groups(chance) for _ in range(chance.choice((0, 1, 2, 5)))]
        elements[0x52009230] = (b"SQ", b"".join(map(_item, groups)))
        elements[0x52009229] = (b"SQ", _item(_groups(chance)))
    elif kind == 1:
        elements[0x00186011] = (b"SQ", b"".join(_item(_region(chance)) for _ in range(2)))
    elif kind == 2:
        inner = {tag: (b"DS", chance.choice(_DECIMALS)) for tag in (0x00200032, 0x00200037)}
        elements[0x00540022] = (b"SQ", _item(inner))
    elif kind == 3:
        dose: Elements = {
            tag: (b"DS", chance.choice(_DECIMALS)) for tag in (0x00181074, 0x00181075)
        }
        dose[0x00181072] = (b"TM", chance.choice(_TEXTS))
        dose[0x00181078] = (b"DT", chance.choice(_TEXTS))
        elements[0x00540016] = (b"SQ", _item(dose))
        elements[0x00080060] = (b"CS", b"PT")
        elements[0x00541001] = (b"CS", chance.choice((b"BQML", b"CNTS", b"GML", b"")))
    else:
        elements[0x00280004] = (b"CS", b"PALETTE COLOR")
        for tag in (0x00281101, 0x00281102, 0x00281103):
            count, bits = chance.choice((0, 16, 4096)), chance.choice((8, 12, 16))
            elements[tag] = (b"US", struct.pack("<HHH", count, chance.choice((0, 7, 65535)), bits))
            elements[tag + 0x100] = (b"OW", chance.randbytes(chance.choice((0, 32, 2 * count))))


def _groups(chance: random.Random) -> Elements:
    """Return one item of functional groups (PS3.3 C.7.6.16)."""
    decimals = {
        0x00289110: (0x00280030, 0x00180050),
        0x00209113: (0x00200032,),
        0x00209116: (0x00200037,),
        0x00289145: (0x00281052, 0x00281053),
        0x00289132: (0x00281050, 0x00281051),
    }
    return {
        group: (b"SQ", _item({tag: (b"DS", chance.choice(_DECIMALS)) for tag in tags}))
        for group, tags in decimals.items()
        if chance.random() < 0.8
    }


def _region(chance: random.Random) -> Elements:
    """Return one ultrasound region (PS3.3 C.8.5.5)."""
    longs = {
        tag: (b"UL", struct.pack("<I", chance.choice((0, 3, 15, 16, 1 << 31, (1 << 32) - 1))))
        for tag in (0x00186018, 0x0018601A, 0x0018601C, 0x0018601E)
    }
    units = {
        tag: (b"US", struct.pack("<H", chance.choice(_WORDS))) for tag in (0x00186024, 0x00186026)
    }
    deltas = {
        tag: (b"FD", struct.pack("<d", chance.choice((0.0, -1.0, 1e308, float("nan"), 0.01))))
        for tag in (0x0018602C, 0x0018602E)
    }
    return longs | units | deltas


def written(elements: Mapping[int, Value], syntax: bytes = b"1.2.840.10008.1.2.1\0") -> bytes:
    """Return a file (PS3.10) of explicit little endian elements, in the order of their tags."""
    meta = _encoded({0x00020010: (b"UI", syntax)})
    return bytes(128) + b"DICM" + meta + _encoded(elements)


def _encoded(elements: Mapping[int, Value]) -> bytes:
    parts = []
    for tag, (vr, raw) in sorted(elements.items()):
        value = raw + (b"\0" if vr in (b"UI", b"OB", b"UN") else b" ") * (len(raw) % 2)
        head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr
        long = vr in _LONG
        parts.append(
            head
            + (
                struct.pack("<HI", 0, len(value))
                if long
                else struct.pack("<H", len(value) & 0xFFFF)
            )
        )
        parts.append(value)
    return b"".join(parts)


def _item(elements: Mapping[int, Value]) -> bytes:
    content = _encoded(elements)
    return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(content)) + content
