"""From an object as it is stored to one that every receiver reads: Explicit VR Little Endian."""

from __future__ import annotations

import warnings
from io import BytesIO

import numpy as np
from pydicom import FileDataset, dcmread, dcmwrite
from pydicom.encaps import generate_frames
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from server.dicomweb.frames import UndecodableError, decode
from server.dicomweb.opening import PIXEL_DATA
from server.imaging.codestreams import is_encapsulated

# Frames are in memory together, decoded: what would be more has to be fetched as it is stored.
MOST_DECODED_BYTES = 1 << 30


def explicit_little_endian(data: bytes) -> bytes:
    """Return an object (PS3.10) in Explicit VR Little Endian; the same bytes if it is already.

    Pixels are decoded, the SOP Instance UID is kept: for a lossy object the pixels are what it
    always showed (PS3.4 B.4.1.3). Raises UndecodableError, also for more than can be held decoded.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dcmread(BytesIO(data))
            syntax = dataset.file_meta.TransferSyntaxUID
            if syntax == ExplicitVRLittleEndian:
                return data
            if is_encapsulated(syntax):
                _decompress(dataset)
            elif syntax == ExplicitVRBigEndian:
                _swap(dataset)
            return _written(dataset)
    except UndecodableError:
        raise
    except Exception as error:
        # pydicom raises many kinds on what a device wrote badly.
        raise UndecodableError(
            "无法转换为 Explicit VR Little Endian，可按存储格式取得（transfer-syntax=*） / "
            "cannot be written as Explicit VR Little Endian; ask for it as stored"
        ) from error


def _decompress(dataset: FileDataset) -> None:
    count = int(dataset.get("NumberOfFrames") or 1)
    if get_expected_length(dataset) > MOST_DECODED_BYTES:
        raise UndecodableError(
            "解码后过大，请按存储格式取得（transfer-syntax=*） / "
            "too large once decoded; ask for it as stored (transfer-syntax=*)"
        )
    frames = [
        decode(dataset, one) for one in generate_frames(dataset.PixelData, number_of_frames=count)
    ]
    if len(frames) < count:
        raise UndecodableError("缺少帧 / frames are missing")
    first = frames[0]
    if first.ndim == 3:
        dataset.PlanarConfiguration = 0
        if str(dataset.PhotometricInterpretation).startswith("YBR"):
            dataset.PhotometricInterpretation = "RGB"
    if int(dataset.BitsAllocated) != 1:
        dataset.BitsAllocated = first.dtype.itemsize * 8
    pixels = b"".join(
        one.astype(one.dtype.newbyteorder("<"), copy=False).tobytes() for one in frames
    )
    if int(dataset.BitsAllocated) == 1:
        pixels = np.packbits(np.stack(frames).ravel(), bitorder="little").tobytes()
    dataset.PixelData = pixels + b"\0" * (len(pixels) % 2)
    dataset["PixelData"].VR = "OB" if int(dataset.BitsAllocated) <= 8 else "OW"
    dataset["PixelData"].is_undefined_length = False


def _swap(dataset: FileDataset) -> None:
    """Turn round the words of binary values; pydicom turns the numbers of all others."""
    for element in dataset.iterall():
        if element.VR == "OW" and element.value:
            bits = int(dataset.get("BitsAllocated") or 16) if element.tag == PIXEL_DATA else 16
            width = max(2, bits // 8)
            words = np.frombuffer(element.value, f">u{width}")
            element.value = words.astype(f"<u{width}").tobytes()


def _written(dataset: FileDataset) -> bytes:
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = BytesIO()
    dcmwrite(file, dataset, implicit_vr=False, little_endian=True)
    return file.getvalue()
