"""Emergency patients first (急诊优先, C-41): what their visit will ask for is prepared at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.launches.patients import PatientNumbers
from server.launches.reading import studies_of_patient
from server.model import ProcessingState, Study

if TYPE_CHECKING:
    from server.cloud import ImageCloud


def prepare_first(
    cloud: ImageCloud,
    session: Session,
    institution_id: int,
    numbers: PatientNumbers,
    person_id: int | None,
) -> int:
    """Have the pictures of a patient that still wait be made before all that came earlier.

    Returns how many studies these are. One that is in the queue already is handed in a second
    time, with the priority of emergencies; what comes later finds it ready and ends at once.
    """
    wanted = (
        select(Study.study_id)
        .where(
            studies_of_patient(institution_id, numbers.patient_id, person_id),
            Study.state == ProcessingState.PENDING,
        )
        .order_by(Study.study_datetime.desc(), Study.study_id)
    )
    found = session.scalars(wanted).all()
    for study_id in found:
        cloud.jobs.prepare_study(study_id, emergency=True)
    return len(found)
