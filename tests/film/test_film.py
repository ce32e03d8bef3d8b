"""Film print, read back by pypdf: the size of the sheets, the renderer's pixels, the words."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pypdf
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from server.cloud import ImageCloud
from server.film import fonts
from server.film.images import check_size
from server.film.make import make_film
from server.film.options import FilmOptions, FilmRefusedError, Sheet, parse_options
from server.film.sheets import tile_boxes
from server.imaging import delivery
from server.model import Series
from tests.factories import SignInFacts
from tests.imaging.conftest import phantom
from tests.services.annotation_case import AnnotationCase, make_annotation_case
from viewer_py.pixels import pipeline
from viewer_py.pixels.voi import Window
from viewer_py.view.fit import image_matrix
from viewer_py.view.state import CanvasSize

READER = "王医生 dr.wang 2026-11-21 15:30"

needs_font = pytest.mark.skipif(fonts.system_font() is None, reason="no Chinese font is installed")


@pytest.fixture
def case(cloud: ImageCloud, patient: SignInFacts) -> AnnotationCase:
    return make_annotation_case(cloud, patient)


def film(case: AnnotationCase, options: FilmOptions, modality: str = "CT") -> pypdf.PdfReader:
    with case.cloud.database.session() as session:
        series = session.get_one(Series, case.series[modality])
        manifest = delivery.series_manifest(case.cloud, session, series)
        data = make_film(
            case.cloud, session, series, manifest, options, watermark=READER, foot="示范医院"
        )
    return pypdf.PdfReader(io.BytesIO(data))


def pictures(reader: pypdf.PdfReader) -> list[np.ndarray]:
    """The images of all sheets, in the order in which they are painted."""
    found = []
    for page in reader.pages:
        for operands, operator in page.get_contents().operations:
            if operator == b"Do":
                found.append(np.asarray(page.images[operands[0]].image))
    return found


@pytest.mark.requirement("C-39")
@pytest.mark.parametrize("window", [None, Window(60.0, 250.0)])
def test_the_pixels_are_the_renderers(case: AnnotationCase, window: Window | None) -> None:
    reader = film(case, FilmOptions(layout=(2, 2), last=4, window=window))
    found = pictures(reader)
    with case.cloud.database.session() as session:
        series = session.get_one(Series, case.series["CT"])
        manifest = delivery.series_manifest(case.cloud, session, series)
        rendered = [
            np.asarray(
                Image.open(io.BytesIO(delivery.rendered_png(case.cloud, session, series, n)))
            )
            for n in range(4)
        ]
    expected = (
        rendered
        if window is None
        else [
            pipeline.display(phantom(number, 40, 60), frame, window)
            for number, frame in zip((1, 2, 3, 4), manifest.frames, strict=True)
        ]
    )
    assert len(found) == 4
    for one, other in zip(found, expected, strict=True):
        assert one.shape == (40, 60) and np.array_equal(one, other)
    assert window is None or not np.array_equal(found[0], rendered[0])


@pytest.mark.requirement("C-39")
@pytest.mark.parametrize(
    ("options", "laid"),
    [
        ({"inverted": True}, lambda one: one),
        ({"flip_horizontal": True}, lambda one: one[:, ::-1]),
        ({"flip_vertical": True}, lambda one: one[::-1]),
        ({"rotation": 90}, lambda one: one[::-1].T),
        ({"rotation": 180}, lambda one: one[::-1, ::-1]),
        ({"rotation": 270, "flip_horizontal": True}, lambda one: one[:, ::-1].T[::-1]),
    ],
)
def test_the_images_lie_on_the_film_as_in_the_viewer(
    case: AnnotationCase, options: dict[str, Any], laid: Callable[[np.ndarray], np.ndarray]
) -> None:
    """The viewer's own matrix says where a pixel lies."""
    window = Window(60.0, 250.0)
    chosen = FilmOptions(layout=(1, 1), last=1, window=window, **options)
    (found,) = pictures(film(case, chosen))
    with case.cloud.database.session() as session:
        series = session.get_one(Series, case.series["CT"])
        frame = delivery.series_manifest(case.cloud, session, series).frames[0]
    plain = pipeline.display(phantom(1, 40, 60), frame, window, inverted=chosen.inverted)
    assert np.array_equal(found, laid(plain))
    rows, columns = found.shape
    a, b, c, d, e, f = image_matrix(frame, CanvasSize(900, 900), chosen.viewport)
    corners = [(a * x + c * y + e, b * x + d * y + f) for x, y in ((0, 0), (60, 40))]
    (left, right), (top, bottom) = (sorted(axis) for axis in zip(*corners, strict=True))
    for column, row in ((3, 5), (50, 11), (31, 36)):
        x, y = a * (column + 0.5) + c * (row + 0.5) + e, b * (column + 0.5) + d * (row + 0.5) + f
        i = int((x - left) / (right - left) * columns)
        j = int((y - top) / (bottom - top) * rows)
        assert found[j, i] == plain[row, column]


@needs_font
def test_the_corners_say_how_the_images_lie(case: AnnotationCase) -> None:
    chosen = FilmOptions(layout=(1, 1), last=1, rotation=90, flip_horizontal=True, inverted=True)
    text = film(case, chosen).pages[0].extract_text().replace("  ", " ")
    for words in ("旋转 90°", "反像"):
        assert words in text


