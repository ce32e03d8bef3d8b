"""What stands between the two steps: kept in the signed, HttpOnly forms cookie."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from flask import session

from portal.next_url import safe_next
from server.accounts import Challenge, FactorKind

KEY = "pending_sign_in"


@dataclass(frozen=True)
class PendingSignIn:
    """The accepted password's challenge, what can answer it, and where to go on."""

    token: str
    kinds: tuple[str, ...]
    target: str
    sms_sent: bool = False

    @property
    def can_totp(self) -> bool:
        """Whether an authenticator's code may follow."""
        return FactorKind.TOTP in self.kinds

    @property
    def can_sms(self) -> bool:
        """Whether a code by text message may follow."""
        return FactorKind.SMS in self.kinds

    @property
    def can_passkey(self) -> bool:
        """Whether a passkey may follow."""
        return FactorKind.PASSKEY in self.kinds

    @property
    def can_recovery_code(self) -> bool:
        """Whether a recovery code may follow."""
        return FactorKind.RECOVERY_CODE in self.kinds


def keep(pending: PendingSignIn) -> None:
    """Remember the first step for the second."""
    session[KEY] = asdict(pending)


def begin(challenge: Challenge, target: str) -> None:
    """Remember a fresh challenge."""
    keep(
        PendingSignIn(
            token=challenge.token,
            kinds=tuple(sorted(challenge.kinds)),
            target=safe_next(target),
        )
    )


def pending_sign_in() -> PendingSignIn | None:
    """Return the first step, or None when there was none."""
    kept: dict[str, Any] | None = session.get(KEY)
    return PendingSignIn(**(kept | {"kinds": tuple(kept["kinds"])})) if kept else None


def forget() -> None:
    """Drop the forms cookie's content; the CSRF token changes with it. Language and entry stay."""
    stay = {key: session[key] for key in ("language", "entry") if key in session}
    session.clear()
    session.update(stay)
