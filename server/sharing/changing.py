"""Changing a share that lives: longer, shorter, more or fewer views, a pause.

Only its giver may. Each change is one statement that also checks that the share has not ended, so
that what was revoked or has expired never opens again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, select, true, update
from sqlalchemy.orm import Session

from server import audit, clock
from server.access import AccessDenied, DenialReason
from server.model import Account, Share
from server.sharing.errors import ShareTermsError
from server.sharing.terms import LONGEST, check_lifetime, check_views


def set_lifetime(
    session: Session, account: Account, share_id: str, lifetime: timedelta, *, source: str = ""
) -> None:
    """Let a share last so long from now on, be that longer or shorter than before (A-23).

    Raises ShareTermsError, also once the share has ended; AccessDenied unless the account gave it.
    """
    check_lifetime(lifetime)
    _set_expiry(session, account, share_id, clock.now() + lifetime, source)


def set_expiry(
    session: Session, account: Account, share_id: str, expires_at: datetime, *, source: str = ""
) -> None:
    """Let a share end at an instant, as it would have before its period was changed (A-23).

    Raises as `set_lifetime` does, also for an instant that has passed.
    """
    if not timedelta() < expires_at - clock.now() <= LONGEST:
        raise ShareTermsError(
            "原来的有效期已过，请另选有效期 / the former period is over; choose another one"
        )
    _set_expiry(session, account, share_id, expires_at, source)


def _set_expiry(
    session: Session, account: Account, share_id: str, expires_at: datetime, source: str
) -> None:
    _check_giver(session, account, share_id)
    minutes = int((expires_at - clock.now()).total_seconds() // 60)
    _change(session, share_id, _lives(), {"expires_at": expires_at})
    audit.record_act(
        session,
        account.id,
        "share.change",
        "share",
        share_id,
        source=source,
        detail={"minutes": minutes},
    )


def set_views(
    session: Session, account: Account, share_id: str, max_views: int | None, *, source: str = ""
) -> None:
    """Let a share be opened so often in all; None is without limit (A-24).

    Raises ShareTermsError, also when it was opened more often already or has ended; AccessDenied
    unless the account gave it.
    """
    check_views(max_views)
    _check_giver(session, account, share_id)
    enough = Share.views <= max_views if max_views is not None else true()
    _change(session, share_id, and_(_lives(), enough), {"max_views": max_views})
    audit.record_act(
        session,
        account.id,
        "share.change",
        "share",
        share_id,
        source=source,
        detail={"max_views": max_views},
    )


def pause(session: Session, account: Account, share_id: str, *, source: str = "") -> None:
    """Close a share for a while: nothing opens, running visits end, until `resume`.

    Raises ShareTermsError once the share has ended, AccessDenied unless the account gave it.
    """
    _set_pause(session, account, share_id, clock.now(), "share.pause", source)


def resume(session: Session, account: Account, share_id: str, *, source: str = "") -> None:
    """Let a paused share open again. Raises as `pause` does."""
    _set_pause(session, account, share_id, None, "share.resume", source)


def _set_pause(
    session: Session,
    account: Account,
    share_id: str,
    paused_at: datetime | None,
    event: str,
    source: str,
) -> None:
    _check_giver(session, account, share_id)
    _change(session, share_id, _lives(), {"paused_at": paused_at})
    audit.record_act(session, account.id, event, "share", share_id, source=source)


def _lives() -> ColumnElement[bool]:
    return and_(Share.revoked_at.is_(None), Share.expires_at > clock.now())


def _check_giver(session: Session, account: Account, share_id: str) -> None:
    wanted = select(Share.share_id).where(
        Share.share_id == share_id, Share.account_id == account.id
    )
    if session.scalar(wanted) is None:
        raise AccessDenied(DenialReason.NOT_YOURS)


def _change(
    session: Session, share_id: str, condition: ColumnElement[bool], values: dict[str, object]
) -> None:
    changed = session.scalar(
        update(Share)
        .where(Share.share_id == share_id, condition)
        .values(values)
        .returning(Share.share_id),
        execution_options={"synchronize_session": False},
    )
    if changed is not None:
        return
    alive = session.scalar(select(Share.views).where(Share.share_id == share_id, _lives()))
    if alive is None:
        raise ShareTermsError(
            "分享已结束，不能再更改，请新建分享 / the share has ended; make a new one"
        )
    raise ShareTermsError(
        f"已打开 {alive} 次，总次数不能更少；如需停止请暂停或撤销 / "
        f"it was opened {alive} times already; pause or revoke it to stop"
    )
