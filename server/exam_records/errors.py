"""Why a record of a hospital's system is not taken."""

from __future__ import annotations

import enum


class RefusedRecord(enum.StrEnum):
    """One word for machines each."""

    PATIENT = "patient"  # the numbers are not those of the examination, or of two persons
    CERTIFICATE = "certificate"  # the check digit of the ID number is wrong (E-45)
    STUDY = "study"  # no images of this examination have come yet
    AMBIGUOUS = "ambiguous"  # several studies have this accession number: say which
    NO_REPORT = "no_report"  # nothing to withdraw
    IDENTITY_SERVICE = "identity_service"  # does not answer just now


class RecordRefusedError(ValueError):
    """The record does not fit what is stored; nothing of it was taken."""

    def __init__(self, reason: RefusedRecord) -> None:
        super().__init__(reason.value)
        self.reason = reason
