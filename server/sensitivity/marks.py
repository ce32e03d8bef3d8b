"""The marks themselves: three grades, on three kinds of data."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from server import audit, reports
from server.model import Person, Report, Study


class Sensitivity(enum.StrEnum):
    """How sensitive something is; what nobody marked is personal."""

    GENERAL = "general"
    PERSONAL = "personal"
    SPECIAL = "special"


class Marked(enum.StrEnum):
    """What carries a mark of its own."""

    IMAGES = "images"
    REPORT = "report"
    IDENTITY = "identity"


def marks_of(session: Session, study: Study) -> dict[Marked, Sensitivity]:
    """Return the marks of a study, of its served report and of its person, as they are now."""
    found = {Marked.IMAGES: Sensitivity(study.sensitivity)}
    report = reports.served_report(session, study)
    if report is not None:
        found[Marked.REPORT] = Sensitivity(report.sensitivity)
    if study.person is not None:
        found[Marked.IDENTITY] = Sensitivity(study.person.sensitivity)
    return found


def is_special(session: Session, study: Study) -> bool:
    """Whether anything of a study is specially sensitive, which its pages say."""
    return Sensitivity.SPECIAL in marks_of(session, study).values()


def set_marks(
    session: Session, study: Study, marks: Mapping[Marked, Sensitivity], *, actor: str
) -> tuple[Marked, ...]:
    """Mark images, report (all its versions) and person of a study; audited.

    Returns what could not be marked, for there is none: no report yet, nobody known.
    """
    carriers: dict[Marked, Sequence[Study | Report | Person]] = {
        Marked.IMAGES: [study],
        Marked.REPORT: list(study.reports),
        Marked.IDENTITY: [study.person] if study.person is not None else [],
    }
    for marked, mark in marks.items():
        for carrier in carriers[marked]:
            carrier.sensitivity = mark
    audit.record(
        session,
        actor_kind="system",
        actor=actor,
        event="sensitivity.mark",
        object_kind="study",
        object_id=study.study_id,
        detail={str(marked): str(mark) for marked, mark in marks.items()},
    )
    return tuple(marked for marked in marks if not carriers[marked])
