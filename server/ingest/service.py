"""Ingest: everything of a delivery is stored whole or refused by name."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from server import audit, clock
from server.cloud_index import UNKNOWN_PERSON, CloudIndexParts, cloud_index, exam_time
from server.ingest.limits import IngestLimits
from server.ingest.parse import DirectoryFileError, parse
from server.ingest.received import ReceivedObject
from server.ingest.rejection import Reason, RefusedError, Rejection
from server.ingest.rows import Delivery, add_instance, is_duplicate, place, refuse_copied
from server.ingest.sources import Source, list_sources
from server.model import Institution, Person, Upload, opaque_id
from server.storage import StorageError, StorageFullError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

REJECTED_PATH_CONTEXT = "upload.rejected.path"
_RACES = 3


class DeliveryError(ValueError):
    """A delivery that cannot begin: institution or person unknown; said in Chinese / English."""


@dataclass(frozen=True)
class Sender:
    """Who delivers, for the audit log."""

    actor_kind: str = "system"
    actor: str = "ingest"
    source: str = ""


@dataclass(frozen=True)
class IngestSummary:
    """What became of a delivery: received = stored + duplicate + rejected."""

    received: int
    stored: int
    duplicate: int
    rejected: tuple[Rejection, ...]
    study_ids: tuple[str, ...]


@dataclass
class _Tally:
    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    study_ids: dict[str, None] = field(default_factory=dict)

    def reject(self, rejection: Rejection) -> None:
        self.received += 1
        self.rejected.append(rejection)


def ingest_paths(
    cloud: ImageCloud,
    paths: Iterable[Path],
    *,
    institution_code: str,
    person_id: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    limits: IngestLimits | None = None,
    sender: Sender | None = None,
) -> IngestSummary:
    """Store the DICOM images of files, folders and zip archives, byte for byte.

    `progress(done, total)` is called after each object; what it counts as done is durable with its
    index rows, or is in the list of rejections. A DICOMDIR is passed over. Pictures of every
    touched study are ordered at the end.

    Raises DeliveryError, before anything is read, for an unknown institution or person.
    """
    limits = limits or IngestLimits()
    sender = sender or Sender()
    delivery, upload_id = _begin(cloud, institution_code, person_id, sender)
    tally = _Tally()
    try:
        _take_all(cloud, delivery, paths, limits, tally, progress)
    finally:
        _finish(cloud, upload_id, tally, sender)
        for study_id in tally.study_ids:
            cloud.jobs.prepare_study(study_id)
    return IngestSummary(
        tally.received,
        tally.stored,
        tally.duplicate,
        tuple(tally.rejected),
        tuple(tally.study_ids),
    )


def _take_all(
    cloud: ImageCloud,
    delivery: Delivery,
    paths: Iterable[Path],
    limits: IngestLimits,
    tally: _Tally,
    progress: Callable[[int, int], None] | None,
) -> None:
    listing = list_sources(paths, limits)
    for rejection in listing.rejected:
        tally.reject(rejection)
    for done, source in enumerate(listing.sources, 1):
        _take_one(cloud, delivery, source, limits, tally)
        if progress is not None:
            progress(done, len(listing.sources))


def _take_one(
    cloud: ImageCloud, delivery: Delivery, source: Source, limits: IngestLimits, tally: _Tally
) -> None:
    try:
        received = parse(source.read(limits), limits)
        study_id = _store(cloud, delivery, received)
    except DirectoryFileError:
        return
    except RefusedError as refusal:
        tally.reject(refusal.as_rejection(source.name))
        log.info("object_refused", reason=refusal.reason.value)
        return
    tally.received += 1
    if study_id is None:
        tally.duplicate += 1
        return
    tally.stored += 1
    tally.study_ids[study_id] = None


def _store(cloud: ImageCloud, delivery: Delivery, received: ReceivedObject) -> str | None:
    """Store an object and its rows; return its study, None for a duplicate.

    When another process made the same study at the same moment the rows do not fit in; then the
    next try finds the other's rows.
    """
    for _ in range(_RACES - 1):
        try:
            return _store_once(cloud, delivery, received)
        except IntegrityError:
            log.info("ingest_race")
    return _store_once(cloud, delivery, received)


def _store_once(cloud: ImageCloud, delivery: Delivery, received: ReceivedObject) -> str | None:
    object_key = None
    try:
        with cloud.database.session() as session, session.no_autoflush:
            refuse_copied(session, received)
            if is_duplicate(session, received):
                return None
            placement = place(cloud, session, delivery, received)
            object_key = placement.object_key
            cloud.vault.write(placement.data_key, object_key, received.data)
            add_instance(session, delivery, placement, received)
        return placement.study.study_id
    except IntegrityError:
        # Certainly not committed. After other errors of the database nobody knows: leave the
        # object to the sweep, for a row without its object would be worse than an orphan.
        if object_key is not None:
            cloud.vault.delete(object_key)
        raise
    except StorageFullError as error:
        raise RefusedError(Reason.STORAGE_FULL, str(error)) from error
    except StorageError as error:
        raise RefusedError(Reason.STORAGE_FAILED, str(error)) from error
    except OperationalError as error:
        raise RefusedError(
            Reason.STORAGE_FAILED, "数据库写入失败，未保存 / the database failed; nothing kept"
        ) from error


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


def _finish(cloud: ImageCloud, upload_id: str, tally: _Tally, sender: Sender) -> None:
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