@pytest.mark.requirement("C-39")
@pytest.mark.parametrize(
    ("sheet", "landscape", "millimetres"),
    [
        (Sheet.A4, False, (210.0, 297.0)),
        (Sheet.A4, True, (297.0, 210.0)),
        (Sheet.FILM_14X17, False, (355.6, 431.8)),
        (Sheet.FILM_14X17, True, (431.8, 355.6)),
    ],
)
def test_the_sheets_have_their_size(
    case: AnnotationCase, sheet: Sheet, landscape: bool, millimetres: tuple[float, float]
) -> None:
    options = FilmOptions(sheet=sheet, landscape=landscape, layout=(1, 2), last=3)
    reader = film(case, options)
    assert len(reader.pages) == 2
    for page in reader.pages:
        size = (float(page.mediabox.width), float(page.mediabox.height))
        assert size == pytest.approx([one / 25.4 * 72 for one in millimetres], abs=0.01)


@needs_font
@pytest.mark.requirement("C-39", "I-11")
def test_the_corners_stand_on_each_tile(case: AnnotationCase) -> None:
    reader = film(case, FilmOptions(layout=(1, 1), last=2, window=Window(60.0, 250.0)))
    for number, page in enumerate(reader.pages, 1):
        text = page.extract_text()
        for words in ("张三丰", "P20260077", "检查号 A7", "W 250 L 60", "示范医院", "mm"):
            assert words in text.replace("  ", " "), words
        assert f"{number} / 2" in text


@needs_font
@pytest.mark.requirement("C-40")
def test_reader_and_time_lie_over_every_sheet(case: AnnotationCase) -> None:
    for page in film(case, FilmOptions(layout=(1, 1), last=2)).pages:
        assert page.extract_text().count(READER) >= 3


@needs_font
def test_the_letters_are_embedded(case: AnnotationCase) -> None:
    reader = film(case, FilmOptions(layout=(1, 1), last=1))
    (resources,) = [page["/Resources"]["/Font"] for page in reader.pages]
    embedded = [
        font["/FontDescriptor"]
        for font in (one.get_object() for one in resources.values())
        if "/FontDescriptor" in font
    ]
    assert embedded and all("/FontFile2" in one.get_object() for one in embedded)


@needs_font
def test_each_pdf_has_letters_of_its_own() -> None:
    """The second of a process has other letters than the first."""
    for words in ("张三丰胸部", "欧阳修头颅"):
        file = io.BytesIO()
        with fonts.font_of(words) as font:
            canvas = Canvas(file)
            canvas.setFont(font, 12)
            canvas.drawString(50, 50, words)
            canvas.save()
        assert words in pypdf.PdfReader(file).pages[0].extract_text()


def test_without_a_chinese_font_the_readers_own_is_named(
    case: AnnotationCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "system_font", lambda: None)
    reader = film(case, FilmOptions(layout=(1, 1), last=1))
    assert "张三丰" in reader.pages[0].extract_text()


def test_every_nth_image_of_a_range(case: AnnotationCase) -> None:
    reader = film(case, FilmOptions(layout=(2, 2), first=2, last=4, step=2))
    found = pictures(reader)
    everything = pictures(film(case, FilmOptions(layout=(2, 2), last=4)))
    assert len(found) == 2
    assert np.array_equal(found[0], everything[1]) and np.array_equal(found[1], everything[3])


def test_pixels_that_are_not_square_are_placed_as_they_are(case: AnnotationCase) -> None:
    """The film of the case has pixels twice as high as wide (Pixel Aspect Ratio 2\\1)."""
    reader = film(case, FilmOptions(layout=(1, 1), last=1), "US")
    sizes: list[tuple[float, float]] = []

    def note(operator: bytes, _arguments: object, matrix: list[float], _text: object) -> None:
        if operator == b"Do":
            sizes.append((matrix[0], matrix[3]))

    reader.pages[0].extract_text(visitor_operand_before=note)
    ((width, height),) = sizes
    assert height / width == pytest.approx(2.0, rel=1e-3)


def test_tiles_do_not_overlap_and_stay_on_the_sheet() -> None:
    for sheet in Sheet:
        for landscape in (False, True):
            options = FilmOptions(sheet=sheet, landscape=landscape, layout=(4, 5))
            boxes = tile_boxes(options)
            width, height = options.page_size
            assert len(boxes) == 20
            covered = sum(one.width * one.height for one in boxes)
            assert 0.8 < covered / (width * height) < 1.0
            assert min(one.x for one in boxes) > 0 and min(one.y for one in boxes) > 14
            assert max(one.x + one.width for one in boxes) < width
            assert max(one.y + one.height for one in boxes) < height


@pytest.mark.parametrize(
    "fields",
    [
        {"sheet": "a3"},
        {"layout": "9x9"},
        {"first": "0"},
        {"first": "3", "last": "2"},
        {"step": "0"},
        {"first": "x"},
        {"center": "40"},
        {"center": "40", "width": "0"},
        {"center": "nan", "width": "400"},
        {"center": "40", "width": "inf"},
        {"rotation": "45"},
    ],
)
def test_what_makes_no_film_is_refused_in_words(fields: dict[str, str]) -> None:
    with pytest.raises(FilmRefusedError, match=" / "):
        parse_options(fields)


def test_too_many_images_or_pixels_are_refused(case: AnnotationCase) -> None:
    with pytest.raises(FilmRefusedError):
        FilmOptions(last=1000).frame_indices(1000)
    with pytest.raises(FilmRefusedError):
        FilmOptions(first=9, last=9).frame_indices(4)
    assert FilmOptions(first=1, last=1000, step=5).frame_indices(1000)[-1] == 995
    with case.cloud.database.session() as session:
        series = session.get_one(Series, case.series["CT"])
        manifest = delivery.series_manifest(case.cloud, session, series)
    huge = tuple(replace(one, rows=30000, columns=30000) for one in manifest.frames)
    with pytest.raises(FilmRefusedError):
        check_size(replace(manifest, frames=huge), [0])
