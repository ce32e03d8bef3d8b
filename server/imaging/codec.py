"""How one frame is written in a frame pack: lossless, always (viewer_py.dicom.pack).

HTJ2K carries up to 16 bits and one or three samples. Signed values of 8 bits travel as 16, because
the browser's decoder reads them as unsigned. What does not fit travels raw: unsigned values of up
to 8 bits as uint8, up to 16 as uint16 or int16, up to 32 as uint32 or int32, floats as float32,
all little endian (`viewer_py.dicom.pack.wire_dtype`).
"""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.dicom.pack import FrameCodec, wire_dtype

Pixels = np.ndarray[Any, np.dtype[Any]]


def encode(stored: Pixels, frame: FrameAttributes) -> tuple[FrameCodec, bytes]:
    """Return codec and payload of a frame's stored values."""
    values = np.ascontiguousarray(stored, dtype=wire_dtype(frame))
    if values.itemsize > 2 or values.size == 0:
        return FrameCodec.RAW, values.tobytes()
    return FrameCodec.HTJ2K, bytes(imagecodecs.htj2k_encode(values, reversible=True))


def decode(codec: FrameCodec, payload: bytes, frame: FrameAttributes) -> Pixels:
    """Return the stored values, (rows, columns) or (rows, columns, 3). Raises ValueError."""
    if codec is FrameCodec.HTJ2K:
        return np.asarray(imagecodecs.htj2k_decode(payload))
    shape = (frame.rows, frame.columns, frame.samples_per_pixel)
    values = np.frombuffer(payload, wire_dtype(frame)).reshape(shape)
    return values[..., 0] if frame.samples_per_pixel == 1 else values
