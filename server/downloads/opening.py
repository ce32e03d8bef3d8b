"""Opening a download's link with its password, and what may be fetched then.

Passwords are counted before they are judged, on the link and for everybody together, never by the
address: whoever mistypes must not shut out the others behind a hospital's one address.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from server import access, audit, clock, limits
from server.accounts.passwords import verify_password
from server.accounts.sessions import hash_token, new_token
from server.downloads.contents import is_current
from server.downloads.errors import DownloadClosed, DownloadLocked, WrongPassword
from server.limits import Limit, TooManyTries
from server.model import Download, DownloadState, DownloadVisit, Study
from server.places import place_of

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_GLOBAL_FACTOR = 200


def open_download(
    cloud: ImageCloud,
    *,
    download_id: str,
    password: str,
    source: str = "",
    device_class: str = "",
) -> str:
    """Exchange the password for a visit's token, which fetches until the download ends.

    Works in transactions of its own. Raises DownloadClosed, WrongPassword, DownloadLocked.
    """
    with cloud.database.session() as session:
        download = session.get(Download, download_id)
        is_open = download is not None and _is_open(session, download)
    # An unknown or ended download takes as long, counts as much and is refused like a wrong one.
    _take_try(cloud, download_id, source)
    is_last = _take_link_try(cloud, download, source)
    fits = verify_password(download.password_hash if download else None, password)
    if download is None or not is_open:
        _audit(cloud, download_id, source, "closed")
        raise DownloadClosed
    if not fits:
        _audit(cloud, download_id, source, "wrong password")
        raise WrongPassword
    _give_back(cloud, download_id, is_last)
    return _enter(cloud, download_id, source, device_class)


def visited(session: Session, download_id: str, token: str) -> Download | None:
    """Return the download that a visit may still fetch; None once it expired or was taken back.

    Asked afresh for every piece: what ends a download ends a transfer that runs (F-64).
    """
    visit = session.get(DownloadVisit, hash_token(token))
    if visit is None or visit.download_id != download_id:
        return None
    download = session.scalar(
        select(Download)
        .where(Download.download_id == download_id)
        .options(joinedload(Download.study).joinedload(Study.data_key))
        .execution_options(populate_existing=True)
    )
    return download if download is not None and _lives(session, download) else None


def note_completed(cloud: ImageCloud, download_id: str, token: str, *, source: str) -> None:
    """Record that the last byte was handed over (下载记录); once a visit."""
    with cloud.database.session() as own:
        first = own.scalar(
            update(DownloadVisit)
            .where(
                DownloadVisit.token_hash == hash_token(token), DownloadVisit.completed_at.is_(None)
            )
            .values(completed_at=clock.now())
            .returning(DownloadVisit.download_id)
        )
        if first is not None:
            _record(own, download_id, "download.complete", source)


def _is_open(session: Session, download: Download) -> bool:
    return _lives(session, download) and download.openings < download.max_openings


def _lives(session: Session, download: Download) -> bool:
    ended = download.revoked_at is not None or download.expires_at <= clock.now()
    if ended or download.state == DownloadState.FAILED or not is_current(session, download):
        return False
    return access.giver_may_share(session, download.account_id, download.study_id)


def _enter(cloud: ImageCloud, download_id: str, source: str, device_class: str) -> str:
    """Use one opening and record the visit, in one transaction."""
    token = new_token()
    with cloud.database.session() as session:
        openings = session.scalar(
            update(Download)
            .where(
                Download.download_id == download_id,
                Download.revoked_at.is_(None),
                Download.expires_at > clock.now(),
                Download.openings < Download.max_openings,
            )
            .values(openings=Download.openings + 1, failed_tries=0, locked_until=None)
            .returning(Download.openings),
            execution_options={"synchronize_session": False},
        )
        if openings is not None:
            session.add(
                DownloadVisit(
                    token_hash=hash_token(token),
                    download_id=download_id,
                    opened_at=clock.now(),
                    device_class=device_class[:20],
                    place=place_of(cloud.settings, source),
                )
            )
            _record(session, download_id, "download.open", source, detail={"openings": openings})
            return token
    _audit(cloud, download_id, source, "closed")
    raise DownloadClosed


def _everybody(cloud: ImageCloud) -> Limit:
    window = timedelta(minutes=cloud.settings.lock_minutes)
    return Limit("download global", cloud.settings.share_tries * _GLOBAL_FACTOR, window)


def _each_link(cloud: ImageCloud) -> Limit:
    window = timedelta(minutes=cloud.settings.lock_minutes)
    return Limit("download link", cloud.settings.share_tries, window)


def _take_try(cloud: ImageCloud, download_id: str, source: str) -> None:
    try:
        with cloud.database.session() as own:
            limits.take(cloud, own, _each_link(cloud), download_id)
            limits.take(cloud, own, _everybody(cloud), "all")
    except TooManyTries as error:
        _audit(cloud, download_id, source, "locked")
        raise DownloadLocked(error.retry_at) from error


def _take_link_try(cloud: ImageCloud, download: Download | None, source: str) -> bool:
    if download is None:
        return False
    lock = timedelta(minutes=cloud.settings.lock_minutes)
    try:
        with cloud.database.session() as own:
            return limits.take_link_try(
                own, Download, download.download_id, cloud.settings.share_tries, lock
            )
    except TooManyTries as error:
        _audit(cloud, download.download_id, source, "locked")
        raise DownloadLocked(error.retry_at) from error


def _give_back(cloud: ImageCloud, download_id: str, is_last: bool) -> None:
    with cloud.database.session() as own:
        limits.give_back(cloud, own, _everybody(cloud), "all")
        limits.clear(cloud, own, _each_link(cloud), download_id)
        limits.give_back_link_try(own, Download, download_id, began_lock=is_last)


def _audit(cloud: ImageCloud, download_id: str, source: str, reason: str) -> None:
    with cloud.database.session() as own:
        _record(own, download_id, "download.open", source, result="failure", reason=reason)


def _record(
    session: Session,
    download_id: str,
    event: str,
    source: str,
    *,
    result: str = "success",
    reason: str = "",
    detail: dict[str, object] | None = None,
) -> None:
    audit.record(
        session,
        actor_kind="recipient",
        actor=f"download:{download_id}",
        event=event,
        object_kind="download",
        object_id=download_id,
        result=result,
        reason=reason,
        source=source,
        detail=detail,
    )
