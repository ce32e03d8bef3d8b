"""Why what a provider sends is not taken."""

from __future__ import annotations

import enum


class RefusedData(enum.StrEnum):
    """One word for machines each."""

    PERSON = "person"  # nobody has these numbers here
    NUMBERS = "numbers"  # they are those of two persons, or the check digit is wrong
    STUDY = "study"  # the person has no such study
    FUTURE = "future"  # it claims to be of a time that has not come
    CONFLICT = "conflict"  # another content was sent under the same number


class ExternalRefusedError(ValueError):
    """Nothing of the request was taken."""

    def __init__(self, reason: RefusedData) -> None:
        super().__init__(reason.value)
        self.reason = reason
