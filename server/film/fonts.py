"""A font for one PDF: the letters it needs of the system's Chinese sans serif, embedded.

PDF libraries embed TrueType outlines; the Chinese fonts of most systems have cubic ones (CFF). So
the few letters of a film are taken out and their outlines converted.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

# Known to PDF readers by name (Adobe-GB1), not embedded: for systems without a Chinese font.
READERS_OWN = "STSong-Light"
_PATTERN = "sans-serif:lang=zh-cn:weight=80"
_TOLERANCE = 1.0  # of a thousandth of the letter height
_MAXP = (
    "maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs",
    "maxStackElements", "maxSizeOfInstructions", "maxComponentElements", "maxPoints",
    "maxContours", "maxCompositePoints", "maxCompositeContours", "maxComponentDepth",
)  # fmt: skip


@contextmanager
def font_of(letters: str) -> Iterator[str]:
    """Give the name of a reportlab font that has these letters, known until the block ends."""
    data = _subset(letters)
    if data is None:
        pdfmetrics.registerFont(UnicodeCIDFont(READERS_OWN))
        yield READERS_OWN
        return
    name = f"Film{uuid4().hex}"
    font = TTFont(name, io.BytesIO(data))
    # reportlab keeps the first font of a face for all later ones of its name; this one has only
    # the letters of one film.
    font.face.name = name.encode()
    pdfmetrics.registerFont(font)
    try:
        yield name
    finally:
        # reportlab has no way to forget a font, and one of its own comes with each film.
        pdfmetrics._fonts.pop(name, None)
        pdfmetrics._dynFaceNames.pop(font.face.name, None)


def system_font() -> tuple[str, int] | None:
    """Return file and number in the file of the system's Chinese font, as fontconfig says."""
    command = shutil.which("fc-match")
    if command is None:
        return None
    answer = subprocess.run(  # noqa: S603 - no word of it comes from outside
        [command, "--format", "%{file}\t%{index}\t%{lang}", _PATTERN],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    path, _, rest = answer.stdout.partition("\t")
    index, _, languages = rest.partition("\t")
    chinese = "zh-cn" in languages.split("|")
    return (path, int(index) & 0xFFFF) if path and index.isdigit() and chinese else None


def _subset(letters: str) -> bytes | None:
    # fontTools takes a while to import; few films are printed.
    from fontTools import subset
    from fontTools.ttLib import TTFont as Outlines
    from fontTools.ttLib import TTLibError

    place = system_font()
    if place is None:
        return None
    try:
        font = Outlines(place[0], fontNumber=place[1], lazy=True)
    except (OSError, TTLibError):
        return None
    options = subset.Options()
    options.layout_features, options.hinting, options.desubroutinize = [], False, True
    options.notdef_outline = True
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "vhea", "vmtx", "VORG", "DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=letters + " ")
    subsetter.subset(font)
    if "CFF " in font:
        _to_true_type(font)
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


def _to_true_type(font: Any) -> None:
    """Replace cubic outlines by quadratic ones (OpenType `glyf`), in place."""
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import newTable

    glyphs, order = {}, font.getGlyphOrder()
    outlines = font.getGlyphSet()
    for name in order:
        pen = TTGlyphPen(outlines)
        outlines[name].draw(Cu2QuPen(pen, _TOLERANCE, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, glyphs
    del font["CFF "]
    largest = font["maxp"]
    largest.tableVersion = 0x00010000
    for field in _MAXP:
        setattr(largest, field, 0)
    largest.maxZones = 1
    font["post"].formatType = 3.0  # no names of glyphs
    font.sfntVersion = "\0\1\0\0"
