"""With what a launch begins: a study, or the list and what narrows it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.launches.errors import LaunchRefusedError, RefusalReason
from server.launches.reading import shown_studies
from server.model import Launch, Study


class Opens(enum.StrEnum):
    """The page with which a launch begins."""

    LIST = "list"
    IMAGES = "images"
    DICOM = "dicom"
    REPORT = "report"
    REMINDER = "reminder"


@dataclass(frozen=True)
class Begins:
    """A study by its UID or accession number, the page, and what the list begins with.

    `list_filter` has since and until (days, ISO 8601), modalities (with commas) and most.
    """

    study_uid: str = ""
    accession_number: str = ""
    opens: Opens = Opens.LIST
    list_filter: Mapping[str, str] = field(default_factory=dict)


def begin_with(session: Session, launch: Launch, begins: Begins) -> None:
    """Let a launch begin with something else of its own patient's. Raises LaunchRefusedError."""
    launch.study_id = _study_id(session, launch, begins)
    launch.opens, launch.list_filter = begins.opens, dict(begins.list_filter)


def _study_id(session: Session, launch: Launch, begins: Begins) -> str | None:
    if not (begins.study_uid or begins.accession_number):
        return None
    wanted = select(Study.study_id).where(shown_studies(launch))
    if begins.study_uid:
        wanted = wanted.where(Study.study_uid == begins.study_uid)
    if begins.accession_number:
        wanted = wanted.where(
            Study.accession_number == begins.accession_number,
            Study.institution_id == launch.institution_id,
        )
    found = session.scalars(wanted.order_by(Study.study_datetime.desc()).limit(1)).first()
    if found is None:
        raise LaunchRefusedError(RefusalReason.STUDY)
    return found
