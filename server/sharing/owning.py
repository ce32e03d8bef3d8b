"""Whose share it is: its giver's, and that of the person whose images it opens (goal 8)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.access import AccessDenied, DenialReason
from server.model import Account, Share
from server.passed_on import is_owner


def check_owner(session: Session, account: Account, share_id: str) -> None:
    """Raise AccessDenied for anybody else's or an unknown share."""
    found = session.scalar(
        select(Share.share_id)
        .join(Share.study)
        .where(Share.share_id == share_id, is_owner(Share, account))
    )
    if found is None:
        raise AccessDenied(DenialReason.NOT_YOURS)
