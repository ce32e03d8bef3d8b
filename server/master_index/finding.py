"""Which studies an entry of the master index names, and which entry a study has."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.model import MasterIndex, Person, Study
from server.provinces.records import is_own


def entry_of(session: Session, platform_index: str) -> MasterIndex | None:
    """Return the entry that the platform knows by an index; None where there is none."""
    return session.scalar(select(MasterIndex).where(MasterIndex.platform_index == platform_index))


def named_by(session: Session, entry: MasterIndex) -> Sequence[Study]:
    """Return the studies of an entry: of its institution and person, with its accession number."""
    return session.scalars(
        select(Study)
        .where(
            Study.institution_id == entry.institution_id,
            Study.accession_number == entry.accession_number,
            Study.person_id == entry.person_id,
            is_own(),
        )
        .order_by(Study.study_datetime, Study.study_id)
    ).all()


def of_study(session: Session, study: Study) -> MasterIndex | None:
    """Return the entry of a study; None before there is one."""
    return session.scalar(
        select(MasterIndex)
        .join(Person, Person.id_number_hash == MasterIndex.id_number_hash)
        .where(
            Person.id == study.person_id,
            MasterIndex.institution_id == study.institution_id,
            MasterIndex.accession_number == study.accession_number,
        )
    )
