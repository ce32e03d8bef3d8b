"""Why an object was not taken: a word for machines and a sentence for people."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Reason(enum.StrEnum):
    """The reasons of a rejection, a stable word each."""

    NOT_FOUND = "not_found"
    UNREADABLE = "unreadable"
    NOT_A_FILE = "not_a_file"
    SYMLINK_LOOP = "symlink_loop"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_DICOM = "not_dicom"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    DECOMPRESSION_BOMB = "decompression_bomb"
    UNSUPPORTED_ARCHIVE = "unsupported_archive"
    NESTED_ARCHIVE = "nested_archive"
    DAMAGED_ARCHIVE = "damaged_archive"
    ENCRYPTED = "encrypted"
    UNSUPPORTED_TRANSFER_SYNTAX = "unsupported_transfer_syntax"
    MISSING_UID = "missing_uid"
    INVALID_UID = "invalid_uid"
    NO_PIXELS = "no_pixels"
    INVALID_IMAGE = "invalid_image"
    CONFLICT = "conflict"
    PATIENT_MISMATCH = "patient_mismatch"
    INSTITUTION_MISMATCH = "institution_mismatch"
    SERIES_MISMATCH = "series_mismatch"
    DIGEST_MISMATCH = "digest_mismatch"
    STORAGE_FULL = "storage_full"
    STORAGE_FAILED = "storage_failed"


@dataclass(frozen=True)
class Rejection:
    """One thing that was not taken; nothing of it was kept."""

    path: str
    reason: str
    message: str


class RefusedError(Exception):
    """An object cannot be taken; becomes a `Rejection` with the name of its source."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    def as_rejection(self, path: str) -> Rejection:
        """Return the rejection of the thing at `path`."""
        return Rejection(path, self.reason.value, f"{path}: {self.message}")
