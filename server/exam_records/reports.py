"""Reports as a hospital uploads them: one examination has one, a later one replaces it (D-39)."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit
from server.clients import CallingClient
from server.exam_records.errors import RecordRefusedError, RefusedRecord
from server.model import Report, ReportStatus, Study


@dataclass(frozen=True)
class Indicator:
    """One figure of a report (检查报告指标), for example the ejection fraction."""

    code: str
    name: str
    value: str
    unit: str = ""
    reference: str = ""


@dataclass(frozen=True)
class ReportFacts:
    """A reviewed report; the names are those of Report."""

    findings: str
    impression: str
    exam_item: str = ""
    exam_overview: str = ""
    requested_at: datetime | None = None
    reported_at: datetime | None = None
    reporting_physician: str = ""
    reporting_physician_code: str = ""
    reviewing_physician: str = ""
    indicators: tuple[Indicator, ...] = ()


class Taking(enum.StrEnum):
    """What an upload did."""

    STORED = "stored"  # the first report of the examination
    REPLACED = "replaced"  # in place of the one before, which is kept and not served
    SAME = "same"  # it is the one that is served: nothing changed
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Taken:
    """What became of an upload: the study, and the version that holds now."""

    study_id: str
    version: int
    taking: Taking


def take(
    session: Session,
    caller: CallingClient,
    *,
    accession_number: str,
    study_uid: str,
    patient_id: str,
    facts: ReportFacts,
    source: str,
) -> Taken:
    """Keep a reviewed report of an examination of the caller's institution.

    Found by institution, number of the examination and patient, all three. The version that was
    served is kept for audit and served no more. Raises RecordRefusedError.
    """
    study = _study(session, caller.institution_id, accession_number, study_uid, patient_id)
    versions = _versions(session, study)
    newest = versions[0] if versions else None
    if newest is not None and newest.status == ReportStatus.REVIEWED and _says(newest, facts):
        return Taken(study.study_id, newest.version, Taking.SAME)
    replaced = _replace(versions)
    made = Report(
        study_id=study.study_id,
        version=newest.version + 1 if newest is not None else 1,
        status=ReportStatus.REVIEWED,
        **_columns(facts),
    )
    session.add(made)
    session.flush()
    taking = Taking.REPLACED if replaced else Taking.STORED
    detail = {"version": made.version, "replaced": replaced}
    _note(session, caller, study, f"report.{taking}", source, detail)
    return Taken(study.study_id, made.version, taking)


def withdraw(
    session: Session,
    caller: CallingClient,
    *,
    accession_number: str,
    study_uid: str,
    patient_id: str,
    reason: str,
    source: str,
) -> Taken:
    """Recall the report that is served; nobody reads one until another is uploaded (X-30).

    Why goes on record. Raises RecordRefusedError.
    """
    study = _study(session, caller.institution_id, accession_number, study_uid, patient_id)
    versions = [one for one in _versions(session, study) if one.status != ReportStatus.DRAFT]
    if not versions:
        raise RecordRefusedError(RefusedRecord.NO_REPORT)
    newest = versions[0]
    if newest.status == ReportStatus.REVIEWED:
        newest.status = ReportStatus.WITHDRAWN
        session.flush()
        detail = {"version": newest.version, "why": reason}
        _note(session, caller, study, "report.withdrawn", source, detail)
    return Taken(study.study_id, newest.version, Taking.WITHDRAWN)


def _study(
    session: Session, institution_id: int, accession_number: str, study_uid: str, patient_id: str
) -> Study:
    """Return the study, locked, so that two uploads at a time make two versions."""
    wanted = select(Study).where(Study.institution_id == institution_id)
    if study_uid:
        wanted = wanted.where(Study.study_uid == study_uid)
    if accession_number:
        wanted = wanted.where(Study.accession_number == accession_number)
    found = session.scalars(wanted.limit(2).with_for_update()).all()
    if len(found) > 1:
        raise RecordRefusedError(RefusedRecord.AMBIGUOUS)
    if not found:
        raise RecordRefusedError(RefusedRecord.STUDY)
    if found[0].patient_id != patient_id:
        raise RecordRefusedError(RefusedRecord.PATIENT)
    return found[0]


def _versions(session: Session, study: Study) -> Sequence[Report]:
    newest_first = Report.version.desc()
    wanted = select(Report).where(Report.study_id == study.study_id).order_by(newest_first)
    return session.scalars(wanted.execution_options(populate_existing=True)).all()


def _columns(facts: ReportFacts) -> dict[str, object]:
    columns = {field.name: getattr(facts, field.name) for field in fields(facts)}
    return columns | {"indicators": [asdict(one) for one in facts.indicators]}


def _says(report: Report, facts: ReportFacts) -> bool:
    return all(getattr(report, name) == value for name, value in _columns(facts).items())


def _replace(versions: Sequence[Report]) -> list[int]:
    """Take the versions that were served out of service; return their numbers."""
    served = [one for one in versions if one.status == ReportStatus.REVIEWED]
    for one in served:
        one.status = ReportStatus.REPLACED
    return [one.version for one in served]


def _note(
    session: Session,
    caller: CallingClient,
    study: Study,
    event: str,
    source: str,
    detail: dict[str, object],
) -> None:
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{caller.client_id}",
        event=event,
        object_kind="study",
        object_id=study.study_id,
        source=source,
        detail=detail,
    )
