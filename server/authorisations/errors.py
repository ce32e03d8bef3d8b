"""Why an authorisation cannot be asked for, given or changed."""

from __future__ import annotations

import enum


class Refusal(enum.StrEnum):
    """One word for machines; the portal has the sentence with the next step."""

    NOT_A_DOCTOR = "not_a_doctor"
    NOT_YOURS = "not_yours"
    ENDED = "ended"
    WRONG_CODE = "wrong_code"
    UNREACHABLE = "unreachable"
    TOO_MANY = "too_many"
    REASON = "reason"
    CONSENT = "consent"
    LICENCE = "licence"
    DOCUMENT = "document"
    SCOPE = "scope"
    METHOD = "method"
    SIGNATURE = "signature"
    ENCOUNTER = "encounter"


class AuthorisationRefused(Exception):  # noqa: N818 - reads as what happened
    """What was asked for is refused; `reason` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason
