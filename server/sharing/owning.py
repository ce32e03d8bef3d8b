"""Whose share it is: its giver's, and that of the person whose images it opens (goal 8)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from server.access import AccessDenied, DenialReason
from server.model import Account, Share, Study


def is_owner(account: Account) -> ColumnElement[bool]:
    """Return the condition on Share, joined with its study, for what an account sees of shares."""
    if account.person_id is None:
        return Share.account_id == account.id
    return or_(Share.account_id == account.id, Study.person_id == account.person_id)


def check_owner(session: Session, account: Account, share_id: str) -> None:
    """Raise AccessDenied for anybody else's or an unknown share."""
    found = session.scalar(
        select(Share.share_id)
        .join(Share.study)
        .where(Share.share_id == share_id, is_owner(account))
    )
    if found is None:
        raise AccessDenied(DenialReason.NOT_YOURS)
