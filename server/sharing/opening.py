"""Opening a share without an account, and what the opened share allows (goals 1 – 9).

Only an explicit opening counts; looking at the page never does. Guesses at short codes and
passwords are counted before they are judged, per share, per address and for everybody together,
and stay counted whatever happens.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from server import access, audit, clock, limits, messages
from server.access import Grant
from server.accounts.passwords import verify_password
from server.accounts.sessions import TOUCH_INTERVAL, hash_token, new_token
from server.limits import Limit, TooManyTries
from server.model import Account, Share, ShareVisit
from server.sharing.errors import ShareClosed, SharePasswordNeeded, ShareRefused
from server.sharing.giving import ShareState, short_code_hash, state_of
from server.sharing.secrets import hash_secret
from server.terms import china_time

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_ADDRESS_FACTOR = 6
_GLOBAL_FACTOR = 200
_DEVICES = {"phone": "手机", "tablet": "平板", "desktop": "电脑", "robot": "程序"}


@dataclass(frozen=True)
class OpenedShare:
    """A visit: the token for the recipient's cookie, and the share it opens."""

    token: str
    share: Share


def open_share(
    cloud: ImageCloud,
    *,
    share_id: str,
    secret_or_code: str,
    password: str | None = None,
    source: str = "",
    device_class: str = "",
) -> OpenedShare:
    """Exchange a link's secret (or the card's short code) and the password for a visit.

    Works in transactions of its own. Raises ShareClosed alike for unknown, wrong, expired,
    revoked and used up; SharePasswordNeeded once the secret fits; ShareRefused(retry_at).
    """
    counted = _counted(cloud, share_id, source)
    with cloud.database.session() as session:
        share = session.get(Share, share_id)
    if not _fits(share.secret_hash if share else "", hash_secret(secret_or_code)):
        _try_short_code(cloud, share, share_id, secret_or_code, source, counted)
    if share is None or not _is_open(cloud, share):
        _audit_failure(cloud, share_id, source, "closed")
        raise ShareClosed
    if share.password_hash is not None:
        _check_password(cloud, share, password, source, counted[1:])
    return _enter(cloud, share, source, device_class)


def grant_for_visit(
    cloud: ImageCloud, session: Session, token: str, *, source: str = ""
) -> Grant | None:
    """Return what a visit allows now; None once idle, or the share expired or revoked (A-28)."""
    visit = session.get(ShareVisit, hash_token(token), populate_existing=True)
    if visit is None:
        return None
    now = clock.now()
    idle_end = visit.last_seen_at + timedelta(minutes=cloud.settings.idle_minutes)
    share = session.get_one(Share, visit.share_id, populate_existing=True)
    ended = share.revoked_at is not None or share.expires_at <= now or idle_end <= now
    if ended or not access.giver_may_share(session, share.account_id, share.study_id):
        return None
    if now - visit.last_seen_at >= TOUCH_INTERVAL:
        visit.last_seen_at = now
    return access.share_grant(share, source=source)


def ended_share(session: Session, token: str) -> str | None:
    """Return the share that a token once opened; None for an invented token."""
    return session.scalar(
        select(ShareVisit.share_id).where(ShareVisit.token_hash == hash_token(token))
    )


def device_class_of(user_agent: str) -> str:
    """Return phone, tablet, desktop or robot, as the list of visits shows it (A-27)."""
    agent = user_agent.lower()
    if not agent or any(word in agent for word in ("bot", "spider", "crawl", "curl", "python")):
        return "robot"
    if "ipad" in agent or "tablet" in agent or ("android" in agent and "mobile" not in agent):
        return "tablet"
    if any(word in agent for word in ("mobile", "iphone", "android", "harmonyos")):
        return "phone"
    return "desktop"


def _counted(cloud: ImageCloud, share_id: str, source: str) -> list[tuple[Limit, str]]:
    tries, window = cloud.settings.share_tries, timedelta(minutes=cloud.settings.lock_minutes)
    return [
        # By the id as asked for: an unknown share is locked like a known one.
        (Limit("share secret", tries, window), share_id),
        (Limit("share address", tries * _ADDRESS_FACTOR, window), limits.address_key(source)),
        (Limit("share global", tries * _GLOBAL_FACTOR, window), "all"),
    ]


def _take(cloud: ImageCloud, counted: list[tuple[Limit, str]], share_id: str, source: str) -> None:
    try:
        with cloud.database.session() as own:
            for limit, key in counted:
                limits.take(cloud, own, limit, key)
    except TooManyTries as error:
        _audit_failure(cloud, share_id, source, "locked")
        raise ShareRefused(error.retry_at) from error


def _give_back(cloud: ImageCloud, session: Session, counted: list[tuple[Limit, str]]) -> None:
    for limit, key in counted:
        limits.give_back(cloud, session, limit, key)


