"""Why a launch is refused, in words of the API and of pages."""

from __future__ import annotations

import enum


class LaunchError(Exception):
    """A launch does not come about."""


class RefusalReason(enum.StrEnum):
    """Why a launch that a client asks for is not made."""

    ORIGIN = "origin"
    PATIENT = "patient"
    STUDY = "study"
    PHYSICIAN = "physician"
    CERTIFICATE = "certificate"  # the check digit of an ID number is wrong (E-45)
    HEALTH_CODE = "health_code"
    LICENCE = "licence"
    IDENTITY_SERVICE = "identity_service"  # does not answer just now


class LaunchRefusedError(LaunchError):
    """What the client says does not fit together, or names what is not his."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class TicketFault(enum.StrEnum):
    """Why a ticket does not serve."""

    UNKNOWN = "unknown"
    USED = "used"
    EXPIRED = "expired"
    ORIGIN = "origin"
    SHUT = "shut"
    STUDY = "study"  # what it is to begin with is not the patient's


class TicketError(LaunchError):
    """The ticket does not serve; `fault` says why."""

    def __init__(self, fault: TicketFault) -> None:
        super().__init__(fault.value)
        self.fault = fault
