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


class ShareRefused(Exception):  # noqa: N818 - the name is part of the contract
    """Too many tries; the next counts from `retry_at`."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__("too many tries")
        self.retry_at = retry_at
