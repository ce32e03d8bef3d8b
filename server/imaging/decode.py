"""From the pixels of a DICOM object, however encoded, to the stored values of its frames."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, AllTransferSyntaxes

from server.imaging.attributes import number, text
from server.imaging.codestream import stated_size
from server.imaging.codestreams import (
    decode_codestream,
    is_decodable,
    is_encapsulated,
    is_ours,
)
from server.imaging.color import icc_profile, rgb_of_partial_422, to_srgb
from server.imaging.palette import PaletteError, apply_palette

Pixels = np.ndarray[Any, np.dtype[Any]]

GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
PARTIAL = "YBR_PARTIAL_422"
COLOR = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", PARTIAL})
PALETTE = "PALETTE COLOR"
VIDEO_PREFIX = "1.2.840.10008.1.2.4.10"
FLOAT_KEYWORDS = ("FloatPixelData", "DoubleFloatPixelData")
# What stands for "no number" in float frames: the lowest float32, declared as padding.
NOT_A_NUMBER = float(np.finfo(np.float32).min)
# After so many damaged frames the rest of an object is not tried any more.
MOST_DAMAGED = 32


class DecodeError(ValueError):
    """The pixels cannot be shown; `reason` is a word for machines, the message is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def has_frames(dataset: Dataset) -> bool:
    """Tell whether the object is an image at all (reports, PDF and waveforms are not)."""
    return any(keyword in dataset for keyword in ("PixelData", *FLOAT_KEYWORDS))


def frame_count(dataset: Dataset) -> int:
    """Return the number of frames that an image object states (PS3.3 C.7.6.6), at least 1."""
    return max(1, int(number(dataset, "NumberOfFrames") or 1))


def stored_frames(dataset: Dataset) -> Iterator[Pixels]:
    """Yield the stored values of each frame as `frame_results` does; raise the first refusal."""
    for result in frame_results(dataset):
        if isinstance(result, DecodeError):
            raise result
        yield result


def frame_results(dataset: Dataset) -> Iterator[Pixels | DecodeError]:
    """Yield, frame by frame, the stored values or why there are none; one frame in memory a time.

    Grey frames have shape (rows, columns) and the stored values themselves: bits outside Bits
    Stored (overlays among them) are masked, signed values sign-extended (PS3.5 8.1.1). Float pixels
    are float32; what is no finite number there is NOT_A_NUMBER. Colour frames have shape (rows,
    columns, 3) and are RGB of uint8: YBR is converted (PS3.3 C.7.6.3.1.2), a palette applied
    (C.7.6.3.1.5), deeper samples keep their upper eight bits, and an ICC profile leads to sRGB.

    Ends early when the object has fewer frames than it states, or too many damaged ones. Raises
    DecodeError when the object as a whole is missing something, or is of no supported kind.
    """
    try:
        photometric = _check(dataset)
        stated = frame_count(dataset)
    except DecodeError:
        raise
    except Exception as error:
        # pydicom raises many kinds of errors on access to malformed values.
        raise _damaged(error) from error
    place = damaged = 0
    while place < stated and damaged < MOST_DAMAGED:
        try:
            frames = _decoded(dataset, photometric, place, stated)
            for frame in islice(frames, stated - place):
                result = _finish(frame, dataset, photometric)
                place += 1
                yield result
            return
        except DecodeError as error:
            refusal = error
        except Exception as error:
            # Codecs raise whatever they like on damaged data; it means the same to the caller.
            refusal = _damaged(error)
        yield refusal
        place, damaged = place + 1, damaged + 1


def _damaged(error: Exception) -> DecodeError:
    return DecodeError(
        "damaged_pixels",
        f"像素数据损坏，无法解码 / the pixel data is damaged: {type(error).__name__}",
    )


