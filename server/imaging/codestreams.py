"""Which transfer syntaxes are decoded, and the frames that pydicom's decoders do not read:
rare JPEG, bitmaps in RLE, deflated frames.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

# JPEG lossless, any selection value and the first.
LOSSLESS_JPEG = frozenset({"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"})
# JPEG extended, and the retired spectral selection and full progression.
DEEP_JPEG = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (51, 53, 55))
RLE = "1.2.840.10008.1.2.5"
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"  # Deflated Image Frame Compression
OURS = LOSSLESS_JPEG | DEEP_JPEG | {DEFLATED_FRAMES}

_RLE_HEADER = struct.Struct("<16I")


def is_decodable(transfer_syntax_uid: str) -> bool:
    """Tell whether there is a decoder for a transfer syntax (PS3.5 10)."""
    if transfer_syntax_uid in OURS:
        return True
    try:
        return bool(get_decoder(UID(transfer_syntax_uid)).is_available)
    except NotImplementedError:
        return False


def is_encapsulated(transfer_syntax_uid: str) -> bool:
    """Tell whether pixel data of a decodable transfer syntax lies in fragments (PS3.5 A.4)."""
    return transfer_syntax_uid in OURS or UID(transfer_syntax_uid).is_encapsulated


def is_ours(dataset: Dataset) -> bool:
    """Tell whether a frame of this object is decoded here.

    Pillow, which pydicom asks, reads no lossless JPEG and no lossy one of 9 to 12 bits; no decoder
    of pydicom's reads bitmaps (Bits Allocated 1) in RLE, or deflated frames.
    """
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax in DEEP_JPEG:
        return bool(dataset.get("SamplesPerPixel") == 1 and int(dataset.BitsAllocated) > 8)
    if syntax == RLE:
        return bool(dataset.get("BitsAllocated") == 1)
    return syntax in LOSSLESS_JPEG or syntax == DEFLATED_FRAMES


def decode_codestream(encoded: bytes, dataset: Dataset) -> NDArray[Any]:
    """Return the values of one encapsulated frame; samples, if several, are in the last axis.

    Raises whatever the codec does on damaged data.
    """
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax == RLE:
        return _native(_rle_segment(encoded), dataset)
    if syntax == DEFLATED_FRAMES:
        return _native(_inflated(encoded, _frame_bytes(dataset)), dataset)
    return _signed(np.asarray(imagecodecs.jpeg8_decode(encoded)), dataset)


def _signed(frame: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """Give the words of a JPEG, which knows no sign, the sign that the object states."""
    is_signed = dataset.get("PixelRepresentation") == 1
    return frame.view(f"i{frame.itemsize}") if is_signed else frame


def _rle_segment(encoded: bytes) -> bytes:
    """Return the one segment of a bitmap, unpacked (PS3.5 G)."""
    header = _RLE_HEADER.unpack_from(encoded)
    if header[0] != 1:
        raise ValueError("a bitmap in RLE has one segment")
    return bytes(imagecodecs.packbits_decode(encoded[header[1] :]))


def _inflated(encoded: bytes, most: int) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(encoded, most)


def _frame_bytes(dataset: Dataset) -> int:
    samples = int(dataset.Rows) * int(dataset.Columns) * int(dataset.SamplesPerPixel)
    return (samples * int(dataset.BitsAllocated) + 7) // 8


def _native(data: bytes, dataset: Dataset) -> NDArray[Any]:
    """Read a frame as it would lie in native pixel data, each frame from a byte of its own."""
    rows, columns, samples = (
        int(dataset[keyword].value) for keyword in ("Rows", "Columns", "SamplesPerPixel")
    )
    allocated = int(dataset.BitsAllocated)
    if len(data) < _frame_bytes(dataset):
        raise ValueError("the frame is cut short")
    if allocated == 1:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        return bits[: rows * columns].reshape(rows, columns)
    kind = "i" if dataset.get("PixelRepresentation") == 1 else "u"
    words = np.frombuffer(data, f"<{kind}{allocated // 8}", rows * columns * samples)
    if samples == 1:
        return words.reshape(rows, columns)
    if dataset.get("PlanarConfiguration") == 1:
        return words.reshape(samples, rows, columns).transpose(1, 2, 0)
    return words.reshape(rows, columns, samples)
