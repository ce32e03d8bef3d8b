"""Shares: links that open one study for a while, for people without an account (A-20 … A-31)."""

from server.sharing.changing import pause, resume, set_expiry, set_lifetime, set_views
from server.sharing.errors import (
    ShareClosed,
    ShareCodeNeeded,
    SharePasswordNeeded,
    ShareRefused,
    ShareTermsError,
)
from server.sharing.failures import Outcome
from server.sharing.giving import (
    GivenKeys,
    NewShare,
    ShareState,
    create,
    given_again,
    revoke,
    state_of,
)
from server.sharing.opening import (
    Keys,
    OpenedShare,
    ended_share,
    grant_for_visit,
    open_share,
)
from server.sharing.records import Opening, ShareRecord, openings, shares_of, visits
from server.sharing.secrets import normalize_short_code
from server.sharing.terms import LIFETIMES, LONGEST, MOST_VIEWS, SHORTEST, ShareScope

__all__ = [
    "LIFETIMES",
    "LONGEST",
    "MOST_VIEWS",
    "SHORTEST",
    "GivenKeys",
    "Keys",
    "NewShare",
    "OpenedShare",
    "Opening",
    "Outcome",
    "ShareClosed",
    "ShareCodeNeeded",
    "SharePasswordNeeded",
    "ShareRecord",
    "ShareRefused",
    "ShareScope",
    "ShareState",
    "ShareTermsError",
    "create",
    "ended_share",
    "given_again",
    "grant_for_visit",
    "normalize_short_code",
    "open_share",
    "openings",
    "pause",
    "resume",
    "revoke",
    "set_expiry",
    "set_lifetime",
    "set_views",
    "shares_of",
    "state_of",
    "visits",
]
