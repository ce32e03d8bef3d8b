"""STOW-RS: objects of a request are stored whole, one by one, or refused by name (PS3.18 10.5)."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from pydicom import Dataset, dcmread

from server.dicomweb.media_types import DICOM
from server.dicomweb.multipart import MultipartError, Part, TooLongError
from server.ingest import IngestLimits, Intake, Reason, RefusedError, Rejection, Sender
from server.ingest.spool import Buffer, as_file

if TYPE_CHECKING:
    from server.cloud import ImageCloud
    from server.collection.receptions import Receptions

_NAME = "stow"  # what the sender calls an object: nothing, so nothing that could name a patient
STUDY_MISMATCH = "study_mismatch"
CANNOT_UNDERSTAND = 0xC000
OUT_OF_RESOURCES = 0xA700
# Failure Reason (0008,1197) of each refusal (PS3.18 table I.2-2, PS3.4 B.2.3, PS3.7 C).
FAILURE_REASONS = {
    Reason.STORAGE_FULL: OUT_OF_RESOURCES,
    Reason.TOO_LARGE: OUT_OF_RESOURCES,
    Reason.STORAGE_FAILED: 0x0110,
    Reason.CONFLICT: 0x0111,
    Reason.NO_PIXELS: 0x0122,
    Reason.INSTITUTION_MISMATCH: 0x0124,
    Reason.PATIENT_MISMATCH: 0xA900,
    Reason.SERIES_MISMATCH: 0xA900,
    STUDY_MISMATCH: 0xA900,
    Reason.UNSUPPORTED_TRANSFER_SYNTAX: 0xC122,
    Reason.DIGEST_MISMATCH: 0xC001,  # front machines send it again (server.gateway.centre)
}
_IDENTIFYING = ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"]


@dataclass(frozen=True)
class Reference:
    """Which object, as it says itself."""

    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str


@dataclass(frozen=True)
class Failure:
    """An object that was not taken; `reference` None where it does not say which it is."""

    reference: Reference | None
    code: int
    reason: str
    message: str


@dataclass
class StoreResult:
    """What became of the objects of one request."""

    stored: list[Reference] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    @property
    def status(self) -> HTTPStatus:
        """Return the status of the answer (PS3.18 10.5.3.1)."""
        if not self.failed:
            return HTTPStatus.OK
        if self.stored:
            return HTTPStatus.ACCEPTED
        if all(one.reason == Reason.TOO_LARGE for one in self.failed):
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        full = all(one.code == OUT_OF_RESOURCES for one in self.failed)
        return HTTPStatus.SERVICE_UNAVAILABLE if full else HTTPStatus.CONFLICT


def store(
    cloud: ImageCloud,
    parts: Iterable[Part],
    *,
    institution_code: str,
    sender: Sender,
    study_uid: str | None = None,
    limits: IngestLimits | None = None,
    receptions: Receptions | None = None,
) -> StoreResult:
    """Take the objects of a request as they come in; what is said to be stored is durable.

    With `study_uid` objects of other studies are refused. With `receptions` the digests that came
    with the objects are verified, and the chain of a front machine is kept (I-03). A body that
    ends in the middle of a part costs that part alone. Raises DeliveryError for an unknown
    institution.
    """
    result = StoreResult()
    with Intake(cloud, institution_code=institution_code, sender=sender, limits=limits) as intake:
        try:
            for part in parts:
                _take(intake, part, study_uid, result, receptions)
        except MultipartError as error:
            long = isinstance(error, TooLongError)
            reason = Reason.TOO_LARGE if long else Reason.TRUNCATED
            _refuse(intake, result, None, reason, str(error))
    return result


def _take(
    intake: Intake,
    part: Part,
    study_uid: str | None,
    result: StoreResult,
    receptions: Receptions | None,
) -> None:
    if part.media_type not in {"", DICOM}:
        words = "分部须为 application/dicom / a part must be application/dicom"
        return _refuse(intake, result, None, Reason.NOT_DICOM, words)
    try:
        data = part.content.data()
    except RefusedError as refusal:
        return _refuse(intake, result, None, refusal.reason, refusal.message)
    reference = identify(data)
    if study_uid is not None and reference is not None and reference.study_uid != study_uid:
        words = "对象不属于地址中的检查 / the object is of another study than the address"
        return _refuse(intake, result, reference, STUDY_MISMATCH, words)
    link = None
    if receptions is not None and reference is not None:
        try:
            link = receptions.verify(part.headers, data, reference.sop_instance_uid)
        except RefusedError as refusal:
            return _refuse(intake, result, reference, refusal.reason, refusal.message)
    taken = intake.take(data, _NAME)
    if taken.rejection is not None:
        result.failed.append(_failure(reference, taken.rejection))
    elif reference is not None:
        if receptions is not None and link is not None:
            receptions.keep(link)
        result.stored.append(reference)
    else:
        words = "DICOMDIR 不存储 / a DICOMDIR is not stored"
        _refuse(intake, result, None, Reason.NO_PIXELS, words)
    return None


def _refuse(
    intake: Intake, result: StoreResult, reference: Reference | None, reason: str, words: str
) -> None:
    rejection = Rejection(_NAME, reason, words)
    intake.reject(rejection)
    result.failed.append(_failure(reference, rejection))


def _failure(reference: Reference | None, rejection: Rejection) -> Failure:
    code = FAILURE_REASONS.get(rejection.reason, CANNOT_UNDERSTAND)
    message = rejection.message.removeprefix(f"{_NAME}: ")
    return Failure(reference, code, str(rejection.reason), message)


def identify(data: Buffer) -> Reference | None:
    """Return which object a file (PS3.10) says it is; None where it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = dcmread(
                as_file(data), stop_before_pixels=True, specific_tags=list(_IDENTIFYING)
            )
            uids = [str(header.get(keyword, "") or "") for keyword in _IDENTIFYING]
    except Exception:
        # pydicom raises many kinds on damaged files, which are refused by the ingest anyway.
        return None
    if not all(0 < len(uid) <= 64 and uid.isascii() for uid in uids):
        return None
    return Reference(*uids)


def store_response(result: StoreResult, base_url: str) -> Dataset:
    """Return the data set of the answer (PS3.18 table I.2-1); addresses begin with `base_url`."""
    dataset = Dataset()
    studies = {one.study_uid for one in result.stored}
    if len(studies) == 1:
        dataset.RetrieveURL = f"{base_url}/studies/{next(iter(studies))}"
    if result.stored:
        dataset.ReferencedSOPSequence = [_stored_item(one, base_url) for one in result.stored]
    named = [one for one in result.failed if one.reference is not None]
    if named:
        dataset.FailedSOPSequence = [_failed_item(one) for one in named]
    others = [one for one in result.failed if one.reference is None]
    if others:
        dataset.OtherFailuresSequence = [_failed_item(one) for one in others]
    return dataset


def _stored_item(one: Reference, base_url: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = one.sop_class_uid
    item.ReferencedSOPInstanceUID = one.sop_instance_uid
    item.RetrieveURL = (
        f"{base_url}/studies/{one.study_uid}/series/{one.series_uid}"
        f"/instances/{one.sop_instance_uid}"
    )
    return item


def _failed_item(one: Failure) -> Dataset:
    item = Dataset()
    if one.reference is not None:
        item.ReferencedSOPClassUID = one.reference.sop_class_uid
        item.ReferencedSOPInstanceUID = one.reference.sop_instance_uid
    item.FailureReason = one.code
    return item
