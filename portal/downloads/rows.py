"""Downloads as their pages are given them: all words made, all addresses too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from portal.share.rows import device_words, place_words
from portal.study.shown import megabytes, study_name
from server import clock
from server.downloads import DownloadRecord
from server.model import DownloadState, DownloadVisit
from server.places import Place


@dataclass(frozen=True)
class DownloadRow:
    """One download."""

    download_id: str
    title: str
    subtitle: str
    state: str
    badge: str
    ready: bool
    waiting: bool
    lives: bool
    packed: int
    total: int
    size: str
    created_at: datetime
    expires_at: datetime
    openings: str
    completed: int
    asked_by_other: bool
    href: str
    link: str


@dataclass(frozen=True)
class VisitRow:
    """One opening of a download's link."""

    opened_at: datetime
    device: str
    place: str
    completed_at: datetime | None


def download_row(record: DownloadRecord, base_url: str) -> DownloadRow:
    """Return a download as its owner sees it."""
    one, words, badge = record.download, *_state(record)
    lives = one.revoked_at is None and one.expires_at > clock.now() and record.current
    return DownloadRow(
        download_id=one.download_id,
        title=study_name(one.study),
        subtitle=one.study.institution.name,
        state=words,
        badge=badge,
        ready=lives and one.state == DownloadState.READY,
        waiting=lives and one.state in (DownloadState.QUEUED, DownloadState.PREPARING),
        lives=lives and one.state != DownloadState.FAILED,
        packed=one.packed,
        total=max(one.total, 1),
        size=megabytes(one.size),
        created_at=one.created_at,
        expires_at=one.expires_at,
        openings=f"{one.openings} / {one.max_openings}",
        completed=record.completed,
        asked_by_other=not record.asked_by_me,
        href=f"/downloads/{one.download_id}",
        link=f"{base_url.rstrip('/')}/d/{one.download_id}",
    )


def visit_row(visit: DownloadVisit) -> VisitRow:
    """Return an opening as it is shown."""
    device, place = device_words(visit.device_class), place_words(Place(visit.place))
    return VisitRow(visit.opened_at, device, place, visit.completed_at)


def _state(record: DownloadRecord) -> tuple[str, str]:
    download = record.download
    if download.revoked_at is not None:
        return str(_("已删除")), "danger"
    if download.state == DownloadState.FAILED:
        return str(_("打包失败")), "danger"
    if download.expires_at <= clock.now():
        return str(_("已过期")), "neutral"
    if not record.current:
        return str(_("报告已更正，请重新下载")), "warning"
    if download.state == DownloadState.READY:
        return str(_("可下载")), "success"
    return str(_("正在打包")), "brand"
