"""What arrived, study by study, and what monitoring found of it (数据上传监测记录, D-30)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.centre.records.wanted import Record, Wanted, masked
from server.model import (
    Institution,
    Person,
    ProcessingState,
    QualityResult,
    Series,
    Study,
)
from server.study_conditions import has_served_report


def uploads(session: Session, wanted: Wanted, most: int | None) -> Iterator[Record]:
    """Yield the studies that arrived: `state` is how their monitoring came out, a study without
    reviewed report being incomplete (D-12)."""
    objects = (
        select(func.coalesce(func.sum(Series.instance_count), 0))
        .where(Series.study_id == Study.study_id)
        .correlate(Study)
        .scalar_subquery()
    )
    judged = (
        select(QualityResult.outcome)
        .where(QualityResult.study_id == Study.study_id)
        .order_by(QualityResult.version.desc())
        .limit(1)
        .correlate(Study)
        .scalar_subquery()
    )
    query = (
        select(Study, Institution.name, Person.name, objects, judged, has_served_report())
        .join(Institution, Institution.id == Study.institution_id)
        .outerjoin(Person, Person.id == Study.person_id)
        .where(Study.received_at >= wanted.period.start, Study.received_at < wanted.period.end)
        .order_by(Study.received_at.desc())
        .limit(most)
    )
    if wanted.institution_id is not None:
        query = query.where(Study.institution_id == wanted.institution_id)
    if wanted.person_id is not None:
        query = query.where(Study.person_id == wanted.person_id)
    for study, institution, person, count, outcome, reported in session.execute(query):
        yield Record(
            time=study.received_at,
            institution=institution,
            person=masked(person, study.patient_name),
            what=f"{study.modality} {study.body_part} × {count}".replace("  ", " "),
            who=study.accession_number,
            state=_state(study.state, outcome, bool(reported)),
            reference=study.study_id,
        )


def _state(pictures: str, outcome: str | None, reported: bool) -> str:
    if pictures == ProcessingState.FAILED:
        return "unreadable"
    if outcome == "failed":
        return "supplement"
    if not reported:
        return "no_report"
    return "complete" if outcome else "not_judged"
