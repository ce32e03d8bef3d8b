"""Why images of a series cannot be shown, in words for people ("中文 / English").

The server names what it refuses (`RefusedObject.reason`), the browser what it could not decode;
here is the one table of what these words for machines mean. Neither UIDs nor names are in it, so
that whoever may see the pictures may read it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from viewer_py.dicom.attributes import RefusedObject
from viewer_py.dicom.manifest import SeriesManifest

UNDECODED = "undecoded"  # of the browser: the frame did not come, or no decoder could read it

WORDS = {
    "bad_bits": "像素位数的说明自相矛盾 / its bits stored and high bit contradict each other",
    "bad_palette": "调色板不完整 / its colour palette is incomplete",
    "bad_samples": "彩色分量数不正确 / its number of colour samples is wrong",
    "damaged_pixels": "像素数据损坏，无法解码 / the pixel data is damaged and cannot be decoded",
    "internal_error": "处理时出现故障，已记录 / processing failed; this has been recorded",
    "missing_frames": (
        "文件中缺少此帧及其后的帧 / this frame and those after it are not in the file"
    ),
    "no_pixel_data": "对象不含图像 / the object holds no image",
    "no_transfer_syntax": "缺少传输语法，不知如何解码 / it does not state its transfer syntax",
    "not_dicom": "文件无法作为 DICOM 读取 / the file cannot be read as DICOM",
    "object_damaged": "存储的文件缺失或损坏 / the stored file is missing or damaged",
    "size_mismatch": (
        "压缩图像的尺寸与说明不符 / the compressed image is of another size than stated"
    ),
    UNDECODED: (
        "未能送达，或在此设备上无法解码 / did not arrive, or cannot be decoded on this device"
    ),
    "unsupported_photometric": (
        "不支持的光度解释（颜色编码） / its photometric interpretation is not supported"
    ),
    "unsupported_pixels": "不支持的像素格式 / its kind of pixels is not supported",
    "unsupported_transfer_syntax": (
        "不支持的压缩方式（传输语法） / its compression (transfer syntax) is not supported"
    ),
    "video": "视频暂不支持 / video is not supported",
    "worker_crashed": "处理时多次中断 / processing broke off several times",
}
_UNKNOWN = "无法显示 / cannot be shown"


@dataclass(frozen=True)
class Unshown:
    """Images that cannot be shown for one reason; both texts are "中文 / English".

    `count` counts what was refused: an image, a frame, or a file as a whole.
    """

    images: str
    reason: str
    count: int


def reason_words(reason: str) -> str:
    """Return what a machine's word for a refusal means; general words for an unknown one."""
    return WORDS.get(reason, _UNKNOWN)


def in_language(words: str, *, chinese: bool) -> str:
    """Return one half of "中文 / English"; the Chinese one where there is no other."""
    first, _, second = words.partition(" / ")
    return first if chinese or not second else second


def unshown(series: SeriesManifest, undecoded: Collection[int] = ()) -> tuple[Unshown, ...]:
    """Return what of a series cannot be shown, one entry a reason.

    `undecoded` are places in the stack, from 1, of what the browser has given up. What the server
    refused has no place there, and is named by its Instance Number (0020,0013) and frame number.
    """
    by_reason: dict[str, list[RefusedObject]] = {}
    for one in series.refused:
        by_reason.setdefault(one.reason, []).append(one)
    found = [
        Unshown(_images(refused), reason_words(reason), len(refused))
        for reason, refused in by_reason.items()
    ]
    if undecoded:
        places = _ranges(undecoded)
        which = f"第 {places} 幅 / no. {places} of those shown"
        found.append(Unshown(which, reason_words(UNDECODED), len(undecoded)))
    return tuple(found)


def _images(refused: Iterable[RefusedObject]) -> str:
    whole: list[int] = []
    frames: dict[int | None, list[int]] = {}
    nameless = 0
    for one in refused:
        if one.frame_number:
            frames.setdefault(one.instance_number, []).append(one.frame_number)
        elif one.instance_number is None:
            nameless += 1
        else:
            whole.append(one.instance_number)
    chinese, english = [], []
    if whole:
        chinese.append(f"图像号 {_ranges(whole)}")
        english.append(f"image number {_ranges(whole)}")
    for number, those in frames.items():
        of = ("", "") if number is None else (f"图像号 {number} ", f"image number {number}, ")
        chinese.append(f"{of[0]}第 {_ranges(those)} 帧")
        english.append(f"{of[1]}frame {_ranges(those)}")
    if nameless:
        chinese.append(f"{nameless} 个没有图像号的文件")
        english.append(f"{nameless} without an image number")
    return f"{'；'.join(chinese)} / {'; '.join(english)}"


def _ranges(numbers: Collection[int]) -> str:
    """Return "3, 5–8" for 3, 5, 6, 7, 8 in any order."""
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in parts)
