"""Why a download cannot be had or opened."""

from __future__ import annotations

from datetime import datetime


class DownloadTermsError(ValueError):
    """The download cannot be had on these terms; the message says why, in Chinese and English."""


class DownloadClosed(Exception):  # noqa: N818 - reads as what happened
    """No download opens: unknown, expired, taken back, used up – all alike."""


class WrongPassword(Exception):  # noqa: N818 - reads as what happened
    """The password does not fit."""


class DownloadLocked(Exception):  # noqa: N818 - reads as what happened
    """Too many wrong passwords; the next counts from `retry_at`."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__("too many tries")
        self.retry_at = retry_at
