"""C-STORE (PS3.4 B): success only when the object is durable with its index rows."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import structlog
from pydicom import Dataset, dcmread
from pynetdicom.association import Association
from pynetdicom.events import Event

from server.dimse.calling import NOT_AUTHORISED, Callers, NotAuthorisedError
from server.dimse.files import file_of
from server.ingest import DeliveryError, Intake, Reason, RefusedError, Sender
from server.ingest.spool import Buffer, as_file
from server.storage import StorageError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

# PS3.4 table B.2-1, PS3.7 C.
SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
UNLIKE_SOP_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000
PROCESSING_FAILURE = 0x0110
_LONGEST_COMMENT = 64
_STATUS = {
    Reason.STORAGE_FULL: OUT_OF_RESOURCES,
    Reason.STORAGE_FAILED: OUT_OF_RESOURCES,
    Reason.TOO_LARGE: OUT_OF_RESOURCES,
    Reason.NO_PIXELS: UNLIKE_SOP_CLASS,
    Reason.UNSUPPORTED_TRANSFER_SYNTAX: UNLIKE_SOP_CLASS,
    Reason.INSTITUTION_MISMATCH: NOT_AUTHORISED,
}


class Storing:
    """Takes objects; those of one association are one delivery."""

    def __init__(self, cloud: ImageCloud, callers: Callers) -> None:
        self._cloud = cloud
        self._callers = callers
        self._intakes: dict[Association, Intake] = {}
        self._opening = Lock()

    def handle(self, event: Event) -> Dataset:
        """Answer a C-STORE request."""
        try:
            intake = self._intake(event.assoc)
        except NotAuthorisedError as refusal:
            return failure(NOT_AUTHORISED, refusal.reason)
        try:
            data = file_of(event)
        except RefusedError as refusal:
            intake.reject(refusal.as_rejection("C-STORE"))
            return refusal_of(refusal.reason)
        if not is_as_announced(data):
            log.info("dicom_store_refused", reason="unlike_request")
            return failure(UNLIKE_SOP_CLASS, "not the object that was announced")
        try:
            rejection = intake.take(data, "C-STORE").rejection
        except StorageError:
            log.exception("dicom_store_failed")
            return failure(OUT_OF_RESOURCES, "storage failed")
        return success() if rejection is None else refusal_of(Reason(rejection.reason))

    def close(self, event: Event) -> None:
        """Complete the delivery of an association that ended."""
        with self._opening:
            intake = self._intakes.pop(event.assoc, None)
        if intake is not None:
            intake.close()

    def _intake(self, association: Association) -> Intake:
        """Return the delivery of an association. Raises NotAuthorisedError."""
        caller = self._callers.caller(association, "store")
        with self._opening:
            intake = self._intakes.get(association)
            if intake is None:
                sender = Sender("dicom", caller.actor, caller.source)
                code = caller.peer.institution_code
                try:
                    intake = Intake(self._cloud, institution_code=code, sender=sender)
                except DeliveryError as error:
                    raise NotAuthorisedError("institution") from error
                self._intakes[association] = intake
            return intake


def success() -> Dataset:
    """Return the answer to what was done."""
    answer = Dataset()
    answer.Status = SUCCESS
    return answer


def failure(status: int, comment: str) -> Dataset:
    """Return the answer to what was refused, with a word why (Error Comment, PS3.7 C)."""
    answer = Dataset()
    answer.Status = status
    answer.ErrorComment = comment[:_LONGEST_COMMENT]
    return answer


def status_of(reason: Reason) -> int:
    """Return the status of C-STORE for a refusal of ingest."""
    return _STATUS.get(reason, CANNOT_UNDERSTAND)


def refusal_of(reason: Reason) -> Dataset:
    """Return the answer to an object that ingest refuses; logged with its reason."""
    status = status_of(reason)
    log.info("dicom_store_refused", reason=reason.value, status=f"{status:04X}")
    return failure(status, reason.value)


def is_as_announced(data: Buffer) -> bool:
    """Whether the data set is of the class and instance of the request; else a peer could have one
    object acknowledged in another's name. What cannot be read is left to ingest's verdict."""
    try:
        read = dcmread(as_file(data), stop_before_pixels=True, specific_tags=_IDENTITY)
        found = (str(read.get("SOPClassUID", "")), str(read.get("SOPInstanceUID", "")))
    except Exception:
        # pydicom raises many kinds on damaged data; ingest says what is wrong with it.
        return True
    meta = read.file_meta
    said = (str(meta.MediaStorageSOPClassUID), str(meta.MediaStorageSOPInstanceUID))
    return not all(found) or found == said


_IDENTITY = ["SOPClassUID", "SOPInstanceUID"]
