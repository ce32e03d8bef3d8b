"""What patients shared (个人分享记录)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.centre.records.wanted import Record, Wanted, masked
from server.model import Institution, Person, Share, Study


def shares(session: Session, wanted: Wanted, most: int | None) -> Iterator[Record]:
    """Yield shares by when they were given; `who` is how often they were opened."""
    query = (
        select(Share, Study, Institution.name, Person.name)
        .join(Study, Study.study_id == Share.study_id)
        .join(Institution, Institution.id == Study.institution_id)
        .outerjoin(Person, Person.id == Study.person_id)
        .where(Share.created_at >= wanted.period.start, Share.created_at < wanted.period.end)
        .order_by(Share.created_at.desc())
        .limit(most)
    )
    if wanted.institution_id is not None:
        query = query.where(Study.institution_id == wanted.institution_id)
    if wanted.person_id is not None:
        query = query.where(Study.person_id == wanted.person_id)
    now = clock.now()
    for share, study, institution, person in session.execute(query):
        ended = share.revoked_at is not None or share.expires_at <= now
        yield Record(
            time=share.created_at,
            institution=institution,
            person=masked(person, study.patient_name),
            what=f"{study.modality} {study.body_part}".strip(),
            who=f"× {share.views}",
            state="ended" if ended else "live",
            reference=share.share_id,
        )
