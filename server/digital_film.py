"""Whether a person chose digital film (数字胶片) for an examination (A-17)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit
from server.model import Institution, Study


class NoSuchStudyError(LookupError):
    """The institution has no study of this accession number, or has several."""


def set_chosen(
    session: Session, *, institution_code: str, accession_number: str, chosen: bool, actor: str
) -> Study:
    """Note what was chosen for one examination; where it was not, its report is had on paper.

    Raises NoSuchStudyError unless the accession number names exactly one study of the institution.
    """
    found = session.scalars(
        select(Study)
        .join(Study.institution)
        .where(Institution.code == institution_code, Study.accession_number == accession_number)
    ).all()
    if not accession_number or len(found) != 1:
        raise NoSuchStudyError(accession_number)
    (study,) = found
    study.digital_film = chosen
    audit.record(
        session,
        actor_kind="system",
        actor=actor,
        event="digital_film.chosen" if chosen else "digital_film.declined",
        object_kind="study",
        object_id=study.study_id,
    )
    return study
