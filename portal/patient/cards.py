"""The time line as its templates are given it: years of cards, all words and addresses made."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from server.imaging.opening import opening_frame
from server.model import Series
from server.terms import china_time
from server.timeline import ClosedReason, TimelineEntry


@dataclass(frozen=True)
class Card:
    """One examination as it is shown; `elsewhere_…` where another province holds it (A-11)."""

    study_id: str
    title: str
    modality_label: str
    study_datetime: datetime
    when: str
    institution_name: str
    province_name: str
    out_of_province: bool
    person_name: str
    why: str
    openable: bool
    href: str
    report_href: str
    share_href: str
    compare_href: str
    thumbnail_url: str
    elsewhere_href: str = ""
    elsewhere_action: str = ""
    elsewhere_waits: bool = False


@dataclass(frozen=True)
class Year:
    """The examinations of one year; `continued` where the list before ends in the same one."""

    number: int
    label: str
    continued: bool
    cards: tuple[Card, ...]


def years(cards: Iterable[Card], *, after: int | None = None) -> tuple[Year, ...]:
    """Group cards, newest first, by the year in which people in China had the examination.

    `after` is the year with which the list ends that these are added to.
    """
    return tuple(
        Year(number, _("%(year)s年", year=number), number == after, tuple(group))
        for number, group in itertools.groupby(cards, lambda one: one.study_datetime.year)
    )


def card(entry: TimelineEntry, series: Series | None, *, name_shown: bool, repeated: bool) -> Card:
    """Return an entry as it is shown; `series` gives the picture that stands for it.

    `repeated` says that there is another examination of the same part to compare it with (A-44).
    """
    local = china_time(entry.study_datetime)
    base = f"/studies/{entry.study_id}"
    opens = entry.openable or entry.report_openable
    return Card(
        study_id=entry.study_id,
        title=entry.description or f"{entry.modality_label} {entry.body_part}".strip(),
        modality_label=entry.modality_label,
        study_datetime=local,
        when=local.strftime("%Y-%m-%d %H:%M"),
        institution_name=entry.institution_name,
        province_name=entry.province_name,
        out_of_province=entry.out_of_province,
        person_name=entry.person_name if name_shown else "",
        why=_why(entry),
        openable=entry.openable or entry.reason is ClosedReason.PREPARING,
        href=base,
        report_href=f"{base}/report" if entry.report_openable else "",
        share_href=f"{base}/shares/new" if entry.openable else "",
        compare_href=f"/studies/compare?first={entry.study_id}" if repeated and opens else "",
        thumbnail_url=_thumbnail(base, series) if series is not None and entry.openable else "",
    )


def _thumbnail(base: str, series: Series) -> str:
    return f"{base}/series/{series.series_id}/pictures/{opening_frame(series)}/thumbnail"


def _why(entry: TimelineEntry) -> str:
    words = {
        ClosedReason.NOT_REVIEWED: _("报告审核通过后即可查看"),
        ClosedReason.PREPARING: _("影像正在准备"),
        ClosedReason.FAILED: _("影像暂时无法显示，请联系检查医院"),
    }
    if entry.reason is not None:
        return words[entry.reason]
    return "" if entry.digital_film else _("报告以纸质或胶片提供，请到检查医院领取")
