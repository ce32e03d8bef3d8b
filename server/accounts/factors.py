"""What a second factor is (F-03): one small protocol, and the kinds that come with the product.

The composition root holds those in force (`ImageCloud.second_factors`); an app's token or a face
check of an insurance platform is one more class with three members.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.orm import Session

from server.model import Account, SignInChallenge

if TYPE_CHECKING:
    from server.cloud import ImageCloud


class FactorKind(enum.StrEnum):
    """The kinds of second factor, as they stand in the audit log."""

    TOTP = "totp"
    SMS = "sms"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"
    PROVIDER = "provider"


class SecondFactor(Protocol):
    """One way of proving, after the password, that it is really he."""

    @property
    def kind(self) -> str:
        """What the factor is called in the audit log and on the pages (`FactorKind`, or a new)."""
        ...

    def is_ready(self, cloud: ImageCloud, session: Session, account: Account) -> bool:
        """Whether this account can use it here and now."""
        ...

    def accepts(
        self, cloud: ImageCloud, session: Session, challenge: SignInChallenge, answer: str
    ) -> bool:
        """Whether an answer proves it; one that did is used up. Answers of other kinds: False.

        Tries are counted by the caller; what is used up must be so in a transaction of its own.
        """
        ...


def ready_kinds(cloud: ImageCloud, session: Session, account: Account) -> frozenset[str]:
    """Return the kinds of second factor that an account can use now."""
    return frozenset(
        one.kind for one in cloud.second_factors if one.is_ready(cloud, session, account)
    )


def accepted_kind(
    cloud: ImageCloud, session: Session, challenge: SignInChallenge, answer: str
) -> str | None:
    """Return the kind of the factor that an answer proves; None for a wrong answer."""
    for one in cloud.second_factors:
        if one.accepts(cloud, session, challenge, answer):
            return one.kind
    return None
