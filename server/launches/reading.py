"""What a launched session may see: what its physician may read, of its patient alone (F-07)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from server import staff
from server.model import Launch, Study


def studies_of_patient(
    institution_id: int, patient_id: str, person_id: int | None
) -> ColumnElement[bool]:
    """Return the condition on Study for one patient's: the person's, and what the hospital made
    under its number of him and has connected to nobody else."""
    own = and_(Study.institution_id == institution_id, Study.patient_id == patient_id)
    if person_id is None:
        return own & Study.person_id.is_(None) if patient_id else Study.study_id.is_(None)
    connected = Study.person_id == person_id
    return or_(connected, own & Study.person_id.is_(None)) if patient_id else connected


def shown_studies(launch: Launch) -> ColumnElement[bool]:
    """Return the condition on Study for what a launch may show just now."""
    readable = staff.readable_by(launch.account_id, launch.institution_id, launch.encounter or None)
    patient = studies_of_patient(launch.institution_id, launch.patient_id, launch.person_id)
    return and_(readable, patient)


def may_read(session: Session, launch_id: str, study: Study) -> bool:
    """Whether a launch shows a study just now: still running, physician and patient as they are."""
    launch = session.get(Launch, launch_id, populate_existing=True)
    return launch is not None and launch.ended_at is None and _shows(session, launch, study)


def may_send(session: Session, launch_id: str, study: Study) -> bool:
    """Whether what was ordered in a launch may still be sent: as `may_read`, but the physician may
    have gone on to the next patient meanwhile."""
    launch = session.get(Launch, launch_id, populate_existing=True)
    return launch is not None and _shows(session, launch, study)


def _shows(session: Session, launch: Launch, study: Study) -> bool:
    if launch.client.disabled_at is not None:
        return False
    if staff.reads_for(session, launch.account_id) != launch.institution_id:
        return False
    wanted = select(Study.study_id).where(Study.study_id == study.study_id, shown_studies(launch))
    return session.scalar(wanted) is not None
