"""The study that an operator means: by the accession number that its institution gave it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.model import Institution, Study


class NoSuchStudyError(LookupError):
    """The institution has no study of this accession number, or has several."""


def study_named(session: Session, institution_code: str, accession_number: str) -> Study:
    """Return the one study of an institution that has an accession number.

    Raises NoSuchStudyError unless there is exactly one.
    """
    found = session.scalars(
        select(Study)
        .join(Study.institution)
        .where(Institution.code == institution_code, Study.accession_number == accession_number)
    ).all()
    if not accession_number or len(found) != 1:
        raise NoSuchStudyError(accession_number)
    return found[0]
