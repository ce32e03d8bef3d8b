"""The sheets of a film, drawn with reportlab; lengths in points, y upwards (PDF 32000-1 8.3)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from server.film.images import FilmImage
from server.film.options import FilmOptions, Sheet
from viewer_py.scene.bar import bar_of
from viewer_py.view.state import CanvasSize

CSS_PIXELS_A_POINT = 96.0 / 72.0
NOT_SHOWN = "此影像无法显示"
_MARGIN, _GAP, _FOOT = 18.0, 3.0, 14.0
_SMALLEST, _LARGEST, _LETTERS_ACROSS = 4.6, 9.0, 46.0
_LEADING = 1.25
_SHADE = 0.45
_FOOT_SIZE = 7.5
_WATERMARK_SIZE, _WATERMARK_TURN, _WATERMARK_ALPHA = 13.0, 24, 0.32


@dataclass(frozen=True)
class Box:
    """A rectangle by its lower left corner."""

    x: float
    y: float
    width: float
    height: float


def tile_boxes(options: FilmOptions) -> list[Box]:
    """Return the tiles of one sheet, row by row from the upper left."""
    page_width, page_height = options.page_size
    columns, rows = options.tiles
    width = (page_width - 2 * _MARGIN - (columns - 1) * _GAP) / columns
    height = (page_height - 2 * _MARGIN - _FOOT - (rows - 1) * _GAP) / rows
    top = page_height - _MARGIN
    return [
        Box(
            _MARGIN + column * (width + _GAP),
            top - (row + 1) * height - row * _GAP,
            width,
            height,
        )
        for row in range(rows)
        for column in range(columns)
    ]


def tile_canvas(options: FilmOptions) -> CanvasSize:
    """Return a tile as a pane of the viewer, which decides how long its corner lines are."""
    box = tile_boxes(options)[0]
    return CanvasSize(box.width * CSS_PIXELS_A_POINT, box.height * CSS_PIXELS_A_POINT)


def draw_film(
    images: Sequence[FilmImage], options: FilmOptions, font: str, watermark: str, foot: str
) -> bytes:
    """Return the PDF. `watermark` lies over every sheet (C-40), `foot` below the tiles."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=options.page_size, pageCompression=1)
    canvas.setTitle("胶片打印")
    canvas.setCreator("Yingyun")
    boxes = tile_boxes(options)
    starts = range(0, len(images), len(boxes))
    for number, start in enumerate(starts, 1):
        _background(canvas, options)
        for box, image in zip(boxes, images[start : start + len(boxes)], strict=False):
            _tile(canvas, box, image, font)
        _watermark(canvas, options, font, watermark)
        _foot(canvas, options, font, foot, f"{number} / {len(starts)}")
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _background(canvas: Any, options: FilmOptions) -> None:
    if options.sheet is Sheet.A4:
        return  # paper is white; only the tiles are black
    canvas.setFillGray(0)
    canvas.rect(0, 0, *options.page_size, stroke=0, fill=1)


def _tile(canvas: Any, box: Box, image: FilmImage, font: str) -> None:
    canvas.saveState()
    canvas.setFillGray(0)
    canvas.rect(box.x, box.y, box.width, box.height, stroke=0, fill=1)
    clip = canvas.beginPath()
    clip.rect(box.x, box.y, box.width, box.height)
    canvas.clipPath(clip, stroke=0, fill=0)
    size = min(max(box.width / _LETTERS_ACROSS, _SMALLEST), _LARGEST)
    if image.picture is None:
        _words(canvas, font, size, box.x + box.width / 2, box.y + box.height / 2, NOT_SHOWN, 0.5)
    else:
        scale = _picture(canvas, box, image)
        _scale_bar(canvas, box, image, scale, font, size)
    _corners(canvas, box, image, font, size)
    canvas.restoreState()


def _picture(canvas: Any, box: Box, image: FilmImage) -> float:
    """Draw the picture as large as it fits; return the points a unit of its pixel aspect."""
    picture = image.picture
    assert picture is not None
    rows, columns = picture.shape[:2]
    width, height = columns * image.aspect[0], rows * image.aspect[1]
    scale = float(min(box.width / width, box.height / height))
    drawn = width * scale, height * scale
    x, y = box.x + (box.width - drawn[0]) / 2, box.y + (box.height - drawn[1]) / 2
    canvas.drawImage(ImageReader(Image.fromarray(picture)), x, y, *drawn)
    return scale


