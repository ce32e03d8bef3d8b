"""What others did with a study: judged, authorised, cited, recognised (D-42)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.authorisations import live
from server.data_sets.schema import (
    AuthorisationRecord,
    CitationRecord,
    QualityEvaluation,
    RecognitionRecord,
)
from server.model import (
    Authorisation,
    AuthorisationState,
    Citation,
    Institution,
    ManualJudgement,
    QualityResult,
    Reminder,
    Study,
)

_MOST = 500


def quality(session: Session, study: Study) -> list[QualityEvaluation]:
    """Return the judgements of a study, newest first: automatic ones, then those by eye."""
    results = session.scalars(
        select(QualityResult)
        .where(QualityResult.study_id == study.study_id)
        .order_by(QualityResult.version.desc())
    )
    seen = session.scalars(
        select(ManualJudgement)
        .where(ManualJudgement.study_id == study.study_id)
        .order_by(ManualJudgement.judged_at.desc())
    )
    return [
        *(
            QualityEvaluation(
                kind="automatic",
                version=one.version,
                grade=one.grade,
                outcome=str(one.outcome),
                completeness=one.completeness,
                rules_version=one.rules_version,
                judged_at=one.judged_at,
            )
            for one in results
        ),
        *(
            QualityEvaluation(
                kind="manual",
                version=one.result_version,
                grade=one.grade,
                outcome=str(one.duty),
                completeness=None,
                rules_version="",
                judged_at=one.judged_at,
            )
            for one in seen
        ),
    ]


def authorisations(session: Session, study: Study) -> list[AuthorisationRecord]:
    """Return the requests whose person and scope take in a study, newest first; no evidence."""
    if study.person_id is None:
        return []
    found = session.execute(
        select(Authorisation, Institution.code)
        .join(Institution, Institution.id == Authorisation.institution_id)
        .join(Study, live.covers())
        .where(Study.study_id == study.study_id)
        .order_by(Authorisation.requested_at.desc())
        .limit(_MOST)
    )
    return [
        AuthorisationRecord(
            authorisation_id=one.authorisation_id,
            institution_code=code,
            purpose=str(one.purpose),
            method=str(one.method),
            state=_state(one),
            requested_at=one.requested_at,
            decided_at=one.decided_at,
            expires_at=one.expires_at,
            withdrawn_at=one.withdrawn_at,
        )
        for one, code in found
    ]


def citations(session: Session, study: Study) -> list[CitationRecord]:
    """Return who cited the report of a study, newest first."""
    found = session.execute(
        select(Citation, Institution.code)
        .join(Institution, Institution.id == Citation.institution_id)
        .where(Citation.cloud_index == study.cloud_index)
        .order_by(Citation.cited_at.desc())
        .limit(_MOST)
    )
    return [
        CitationRecord(
            citation_id=one.citation_id,
            institution_code=code,
            report_version=one.report_version,
            physician_code=one.physician_code,
            cited_at=one.cited_at,
        )
        for one, code in found
    ]


def recognitions(session: Session, study: Study) -> list[RecognitionRecord]:
    """Return the orders for which a study was offered, newest first, and what was decided."""
    if study.person_id is None:
        return []
    found = session.execute(
        select(Reminder, Institution.code)
        .join(Institution, Institution.id == Reminder.institution_id)
        .where(Reminder.person_id == study.person_id)
        .order_by(Reminder.created_at.desc())
    )
    return [
        RecognitionRecord(
            reminder_id=one.reminder_id,
            institution_code=code,
            exam_item=one.exam_item,
            outcome=str(one.outcome or ""),
            recognised=one.cloud_index == study.cloud_index,
            reason=one.reason,
            created_at=one.created_at,
            decided_at=one.decided_at,
        )
        for one, code in found
        if study.cloud_index in one.offered
    ][:_MOST]


def _state(one: Authorisation) -> str:
    """Return the state as it is now: what was approved or asked ends with its time."""
    now = clock.now()
    over = (
        one.state == AuthorisationState.APPROVED
        and one.expires_at is not None
        and one.expires_at <= now
    ) or (one.state == AuthorisationState.REQUESTED and one.answer_by <= now)
    return str(AuthorisationState.EXPIRED if over else one.state)