def _try_short_code(
    cloud: ImageCloud,
    share: Share | None,
    share_id: str,
    code: str,
    source: str,
    counted: list[tuple[Limit, str]],
) -> None:
    """Judge what is not the link's secret. A secret of 256 bits cannot be guessed, so only these
    tries are counted, and whoever holds the link gets in while others guess."""
    _take(cloud, counted, share_id, source)
    given = short_code_hash(cloud, share_id, code)
    if not _fits(share.short_code_hash if share else "", given):
        _audit_failure(cloud, share_id, source, "closed")
        raise ShareClosed
    with cloud.database.session() as own:
        _give_back(cloud, own, counted)


def _fits(kept: str, given: str) -> bool:
    return hmac.compare_digest(kept.ljust(len(given)), given)


def _is_open(cloud: ImageCloud, share: Share) -> bool:
    if state_of(share) not in (ShareState.OPEN, ShareState.LOCKED):
        return False
    with cloud.database.session() as session:
        return access.giver_may_share(session, share.account_id, share.study_id)


def _check_password(
    cloud: ImageCloud,
    share: Share,
    password: str | None,
    source: str,
    counted: list[tuple[Limit, str]],
) -> None:
    if not password:
        raise SharePasswordNeeded(wrong=False)
    _take(cloud, counted, share.share_id, source)
    lock = timedelta(minutes=cloud.settings.lock_minutes)
    try:
        with cloud.database.session() as own:
            is_last = limits.take_share_try(own, share.share_id, cloud.settings.share_tries, lock)
    except TooManyTries as error:
        _audit_failure(cloud, share.share_id, source, "locked")
        raise ShareRefused(error.retry_at) from error
    fits = verify_password(share.password_hash, password)
    with cloud.database.session() as own:
        if fits:
            _give_back(cloud, own, counted)
            return
        if is_last:
            _tell(cloud, own, share, "多次输错分享密码，已暂时锁定")
        _record(own, share.share_id, source, "failure", "wrong password")
    raise SharePasswordNeeded(wrong=True)


def _enter(
    cloud: ImageCloud,
    share: Share,
    source: str,
    device_class: str,
) -> OpenedShare:
    """Use one view, open a visit and record it, all in one transaction (goal 3)."""
    token = new_token()
    with cloud.database.session() as session:
        views = _use_view(session, share.share_id)
        if views is not None:
            now = clock.now()
            session.add(
                ShareVisit(
                    token_hash=hash_token(token),
                    share_id=share.share_id,
                    opened_at=now,
                    last_seen_at=now,
                    device_class=device_class[:20],
                )
            )
            if views == 1:
                device = _DEVICES.get(device_class, "设备")
                _tell(cloud, session, share, f"已被首次打开（{device}）")
            detail = {"views": views, "device_class": device_class}
            _record(session, share.share_id, source, "success", detail=detail)
            fresh = session.get_one(Share, share.share_id, populate_existing=True)
            return OpenedShare(token, fresh)
    _audit_failure(cloud, share.share_id, source, "closed")
    raise ShareClosed


def _use_view(session: Session, share_id: str) -> int | None:
    """Count a view in the one statement that also checks every condition (A-24, F-64)."""
    left = or_(Share.max_views.is_(None), Share.views < Share.max_views)
    return session.scalar(
        update(Share)
        .where(
            Share.share_id == share_id,
            Share.revoked_at.is_(None),
            Share.expires_at > clock.now(),
            left,
        )
        .values(views=Share.views + 1, failed_tries=0, locked_until=None)
        .returning(Share.views),
        execution_options={"synchronize_session": False},
    )


def _tell(cloud: ImageCloud, session: Session, share: Share, what: str) -> None:
    """Send the giver a message about a share (goal 8); it names nobody and no image."""
    account = session.scalar(select(Account).where(Account.id == share.account_id))
    if account is None:
        return
    made = china_time(share.created_at).strftime("%m月%d日 %H:%M")
    body = (
        f"【{cloud.settings.site_name}】您 {made} 创建的影像分享{what}。"
        "如有疑问，请登录后在“分享记录”中撤销。"
    )
    messages.send(cloud, session, account=account, body=body)


def _audit_failure(cloud: ImageCloud, share_id: str, source: str, reason: str) -> None:
    with cloud.database.session() as own:
        _record(own, share_id, source, "failure", reason)


def _record(
    session: Session,
    share_id: str,
    source: str,
    result: str,
    reason: str = "",
    detail: dict[str, object] | None = None,
) -> None:
    audit.record(
        session,
        actor_kind="recipient",
        actor="recipient",
        event="share.open",
        object_kind="share",
        object_id=share_id,
        result=result,
        reason=reason,
        source=source,
        detail=detail,
    )
