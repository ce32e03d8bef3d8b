"""Why a sign-in, an account or a code is refused."""

from __future__ import annotations

from datetime import datetime


class SignInRefused(Exception):  # noqa: N818 - the name is part of the contract
    """Refused, in the same words for an unknown login, a wrong password and a wrong code.

    `retry_at` is set while tries are locked out.
    """

    def __init__(self, retry_at: datetime | None = None) -> None:
        super().__init__("sign-in refused")
        self.retry_at = retry_at


class SignInExpired(SignInRefused):
    """The password step is too long ago, used, or out of tries: begin again with the password."""


class AccountExistsError(ValueError):
    """Another account has this login."""


class LoginNameError(ValueError):
    """The login cannot be used; the message says why, in Chinese and English."""


class FactorRefusedError(ValueError):
    """What should have proved or added a factor does not: wrong, used, too old, or not his."""
