"""Making a citation and finding it again by its id (H-07, H-08)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from server import audit, outbox, reports
from server.model import Citation, Report, Study
from server.terms import china_time

OUTBOX_KIND = "citation"
# Crockford's base 32: no letter that is read as a digit. 16 of them are 80 bits.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS, _GROUP = 4, 4


class NothingToCiteError(Exception):
    """The study has no reviewed report."""


@dataclass(frozen=True)
class Citing:
    """Who cites: the account, for which institution, in which visit."""

    account_id: int
    institution_id: int
    physician_code: str
    physician_name: str
    encounter: str = ""
    launch_id: str | None = None


@dataclass(frozen=True)
class Cited:
    """A citation, and the text to be put into the clinical record; it carries the id."""

    citation: Citation
    text: str


def cite(session: Session, study: Study, citing: Citing, *, source: str) -> Cited:
    """Cite the served report of a study: recorded, audited, told to the index module.

    Whether the reader may is decided before. Raises NothingToCiteError.
    """
    report = reports.served_report(session, study)
    if report is None:
        raise NothingToCiteError
    citation_id = _new_id()
    text = text_of(study, report, citation_id)
    made = Citation(
        citation_id=citation_id,
        study_id=study.study_id,
        report_id=report.id,
        person_id=study.person_id,
        cloud_index=study.cloud_index,
        report_version=report.version,
        reporting_physician=report.reporting_physician,
        institution_id=citing.institution_id,
        account_id=citing.account_id,
        launch_id=citing.launch_id,
        physician_code=citing.physician_code,
        physician_name=citing.physician_name,
        encounter=citing.encounter,
        text_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )
    session.add(made)
    session.flush()
    told = {
        "citation_id": citation_id,
        "institution": citing.institution_id,
        "at": made.cited_at.isoformat(),
    }
    outbox.put(session, OUTBOX_KIND, told, about=study.study_id)
    audit.record(
        session,
        actor_kind="account",
        actor=f"account:{citing.account_id}",
        event="report.cite",
        object_kind="study",
        object_id=study.study_id,
        source=source,
        detail={"citation": citation_id},
    )
    return Cited(made, text)


def find(session: Session, citation_id: str, institution_id: int) -> Citation | None:
    """Return a citation to the institution that cited, or that made the report; else None.

    How the id is written (case, hyphens) does not matter. Study and report are None once a copy
    from another province was deleted.
    """
    return session.scalar(
        select(Citation)
        .outerjoin(Study, Study.study_id == Citation.study_id)
        .where(
            Citation.citation_id == _written(citation_id),
            or_(Citation.institution_id == institution_id, Study.institution_id == institution_id),
        )
        .options(
            joinedload(Citation.study), joinedload(Citation.report), joinedload(Citation.person)
        )
    )


def text_of(study: Study, report: Report, citation_id: str) -> str:
    """Return what is copied: findings, opinion, where they come from, and the id."""
    day = china_time(study.study_datetime).strftime("%Y-%m-%d")
    origin = " ".join(
        one for one in (study.institution.name, report.exam_item or study.description, day) if one
    )
    return (
        f"【影像表现】\n{report.findings}\n【诊断意见】\n{report.impression}\n"
        f"【引用】{origin}；引用编号 {citation_id}"
    )


def _new_id() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_GROUPS * _GROUP))
    return _grouped(letters)


def _written(said: str) -> str:
    return _grouped("".join(one for one in said.upper() if one in _LETTERS))


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))
