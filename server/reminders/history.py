"""All that is known of a person's examinations: this cloud's and other provinces' (E-28).

These are rows of an index: which, where, when. No picture and no word of a report is in them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from server import clock, reports
from server.clock import CHINA
from server.model import (
    Citation,
    QualityResult,
    RecognitionOutcome,
    Reminder,
    RemoteStudy,
    Report,
    Study,
)
from server.provinces import elsewhere
from server.reminders.examination import Examination, examination
from server.settings import Settings


class Place(enum.StrEnum):
    """Where an examination was made."""

    OWN = "own"
    OTHER_HOSPITAL = "other_hospital"
    OTHER_PROVINCE = "other_province"


@dataclass(frozen=True)
class PastExamination:
    """One row of the history; `study_id` "" where the images are in another province.

    `grade` is the letter of the newest quality result, "" before one; `recognised` and
    `citations` are the status of recognition and citation (H-15).
    """

    cloud_index: str
    place: Place
    institution_name: str
    province_name: str
    modality: str
    body_part: str
    exam_item: str
    study_datetime: datetime
    examination: Examination
    study_id: str = ""
    study_uid: str = ""
    has_report: bool = False
    grade: str = ""
    recognised: bool = False
    citations: int = 0


def history_begins(settings: Settings) -> datetime | None:
    """Return from when on a hospital's system is told of the history; None is all of it (E-35).

    A window of three years at a visit on 2025-11-20 begins with 2022-11-20 in China.
    """
    if settings.history_years <= 0:
        return None
    today = clock.now().astimezone(CHINA).date()
    try:
        day = today.replace(year=today.year - settings.history_years)
    except ValueError:  # the 29th of February, in a year that has none
        day = today.replace(year=today.year - settings.history_years, day=28)
    return datetime.combine(day, time(), tzinfo=CHINA)


def history_of(
    session: Session, person_id: int, institution_id: int, *, since: datetime | None = None
) -> list[PastExamination]:
    """Return a person's examinations as they are known here, newest first; `since` an instant.

    `institution_id` is who asks. Other provinces are not asked here:
    `server.provinces.elsewhere.refresh` does that.
    """
    studies = session.scalars(
        select(Study)
        .where(Study.person_id == person_id)
        .options(joinedload(Study.institution), selectinload(Study.reports))
    ).all()
    facts = _Facts(session, [one.study_id for one in studies], [one.cloud_index for one in studies])
    rows = [_here(one, institution_id, facts) for one in studies]
    rows += [_elsewhere(one) for one in elsewhere.studies_elsewhere(session, {person_id})]
    if since is not None:
        rows = [one for one in rows if one.study_datetime >= since]
    return sorted(rows, key=lambda row: (row.study_datetime, row.cloud_index), reverse=True)


class _Facts:
    """What other tables know of these studies, each asked once."""

    def __init__(self, session: Session, study_ids: list[str], indexes: list[str]) -> None:
        results = session.execute(
            select(QualityResult.study_id, QualityResult.grade)
            .where(QualityResult.study_id.in_(study_ids))
            .order_by(QualityResult.version)
        )
        self.grades = {row.study_id: row.grade for row in results}
        self.recognised = frozenset(
            session.scalars(
                select(Reminder.cloud_index).where(
                    Reminder.cloud_index.in_(indexes),
                    Reminder.outcome == RecognitionOutcome.ACCEPTED,
                )
            )
        )
        cited = session.execute(
            select(Citation.study_id, func.count().label("times"))
            .where(Citation.study_id.in_(study_ids))
            .group_by(Citation.study_id)
        )
        self.citations = {row.study_id: row.times for row in cited}


def _here(study: Study, institution_id: int, facts: _Facts) -> PastExamination:
    served = reports.served_of(study.reports)
    item = _item(study, served, study.reports)
    own = study.institution_id == institution_id
    return PastExamination(
        cloud_index=study.cloud_index,
        place=Place.OWN if own else Place.OTHER_HOSPITAL,
        institution_name=study.institution.name,
        province_name=study.institution.province_name,
        modality=study.modality,
        body_part=study.body_part,
        exam_item=item,
        study_datetime=study.study_datetime,
        examination=examination(study.modality, study.body_part, item),
        study_id=study.study_id,
        study_uid=study.study_uid,
        has_report=served is not None,
        grade=facts.grades.get(study.study_id, ""),
        recognised=study.cloud_index in facts.recognised,
        citations=facts.citations.get(study.study_id, 0),
    )


def _item(study: Study, served: Report | None, versions: Iterable[Report]) -> str:
    """Return the name of what was done: the report's, a draft's, or the device's."""
    named = [served, *versions] if served is not None else list(versions)
    return next((one.exam_item for one in named if one.exam_item), study.description)


def _elsewhere(study: RemoteStudy) -> PastExamination:
    return PastExamination(
        cloud_index=study.cloud_index,
        place=Place.OTHER_PROVINCE,
        institution_name=study.institution_name,
        province_name=study.province_name,
        modality=study.modality,
        body_part=study.body_part,
        exam_item=study.exam_item,
        study_datetime=study.study_datetime,
        examination=examination(study.modality, study.body_part, study.exam_item),
    )
