"""A watermark burnt into a picture (C-40): words again and again, aslant; no page can hide them.

Light letters with a dark edge, half transparent, so that they show on black and on white and what
lies below them can still be told.
"""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from server.film.fonts import system_font
from server.imaging.pictures import JPG, Picture

_TURN = 24  # degrees
_LETTER_SHARE = 30  # letters are this part of the shorter side
_LEAST_LETTER, _LARGEST_LETTER = 9, 64
_LIGHT, _DARK = 0.30, 0.30
_QUALITY = 90
_KEPT = 8  # patterns of so many sizes of picture are kept: one page's pictures are of one size


def burnt(picture: Picture, words: str) -> Picture:
    """Return a picture with words burnt into it, in its own format and size."""
    with Image.open(io.BytesIO(picture.data)) as opened:
        image = opened.convert("RGB" if opened.mode not in {"L", "1"} else "L")
    light, dark = _pattern(words, image.width, image.height)
    pixels = np.asarray(image).astype(np.float32)
    if pixels.ndim == 3:
        light, dark = light[..., None], dark[..., None]
    pixels += (255.0 - pixels) * light
    pixels -= pixels * dark
    drawn = Image.fromarray(pixels.round().astype(np.uint8))
    file = io.BytesIO()
    if picture.media_type == JPG:
        drawn.save(file, "JPEG", quality=_QUALITY, subsampling=0)
    else:
        drawn.save(file, "PNG", compress_level=1)
    return Picture(picture.media_type, file.getvalue(), picture.width, picture.height)


@lru_cache(maxsize=_KEPT)
def _pattern(words: str, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how much lighter and darker each pixel becomes, 0 … 1."""
    letter = min(max(min(width, height) // _LETTER_SHARE, _LEAST_LETTER), _LARGEST_LETTER)
    font = _font(letter)
    edge = max(1, letter // 12)
    side = int((width**2 + height**2) ** 0.5) + letter
    light, dark = (Image.new("L", (side, side)) for _ in range(2))
    box = font.getbbox(words, stroke_width=edge)
    step_x, step_y = int(box[2] - box[0]) + 3 * letter, 5 * letter
    for row, top in enumerate(range(0, side, step_y)):
        for left in range(-(row % 2) * step_x // 2, side, step_x):
            ImageDraw.Draw(dark).text((left, top), words, 255, font, stroke_width=edge)
            ImageDraw.Draw(light).text((left, top), words, 255, font)
    turned = [_turned(one, width, height) for one in (light, dark)]
    return turned[0] * _LIGHT, np.clip(turned[1] - turned[0], 0.0, 1.0) * _DARK


def _turned(image: Image.Image, width: int, height: int) -> np.ndarray:
    left, top = (image.width - width) // 2, (image.height - height) // 2
    turned = image.rotate(_TURN, Image.Resampling.BILINEAR)
    cut = turned.crop((left, top, left + width, top + height))
    return np.asarray(cut).astype(np.float32) / 255.0


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the system's Chinese font; without one, Pillow's own, which shows the time alone."""
    place = _font_place()
    if place is None:
        return ImageFont.load_default(size)
    return ImageFont.truetype(place[0], size, index=place[1])


@lru_cache(maxsize=1)
def _font_place() -> tuple[str, int] | None:
    return system_font()