def _corners(canvas: Any, box: Box, image: FilmImage, font: str, size: float) -> None:
    step, inset = size * _LEADING, size * 0.5
    left, right = box.x + inset, box.x + box.width - inset
    top, bottom = box.y + box.height - inset - size * 0.85, box.y + inset
    corners, marks = image.corners, image.marks
    for lines, x, align in ((corners.top_left, left, 0.0), (corners.top_right, right, 1.0)):
        for number, line in enumerate(lines):
            _words(canvas, font, size, x, top - number * step, line, align)
    for lines, x, align in ((corners.bottom_left, left, 0.0), (corners.bottom_right, right, 1.0)):
        for number, line in enumerate(reversed(lines)):
            _words(canvas, font, size, x, bottom + number * step, line, align)
    middle, centre = box.y + box.height / 2, box.x + box.width / 2
    _words(canvas, font, size, left, middle, marks.left, 0.0)
    _words(canvas, font, size, right, middle, marks.right, 1.0)
    _words(canvas, font, size, centre, top, marks.top, 0.5)


def _scale_bar(
    canvas: Any, box: Box, image: FilmImage, scale: float, font: str, size: float
) -> None:
    """Draw a bar of 1, 2 or 5 · 10ⁿ mm at the foot of the tile; none where no mm are known."""
    known = image.spacing
    if not known.in_mm:
        return
    points_a_mm = scale / min(known.between_columns, known.between_rows)
    bar = bar_of(points_a_mm, box.width, known.label.chinese)
    x, y = box.x + (box.width - bar.length_px) / 2, box.y + size
    for color, width in ((0.0, 2.0), (1.0, 0.8)):
        canvas.setStrokeGray(color)
        canvas.setLineWidth(width)
        canvas.line(x, y, x + bar.length_px, y)
        for end in (x, x + bar.length_px):
            canvas.line(end, y, end, y + size * 0.5)
    words = f"{bar.length_mm:g} mm {bar.calibration}".strip()
    _words(canvas, font, size, box.x + box.width / 2, y + size * 0.6, words, 0.5)


def _words(
    canvas: Any, font: str, size: float, x: float, y: float, words: str, align: float
) -> None:
    """Write white letters on a shade, readable over bone and air; `align` 1 ends at x, 0 begins."""
    if not words:
        return
    width = canvas.stringWidth(words, font, size)
    left, pad = x - align * width, size * 0.15
    canvas.setFillGray(0)
    canvas.setFillAlpha(_SHADE)
    canvas.rect(left - pad, y - size * 0.28, width + 2 * pad, size * _LEADING, stroke=0, fill=1)
    canvas.setFillAlpha(1)
    canvas.setFillGray(1)
    canvas.setFont(font, size)
    canvas.drawString(left, y, words)


def _watermark(canvas: Any, options: FilmOptions, font: str, words: str) -> None:
    width, height = options.page_size
    step = canvas.stringWidth(words, font, _WATERMARK_SIZE) + 70.0
    canvas.saveState()
    canvas.setFillGray(0.55)
    canvas.setFillAlpha(_WATERMARK_ALPHA)
    canvas.setFont(font, _WATERMARK_SIZE)
    canvas.translate(width / 2, height / 2)
    canvas.rotate(_WATERMARK_TURN)
    reach = (width + height) / 2
    rows = int(reach // 110.0)
    for row in range(-rows, rows + 1):
        for column in range(-int(reach // step) - 1, int(reach // step) + 2):
            canvas.drawCentredString(column * step + (row % 2) * step / 2, row * 110.0, words)
    canvas.restoreState()


def _foot(canvas: Any, options: FilmOptions, font: str, words: str, page: str) -> None:
    canvas.setFont(font, _FOOT_SIZE)
    canvas.setFillGray(0.25 if options.sheet is Sheet.A4 else 0.75)
    canvas.drawString(_MARGIN, _MARGIN, words)
    canvas.drawRightString(options.page_size[0] - _MARGIN, _MARGIN, page)
