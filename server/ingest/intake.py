"""An open delivery: one object after the other is stored whole or refused by name."""

from __future__ import annotations

import base64
import enum
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from server import audit, clock
from server.cloud_index import UNKNOWN_PERSON, CloudIndexParts, cloud_index, exam_time
from server.ingest.limits import IngestLimits
from server.ingest.parse import DirectoryFileError, parse, same_data_set
from server.ingest.races import is_lost, until_won
from server.ingest.received import ReceivedObject
from server.ingest.rejection import Reason, RefusedError, Rejection
from server.ingest.rows import (
    Delivery,
    add_instance,
    check_study,
    is_duplicate,
    place,
    stored_instance,
    take_over,
)
from server.ingest.spool import Buffer
from server.model import Institution, Person, Study, StudyArchive, Upload, opaque_id
from server.provinces.adopting import adopt
from server.provinces.expiry import Leftovers
from server.storage import StorageError, StorageFullError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

REJECTED_PATH_CONTEXT = "upload.rejected.path"


class DeliveryError(ValueError):
    """A delivery that cannot begin: institution or person unknown; said in Chinese / English."""


@dataclass(frozen=True)
class Sender:
    """Who delivers, for the audit log."""

    actor_kind: str = "system"
    actor: str = "ingest"
    source: str = ""


@dataclass
class Tally:
    """What became of the objects so far; a study stands there once."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    study_ids: dict[str, None] = field(default_factory=dict)

    def reject(self, rejection: Rejection) -> None:
        """Count what was not taken."""
        self.received += 1
        self.rejected.append(rejection)


class Outcome(enum.StrEnum):
    """What became of one object."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    PASSED_OVER = "passed_over"  # a DICOMDIR


@dataclass(frozen=True)
class Taken:
    """What became of one object; stored and duplicate ones are durable with their index rows."""

    outcome: Outcome
    rejection: Rejection | None = None
    study_id: str | None = None  # of what was stored only now


class Intake:
    """A delivery, open within a `with` block; safe to be used by several threads.

    At the end the delivery's record is completed, audited, and pictures of every touched study are
    ordered; also when the block is left by an error. Raises DeliveryError, before anything is
    taken, for an unknown institution or person.
    """

    def __init__(
        self,
        cloud: ImageCloud,
        *,
        institution_code: str,
        person_id: int | None = None,
        limits: IngestLimits | None = None,
        sender: Sender | None = None,
    ) -> None:
        self._cloud = cloud
        self._sender = sender or Sender()
        self._limits = limits or IngestLimits.of(cloud.settings)
        self._counting = Lock()
        self.tally = Tally()
        self._delivery, self.upload_id = _begin(cloud, institution_code, person_id, self._sender)

    def __enter__(self) -> Intake:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def take(self, data: Buffer, name: str) -> Taken:
        """Store an object (PS3.10) whole or refuse it; `name` is what its sender calls it."""
        try:
            received = parse(data, self._limits)
            study_id = until_won(lambda: _store_once(self._cloud, self._delivery, received))
        except DirectoryFileError:
            return Taken(Outcome.PASSED_OVER)
        except RefusedError as refusal:
            rejection = refusal.as_rejection(name)
            self.reject(rejection)
            log.info("object_refused", reason=refusal.reason.value)
            return Taken(Outcome.REJECTED, rejection)
        return self._took(study_id)

    def _took(self, study_id: str | None) -> Taken:
        with self._counting:
            self.tally.received += 1
            if study_id is None:
                self.tally.duplicate += 1
                return Taken(Outcome.DUPLICATE)
            self.tally.stored += 1
            self.tally.study_ids[study_id] = None
        return Taken(Outcome.STORED, study_id=study_id)

    def reject(self, rejection: Rejection) -> None:
        """Count what was not taken and never reached `take`."""
        with self._counting:
            self.tally.reject(rejection)

    def close(self) -> None:
        """Complete the record of the delivery and have pictures made."""
        _finish(self._cloud, self.upload_id, self.tally, self._sender)
        for study_id in self.tally.study_ids:
            self._cloud.jobs.prepare_study(study_id)


def _store_once(cloud: ImageCloud, delivery: Delivery, received: ReceivedObject) -> str | None:
    """Store an object and its rows; return its study, None for a duplicate.

    Raises DBAPIError where others made the same study, series or index at the same moment.
    """
    object_key = None
    try:
        with cloud.database.session() as session, session.no_autoflush:
            copy = _adopted(cloud, session, delivery, received)
            if _is_stored(cloud, session, delivery, received):
                return None
            placement = place(cloud, session, delivery, received)
            object_key = placement.object_key
            cloud.vault.write(placement.data_key, object_key, received.data)
            add_instance(session, delivery, placement, received)
        if copy is not None:
            copy.remove(cloud.vault)
        return placement.study.study_id
    except StorageFullError as error:
        raise RefusedError(Reason.STORAGE_FULL, str(error)) from error
    except StorageError as error:
        raise RefusedError(Reason.STORAGE_FAILED, str(error)) from error
    except DBAPIError as error:
        # Of a lost race nothing was committed. After other errors of the database nobody knows:
        # leave the object to the sweep, for a row without its object would be worse than an orphan.
        if is_lost(error) and object_key is not None:
            cloud.vault.delete(object_key)
        if is_lost(error) or not isinstance(error, OperationalError):
            raise
        raise RefusedError(
            Reason.STORAGE_FAILED, "数据库写入失败，未保存 / the database failed; nothing kept"
        ) from error


