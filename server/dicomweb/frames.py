"""Frames of an object: as they are stored, or decoded to native little endian (PS3.18 10.4.1.1.3).

Only the parts of the object that hold the wanted frames are read.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom import Dataset, FileDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import get_expected_length

from server.dicom_index import QueryError
from server.dicomweb.media_types import OCTETS, NotAcceptableError
from server.dicomweb.objects import StoredObject
from server.dicomweb.opening import (
    DOUBLE_PIXELS,
    FLOAT_PIXELS,
    OpenObject,
    PixelPlace,
    open_header,
)
from server.dicomweb.readers import NotFoundError
from server.imaging.codestreams import decode_codestream, is_ours

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# The media type of a frame's codestream (PS3.18 table 8.7.3-5).
STORED_TYPES = {
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.92": "image/jpx",
    "1.2.840.10008.1.2.4.93": "image/jpx",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}
MOST_FRAMES = 10_000


class UndecodableError(NotAcceptableError):
    """The frames cannot be decoded; they can be had as they are stored."""


def parse_frames(text: str, stored: StoredObject) -> list[int]:
    """Return the frame numbers of an address such as `1,2,7`, counted from 1.

    Raises NotFoundError for a frame that the object has not, QueryError for anything else.
    """
    parts = text.split(",")
    if len(parts) > MOST_FRAMES or not all(part.isascii() and part.isdecimal() for part in parts):
        raise QueryError("帧号须为 1,2,3 / frames are numbers such as 1,2,3")
    if not all(len(part) < 10 and 1 <= int(part) <= stored.frame_count for part in parts):
        raise NotFoundError(f"没有该帧，共 {stored.frame_count} 帧 / no such frame")
    return [int(part) for part in parts]


def stored_type(stored: StoredObject) -> str:
    """Return the media type of the frames of an object as they are stored."""
    return STORED_TYPES.get(stored.transfer_syntax_uid, OCTETS)


def stored_frames(
    cloud: ImageCloud, stored: StoredObject, numbers: Sequence[int]
) -> Iterator[bytes]:
    """Yield frames as they are stored: codestreams, or native pixels in the stored byte order.

    Raises StorageError, UndecodableError for frames that are not where they should be.
    """
    with stored.open(cloud) as file:
        opened = open_header(file)
        for number in numbers:
            yield _stored(opened, stored, number - 1)


def decoded_frames(
    cloud: ImageCloud, stored: StoredObject, numbers: Sequence[int]
) -> Iterator[bytes]:
    """Yield frames as native pixels, little endian, as in Explicit VR Little Endian.

    What was compressed as YBR comes as RGB, sample by sample. Raises StorageError,
    UndecodableError.
    """
    with stored.open(cloud) as file:
        opened = open_header(file)
        for number in numbers:
            raw = _stored(opened, stored, number - 1)
            yield _decoded(opened, raw)


def decode(header: Dataset, codestream: bytes) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the samples of one encapsulated frame of an object with this header.

    Raises UndecodableError.
    """
    one = copy.copy(header)
    one.NumberOfFrames = 1
    one.PixelData = encapsulate([codestream])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if is_ours(one):
                return np.asarray(decode_codestream(codestream, one))
            decoder = get_decoder(header.file_meta.TransferSyntaxUID)
            return decoder.as_array(one, index=0)[0]
    except Exception as error:
        # Codecs raise whatever they like on damaged data; it means the same to the caller.
        raise UndecodableError(
            "像素无法解码，可按存储格式取得（transfer-syntax=*） / "
            "the pixels cannot be decoded; ask for them as stored (transfer-syntax=*)"
        ) from error


def _stored(opened: OpenObject, stored: StoredObject, index: int) -> bytes:
    place = opened.pixels
    try:
        if place is None:
            raise ValueError("no pixels")
        if place.length is None:
            place.file.seek(place.start)
            return get_frame(place.file, index, number_of_frames=stored.frame_count)
        return _native(opened, index)
    except (ValueError, TypeError, AttributeError) as error:
        raise UndecodableError("帧数据不完整 / the frame is not where it should be") from error


def _native(opened: OpenObject, index: int) -> bytes:
    """Return one frame of native pixels; bitmaps are cut at bits, for frames may share a byte."""
    header, place = opened.header, opened.pixels
    assert place is not None
    if place.tag in (FLOAT_PIXELS, DOUBLE_PIXELS) or int(header.BitsAllocated) > 1:
        length = _frame_bytes(header)
        if place.in_words and not place.little_endian and int(header.BitsAllocated) == 8:
            return _bytes_of_words(place, index * length, length)
        return place.read(index * length, length)
    bits = int(header.Rows) * int(header.Columns)
    first = index * bits // 8
    data = np.frombuffer(place.read(first, bits // 8 + 2), np.uint8)
    start = index * bits - first * 8
    return np.packbits(
        np.unpackbits(data, bitorder="little")[start : start + bits], bitorder="little"
    ).tobytes()


def _bytes_of_words(place: PixelPlace, start: int, length: int) -> bytes:
    """Return bytes that are written as big endian words of two, in their own order."""
    first = start - start % 2
    words = np.frombuffer(place.read(first, length + 2 - (length + start) % 2), ">u2")
    return words.astype("<u2").tobytes()[start - first : start - first + length]


def _frame_bytes(header: FileDataset) -> int:
    one = Dataset()
    for keyword in ("Rows", "Columns", "BitsAllocated", "PhotometricInterpretation"):
        setattr(one, keyword, header.get(keyword))
    one.SamplesPerPixel = header.get("SamplesPerPixel") or 1
    one.NumberOfFrames = 1
    return get_expected_length(one, unit="bytes")


def _decoded(opened: OpenObject, raw: bytes) -> bytes:
    place = opened.pixels
    assert place is not None
    if place.length is None:
        samples = decode(opened.header, raw)
        if int(opened.header.BitsAllocated) == 1:
            return np.packbits(samples.ravel(), bitorder="little").tobytes()
        return samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()
    width = max(1, int(opened.header.BitsAllocated) // 8)
    if place.little_endian or width == 1:
        return raw
    return np.frombuffer(raw, f">u{width}").astype(f"<u{width}").tobytes()
