"""The overlay planes of an object: bitmaps of their own, or in the unused bits of its pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.tag import Tag
from pydicom.uid import UID

from server.imaging.decode import frame_count
from viewer_py.dicom.overlays import OverlayPlane, Planes

GROUPS = range(0x6000, 0x6020, 2)
MOST_SIDE = 1 << 15

_ROWS, _COLUMNS, _FRAMES, _DESCRIPTION = 0x0010, 0x0011, 0x0015, 0x0022
_TYPE, _ORIGIN, _FRAME_ORIGIN = 0x0040, 0x0050, 0x0051
_BITS_ALLOCATED, _BIT_POSITION, _LABEL, _DATA = 0x0100, 0x0102, 0x1500, 0x3000


def frame_overlays(dataset: Dataset, index: int) -> Planes:
    """Return the overlay planes of frame `index` (from 0); a plane that is not whole is left out.

    A plane of one frame lies over every frame of a multi-frame image; one of several frames lies
    over those from Image Frame Origin on (PS3.3 C.9.2, C.9.3).
    """
    found = (_plane(dataset, group, index) for group in GROUPS)
    return tuple(plane for plane in found if plane is not None)


def _plane(dataset: Dataset, group: int, index: int) -> OverlayPlane | None:
    if Tag(group, _DATA) not in dataset and Tag(group, _BITS_ALLOCATED) not in dataset:
        return None
    try:
        rows, columns = _number(dataset, group, _ROWS), _number(dataset, group, _COLUMNS)
        if not (0 < rows <= MOST_SIDE and 0 < columns <= MOST_SIDE):
            return None
        bits = _bits(dataset, group, index, rows, columns)
        if bits is None or len(bits) * 8 < rows * columns:
            return None
        origin = _value(dataset, group, _ORIGIN) or (1, 1)
        return OverlayPlane(
            group=group,
            rows=rows,
            columns=columns,
            origin_row=int(origin[0]) - 1,
            origin_column=int(origin[1]) - 1,
            kind="R" if str(_value(dataset, group, _TYPE)).strip() == "R" else "G",
            bits=bits,
            label=str(_value(dataset, group, _LABEL) or "").strip(),
            description=str(_value(dataset, group, _DESCRIPTION) or "").strip(),
        )
    except Exception:
        # pydicom and codecs raise many kinds of errors on malformed values; an overlay that
        # cannot be read must not cost the image.
        return None


def _bits(dataset: Dataset, group: int, index: int, rows: int, columns: int) -> bytes | None:
    """Return the bits of the plane over frame `index`, None where it does not lie."""
    data = _data(dataset, group)
    if not data:
        return _embedded(dataset, group, index)
    frames = _number(dataset, group, _FRAMES, 1)
    if frames <= 1:
        return bytes(data[: (rows * columns + 7) // 8])
    place = index - (_number(dataset, group, _FRAME_ORIGIN, 1) - 1)
    if not 0 <= place < frames or frame_count(dataset) <= index:
        return None
    first = place * rows * columns
    packed = np.frombuffer(data, np.uint8)[first // 8 : (first + rows * columns + 7) // 8]
    bits = np.unpackbits(packed, bitorder="little")[first % 8 :][: rows * columns]
    return np.packbits(bits, bitorder="little").tobytes()


def _data(dataset: Dataset, group: int) -> bytes:
    """Return the bits of the plane; in a big endian object its words lie the other way round."""
    data = bytes(_value(dataset, group, _DATA) or b"")
    swapped = dataset.original_encoding[1] is False and dataset[group, _DATA].VR == "OW"
    return np.frombuffer(data, "<u2").byteswap().tobytes() if swapped and data else data


def _embedded(dataset: Dataset, group: int, index: int) -> bytes | None:
    """Return the bits of an overlay in the pixel words themselves (retired, PS3.3-2004 C.9.2)."""
    position = _number(dataset, group, _BIT_POSITION)
    stored, high = int(dataset.BitsStored), int(dataset.HighBit)
    if _number(dataset, group, _BITS_ALLOCATED) != dataset.BitsAllocated:
        return None
    if high - stored < position <= high:
        return None  # a bit of the image itself
    decoder = get_decoder(UID(dataset.file_meta.TransferSyntaxUID))
    frames = decoder.iter_array(dataset, raw=True, correct_unused_bits=False, indices=[index])
    words, _properties = next(iter(frames))
    return np.packbits((words >> position) & 1, bitorder="little").tobytes()


def _value(dataset: Dataset, group: int, element: int) -> Any:
    found = dataset.get(Tag(group, element))
    return None if found is None else found.value


def _number(dataset: Dataset, group: int, element: int, absent: int = 0) -> int:
    found = _value(dataset, group, element)
    return absent if found is None or found == "" else int(str(found))
