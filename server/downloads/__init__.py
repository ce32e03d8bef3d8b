"""A patient's own study to take away: one link, a password, a while (A-33, A-34)."""

from server.downloads.errors import (
    DownloadClosed,
    DownloadLocked,
    DownloadTermsError,
    WrongPassword,
)
from server.downloads.expiry import remove_ended
from server.downloads.giving import (
    FRESH,
    LIFETIMES,
    MIN_PASSWORD_LENGTH,
    DownloadRecord,
    create,
    downloads_of,
    one_of,
    revoke,
    visits,
)
from server.downloads.opening import open_download, visited

__all__ = [
    "FRESH",
    "LIFETIMES",
    "MIN_PASSWORD_LENGTH",
    "DownloadClosed",
    "DownloadLocked",
    "DownloadRecord",
    "DownloadTermsError",
    "WrongPassword",
    "create",
    "downloads_of",
    "one_of",
    "open_download",
    "remove_ended",
    "revoke",
    "visited",
    "visits",
]
