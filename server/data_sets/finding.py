"""The study that is meant: by any of the numbers it is known by (X-31)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import master_index
from server.model import Study


@dataclass(frozen=True)
class Named:
    """The numbers that are known; "" is not said. Those that are said must all fit."""

    study_uid: str = ""
    accession_number: str = ""
    cloud_index: str = ""
    master_index: str = ""


class AmbiguousError(LookupError):
    """Several studies have these numbers: one more is needed."""


def study_of(session: Session, institution_id: int, named: Named) -> Study | None:
    """Return an institution's study; None where it has none. Raises AmbiguousError."""
    wanted = select(Study).where(Study.institution_id == institution_id)
    for column, value in (
        (Study.study_uid, named.study_uid),
        (Study.accession_number, named.accession_number),
        (Study.cloud_index, named.cloud_index),
    ):
        if value:
            wanted = wanted.where(column == value)
    if named.master_index:
        entry = master_index.entry_of(session, named.master_index)
        if entry is None:
            return None
        ids = [one.study_id for one in master_index.named_by(session, entry)]
        wanted = wanted.where(Study.study_id.in_(ids))
    found = session.scalars(wanted.limit(2)).all()
    if len(found) > 1:
        raise AmbiguousError
    return found[0] if found else None
