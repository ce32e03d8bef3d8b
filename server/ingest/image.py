"""Whether the pixels that a header promises are there, in a form that can be decoded."""

from __future__ import annotations

from pydicom.uid import UID, AllTransferSyntaxes

from server.imaging.codestreams import is_decodable, is_encapsulated
from server.ingest.elements import Element, Walker, truncated
from server.ingest.fields import Fields
from server.ingest.limits import IngestLimits
from server.ingest.rejection import Reason, RefusedError

_SAMPLES_OF = {
    "MONOCHROME1": 1,
    "MONOCHROME2": 1,
    "PALETTE COLOR": 1,
    "RGB": 3,
    "YBR_FULL": 3,
    "YBR_FULL_422": 3,
    "YBR_PARTIAL_422": 3,
    "YBR_ICT": 3,
    "YBR_RCT": 3,
}
_BITS_ALLOCATED = frozenset({1, 8, 16, 32})


def check_transfer_syntax(uid: str) -> str:
    """Return the transfer syntax when there is a decoder for it. Raises RefusedError naming it."""
    if is_decodable(uid):
        return uid
    if uid in AllTransferSyntaxes and not UID(uid).is_private:
        name = f"{UID(uid).name} ({uid})"
    else:
        name = "".join(letter for letter in uid if letter.isprintable())[:64] or "?"
    raise RefusedError(
        Reason.UNSUPPORTED_TRANSFER_SYNTAX, f"不支持的传输语法 {name} / unsupported: {name}"
    )


def check_image(
    fields: Fields,
    pixel_data: Element,
    transfer_syntax: str,
    walker: Walker,
    limits: IngestLimits,
) -> int:
    """Return the number of frames after checking the Image Pixel module (PS3.3 C.7.6.3).

    Raises RefusedError: invalid image when the description cannot be, truncated when pixels lack,
    decompression bomb when the pixels would fill the memory once they are decoded.
    """
    frame_count, frame_bits = _description(fields)
    encapsulated = is_encapsulated(transfer_syntax)
    if encapsulated != pixel_data.undefined_length:
        raise _invalid("像素数据的编码与传输语法不符", "pixel data not as the transfer syntax says")
    if encapsulated:
        if walker.fragments(pixel_data) < frame_count:
            raise truncated()
    elif pixel_data.end - pixel_data.value_start < (frame_count * frame_bits + 7) // 8:
        raise truncated()
    _check_memory(frame_count, frame_bits, limits)
    return frame_count


def check_float_image(
    fields: Fields,
    pixels: Element,
    transfer_syntax: str,
    bits_allocated: int,
    limits: IngestLimits,
) -> int:
    """Return the number of frames of (Double) Float Pixel Data (PS3.3 C.7.6.24, C.7.6.25).

    Raises RefusedError as `check_image` does. Floats are grey and never compressed.
    """
    rows, columns = _matrix(fields)
    if is_encapsulated(transfer_syntax):
        raise _invalid("浮点像素不能压缩", "float pixels cannot be compressed")
    if fields.unsigned(0x00280100) != bits_allocated or (fields.unsigned(0x00280002) or 1) != 1:
        raise _invalid("位数属性矛盾", "Bits Allocated contradicts float pixels")
    frame_count = _frame_count(fields)
    frame_bits = rows * columns * bits_allocated
    if pixels.end - pixels.value_start < frame_count * frame_bits // 8:
        raise truncated()
    _check_memory(frame_count, frame_bits, limits)
    return frame_count


def _description(fields: Fields) -> tuple[int, int]:
    """Return the number of frames, and the bits of one native frame."""
    rows, columns = _matrix(fields)
    samples = fields.unsigned(0x00280002) or 1
    photometric = fields.text(0x00280004, 32)
    if _SAMPLES_OF.get(photometric) != samples:
        shown = f"{photometric or '?'} × {samples}"
        raise _invalid(
            f"不支持的光度解释 {shown}", f"unsupported photometric interpretation {shown}"
        )
    allocated, stored = fields.unsigned(0x00280100), fields.unsigned(0x00280101)
    if allocated not in _BITS_ALLOCATED or stored is None or not 0 < stored <= allocated:
        raise _invalid("位数属性矛盾", "Bits Allocated and Bits Stored contradict")
    frame_count = _frame_count(fields)
    bits = rows * columns * samples * allocated
    if photometric in {"YBR_FULL_422", "YBR_PARTIAL_422"}:
        bits = bits * 2 // 3
    return frame_count, bits


def _check_memory(frame_count: int, frame_bits: int, limits: IngestLimits) -> None:
    """Refuse what a compressed frame of a few bytes can claim."""
    frame_bytes = (frame_bits + 7) // 8
    if frame_bytes > limits.frame_bytes or frame_count * frame_bytes > limits.pixel_bytes:
        raise RefusedError(
            Reason.DECOMPRESSION_BOMB,
            "图像解码后大得可疑 / the decoded image would be beyond belief",
        )


def _matrix(fields: Fields) -> tuple[int, int]:
    rows, columns = fields.unsigned(0x00280010), fields.unsigned(0x00280011)
    if not rows or not columns:
        raise _invalid("缺少行数或列数", "no Rows or Columns")
    return rows, columns


def _frame_count(fields: Fields) -> int:
    count = 1 if not fields.raw(0x00280008).strip(b" \0") else fields.integer(0x00280008)
    if count is None or count < 0:
        raise _invalid("帧数不合法", "Number of Frames is no count")
    return max(1, count)


def _invalid(chinese: str, english: str) -> RefusedError:
    return RefusedError(
        Reason.INVALID_IMAGE, f"图像描述不合法：{chinese} / invalid image: {english}"
    )
