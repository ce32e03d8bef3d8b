"""From the pixels of a DICOM object, however encoded, to the stored values of its frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import UID, AllTransferSyntaxes

Pixels = np.ndarray[Any, np.dtype[Any]]

GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
COLOR = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"})
PALETTE = "PALETTE COLOR"
# JPEG lossless, any selection value and the first.
LOSSLESS_JPEG = frozenset({"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"})
# JPEG extended, and the retired spectral selection and full progression.
DEEP_JPEG = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (51, 53, 55))
VIDEO_PREFIX = "1.2.840.10008.1.2.4.10"


class DecodeError(ValueError):
    """The pixels cannot be shown; `reason` is a word for machines, the message is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def has_frames(dataset: Dataset) -> bool:
    """Tell whether the object is an image at all (reports, PDF and waveforms are not)."""
    return any(
        keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
    )


def is_decodable(transfer_syntax_uid: str) -> bool:
    """Tell whether there is a decoder for a transfer syntax (PS3.5 10)."""
    if transfer_syntax_uid in LOSSLESS_JPEG | DEEP_JPEG:
        return True
    try:
        return bool(get_decoder(UID(transfer_syntax_uid)).is_available)
    except NotImplementedError:
        return False


def stored_frames(dataset: Dataset) -> Iterator[Pixels]:
    """Yield the stored values of each frame, one frame in memory at a time.

    Grey frames have shape (rows, columns) and the stored values themselves: bits outside Bits
    Stored (overlays among them) are masked, signed values sign-extended (PS3.5 8.1.1). Colour
    frames have shape (rows, columns, 3) and are RGB of uint8: YBR is converted (PS3.3 C.7.6.3.1.2),
    a palette applied (C.7.6.3.1.5), and deeper samples keep their upper eight bits.

    Raises DecodeError naming what is missing, not supported or damaged.
    """
    try:
        photometric = _check(dataset)
        for frame in _decoded(dataset):
            yield _finish(frame, dataset, photometric)
    except DecodeError:
        raise
    except Exception as error:
        # Codecs, and pydicom on access, raise whatever they like on damaged data; all of it means
        # the same to the caller.
        raise DecodeError(
            "damaged_pixels",
            f"像素数据损坏，无法解码 / the pixel data is damaged: {type(error).__name__}",
        ) from error


def _decoded(dataset: Dataset) -> Iterator[Pixels]:
    if _is_rare_jpeg(dataset):
        count = int(dataset.get("NumberOfFrames") or 1)
        for encoded in generate_frames(dataset.PixelData, number_of_frames=count):
            yield _signed(np.asarray(imagecodecs.jpeg8_decode(encoded)), dataset)
        return
    decoder = get_decoder(UID(dataset.file_meta.TransferSyntaxUID))
    for frame, _properties in decoder.iter_array(dataset, raw=False, correct_unused_bits=False):
        yield frame


def _is_rare_jpeg(dataset: Dataset) -> bool:
    """Whether it is a JPEG that Pillow does not read: lossless, or lossy with 9 to 12 bits."""
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    deep = dataset.get("SamplesPerPixel") == 1 and dataset.BitsAllocated > 8
    return syntax in LOSSLESS_JPEG or (syntax in DEEP_JPEG and bool(deep))


def _signed(frame: Pixels, dataset: Dataset) -> Pixels:
    """Give the words of a JPEG, which knows no sign, the sign that the object states."""
    is_signed = dataset.get("PixelRepresentation") == 1
    return frame.view(f"i{frame.itemsize}") if is_signed else frame


def _check(dataset: Dataset) -> str:
    """Return the photometric interpretation after refusing what cannot be decoded."""
    if "PixelData" not in dataset:
        if has_frames(dataset):
            raise DecodeError("float_pixels", "不支持浮点像素 / floating-point pixels")
        raise DecodeError("no_pixel_data", "对象不含图像 / the object holds no image")
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is None:
        raise DecodeError("no_transfer_syntax", "缺少传输语法 / the transfer syntax is missing")
    if str(syntax).startswith(VIDEO_PREFIX):
        raise DecodeError("video", f"不支持视频 / video is not supported: {UID(syntax).name}")
    if _is_rare_jpeg(dataset):
        return _photometric(dataset)
    try:
        get_decoder(UID(syntax))
    except NotImplementedError as error:
        name = UID(syntax).name if syntax in AllTransferSyntaxes else str(syntax)
        raise DecodeError(
            "unsupported_transfer_syntax", f"不支持的传输语法 / transfer syntax: {name}"
        ) from error
    return _photometric(dataset)


def _photometric(dataset: Dataset) -> str:
    photometric = str(dataset.get("PhotometricInterpretation", "")).strip()
    if photometric not in GREY | COLOR | {PALETTE}:
        raise DecodeError(
            "unsupported_photometric",
            f"不支持的光度解释 / photometric interpretation: {photometric or '?'}",
        )
    return photometric


def _finish(frame: Pixels, dataset: Dataset, photometric: str) -> Pixels:
    if photometric == PALETTE:
        return _apply_palette(_masked(frame, dataset), dataset)
    if photometric in COLOR:
        return _eight_bits(frame, int(dataset.BitsStored))
    return _masked(frame, dataset)


def _masked(frame: Pixels, dataset: Dataset) -> Pixels:
    """Take the Bits Stored bits that end at High Bit, and extend their sign."""
    allocated, stored = int(dataset.BitsAllocated), int(dataset.BitsStored)
    high = int(dataset.get("HighBit", stored - 1))
    word = frame.itemsize * 8
    if allocated == 1 or (stored == word and high == stored - 1):
        return frame
    if not 0 < stored <= high + 1 <= word:
        raise DecodeError("bad_bits", "位数属性矛盾 / Bits Stored and High Bit contradict")
    return (frame << (word - 1 - high)) >> (word - stored)


def _apply_palette(frame: Pixels, dataset: Dataset) -> Pixels:
    colors = apply_color_lut(frame, dataset)
    # Entries of eight bits are also found in words of sixteen; then no upper byte is used.
    wide = colors.itemsize > 1 and bool((colors > 255).any())
    return _eight_bits(colors, colors.itemsize * 8 if wide else 8)


def _eight_bits(frame: Pixels, bits_stored: int) -> Pixels:
    if frame.ndim != 3 or frame.shape[2] != 3:
        raise DecodeError("bad_samples", "彩色图像应有三个分量 / colour needs three samples")
    if bits_stored > 8:
        frame = frame >> (bits_stored - 8)
    return np.ascontiguousarray(frame.astype(np.uint8))
