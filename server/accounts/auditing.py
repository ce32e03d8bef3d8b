"""How signing in is audited, whichever way it goes (F-02, F-06)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server import audit
from server.model import Account

if TYPE_CHECKING:
    from server.cloud import ImageCloud


def record_success(
    session: Session, account: Account, event: str, source: str, **detail: str
) -> None:
    """Record what an account has done, in the caller's transaction."""
    audit.record(
        session,
        actor_kind="account",
        actor=actor_of(account),
        event=event,
        object_kind="account",
        object_id=str(account.id),
        source=source,
        detail=detail,
    )


def record_failure(
    cloud: ImageCloud, actor: str, event: str, source: str, reason: str, **detail: str
) -> None:
    """Record a refusal in a transaction of its own: it rolls the caller's back."""
    with cloud.database.session() as own:
        audit.record(
            own,
            actor_kind="account" if actor.startswith("account:") else "anonymous",
            actor=actor,
            event=event,
            result="failure",
            reason=reason,
            source=source,
            detail=detail,
        )


def actor_of(account: Account) -> str:
    """Return how an account is named in the audit log."""
    return f"account:{account.id}"
