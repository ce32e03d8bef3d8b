"""How one frame is written in a frame pack: what the browser decodes is what was decoded here.

A frame is written in the lossless form that brings it soonest to a reader at 20 Mbit/s whose phone
decodes it: JPEG-LS for most slices (a tenth smaller than HTJ2K, decoded nearly as fast), HTJ2K for
large and coloured frames (bench/delivery.py). Both carry up to 16 bits; signed values of 8 bits
travel as 16. The rest travels as it is, deflated where that helps.

An object that came compressed keeps its codestream where that is sooner still and decodes to
exactly the stored values that were found when the object was received.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from pydicom import Dataset
from pydicom.encaps import generate_frames

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.dicom.pack import FrameCodec, wire_dtype

Pixels = np.ndarray[Any, np.dtype[Any]]

# The browser's decoders give the same values as the server's for these (tests/imaging/test_codec).
# Irreversible HTJ2K (…4.203) is not among them: the two round it differently. JPEG lossless is
# larger than HTJ2K and slower to decode, so it never travels.
PASSED_ON = {
    "1.2.840.10008.1.2.4.50": FrameCodec.JPEG,
    "1.2.840.10008.1.2.4.80": FrameCodec.JPEG_LS,
    "1.2.840.10008.1.2.4.81": FrameCodec.JPEG_LS,
    "1.2.840.10008.1.2.4.90": FrameCodec.JPEG_2000,
    "1.2.840.10008.1.2.4.91": FrameCodec.JPEG_2000,
    "1.2.840.10008.1.2.4.201": FrameCodec.HTJ2K,
    "1.2.840.10008.1.2.4.202": FrameCodec.HTJ2K,
}
# What a byte costs a reader at 20 Mbit/s, and a sample a phone's two decoders, in nanoseconds
# (bench/delivery.py; a phone's core is four times slower than what decoded there).
BYTE_NS = 400.0
SAMPLE_NS = {
    FrameCodec.HTJ2K: 34.0,
    FrameCodec.JPEG_LS: 44.0,
    FrameCodec.JPEG_2000: 250.0,
    FrameCodec.JPEG: 12.0,
}
# Above, JPEG-LS is never soonest, and slow to write.
MOST_JPEG_LS_SAMPLES = 1 << 20


@dataclass(frozen=True)
class Codestream:
    """A frame as it came."""

    codec: FrameCodec
    data: bytes


def codestreams(dataset: Dataset) -> Iterator[Codestream | None]:
    """Yield the codestream of each frame, None for those that have to be written anew."""
    kind = PASSED_ON.get(str(dataset.file_meta.get("TransferSyntaxUID", "")))
    if kind is None:
        return
    try:
        count = int(dataset.get("NumberOfFrames") or 1)
        for data in generate_frames(dataset.PixelData, number_of_frames=count):
            yield Codestream(kind, data)
    except (AttributeError, TypeError, ValueError, NotImplementedError):
        return  # the decoder has more patience with bad fragments, and has the last word


def encode(
    stored: Pixels, frame: FrameAttributes, came: Codestream | None = None
) -> tuple[FrameCodec, bytes]:
    """Return codec and payload of a frame's stored values; `came` is how they came."""
    values = np.ascontiguousarray(stored, dtype=wire_dtype(frame))
    if values.itemsize > 2 or values.size == 0:
        return _deflated(values.tobytes())
    forms = [Codestream(FrameCodec.HTJ2K, bytes(imagecodecs.htj2k_encode(values, reversible=True)))]
    if values.ndim == 2 and values.size <= MOST_JPEG_LS_SAMPLES:
        # JPEG-LS knows no sign; the bits of the two's complement are what is written.
        bits = values.view(f"u{values.itemsize}")
        forms.append(Codestream(FrameCodec.JPEG_LS, bytes(imagecodecs.jpegls_encode(bits))))
    best = min(forms, key=lambda form: _cost(form, values))
    if came is not None and _cost(came, values) < _cost(best, values):
        best = came if _decodes_to(came, frame, values) else best
    return best.codec, best.data


def decode(codec: FrameCodec, payload: bytes, frame: FrameAttributes) -> Pixels:
    """Return the stored values, (rows, columns) or (rows, columns, 3). Raises ValueError."""
    if codec in _DECODERS:
        values = np.ascontiguousarray(_DECODERS[codec](payload))
        return values.view(wire_dtype(frame))
    raw = zlib.decompress(payload) if codec is FrameCodec.DEFLATE else payload
    shape = (frame.rows, frame.columns, frame.samples_per_pixel)
    values = np.frombuffer(raw, wire_dtype(frame)).reshape(shape)
    return values[..., 0] if frame.samples_per_pixel == 1 else values


_DECODERS: dict[FrameCodec, Callable[[bytes], Any]] = {
    FrameCodec.HTJ2K: imagecodecs.htj2k_decode,
    FrameCodec.JPEG_LS: imagecodecs.jpegls_decode,
    FrameCodec.JPEG_2000: imagecodecs.jpeg2k_decode,
    FrameCodec.JPEG: imagecodecs.jpeg8_decode,
}


def _deflated(raw: bytes) -> tuple[FrameCodec, bytes]:
    small = zlib.compress(raw, 6)
    return (FrameCodec.DEFLATE, small) if len(small) < len(raw) else (FrameCodec.RAW, raw)


def _cost(form: Codestream, values: Pixels) -> float:
    return len(form.data) * BYTE_NS + values.size * SAMPLE_NS[form.codec]


def _decodes_to(came: Codestream, frame: FrameAttributes, values: Pixels) -> bool:
    try:
        return np.array_equal(decode(came.codec, came.data, frame), values)
    except Exception:
        # Codecs raise whatever they like; the frame is then written anew.
        return False
