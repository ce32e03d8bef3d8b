"""Why a share cannot be made or opened."""

from __future__ import annotations

from datetime import datetime


class ShareTermsError(ValueError):
    """The terms of a share cannot be had; the message says why, in Chinese and English."""


class ShareClosed(Exception):  # noqa: N818 - the name is part of the contract
    """No share opens: unknown, wrong secret, expired, revoked, used up – all alike (goal 5)."""


class SharePasswordNeeded(Exception):  # noqa: N818 - the name is part of the contract
    """The secret fits; a password is needed. `wrong` says that one was given and did not fit."""

    def __init__(self, *, wrong: bool) -> None:
        super().__init__("share password needed")
        self.wrong = wrong


class ShareCodeNeeded(Exception):  # noqa: N818 - the name is part of the contract
    """Secret and password fit; the code that was sent to the recipient is needed.

    `proof` stands for the password at the next try, `phone` is masked; `wrong` says that a code was
    given and did not fit, `too_soon` that another was wanted too soon after the last.
    """

    def __init__(self, *, proof: str, phone: str, wrong: bool, too_soon: bool = False) -> None:
        super().__init__("share code needed")
        self.proof = proof
        self.phone = phone
        self.wrong = wrong
        self.too_soon = too_soon


class ShareRefused(Exception):  # noqa: N818 - the name is part of the contract
    """Too many tries; the next counts from `retry_at`."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__("too many tries")
        self.retry_at = retry_at
