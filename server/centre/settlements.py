"""Settlements bound to studies, and what the authority's supervisors may look at.

D-11, D-20, D-56, D-57.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from server.centre.acting import Actor
from server.centre.coding import StandardItem, standard_items
from server.centre.period import Period
from server.clock import CHINA
from server.collection.settlements import OtherInstitutionError, SettlementFacts, keep
from server.csv_files import CsvError, csv_rows
from server.model import (
    Institution,
    ProcessingState,
    QualityOutcome,
    QualityResult,
    Settlement,
    Study,
    SupplementTask,
)
from server.provinces.records import is_own
from server.study_conditions import has_served_report

HEADS = (
    "机构代码", "结算ID", "费用明细流水号", "检查号", "检查项目", "费用(分)", "报销(分)",
    "耗材(分)", "结算时间",
)  # fmt: skip
REDUCTION_FEN = 500  # 减收5元 (000-A note 1)
MOST = 100
HIGHEST_FEE = 2_000_000_000  # 分: twenty million yuan, which an integer column holds


class Purpose(enum.StrEnum):
    """For what images are looked at (D-20)."""

    PATIENT_PAYMENT = "patient_payment"
    INSURANCE_PAYMENT = "insurance_payment"
    FUND_SUPERVISION = "fund_supervision"
    CLINICAL_CARE = "clinical_care"
    ANALYSIS = "analysis"


@dataclass(frozen=True)
class Checked:
    """One settlement or study that was found. `study` is None where none was uploaded, and where
    its images have not passed quality control: `why` then says which."""

    institution: str
    settlement: Settlement | None
    study: Study | None
    standard: StandardItem | None
    reported: bool
    why: str


@dataclass(frozen=True)
class Lacking:
    """An examination without complete upload (D-57)."""

    institution: str
    at: datetime
    accession_number: str
    what: str
    reason: str


def load(session: Session, actor: Actor, data: bytes) -> int:
    """Take settlements from a CSV file with the columns of HEADS, all or none; return how many
    were new. Those that are known by both numbers are taken over as they are in the file.

    Raises CsvError.
    """
    ids = {one.code: one.id for one in session.scalars(select(Institution))}
    new = 0
    for number, row in enumerate(csv_rows(data, len(HEADS)), 2):
        facts = _facts(ids, number, row)
        try:
            new += keep(session, facts)
        except OtherInstitutionError as error:
            raise CsvError(
                f"第 {number} 行：这笔结算属于另一家机构 / line {number}: of another institution"
            ) from error
    actor.note(session, "settlement.load", "list", "", {"new": new})
    return new


def settled_since(session: Session, moment: datetime) -> Sequence[str]:
    """Return the studies whose settlements came since a moment: judgements look at both (I-07)."""
    return session.scalars(
        select(Study.study_id)
        .join(
            Settlement,
            (Settlement.institution_id == Study.institution_id)
            & (Settlement.accession_number == Study.accession_number),
        )
        .where(Settlement.received_at >= moment, Study.accession_number != "")
        .distinct()
    ).all()


def search(
    session: Session,
    actor: Actor,
    purpose: Purpose,
    *,
    settlement_id: str = "",
    fee_serial_number: str = "",
    institution_id: int | None = None,
    days: Period | None = None,
) -> list[Checked]:
    """Return what a supervisor asks for: by settlement, or an institution's studies of a period.

    Only images that passed quality control are handed on (D-20); the search is on record.
    """
    if settlement_id or fee_serial_number:
        found = _by_settlement(session, settlement_id, fee_serial_number, institution_id)
    elif institution_id is not None and days is not None:
        found = _of_institution(session, institution_id, days)
    else:
        found = []
    detail = {"purpose": purpose.value, "rows": len(found), "institution": institution_id or 0}
    actor.note(session, "supervision.search", "list", "", detail)
    return found


def may_look(session: Session, study: Study) -> bool:
    """Whether the images of a study may be looked at for supervision: they passed (D-20)."""
    return _outcome(session, study.study_id) == QualityOutcome.PASSED


def lacking(session: Session, days: Period, institution_id: int | None = None) -> list[Lacking]:
    """Return the examinations without complete upload (D-57): settled without any study, without
    readable images, without reviewed report, or with something to be sent again."""
    settled = (
        select(Settlement, Institution.name)
        .join(Institution, Institution.id == Settlement.institution_id)
        .outerjoin(Study, _bound())
        .where(
            Settlement.settled_at >= days.start,
            Settlement.settled_at < days.end,
            Study.study_id.is_(None),
        )
    )
    task = SupplementTask.study_id == Study.study_id
    open_task = select(SupplementTask.task_id).where(task, SupplementTask.closed_at.is_(None))
    stored = (
        select(Study, Institution.name, open_task.exists())
        .join(Institution, Institution.id == Study.institution_id)
        .where(Study.study_datetime >= days.start, Study.study_datetime < days.end, is_own())
        .where(or_(Study.state == ProcessingState.FAILED, ~has_served_report(), open_task.exists()))
    )
    if institution_id is not None:
        settled = settled.where(Settlement.institution_id == institution_id)
        stored = stored.where(Study.institution_id == institution_id)
    rows = [
        Lacking(name, one.settled_at, one.accession_number, one.exam_item, "no_study")
        for one, name in session.execute(settled)
    ]
    for study, name, supplement in session.execute(stored):
        failed = study.state == ProcessingState.FAILED
        reason = "unreadable" if failed else "supplement" if supplement else "no_report"
        what = f"{study.modality} {study.body_part}".strip()
        rows.append(Lacking(name, study.study_datetime, study.accession_number, what, reason))
    return sorted(rows, key=lambda one: (one.institution, one.at))


def settlement_of(session: Session, study: Study) -> Settlement | None:
    """Return the newest settlement of a study."""
    return session.scalar(
        select(Settlement)
        .where(
            Settlement.institution_id == study.institution_id,
            Settlement.accession_number == study.accession_number,
            Settlement.accession_number != "",
        )
        .order_by(Settlement.settled_at.desc())
        .limit(1)
    )


def _bound() -> ColumnElement[bool]:
    return and_(
        Study.institution_id == Settlement.institution_id,
        Study.accession_number == Settlement.accession_number,
        Settlement.accession_number != "",
    )


def _by_settlement(
    session: Session, settlement_id: str, serial: str, institution_id: int | None
) -> list[Checked]:
    query = (
        select(Settlement, Study, Institution.name)
        .join(Institution, Institution.id == Settlement.institution_id)
        .outerjoin(Study, _bound())
        .order_by(Settlement.settled_at.desc())
        .limit(MOST)
    )
    if settlement_id:
        query = query.where(Settlement.settlement_id == settlement_id)
    if serial:
        query = query.where(Settlement.fee_serial_number == serial)
    if institution_id is not None:
        query = query.where(Settlement.institution_id == institution_id)
    return [_checked(session, name, one, study) for one, study, name in session.execute(query)]


def _of_institution(session: Session, institution_id: int, days: Period) -> list[Checked]:
    query = (
        select(Study, Institution.name)
        .join(Institution, Institution.id == Study.institution_id)
        .where(
            Study.institution_id == institution_id,
            Study.study_datetime >= days.start,
            Study.study_datetime < days.end,
        )
        .order_by(Study.study_datetime.desc())
        .limit(MOST)
    )
    return [
        _checked(session, name, settlement_of(session, study), study)
        for study, name in session.execute(query)
    ]


def _checked(
    session: Session, institution: str, settlement: Settlement | None, study: Study | None
) -> Checked:
    if study is None:
        return Checked(institution, settlement, None, None, False, "no_study")
    passed = may_look(session, study)
    reported = session.scalar(
        select(Study.study_id).where(Study.study_id == study.study_id, has_served_report())
    )
    standard = standard_items(session, [study.study_id]).get(study.study_id)
    why = "" if passed else (_outcome(session, study.study_id) or "not_judged")
    return Checked(
        institution, settlement, study if passed else None, standard, reported is not None, why
    )


def _outcome(session: Session, study_id: str) -> str | None:
    return session.scalar(
        select(QualityResult.outcome)
        .where(QualityResult.study_id == study_id)
        .order_by(QualityResult.version.desc())
        .limit(1)
    )


def _facts(ids: dict[str, int], number: int, row: Sequence[str]) -> SettlementFacts:
    code, settlement_id, serial, accession, item, *amounts, at = row
    if code not in ids or not 0 < len(settlement_id) <= 64 or not 0 < len(serial) <= 64:
        raise CsvError(
            f"第 {number} 行：机构代码或结算号不对 / line {number}: institution or settlement id"
        )
    try:
        fee, reimbursed, consumables = (int(one or 0) for one in amounts)
        settled_at = datetime.fromisoformat(at)
        if not all(0 <= one <= HIGHEST_FEE for one in (fee, reimbursed, consumables)):
            raise ValueError("an amount that is none")
        if not 1990 <= settled_at.year <= 2200:
            raise ValueError("a day that is none")
    except ValueError as error:
        raise CsvError(f"第 {number} 行：金额或时间不对 / line {number}: amount or time") from error
    return SettlementFacts(
        institution_id=ids[code],
        settlement_id=settlement_id,
        fee_serial_number=serial,
        accession_number=accession[:64],
        exam_item=item[:200],
        fee=fee,
        reimbursed=reimbursed,
        consumables=consumables,
        settled_at=settled_at if settled_at.tzinfo else settled_at.replace(tzinfo=CHINA),
    )
