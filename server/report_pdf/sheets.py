"""A report on A4 sheets: the three blocks (A-50), the 13 labels (A-19), page numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    HRFlowable,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from server.film.fonts import font_of
from server.reports import BLOCKS, ReportField

_MARGIN, _FOOT = 18 * mm, 14 * mm
_COLUMNS = 2
_LABEL_WIDTH = 78.0  # the longest label in one line
_INK, _MUTED, _LINE, _INDEX = (
    HexColor(color) for color in ("#13242b", "#4a606a", "#9fb2ba", "#d40000")
)
_WATERMARK, _WATERMARK_ALPHA, _WATERMARK_TURN, _WATERMARK_STEP = 15.0, 0.16, 30, 150.0
_MARK, _TITLE, _INDEX_LABEL = "中国医疗保障", "影像检查报告", "医保影像云索引"
_CODE, _SHEET = "报告医师编码：{code}", "第 {page} 页，共 {pages} 页"
_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F)) + "（）：，。、；-"


@dataclass(frozen=True)
class ReportDocument:
    """What the sheets show; `notice` stands above the report, `foot` on every sheet.

    `fields` are those of `server.reports.report_fields`. `watermark` lies over every sheet.
    """

    cloud_index: str
    fields: tuple[ReportField, ...]
    exam_overview: str
    physician_code: str
    notice: str
    watermark: str
    foot: str


def report_pdf(document: ReportDocument) -> bytes:
    """Return the report as PDF (ISO 32000), A4, letters embedded where a font is installed."""
    with font_of(_letters(document)) as font:
        file = io.BytesIO()
        template = BaseDocTemplate(
            file,
            pagesize=A4,
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            topMargin=_MARGIN,
            bottomMargin=_MARGIN + _FOOT,
            title=_TITLE,
            creator="Yingyun",
            lang="zh-CN",
        )
        frame = Frame(
            _MARGIN, _MARGIN + _FOOT, template.width, template.height, 0, 0, 0, 0, id="text"
        )
        template.addPageTemplates(PageTemplate("sheet", [frame]))
        template.build(
            _story(document, _styles(font), template.width), canvasmaker=_sheets_of(document, font)
        )
        return file.getvalue()


def _letters(document: ReportDocument) -> str:
    """Return every letter that the sheets need."""
    words = [
        _PLAIN, _MARK, _TITLE, _INDEX_LABEL, _CODE, _SHEET, *BLOCKS, document.cloud_index,
        document.exam_overview, document.physician_code, document.notice, document.watermark,
        document.foot,
    ]  # fmt: skip
    words += [text for field in document.fields for text in (field.label, field.value)]
    return "".join(sorted({letter for letter in "".join(words) if letter.isprintable()}))


def _styles(font: str) -> dict[str, ParagraphStyle]:
    plain = ParagraphStyle(
        "plain", fontName=font, fontSize=10.5, leading=17, wordWrap="CJK", textColor=_INK
    )
    small = ParagraphStyle("small", plain, fontSize=9, leading=13, textColor=_MUTED)
    return {
        "plain": plain,
        "small": small,
        "label": ParagraphStyle("label", plain, textColor=_MUTED),
        "title": ParagraphStyle("title", plain, fontSize=18, leading=26, alignment=TA_CENTER),
        "mark": ParagraphStyle("mark", small, alignment=TA_CENTER),
        "index": ParagraphStyle("index", small, alignment=TA_CENTER, textColor=_INDEX),
        "block": ParagraphStyle(
            "block", plain, fontSize=13, leading=20, spaceBefore=10, spaceAfter=4, keepWithNext=1
        ),
    }


def _story(
    document: ReportDocument, styles: dict[str, ParagraphStyle], width: float
) -> list[Flowable]:
    by_name = {field.name: field for field in document.fields}
    findings, impression = by_name["findings"], by_name["impression"]
    physicians = by_name["physicians"]
    facts = [one for one in document.fields if one not in (findings, impression, physicians)]
    story: list[Flowable] = [
        _text(_MARK, styles["mark"]),
        _text(_TITLE, styles["title"]),
        _text(f"{_INDEX_LABEL}：{document.cloud_index}", styles["index"]),
        Spacer(1, 6),
        HRFlowable(width="100%", thickness=1, color=_INK),
    ]
    if document.notice:
        story += [Spacer(1, 6), _text(document.notice, styles["plain"])]
    story += [_text(BLOCKS[0], styles["block"]), _facts(facts, styles, width)]
    if document.exam_overview:
        story += [Spacer(1, 4), _text(document.exam_overview, styles["plain"])]
    for heading, field in ((BLOCKS[1], findings), (BLOCKS[2], impression)):
        story += [
            HRFlowable(width="100%", thickness=0.5, color=_LINE, spaceBefore=8),
            _text(heading, styles["block"]),
            _text(field.label, styles["label"]),
            *_paragraphs(field.value, styles["plain"]),
        ]
    story += [
        HRFlowable(width="100%", thickness=0.5, color=_LINE, spaceBefore=8, spaceAfter=6),
        _facts([physicians], styles, width),
    ]
    if document.physician_code:
        story.append(_text(_CODE.format(code=document.physician_code), styles["small"]))
    return story


def _text(words: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(words).replace("\n", "<br/>"), style)


def _paragraphs(words: str, style: ParagraphStyle) -> list[Flowable]:
    """Return one paragraph a line: they break between sheets anywhere."""
    return [_text(line, style) for line in words.splitlines() if line.strip()]


def _facts(fields: Sequence[ReportField], styles: dict[str, ParagraphStyle], width: float) -> Table:
    cells = [
        [_text(field.label, styles["label"]), _text(field.value, styles["plain"])]
        for field in fields
    ]
    columns = min(_COLUMNS, len(cells))
    rows = [
        [cell for pair in cells[start : start + columns] for cell in pair]
        for start in range(0, len(cells), columns)
    ]
    rows[-1] += [""] * (2 * columns - len(rows[-1]))
    value_width = width / columns - _LABEL_WIDTH
    table = Table(rows, colWidths=[_LABEL_WIDTH, value_width] * columns)
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 6),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ]
    )
    return table


def _sheets_of(document: ReportDocument, font: str) -> type[Canvas]:
    """Return a canvas that knows at the end how many sheets there are, and writes it on each."""

    class Sheets(Canvas):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._kept: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._kept.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._kept, 1):
                self.__dict__.update(page)
                _watermark(self, font, document.watermark)
                _foot(self, font, document.foot, number, len(self._kept))
                super().showPage()
            super().save()

    return Sheets


def _foot(canvas: Any, font: str, words: str, page: int, pages: int) -> None:
    canvas.setFont(font, 8.5)
    canvas.setFillColor(_MUTED)
    canvas.drawString(_MARGIN, _MARGIN, words)
    canvas.drawRightString(A4[0] - _MARGIN, _MARGIN, _SHEET.format(page=page, pages=pages))


def _watermark(canvas: Any, font: str, words: str) -> None:
    if not words:
        return
    canvas.saveState()
    canvas.setFont(font, _WATERMARK)
    canvas.setFillColor(_MUTED)
    canvas.setFillAlpha(_WATERMARK_ALPHA)
    canvas.translate(A4[0] / 2, A4[1] / 2)
    canvas.rotate(_WATERMARK_TURN)
    for row in range(-3, 4):
        canvas.drawCentredString(0, row * _WATERMARK_STEP, words)
    canvas.restoreState()
