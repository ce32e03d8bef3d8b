"""What became of shares, for those whose they are: the list, and each opening (A-27)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.model import Account, Share, ShareFailure, ShareVisit
from server.passed_on import newest_of
from server.places import Place
from server.sharing.failures import Outcome
from server.sharing.giving import ShareState, state_of
from server.sharing.owning import check_owner

_LIST_LENGTH = 200


@dataclass(frozen=True)
class ShareRecord:
    """One row of the owner's list (A-27); `share.study` and its institution are loaded."""

    share: Share
    state: ShareState
    last_opened_at: datetime | None
    given_by_me: bool


@dataclass(frozen=True)
class Opening:
    """One opening of a share, or a try that failed."""

    time: datetime
    outcome: Outcome
    device_class: str
    place: Place


def shares_of(session: Session, account: Account) -> Sequence[ShareRecord]:
    """Return the shares an account gave and those of its person's images, newest first (A-27)."""
    shares = newest_of(session, Share, account, _LIST_LENGTH)
    last = session.execute(
        select(ShareVisit.share_id, func.max(ShareVisit.opened_at))
        .where(ShareVisit.share_id.in_([share.share_id for share in shares]))
        .group_by(ShareVisit.share_id)
    )
    last_opened: dict[str, datetime] = {row[0]: row[1] for row in last}
    return [
        ShareRecord(
            share=share,
            state=state_of(share),
            last_opened_at=last_opened.get(share.share_id),
            given_by_me=share.account_id == account.id,
        )
        for share in shares
    ]


def visits(session: Session, account: Account, share_id: str) -> Sequence[ShareVisit]:
    """Return the openings of one of an account's shares, newest first.

    Raises AccessDenied for anybody else's or an unknown share.
    """
    check_owner(session, account, share_id)
    return session.scalars(
        select(ShareVisit)
        .where(ShareVisit.share_id == share_id)
        .order_by(ShareVisit.opened_at.desc())
        .limit(_LIST_LENGTH)
    ).all()


def openings(session: Session, account: Account, share_id: str) -> Sequence[Opening]:
    """Return the openings of one of an account's shares and the tries that failed, newest first.

    Raises AccessDenied for anybody else's or an unknown share.
    """
    found = [
        Opening(one.opened_at, Outcome.OPENED, one.device_class, Place(one.place))
        for one in visits(session, account, share_id)
    ]
    failures = session.scalars(
        select(ShareFailure)
        .where(ShareFailure.share_id == share_id)
        .order_by(ShareFailure.id.desc())
        .limit(_LIST_LENGTH)
    )
    found += [
        Opening(one.time, Outcome(one.outcome), one.device_class, Place(one.place))
        for one in failures
    ]
    return sorted(found, key=lambda one: one.time, reverse=True)[:_LIST_LENGTH]
