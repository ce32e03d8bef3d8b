"""What binds a family just now, and its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server import clock, people
from server.accounts.auditing import record_success
from server.family.invitations import FamilyError, tell
from server.model import OPEN_INVITATION, Account, FamilyInvitation, FamilyLink

if TYPE_CHECKING:
    from server.cloud import ImageCloud


@dataclass(frozen=True)
class FamilyOverview:
    """Whom somebody may view, who may view him, and what waits for an answer."""

    viewing: Sequence[FamilyLink]
    viewers: Sequence[FamilyLink]
    received: Sequence[FamilyInvitation]
    sent: Sequence[FamilyInvitation]


def overview(session: Session, account: Account) -> FamilyOverview:
    """Return the family links and open invitations of an account's person."""
    person_id = account.person_id
    links = session.scalars(
        select(FamilyLink)
        .where(
            people.is_live_link(),
            (FamilyLink.guardian_id == person_id) | (FamilyLink.member_id == person_id),
        )
        .options(joinedload(FamilyLink.guardian), joinedload(FamilyLink.member))
        .order_by(FamilyLink.created_at)
    ).all()
    waiting = session.scalars(
        select(FamilyInvitation)
        .where(
            FamilyInvitation.state.in_(OPEN_INVITATION),
            FamilyInvitation.expires_at > clock.now(),
            (FamilyInvitation.guardian_id == person_id) | (FamilyInvitation.member_id == person_id),
        )
        .options(joinedload(FamilyInvitation.guardian))
        .order_by(FamilyInvitation.created_at)
    ).all()
    return FamilyOverview(
        viewing=[one for one in links if one.guardian_id == person_id],
        viewers=[one for one in links if one.member_id == person_id],
        received=[one for one in waiting if one.member_id == person_id],
        sent=[one for one in waiting if one.guardian_id == person_id],
    )


def unacknowledged(session: Session, account: Account, member_id: int | None) -> FamilyLink | None:
    """Return the link by which an account views a member, when its owner has not yet been told
    what is sensitive in that (F-25); None for himself, a stranger, or once told."""
    if member_id is None or account.person_id in {None, member_id}:
        return None
    links = session.scalars(
        select(FamilyLink).where(
            people.is_live_link(),
            FamilyLink.guardian_id == account.person_id,
            FamilyLink.member_id == member_id,
        )
    ).all()
    told = any(one.acknowledged_at is not None for one in links)
    return None if told or not links else links[0]


def acknowledge(session: Session, account: Account, link_id: int, *, source: str) -> None:
    """Note that the viewing side was told and goes on; audited. Raises FamilyError."""
    link = session.get(FamilyLink, link_id)
    if link is None or link.guardian_id != account.person_id or link.withdrawn_at is not None:
        raise FamilyError("该亲情关系已解除 / this link has ended")
    if link.acknowledged_at is None:
        link.acknowledged_at = clock.now()
        record_success(session, account, "family.acknowledge", source, link=str(link_id))


def end_link(
    cloud: ImageCloud, session: Session, account: Account, link_id: int, *, source: str
) -> None:
    """End a family link from either side; it bites at the next request. Both are told; audited.

    Raises FamilyError for a link that is not his or has ended.
    """
    link = session.get(FamilyLink, link_id, populate_existing=True)
    sides = {link.guardian_id, link.member_id} if link is not None else set()
    if link is None or account.person_id not in sides or link.withdrawn_at is not None:
        raise FamilyError("该亲情关系已解除 / this link has ended")
    people.withdraw_link(link)
    record_success(session, account, "family_link.withdraw", source, link=str(link_id))
    guardian, member = people.mask_name(link.guardian.name), people.mask_name(link.member.name)
    tell(cloud, session, link.guardian, f"您与 {member} 的亲情账户已解除，不再能查看其影像和报告。")
    tell(cloud, session, link.member, f"{guardian} 不再能查看您的检查影像和报告。")
