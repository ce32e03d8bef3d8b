"""Shares: links that open one study for a while, for people without an account (A-20 … A-31)."""

from server.sharing.errors import (
    ShareClosed,
    SharePasswordNeeded,
    ShareRefused,
    ShareTermsError,
)
from server.sharing.giving import (
    NewShare,
    ShareRecord,
    ShareState,
    create,
    revoke,
    shares_of,
    state_of,
    visits,
)
from server.sharing.opening import (
    OpenedShare,
    device_class_of,
    ended_share,
    grant_for_visit,
    open_share,
)
from server.sharing.secrets import normalize_short_code
from server.sharing.terms import LIFETIMES, LONGEST, MOST_VIEWS, SHORTEST, ShareScope

__all__ = [
    "LIFETIMES",
    "LONGEST",
    "MOST_VIEWS",
    "SHORTEST",
    "NewShare",
    "OpenedShare",
    "ShareClosed",
    "SharePasswordNeeded",
    "ShareRecord",
    "ShareRefused",
    "ShareScope",
    "ShareState",
    "ShareTermsError",
    "create",
    "device_class_of",
    "ended_share",
    "grant_for_visit",
    "normalize_short_code",
    "open_share",
    "revoke",
    "shares_of",
    "state_of",
    "visits",
]
