"""The operator's look at declarations: who vouches for whom, and by which paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.family.invitations import InvitationError, close, is_open, link, tell
from server.model import FamilyInvitation, InvitationState

if TYPE_CHECKING:
    from server.cloud import ImageCloud


def in_review(session: Session) -> Sequence[FamilyInvitation]:
    """Return the declarations that wait for the operator, the oldest first."""
    return session.scalars(
        select(FamilyInvitation)
        .where(
            FamilyInvitation.state == InvitationState.IN_REVIEW,
            FamilyInvitation.expires_at > clock.now(),
        )
        .order_by(FamilyInvitation.created_at)
    ).all()


def approve(
    cloud: ImageCloud, session: Session, invitation_id: str, *, actor_kind: str, actor: str
) -> None:
    """Let a declaration count once its paper was seen. Audited. Raises InvitationError."""
    invitation = _reviewed(session, invitation_id)
    link(cloud, session, invitation)
    _record(session, invitation, "family.approve", actor_kind, actor)


def refuse(
    cloud: ImageCloud, session: Session, invitation_id: str, *, actor_kind: str, actor: str
) -> None:
    """Refuse a declaration; whoever made it is told. Audited. Raises InvitationError."""
    invitation = _reviewed(session, invitation_id)
    close(invitation, InvitationState.DECLINED)
    what = f"{invitation.member_label} 的亲情账户申请未通过审核，请携带证明材料到医院办理。"
    tell(cloud, session, invitation.guardian, what)
    _record(session, invitation, "family.refuse", actor_kind, actor)


def _reviewed(session: Session, invitation_id: str) -> FamilyInvitation:
    invitation = session.get(FamilyInvitation, invitation_id, populate_existing=True)
    if (
        invitation is None
        or invitation.state != InvitationState.IN_REVIEW
        or not is_open(invitation)
    ):
        raise InvitationError("没有这样一份待审核的申请 / no such declaration waits")
    return invitation


def _record(
    session: Session, invitation: FamilyInvitation, event: str, actor_kind: str, actor: str
) -> None:
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event=event,
        object_kind="invitation",
        object_id=invitation.invitation_id,
    )
