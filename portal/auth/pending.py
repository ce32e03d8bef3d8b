"""What stands between the two steps: kept in the signed, HttpOnly forms cookie."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from flask import session

from portal.next_url import safe_next
from server.accounts import Challenge

KEY = "pending_sign_in"


@dataclass(frozen=True)
class PendingSignIn:
    """The accepted password's challenge, what can answer it, and where to go on."""

    token: str
    can_totp: bool
    can_sms: bool
    target: str
    sms_sent: bool = False


def keep(pending: PendingSignIn) -> None:
    """Remember the first step for the second."""
    session[KEY] = asdict(pending)


def begin(challenge: Challenge, target: str) -> None:
    """Remember a fresh challenge."""
    keep(
        PendingSignIn(
            token=challenge.token,
            can_totp=challenge.can_totp,
            can_sms=challenge.can_sms,
            target=safe_next(target),
        )
    )


def pending_sign_in() -> PendingSignIn | None:
    """Return the first step, or None when there was none."""
    kept: dict[str, Any] | None = session.get(KEY)
    return PendingSignIn(**kept) if kept else None


def forget() -> None:
    """Drop the forms cookie's content; the CSRF token changes with it. Language and entry stay."""
    stay = {key: session[key] for key in ("language", "entry") if key in session}
    session.clear()
    session.update(stay)
