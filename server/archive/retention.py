"""Which studies are at the end of their retention: a list to decide upon, never a deletion (D-33).

Nothing in the product deletes a study because of its age. This list is what two people decide
from (`server.archive.decisions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from server import clock
from server.archive import policy
from server.archive.records import age_of
from server.clock import CHINA
from server.model import ArchiveDecision, DecisionState, EncounterClass, Study, StudyArchive

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_SHORTEST_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class ExpiredStudy:
    """A study whose retention is over; names no patient."""

    study_id: str
    institution_id: int
    modality: str
    completed_at: datetime
    encounter_class: EncounterClass
    retain_until: date
    decision_id: str | None  # an open proposal about it


def retain_until(cloud: ImageCloud, study: Study, row: StudyArchive | None) -> date:
    """Return the last day a study is kept for certain: its retention or a granted extension."""
    rules = policy.profile(cloud.settings.archive_profile)
    end = policy.retain_until(rules, age_of(study, row))
    extended = row.keep_until if row is not None else None
    return max(end, extended) if extended is not None else end


def is_over(cloud: ImageCloud, study: Study, row: StudyArchive | None) -> bool:
    """Whether a study is past its retention and under no legal hold."""
    held = row is not None and row.legal_hold
    return not held and clock.now().astimezone(CHINA).date() > retain_until(cloud, study, row)


def expired_studies(cloud: ImageCloud, session: Session, *, limit: int = 500) -> list[ExpiredStudy]:
    """Return the studies past their retention that nobody holds, the longest over first (D-33)."""
    rules = policy.profile(cloud.settings.archive_profile)
    latest = clock.now() - rules.shortest_retention_years * _SHORTEST_YEAR
    rows = session.execute(
        select(Study, StudyArchive, ArchiveDecision.decision_id)
        .outerjoin(StudyArchive, StudyArchive.study_id == Study.study_id)
        .outerjoin(
            ArchiveDecision,
            and_(
                ArchiveDecision.study_id == Study.study_id,
                ArchiveDecision.state == DecisionState.PROPOSED,
            ),
        )
        .where(Study.received_at <= latest)
        .where(
            or_(
                StudyArchive.study_id.is_(None),
                and_(StudyArchive.legal_hold.is_(False), StudyArchive.erased_at.is_(None)),
            )
        )
        .order_by(Study.received_at, Study.study_id)
    )
    found: list[ExpiredStudy] = []
    for study, row, decision_id in rows:
        if not is_over(cloud, study, row):
            continue
        age = age_of(study, row)
        found.append(
            ExpiredStudy(
                study_id=study.study_id,
                institution_id=study.institution_id,
                modality=study.modality,
                completed_at=age.completed_at,
                encounter_class=age.encounter_class,
                retain_until=retain_until(cloud, study, row),
                decision_id=decision_id,
            )
        )
        if len(found) >= limit:
            break
    return sorted(found, key=lambda one: (one.retain_until, one.study_id))
