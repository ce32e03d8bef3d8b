"""The words for machines with which this package refuses; peers add their own."""

from __future__ import annotations

import enum


class Reason(enum.StrEnum):
    """Why a study is not given to a front machine, or did not arrive there."""

    CONSENT = "consent_withdrawn"
    SENSITIVE = "sensitive"
    RECALLING = "recalling"
    OTHER_PROVINCE = "other_province"
    STORAGE = "storage"
    DISK_FULL = "disk_full"
    CHANGED = "changed_in_transit"
    NOT_FETCHED = "not_fetched"


class NotGivenError(Exception):
    """A study is not given to a front machine; `reason` is a word for machines.

    `final`: asking again would not help.
    """

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final
