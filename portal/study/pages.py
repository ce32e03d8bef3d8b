"""The pages of a study's images: JPG pictures first, DICOM after confirmation."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.auditing import note_view
from portal.context import database_session
from portal.decisions import study_action
from portal.doors import DOCTOR, StudyDoor
from portal.security import runs_python
from portal.study import captions, shown, viewer_page, watermark
from portal.study.data import thumbnail_url
from portal.study.page_models import (
    PicturesPage,
    SeriesTab,
    StudyFrame,
    StudyLinks,
    UnshownImages,
)
from server.access import Action
from server.imaging.opening import opening_frame, opening_series
from server.model import PreviewKind, Series
from server.sensitivity import is_special
from server.terms import modality_label
from viewer_py.dicom import refusals

_OPAQUE_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")

patient = Blueprint("study", __name__)
others = Blueprint("shown_study", __name__)
both = Blueprint("study_pages", __name__)


@patient.get("")
@study_action(Action.VIEW_PICTURES)
def patient_pictures(door: StudyDoor) -> ResponseReturnValue:
    """Show the patient the JPG page of a study."""
    return _pictures(door)


@others.get("/images")
@study_action(Action.VIEW_PICTURES)
def shown_pictures(door: StudyDoor) -> ResponseReturnValue:
    """Show a recipient or a doctor the JPG page of the study."""
    return _pictures(door)


@both.get("/dicom")
@study_action(Action.VIEW_DICOM)
@runs_python
def dicom(door: StudyDoor) -> ResponseReturnValue:
    """Ask a patient or recipient first (B-05); once confirmed, show the DICOM page."""
    ready = shown.ready_series(door)
    if not ready:
        return _preparing(door)
    series = _chosen(ready)
    index = _frame_index(series)
    if request.args.get("confirmed") != "1" and door.kind != DOCTOR:
        return render_template(
            "study/confirm_dicom.html",
            study=study_frame(door, series, index),
            series_megabytes=shown.megabytes(series.pack_bytes),
            study_megabytes=shown.megabytes(sum(one.pack_bytes for one in ready)),
        )
    frame = study_frame(door, series, index)
    page = viewer_page.render(door, frame, series, index, beside=_beside())
    note_view(door, "dicom.view")
    return page


def _pictures(door: StudyDoor) -> ResponseReturnValue:
    ready = shown.ready_series(door)
    if not ready:
        return _preparing(door)
    page = render_template(
        "study/pictures.html",
        page=_pictures_page(door, ready, _chosen(ready)),
        runtime=_runtime(door),
    )
    note_view(door, "pictures.view")
    return page


def _preparing(door: StudyDoor) -> ResponseReturnValue:
    """Say that the pictures are being made; the page asks again by itself."""
    visible = shown.visible_series(door)
    failed = bool(visible) and all(one.failure for one in visible)
    closed = [(shown.series_name(one), shown.why_closed(one)) for one in visible if one.failure]
    return render_template(
        "study/preparing.html", study=study_frame(door), failed=failed, closed=closed
    )


def _chosen(ready: list[Series]) -> Series:
    wanted = request.args.get("series")
    return next((one for one in ready if one.series_id == wanted), opening_series(ready))


def _frame_index(series: Series) -> int:
    """Return the frame of the address (`frame` counts from 1), within the series."""
    number = request.args.get("frame", type=int)
    if number is None:
        return opening_frame(series)
    return min(max(number - 1, 0), series.frame_count - 1)


def _beside() -> str:
    """Return the study that is to be laid beside this one (A-44); whether it may, it is asked."""
    wanted = request.args.get("beside", "")
    return wanted if _OPAQUE_ID.fullmatch(wanted) else ""


def _runtime(door: StudyDoor) -> dict[str, Any] | None:
    """Return what the page may warm while the person looks at JPG (design §3)."""
    return viewer_page.files_to_warm() if door.allows(Action.VIEW_DICOM) else None


def study_frame(door: StudyDoor, series: Series | None = None, frame_index: int = 0) -> StudyFrame:
    """Return what stands around every page of the study; DICOM opens at the frame shown."""
    own = door.kind == "patient"
    carried = f"series={series.series_id}&frame={frame_index + 1}" if series is not None else ""
    if beside := _beside():
        carried += f"&beside={beside}"
    may_dicom = door.allows(Action.VIEW_DICOM)
    links = StudyLinks(
        back=door.list_url,
        pictures=door.pictures_url if door.allows(Action.VIEW_PICTURES) else "",
        report=door.url("report") if door.allows(Action.VIEW_REPORT) else "",
        share=door.url("shares/new") if own and door.allows(Action.SHARE) else "",
        download=door.url("download") if own and door.allows(Action.DOWNLOAD) else "",
        dicom=door.url(f"dicom?{carried}") if may_dicom else "",
        dicom_confirmed=door.url(f"dicom?confirmed=1&{carried}") if may_dicom else "",
    )
    return StudyFrame(
        shown.study_title(door),
        shown.study_subtitle(door),
        door.study.cloud_index,
        links,
        sensitive=is_special(database_session(), door.study),
    )


def _pictures_page(door: StudyDoor, ready: list[Series], series: Series) -> PicturesPage:
    index = _frame_index(series)
    fast = request.args.get("fast") == "1"
    kind = PreviewKind.FAST if fast else PreviewKind.FULL
    address = door.url(f"series/{series.series_id}/pictures/{{frame}}/{kind.value}")
    read = shown.series_manifest(door, series)
    missing = refusals.unshown(read)
    return PicturesPage(
        study=study_frame(door, series, index),
        series_name=shown.series_name(series),
        series_tabs=tuple(
            _tab(door, one, one is series, fast) for one in shown.visible_series(door)
        ),
        series_megabytes=shown.megabytes(series.pack_bytes),
        study_megabytes=shown.megabytes(sum(one.pack_bytes for one in ready)),
        frame_index=index,
        frame_count=series.frame_count,
        picture_url=address.replace("{frame}", str(index)),
        picture_address=address,
        watermark_url=door.url("watermark.svg") if watermark.overlay(door) else "",
        captions_url=door.url(f"series/{series.series_id}/captions.json"),
        caption=captions.caption(read, index),
        previous_href=_page_href(door, series, max(index - 1, 0), fast),
        next_href=_page_href(door, series, min(index + 1, series.frame_count - 1), fast),
        fast=fast,
        mark_folded=request.args.get("folded") == "1",
        fast_href=_page_href(door, series, index, not fast),
        unshown=tuple(
            UnshownImages(shown.worded(one.images), shown.worded(one.reason)) for one in missing
        ),
        unshown_count=sum(one.count for one in missing),
    )


def _tab(door: StudyDoor, series: Series, current: bool, fast: bool) -> SeriesTab:
    why = shown.why_closed(series)
    return SeriesTab(
        name=shown.series_name(series),
        number="-" if series.series_number is None else str(series.series_number),
        modality_label=modality_label(series.modality),
        frame_count=series.frame_count,
        href="" if why else _page_href(door, series, None, fast),
        thumbnail_url="" if why else thumbnail_url(door, series),
        current=current,
        why=why,
        refused=bool(series.failure),
    )


def _page_href(door: StudyDoor, series: Series, index: int | None, fast: bool) -> str:
    frame = "" if index is None else f"&frame={index + 1}"
    return f"{door.pictures_url}?series={series.series_id}{frame}{'&fast=1' if fast else ''}"
