"""What the archive knows of a study, and how it comes to know it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.archive.policy import StudyAge
from server.model import EncounterClass, Study, StudyArchive

# An access is noted once in this time: the tiers count in years.
_NOTED_ONCE_IN = timedelta(days=1)


def archive_row(session: Session, study_id: str) -> StudyArchive:
    """Return the archive's row of a study, made when there is none."""
    row = session.get(StudyArchive, study_id)
    if row is None:
        row = StudyArchive(study_id=study_id)
        session.add(row)
        session.flush()
    return row


def age_of(study: Study, row: StudyArchive | None) -> StudyAge:
    """Return what tier and retention of a study follow from.

    Completion is the study's date unless something better was told.
    """
    if row is None:
        return StudyAge(study.study_datetime, study.received_at)
    return StudyAge(
        completed_at=row.completed_at or study.study_datetime,
        received_at=study.received_at,
        encounter_class=EncounterClass(row.encounter_class),
        last_accessed_at=row.last_accessed_at,
        hot_until=row.hot_until,
    )


def note_access(session: Session, study_id: str) -> None:
    """Note that a study was opened, which keeps it hot by some profiles (D-43)."""
    last = session.scalar(
        select(StudyArchive.last_accessed_at).where(StudyArchive.study_id == study_id)
    )
    if last is None or clock.now() - last >= _NOTED_ONCE_IN:
        archive_row(session, study_id).last_accessed_at = clock.now()


def describe_visit(
    session: Session,
    study_id: str,
    encounter_class: EncounterClass,
    *,
    completed_at: datetime | None = None,
    actor_kind: str = "system",
    actor: str = "archive",
) -> None:
    """Say in which kind of visit a study was made and when it was completed; audited (D-31)."""
    row = archive_row(session, study_id)
    row.encounter_class = encounter_class
    row.completed_at = completed_at or row.completed_at
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event="archive_visit_described",
        object_kind="study",
        object_id=study_id,
        detail={"encounter_class": encounter_class.value},
    )
