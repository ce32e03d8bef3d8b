"""What of a study is shown to whom: its series, its heading (masked for recipients), its name."""

from __future__ import annotations

import dataclasses

from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.context import current_cloud, database_session
from portal.doors import StudyDoor
from portal.i18n import html_language
from portal.study import watermark
from server import people, reports
from server.access import Action
from server.imaging import delivery
from server.imaging.tag_masking import HIDDEN
from server.model import ProcessingState, Series, Share, Study
from server.terms import body_part_label, china_time, modality_label
from viewer_py.dicom import refusals
from viewer_py.dicom.manifest import SeriesManifest, StudyHeading

MEGABYTE = 1_000_000


def visible_series(door: StudyDoor) -> list[Series]:
    """Return the series that the door shows, in the study's order."""
    allowed = door.grant.series_ids
    return [one for one in door.study.series if allowed is None or one.series_id in allowed]


def ready_series(door: StudyDoor) -> list[Series]:
    """Return the visible series whose pictures are prepared."""
    return [one for one in visible_series(door) if one.state == ProcessingState.READY]


def refused_series(door: StudyDoor) -> list[Series]:
    """Return the visible series that cannot be shown at all."""
    return [one for one in visible_series(door) if one.state == ProcessingState.FAILED]


def why_closed(series: Series) -> str:
    """Return in words of the page why a series does not open; "" where it does."""
    if series.state == ProcessingState.READY:
        return ""
    if not series.failure:
        return _("正在准备")
    return _("无法显示：%(reason)s", reason=worded(refusals.reason_words(series.failure)))


def worded(words: str) -> str:
    """Return the half of "中文 / English" that the page is in."""
    return refusals.in_language(words, chinese=html_language().startswith("zh"))


def one_series(door: StudyDoor, series_id: str) -> Series:
    """Return a prepared series of the study. Raises NotFound."""
    for series in ready_series(door):
        if series.series_id == series_id:
            return series
    raise NotFound


def series_name(series: Series) -> str:
    """Return the name of a series; a fall-back where the object has none (B-12)."""
    return series.description or modality_label(series.modality)


def study_name(study: Study) -> str:
    """Return what a study is called."""
    return (
        study.description
        or f"{modality_label(study.modality)} {body_part_label(study.body_part)}".strip()
    )


def study_title(door: StudyDoor) -> str:
    """Return what the study behind a door is called."""
    return study_name(door.study)


def study_subtitle(door: StudyDoor) -> str:
    """Return hospital and date of a study."""
    day = china_time(door.study.study_datetime).strftime("%Y-%m-%d")
    return f"{door.study.institution.name} · {day}"


def megabytes(size: int) -> str:
    """Return a number of bytes in words that a person can weigh."""
    return f"{max(size / MEGABYTE, 0.1):.1f} MB"


def shows_identity(door: StudyDoor) -> bool:
    """Whether name and patient ID are shown in full through this door (X-44)."""
    share_id = door.grant.share_id
    share = database_session().get(Share, share_id) if share_id else None
    return reports.shows_identity(
        door.grant, share_option=share is not None and share.show_identity
    )


def shows_accession(door: StudyDoor) -> bool:
    """Whether the accession number (检查号) is told: it leads to the report, and goes with it."""
    return door.grant.share_id is None or door.allows(Action.VIEW_REPORT)


def series_manifest(door: StudyDoor, series: Series) -> SeriesManifest:
    """Return the manifest of a series, its heading and watermark as this door may show it."""
    read = dataclasses.replace(
        delivery.series_manifest(current_cloud(), database_session(), series),
        watermark=watermark.words(door),
    )
    heading = read.heading if shows_identity(door) else masked_heading(read.heading)
    if heading.accession_number and not shows_accession(door):
        heading = dataclasses.replace(heading, accession_number=HIDDEN)
    return dataclasses.replace(read, heading=heading)


def masked_heading(heading: StudyHeading) -> StudyHeading:
    """Return a heading without what tells who is pictured."""
    return dataclasses.replace(
        heading,
        patient_name=people.mask_name(heading.patient_name),
        patient_id=people.mask_id_number(heading.patient_id) if heading.patient_id else "",
    )
