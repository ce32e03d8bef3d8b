"""Film print (胶片打印, C-39): the doctor chooses sheet, tiles and images; a PDF comes."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.auditing import note_view
from portal.context import current_cloud, database_session
from portal.decisions import study_action
from portal.doors import StudyDoor
from portal.limits import limited
from portal.study import shown, watermark
from server.access import Action
from server.film.options import (
    LAYOUTS,
    MOST_IMAGES,
    TURNS,
    FilmRefusedError,
    Sheet,
    parse_options,
)
from server.imaging.opening import opening_series
from server.model import Series

blueprint = Blueprint("doctor_film", __name__)

PAGE = "film"
FILMS = "20 per minute"  # each holds many images in memory
_FIELDS = (
    "series", "sheet", "orientation", "layout", "first", "last", "step", "center", "width",
    "inverted", "rotation", "flip_horizontal", "flip_vertical",
)  # fmt: skip


@dataclass(frozen=True)
class SeriesChoice:
    """One series that may be printed."""

    series_id: str
    name: str
    frame_count: int
    chosen: bool


@dataclass(frozen=True)
class FilmPage:
    """What templates/doctor/film.html is given; `asked` is what stands in the form."""

    title: str
    subtitle: str
    address: str
    pdf_address: str
    back: str
    series: tuple[SeriesChoice, ...]
    sheets: tuple[tuple[str, str], ...]
    layouts: tuple[str, ...]
    most_images: int
    turns: tuple[str, ...]
    asked: dict[str, str]


@blueprint.get(f"/{PAGE}")
@study_action(Action.DOWNLOAD)
def page(door: StudyDoor) -> ResponseReturnValue:
    """Ask what the film shall be."""
    ready = shown.ready_series(door)
    if not ready:
        flash(_("影像正在准备"), "warning")
        return redirect(door.base_url, 303)
    return render_template("doctor/film.html", page=_view(door, ready))


@blueprint.get(f"/{PAGE}.pdf")
@study_action(Action.DOWNLOAD)
@limited(FILMS)
def pdf(door: StudyDoor) -> ResponseReturnValue:
    """Send the film, the reader's name and the time over each sheet."""
    series = shown.one_series(door, request.args.get("series", ""))
    # reportlab takes a while to load, and few people print.
    from server.film.make import make_film

    try:
        film = make_film(
            current_cloud(),
            database_session(),
            series,
            shown.series_manifest(door, series),
            parse_options(_asked()),
            watermark=watermark.words(door),
            foot=f"{shown.study_subtitle(door)} · {_('仅供阅片参考')}",
        )
    except FilmRefusedError as refused:
        flash(shown.worded(str(refused)), "error")
        query = request.query_string.decode("ascii", "ignore")
        return redirect(f"{door.url(PAGE)}?{query}", 303)
    note_view(door, "film.print", series_id=series.series_id)
    headers = {"Content-Disposition": 'inline; filename="film.pdf"'}
    return Response(film, content_type="application/pdf", headers=headers)


def _asked() -> dict[str, str]:
    return {name: request.args.get(name, "")[:32] for name in _FIELDS if request.args.get(name)}


def _view(door: StudyDoor, ready: list[Series]) -> FilmPage:
    asked = _asked()
    opening = opening_series(ready)
    chosen = next((one for one in ready if one.series_id == asked.get("series")), opening)
    most = min(chosen.frame_count, MOST_IMAGES)
    return FilmPage(
        title=shown.study_title(door),
        subtitle=shown.study_subtitle(door),
        address=door.url(PAGE),
        pdf_address=door.url(f"{PAGE}.pdf"),
        back=door.url("dicom"),
        series=tuple(
            SeriesChoice(one.series_id, shown.series_name(one), one.frame_count, one is chosen)
            for one in ready
        ),
        sheets=((Sheet.FILM_14X17, _("胶片 14×17 英寸")), (Sheet.A4, _("A4 纸"))),
        layouts=tuple(f"{columns}x{rows}" for columns, rows in LAYOUTS),
        most_images=MOST_IMAGES,
        turns=tuple(str(one) for one in TURNS),
        asked={
            "sheet": Sheet.FILM_14X17,
            "orientation": "portrait",
            "layout": "1x1" if chosen.frame_count == 1 else "3x4",
            "first": "1",
            "last": str(most),
            "step": "1",
            "center": "",
            "width": "",
            "inverted": "",
            "rotation": "0",
            "flip_horizontal": "",
            "flip_vertical": "",
        }
        | asked,
    )
