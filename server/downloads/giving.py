"""Asking for a download, watching it, taking it back; the rows are the download records (A-34)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from server import access, audit, clock
from server.access import AccessDenied, Action, DenialReason
from server.accounts.passwords import MAX_LENGTH, hash_password
from server.downloads.contents import is_current
from server.downloads.errors import DownloadTermsError
from server.model import Account, Download, DownloadVisit, Instance, Series, Study
from server.passed_on import is_owner, newest_of

if TYPE_CHECKING:
    from server.cloud import ImageCloud

LIFETIMES = (timedelta(hours=1), timedelta(hours=24), timedelta(days=3), timedelta(days=7))
MIN_PASSWORD_LENGTH = 6
MAX_OPENINGS = 5
# For so long after proving who he is a patient may ask for a download.
FRESH = timedelta(minutes=10)
_LIST_LENGTH = 100


@dataclass(frozen=True)
class DownloadRecord:
    """One row of the list; `download.study` and its institution are loaded."""

    download: Download
    asked_by_me: bool
    completed: int
    # False once the report in it has been amended or withdrawn.
    current: bool


def create(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    study: Study,
    password: str,
    lifetime: timedelta,
    verified_at: datetime | None,
    source: str = "",
) -> Download:
    """Ask for one study as an archive behind a password; packed by a job once this is committed.

    `verified_at` is when the account last proved itself with both factors, if it ever did. Raises
    DownloadTermsError, AccessDenied when the study is not the account's to take away.
    """
    access.authorize(
        cloud, session, access.patient_grant(cloud, session, account), Action.DOWNLOAD, study
    )
    _check_terms(password, lifetime, verified_at)
    now = clock.now()
    counted = select(func.count()).select_from(Instance).join(Series)
    download = Download(
        study_id=study.study_id,
        account_id=account.id,
        password_hash=hash_password(password),
        total=session.scalar(counted.where(Series.study_id == study.study_id)) or 0,
        created_at=now,
        expires_at=now + lifetime,
        max_openings=MAX_OPENINGS,
    )
    session.add(download)
    session.flush()
    minutes = int(lifetime.total_seconds() // 60)
    detail = {"study": study.study_id, "minutes": minutes}
    download_id = download.download_id
    audit.record_act(
        session,
        account.id,
        "download.create",
        "download",
        download_id,
        source=source,
        detail=detail,
    )
    # Not before: a worker would look for a download that is not there yet.
    event.listen(
        session, "after_commit", lambda _: cloud.jobs.pack_download(download_id), once=True
    )
    return download


def downloads_of(session: Session, account: Account) -> Sequence[DownloadRecord]:
    """Return the downloads an account asked for and those of its person's images, newest first."""
    found = newest_of(session, Download, account, _LIST_LENGTH)
    return [_as_record(session, account, one) for one in found]


def one_of(session: Session, account: Account, download_id: str) -> DownloadRecord:
    """Return one of an account's downloads. Raises AccessDenied for anybody else's, or unknown."""
    found = session.scalar(
        select(Download)
        .join(Download.study)
        .where(Download.download_id == download_id, is_owner(Download, account))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise AccessDenied(DenialReason.NOT_YOURS)
    return _as_record(session, account, found)


def visits(session: Session, account: Account, download_id: str) -> Sequence[DownloadVisit]:
    """Return the openings of one of an account's downloads, newest first. Raises AccessDenied."""
    one_of(session, account, download_id)
    return session.scalars(
        select(DownloadVisit)
        .where(DownloadVisit.download_id == download_id)
        .order_by(DownloadVisit.opened_at.desc())
    ).all()


def revoke(session: Session, account: Account, download_id: str, *, source: str = "") -> None:
    """Take a download back: nothing more of it leaves, and its bytes go. Twice is once.

    Raises AccessDenied for anybody else's or an unknown download.
    """
    one_of(session, account, download_id)
    ended = session.scalar(
        update(Download)
        .where(Download.download_id == download_id, Download.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .returning(Download.download_id)
    )
    if ended is not None:
        audit.record_act(
            session, account.id, "download.revoke", "download", download_id, source=source
        )


def _check_terms(password: str, lifetime: timedelta, verified_at: datetime | None) -> None:
    if verified_at is None or clock.now() - verified_at >= FRESH:
        raise DownloadTermsError("请重新验证身份后再下载 / prove who you are again first")
    if lifetime not in LIFETIMES:
        raise DownloadTermsError("请选择有效期 / choose how long the link lasts")
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_LENGTH:
        raise DownloadTermsError(
            f"下载密码至少 {MIN_PASSWORD_LENGTH} 个字符 / "
            f"the password has at least {MIN_PASSWORD_LENGTH} characters"
        )


def _as_record(session: Session, account: Account, download: Download) -> DownloadRecord:
    completed = session.scalar(
        select(func.count()).where(
            DownloadVisit.download_id == download.download_id,
            DownloadVisit.completed_at.is_not(None),
        )
    )
    asked_by_me, current = download.account_id == account.id, is_current(session, download)
    return DownloadRecord(download, asked_by_me, completed or 0, current)
