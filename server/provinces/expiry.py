"""The end of copies: their period is over, or the patient took his consent back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select
from sqlalchemy.orm import Session

from server import audit, clock, outbox
from server.imaging import bundle
from server.model import (
    AnnotationSet,
    CacheRelease,
    CacheRequest,
    CacheState,
    CachingConsent,
    Consent,
    Instance,
    ProcessingState,
    QualityResult,
    Report,
    SeenAssertion,
    Series,
    Study,
    SupplementTask,
)
from server.storage import Vault

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_PATIENCE = timedelta(days=1)


@dataclass(frozen=True)
class Leftovers:
    """Stored objects, and folders of what was made of them, to which no row leads any more."""

    keys: tuple[str, ...]
    folders: tuple[str, ...]

    def remove(self, vault: Vault) -> None:
        """Remove the bytes; nothing can read them, for their data key is destroyed."""
        for key in self.keys:
            vault.delete(key)
        for folder in self.folders:
            bundle.remove(vault, folder)


def delete_copies(cloud: ImageCloud) -> int:
    """Delete the copies whose time has come, with everything made of them; return how many.

    The data key is destroyed first, so nothing of a copy can be read even where a file stays
    behind. The study's row remains, without the person and his data, for shares and records refer
    to it; its owner may apply again. Repeatable.
    """
    with cloud.database.session() as session:
        due = session.scalars(
            select(CacheRequest.remote_study_id).where(or_(_is_over(), _is_abandoned()))
        ).all()
    for remote_study_id in due:
        _delete(cloud, remote_study_id)
    return len(due)


def forget_assertions(cloud: ImageCloud) -> None:
    """Forget assertions and releases that are over and can do nothing any more."""
    now = clock.now()
    with cloud.database.session() as session:
        session.execute(delete(SeenAssertion).where(SeenAssertion.expires_at <= now))
        session.execute(delete(CacheRelease).where(CacheRelease.expires_at <= now))


def _is_over() -> ColumnElement[bool]:
    withdrawn = or_(
        exists().where(Consent.id == CacheRequest.consent_id, Consent.withdrawn_at.is_not(None)),
        exists().where(
            CachingConsent.consent_id == CacheRequest.caching_consent_id,
            CachingConsent.withdrawn_at.is_not(None),
        ),
    )
    over = or_(CacheRequest.expires_at <= clock.now(), withdrawn)
    half = and_(CacheRequest.state == CacheState.FAILED, CacheRequest.done > 0, withdrawn)
    return or_(and_(CacheRequest.state == CacheState.CACHED, over), half)


def _is_abandoned() -> ColumnElement[bool]:
    """Return the condition for copies that failed half-way, and that nobody tried again."""
    return and_(
        CacheRequest.state == CacheState.FAILED,
        CacheRequest.done > 0,
        CacheRequest.updated_at <= clock.now() - _PATIENCE,
    )


def empty(session: Session, study: Study) -> Leftovers:
    """Take everything out of a copy's rows that tells of its person or its pictures.

    The data key is destroyed. Returns what to remove from the vault once that is committed.
    """
    leftovers = _stored(session, study)
    study.data_key.wrapped_key, study.data_key.destroyed_at = None, clock.now()
    study.person_id, study.state = None, ProcessingState.FAILED
    study.patient_id = study.patient_name = study.patient_birth_date = ""
    study.patient_sex = study.patient_age = study.accession_number = ""
    # The index begins with the code of the person.
    study.cloud_index = f"ended-{study.study_id}"
    of_study = select(Series.series_id).where(Series.study_id == study.study_id)
    session.flush()
    for table in (AnnotationSet, Report, SupplementTask, QualityResult):
        session.execute(delete(table).where(table.study_id == study.study_id))
    session.execute(delete(Instance).where(Instance.series_id.in_(of_study)))
    session.execute(delete(Series).where(Series.study_id == study.study_id))
    session.expire(study, ["series", "reports"])
    return leftovers


def _delete(cloud: ImageCloud, remote_study_id: str) -> None:
    with cloud.database.session() as session:
        request = session.get_one(CacheRequest, remote_study_id)
        if request.study_id is None:
            return
        study = session.get_one(Study, request.study_id)
        leftovers = empty(session, study)
        if request.state == CacheState.CACHED:
            request.state = CacheState.EXPIRED
        request.done, request.updated_at = 0, clock.now()
        _note(session, request, study, len(leftovers.keys))
    leftovers.remove(cloud.vault)


def _stored(session: Session, study: Study) -> Leftovers:
    series = session.scalars(select(Series).where(Series.study_id == study.study_id)).all()
    keys = session.scalars(
        select(Instance.object_key).join(Series).where(Series.study_id == study.study_id)
    ).all()
    folders = [key for one in series for key in (one.prepared_key, one.unfinished_key) if key]
    return Leftovers(tuple(keys), tuple(folders))


def _note(session: Session, request: CacheRequest, study: Study, objects: int) -> None:
    noted = {"study_id": study.study_id, "event": "deleted", "consent": request.consent}
    outbox.put(session, "cache", noted, about=study.study_id)
    audit.record(
        session,
        actor_kind="system",
        actor="worker",
        event="cache.delete",
        object_kind="study",
        object_id=study.study_id,
        detail={"objects": objects, "consent": request.consent},
    )
