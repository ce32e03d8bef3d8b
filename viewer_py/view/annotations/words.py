"""How much room words take on the image, and what a reader is told to place next."""

from __future__ import annotations

FONT_SIZE = 14.0  # CSS pixels, as in static/viewer/shapes.js
LINE_HEIGHT = 19.0
PADDING = 5.0
_WIDE, _NARROW = 1.0, 0.62  # of the font size, a Chinese character and a Latin one


def text_size(lines: tuple[str, ...], pixel_ratio: float) -> tuple[float, float]:
    """Return (width, height) of a box of words in device pixels, rather too wide than too narrow.

    Nobody can measure a font where there is no screen.
    """
    longest = max((_width(line) for line in lines), default=0.0)
    width = longest * FONT_SIZE + 2 * PADDING
    height = max(len(lines), 1) * LINE_HEIGHT + 2 * PADDING
    return width * pixel_ratio, height * pixel_ratio


def _width(line: str) -> float:
    """Return how many font sizes a line is long; East Asian characters are square."""
    return sum(_WIDE if ord(character) >= 0x2E80 else _NARROW for character in line)
