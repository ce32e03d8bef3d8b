"""Packing a download: the job that makes the archive and keeps it (A-34)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server import clock, media, reports
from server.downloads import parts, readme
from server.downloads.contents import report_to_pack
from server.media import Media, MediaRefusedError
from server.model import (
    UNFINISHED_DOWNLOAD,
    DataKey,
    Download,
    DownloadState,
    Report,
    Study,
    opaque_id,
)
from server.terms import china_time

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

FOLDER = "downloads"
REPORT = "REPORT.PDF"
_TOLD_EVERY = 25  # objects between two notes of how far it is


class _EndedError(Exception):
    """The download was taken back, or has expired, while it was packed."""


def attempt(cloud: ImageCloud, download_id: str, *, last: bool) -> None:
    """Pack one download from the start; what an earlier attempt left is removed first.

    Harmless when it is packed or has ended. With `last` a failure is final; else it is raised, for
    the queue to try again.
    """
    prefix = _begin(cloud, download_id)
    if prefix is None:
        return
    try:
        size, sha256 = _pack(cloud, download_id, prefix)
    except _EndedError:
        parts.remove(cloud.vault, prefix)
    except MediaRefusedError:
        _give_up(cloud, download_id, prefix, "refused")
    except Exception as error:
        log.warning("packing_failed", download_id=download_id, error=type(error).__name__)
        if last:
            _give_up(cloud, download_id, prefix, "internal_error")
        raise
    else:
        _set(
            cloud,
            download_id,
            state=DownloadState.READY,
            size=size,
            sha256=sha256,
            ready_at=clock.now(),
        )
        log.info("download_packed", download_id=download_id, size=size)


def unfinished(session: Session) -> list[str]:
    """Return the downloads that wait for a worker, or lost theirs."""
    found = session.scalars(
        select(Download.download_id).where(
            Download.state.in_(UNFINISHED_DOWNLOAD),
            Download.revoked_at.is_(None),
            Download.expires_at > clock.now(),
        )
    )
    return list(found)


def _begin(cloud: ImageCloud, download_id: str) -> str | None:
    """Return where the parts of this attempt go; None when there is nothing to do."""
    with cloud.database.session() as session:
        download = session.get(Download, download_id)
        if download is None or not _is_wanted(download):
            return None
        old, prefix = download.object_prefix, f"{FOLDER}/{download_id}/{opaque_id()}"
        download.state, download.packed = DownloadState.PREPARING, 0
        download.object_prefix = prefix
    if old:
        parts.remove(cloud.vault, old)
    return prefix


def _is_wanted(download: Download) -> bool:
    lives = download.revoked_at is None and download.expires_at > clock.now()
    return lives and download.state in UNFINISHED_DOWNLOAD


def _pack(cloud: ImageCloud, download_id: str, prefix: str) -> tuple[int, str]:
    with cloud.database.session() as session:
        study = session.get_one(Download, download_id).study
        report = report_to_pack(session, study)
        found = media.lay_out(cloud, session, study, extras=_extras(cloud, study, report))
        data_key: DataKey = session.get_one(DataKey, study.data_key_id)
        report_id = report.id if report is not None else None
    _set(cloud, download_id, total=len(found.files), report_id=report_id)
    return parts.write(cloud.vault, data_key, prefix, _pieces(cloud, download_id, found))


def _pieces(cloud: ImageCloud, download_id: str, found: Media) -> Iterator[bytes]:
    """Yield the archive and note how far it is. Raises _EndedError once nobody wants it."""

    def still_wanted() -> bool:
        with cloud.database.session() as session:
            return _is_wanted(session.get_one(Download, download_id))

    # The archive yields after each object, and once more at its end.
    for number, piece in enumerate(media.archive(cloud, found, still_wanted), 1):
        if number % _TOLD_EVERY == 0:
            _set(cloud, download_id, packed=min(number, len(found.files)))
        yield piece
    if not still_wanted():
        raise _EndedError
    _set(cloud, download_id, packed=len(found.files))


def _extras(
    cloud: ImageCloud, study: Study, report: Report | None
) -> tuple[tuple[str, bytes], ...]:
    page = readme.page(
        site=cloud.settings.site_name,
        hospital=study.institution.name,
        day=china_time(study.study_datetime).strftime("%Y-%m-%d"),
        has_report=report is not None,
    )
    found = [(readme.NAME, page.encode())]
    return tuple([*found, (REPORT, _pdf(study, report))] if report is not None else found)


def _pdf(study: Study, report: Report) -> bytes:
    # reportlab takes a while to load, and only this job needs it.
    from server.report_pdf import ReportDocument, report_pdf

    made = china_time(clock.now()).strftime("%Y-%m-%d %H:%M")
    return report_pdf(
        ReportDocument(
            cloud_index=study.cloud_index,
            fields=reports.report_fields(report, study, study.person),
            exam_overview=report.exam_overview,
            physician_code=report.reporting_physician_code,
            notice="",
            watermark="",
            foot=f"报告以医院出具的为准 · 生成于 {made}",
        )
    )


def _give_up(cloud: ImageCloud, download_id: str, prefix: str, failure: str) -> None:
    parts.remove(cloud.vault, prefix)
    _set(cloud, download_id, state=DownloadState.FAILED, failure=failure)


def _set(cloud: ImageCloud, download_id: str, **values: object) -> None:
    with cloud.database.session() as session:
        session.execute(update(Download).where(Download.download_id == download_id).values(values))