def _adopted(
    cloud: ImageCloud, session: Session, delivery: Delivery, received: ReceivedObject
) -> Leftovers | None:
    """Make the study the hospital's own where it is another province's copy (A-11)."""
    leftovers = adopt(
        cloud, session, received.study_uid, lambda study: check_study(study, delivery, received)
    )
    if leftovers is not None:
        take_over(cloud, session, delivery, received)
    return leftovers


def _is_stored(
    cloud: ImageCloud, session: Session, delivery: Delivery, received: ReceivedObject
) -> bool:
    """Tell whether the object is stored already, be it with another file meta information: that is
    written by whoever sent it last (PS3.10 7.1).

    Raises RefusedError for a conflict, and for what is held for another institution or was erased:
    to acknowledge that would let the sender delete what nobody keeps for him.
    """
    try:
        known = is_duplicate(session, received)
    except RefusedError:
        stored = stored_instance(session, received)
        _check_kept(session, delivery, stored.series.study)
        kept = cloud.vault.read(stored.series.study.data_key, stored.object_key)
        if same_data_set(kept, received.data):
            return True
        raise
    if known:
        _check_kept(session, delivery, stored_instance(session, received).series.study)
    return known


def _check_kept(session: Session, delivery: Delivery, study: Study) -> None:
    if study.institution_id != delivery.institution.id:
        raise RefusedError(
            Reason.INSTITUTION_MISMATCH,
            "该检查属于另一机构 / the study belongs to another institution",
        )
    erased = select(StudyArchive.erased_at).where(StudyArchive.study_id == study.study_id)
    if session.scalar(erased) is not None:
        raise RefusedError(
            Reason.CONFLICT,
            "该检查已按规定销毁，不再接收 / the study was erased and is not taken again",
        )


def _begin(
    cloud: ImageCloud, institution_code: str, person_id: int | None, sender: Sender
) -> tuple[Delivery, str]:
    try:
        with cloud.database.session() as session:
            delivery = _delivery(cloud, session, institution_code, person_id)
            upload = Upload(id=opaque_id(), institution_id=delivery.institution.id)
            session.add(upload)
            return delivery, upload.id
    except ValueError as error:
        with cloud.database.session() as session:
            audit.record(
                session,
                actor_kind=sender.actor_kind,
                actor=sender.actor,
                event="upload",
                object_kind="institution",
                object_id=institution_code,
                result="failure",
                reason="delivery_refused",
                source=sender.source,
            )
        raise DeliveryError(str(error)) from error


def _delivery(
    cloud: ImageCloud, session: Session, institution_code: str, person_id: int | None
) -> Delivery:
    institution = session.scalar(select(Institution).where(Institution.code == institution_code))
    if institution is None:
        raise ValueError(
            f"未知机构代码 {institution_code} / unknown institution {institution_code}"
        )
    if institution.ended_at is not None:
        raise ValueError(
            f"机构 {institution_code} 已停用 / institution {institution_code} has left"
        )
    person = session.get(Person, person_id) if person_id is not None else None
    if person_id is not None and person is None:
        raise ValueError(f"未知人员 {person_id} / unknown person {person_id}")
    # Whoever cannot be indexed learns it now, not after the first object was stored.
    parts = CloudIndexParts(
        person_code=person.person_code if person else UNKNOWN_PERSON,
        exam_time=exam_time(clock.now()),
        storage_unit=institution.code,
    )
    cloud_index(cloud.settings.cloud_index_scheme, parts)
    return Delivery(institution, person)


def _finish(cloud: ImageCloud, upload_id: str, tally: Tally, sender: Sender) -> None:
    with cloud.database.session() as session:
        upload = session.get_one(Upload, upload_id)
        upload.finished_at = clock.now()
        upload.received = tally.received
        upload.stored = tally.stored
        upload.duplicate = tally.duplicate
        upload.rejected = [_kept(cloud, rejection) for rejection in tally.rejected]
        audit.record(
            session,
            actor_kind=sender.actor_kind,
            actor=sender.actor,
            event="upload",
            object_kind="upload",
            object_id=upload_id,
            result="failure" if tally.rejected and not tally.stored else "success",
            source=sender.source,
            detail={
                "received": tally.received,
                "stored": tally.stored,
                "duplicate": tally.duplicate,
                "rejected": len(tally.rejected),
                "study_ids": list(tally.study_ids),
            },
        )


def _kept(cloud: ImageCloud, rejection: Rejection) -> dict[str, str]:
    """Return what is kept of a rejection: its path sealed, for files are named after patients."""
    sealed = cloud.master_key.seal(rejection.path, REJECTED_PATH_CONTEXT)
    return {"path_sealed": base64.b64encode(sealed).decode("ascii"), "reason": rejection.reason}