def _decoded(dataset: Dataset, photometric: str, first: int, stated: int) -> Iterator[Pixels]:
    """Yield the frames from `first` on as the codec gives them, YBR already as RGB."""
    native = "PixelData" not in dataset or not is_encapsulated(_syntax(dataset))
    if not native and is_ours(dataset):
        encoded = generate_frames(dataset.PixelData, number_of_frames=stated)
        for codestream in islice(encoded, first, None):
            _check_size(codestream, dataset)
            yield decode_codestream(codestream, dataset)
        return
    if photometric == PARTIAL and native:
        rows, columns = int(dataset["Rows"].value), int(dataset["Columns"].value)
        length = rows * columns * 2
        for place in range(first, stated):
            data = dataset.PixelData[place * length : (place + 1) * length]
            yield rgb_of_partial_422(data, rows, columns)
        return
    decoder = get_decoder(UID(_syntax(dataset)))
    # Without indices pydicom walks the fragments once, with them anew for each frame.
    indices = range(first, stated) if first else None
    frames = decoder.iter_array(dataset, raw=False, correct_unused_bits=False, indices=indices)
    if native:
        yield from (frame for frame, _properties in frames)
        return
    for codestream in islice(
        generate_frames(dataset.PixelData, number_of_frames=stated), first, None
    ):
        _check_size(codestream, dataset)  # before the decoder, which is a frame behind, believes it
        yield next(frames)[0]


def _check_size(codestream: bytes, dataset: Dataset) -> None:
    """Refuse a frame whose codestream is of another size than the object."""
    if stated_size(codestream) not in {None, (int(dataset.Rows), int(dataset.Columns))}:
        raise DecodeError(
            "size_mismatch",
            "压缩帧的尺寸与对象不符 / a compressed frame is of another size than Rows × Columns",
        )


def _syntax(dataset: Dataset) -> str:
    return str(getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", ""))


def _check(dataset: Dataset) -> str:
    """Return the photometric interpretation after refusing what cannot be decoded."""
    if not has_frames(dataset):
        raise DecodeError("no_pixel_data", "对象不含图像 / the object holds no image")
    syntax = _syntax(dataset)
    if not syntax:
        raise DecodeError("no_transfer_syntax", "缺少传输语法 / the transfer syntax is missing")
    if syntax.startswith(VIDEO_PREFIX):
        raise DecodeError("video", f"不支持视频 / video is not supported: {UID(syntax).name}")
    if not is_decodable(syntax):
        name = UID(syntax).name if syntax in AllTransferSyntaxes else syntax
        raise DecodeError(
            "unsupported_transfer_syntax", f"不支持的传输语法 / transfer syntax: {name}"
        )
    return _photometric(dataset)


def _photometric(dataset: Dataset) -> str:
    photometric = text(dataset, "PhotometricInterpretation", dataset)
    if photometric not in GREY | COLOR | {PALETTE}:
        raise DecodeError(
            "unsupported_photometric",
            f"不支持的光度解释 / photometric interpretation: {photometric or '?'}",
        )
    return photometric


def _finish(frame: Pixels, dataset: Dataset, photometric: str) -> Pixels:
    if frame.dtype.kind == "f":
        return _finite(frame)
    if photometric in GREY:
        return _masked(frame, dataset)
    if photometric == PALETTE:
        colors = _colors(_masked(frame, dataset), dataset)
    else:
        colors = _eight_bits(frame, int(dataset.BitsStored))
    profile = icc_profile(dataset)
    return colors if profile is None else to_srgb(colors, profile)


def _finite(frame: Pixels) -> Pixels:
    with np.errstate(over="ignore"):
        narrow = frame.astype(np.float32)
    return np.where(np.isfinite(narrow), narrow, np.float32(NOT_A_NUMBER))


def _masked(frame: Pixels, dataset: Dataset) -> Pixels:
    """Take the Bits Stored bits that end at High Bit, and extend their sign."""
    allocated, stored = int(dataset.BitsAllocated), int(dataset.BitsStored)
    high = int(dataset.get("HighBit", stored - 1))
    word = frame.itemsize * 8
    if allocated == 1 or (stored == word and high == stored - 1):
        return frame
    if word > 32 or not 0 < stored <= high + 1 <= word:
        raise DecodeError("bad_bits", "位数属性矛盾 / Bits Stored and High Bit contradict")
    return (frame << (word - 1 - high)) >> (word - stored)


def _colors(indices: Pixels, dataset: Dataset) -> Pixels:
    try:
        return apply_palette(indices, dataset)
    except PaletteError as error:
        raise DecodeError("bad_palette", f"调色板不完整 / {error}") from error


def _eight_bits(frame: Pixels, bits_stored: int) -> Pixels:
    if frame.ndim != 3 or frame.shape[2] != 3:
        raise DecodeError("bad_samples", "彩色图像应有三个分量 / colour needs three samples")
    if bits_stored > 8:
        frame = frame >> (bits_stored - 8)
    return np.ascontiguousarray(frame.astype(np.uint8))
