"""Examinations as a hospital's system tells them: kept, and their person found or made."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock, people
from server.clients import CallingClient
from server.exam_records.errors import RecordRefusedError, RefusedRecord
from server.launches import LaunchRefusedError, PatientNumbers, RefusalReason
from server.launches.patients import person_of
from server.model import ExamRecord, Person, Study

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_REASONS = {
    RefusalReason.CERTIFICATE: RefusedRecord.CERTIFICATE,
    RefusalReason.IDENTITY_SERVICE: RefusedRecord.IDENTITY_SERVICE,
}


@dataclass(frozen=True)
class ExamFacts:
    """What is told of an examination; the names are those of ExamRecord."""

    accession_number: str
    patient_id: str
    patient_name: str
    modality: str
    study_uid: str = ""
    medical_record_number: str = ""
    image_number: str = ""
    patient_sex: str = ""
    patient_age: str = ""
    application_number: str = ""
    requested_at: datetime | None = None
    department: str = ""
    requesting_physician: str = ""
    chief_complaint: str = ""
    clinical_diagnosis: str = ""
    body_part: str = ""
    method: str = ""
    exam_item: str = ""


def tell(
    cloud: ImageCloud,
    session: Session,
    caller: CallingClient,
    facts: ExamFacts,
    *,
    id_number: str = "",
    phone: str = "",
    source: str,
) -> ExamRecord:
    """Keep what a system tells of an examination of its institution, in place of what it told.

    The person is found by the ID number, and made with it where there is none yet; `phone` counts
    for a new person only, for codes are sent to it. Studies of the examination that belong to
    nobody become the person's. Raises RecordRefusedError.
    """
    person = _person(cloud, session, caller.institution_id, facts, id_number, phone)
    studies = _studies(session, caller.institution_id, facts)
    _must_fit(studies, facts, person)
    kept = exam_of(session, caller.institution_id, facts.accession_number)
    if kept is None:
        kept = ExamRecord(institution_id=caller.institution_id)
        session.add(kept)
    elif kept.patient_id != facts.patient_id:
        raise RecordRefusedError(RefusedRecord.PATIENT)
    for field in fields(facts):
        setattr(kept, field.name, getattr(facts, field.name))
    kept.client_id, kept.told_at = caller.client_id, clock.now()
    kept.person_id = person.id if person is not None else None
    for study in studies:
        if person is not None and study.person_id is None:
            study.person_id = person.id
    session.flush()
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{caller.client_id}",
        event="exam.tell",
        object_kind="exam",
        object_id=kept.exam_id,
        source=source,
    )
    return kept


def exam_of(session: Session, institution_id: int, accession_number: str) -> ExamRecord | None:
    """Return what an institution told of an examination; None where it told nothing."""
    if not accession_number:
        return None
    return session.scalar(
        select(ExamRecord).where(
            ExamRecord.institution_id == institution_id,
            ExamRecord.accession_number == accession_number,
        )
    )


def _person(
    cloud: ImageCloud,
    session: Session,
    institution_id: int,
    facts: ExamFacts,
    id_number: str,
    phone: str,
) -> Person | None:
    numbers = PatientNumbers(facts.patient_id, id_number)
    try:
        found = person_of(cloud, session, institution_id, numbers)
    except LaunchRefusedError as error:
        reason = _REASONS.get(error.reason, RefusedRecord.PATIENT)
        raise RecordRefusedError(reason) from error
    if found is not None and not _same_name(found.name, facts.patient_name):
        raise RecordRefusedError(RefusedRecord.PATIENT)
    if found is not None or not id_number:
        return found
    return people.create_person(
        cloud,
        session,
        person_code=people.new_person_code(),
        name=facts.patient_name,
        id_number=id_number,
        phone=phone or None,
    )


def _same_name(known: str, told: str) -> bool:
    """Whether two names are one, but for spaces and case: a number may be mistyped to another's."""
    return "".join(known.casefold().split()) == "".join(told.casefold().split())


def _studies(session: Session, institution_id: int, facts: ExamFacts) -> list[Study]:
    """Return what has come of the examination already."""
    wanted = select(Study).where(
        Study.institution_id == institution_id,
        Study.accession_number == facts.accession_number,
    )
    return list(session.scalars(wanted))


def _must_fit(studies: list[Study], facts: ExamFacts, person: Person | None) -> None:
    """Refuse what would bind somebody's images to somebody else. Raises RecordRefusedError."""
    for study in studies:
        other_number = study.patient_id and study.patient_id != facts.patient_id
        known = study.person_id is not None and person is not None
        if other_number or (known and person is not None and study.person_id != person.id):
            raise RecordRefusedError(RefusedRecord.PATIENT)
