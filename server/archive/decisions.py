"""Decisions about a study's keeping: one person proposes, another decides; audited (D-33).

A study is deleted only past its retention and by such a decision. A legal hold stops deletion and
erasure until it is released, which is a decision, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.archive import erasure, retention
from server.archive.records import archive_row
from server.model import (
    Account,
    ArchiveDecision,
    DecisionKind,
    DecisionState,
    Role,
    Study,
    StudyArchive,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_MOST_REASON = 500


class DecisionError(ValueError):
    """A proposal or decision that is not allowed; said in Chinese / English."""


def propose(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    study_id: str,
    kind: DecisionKind,
    reason: str,
    keep_until: date | None = None,
) -> ArchiveDecision:
    """Propose what becomes of a study; nothing changes before another person approves.

    Raises DecisionError.
    """
    _check_person(account)
    study = session.get(Study, study_id)
    if study is None:
        raise DecisionError("没有这次检查 / there is no such study")
    if not reason.strip() or len(reason) > _MOST_REASON:
        raise DecisionError("请写明理由，不超过 500 字 / give a reason of at most 500 characters")
    _check(cloud, session, study, kind, keep_until)
    if any(one.study_id == study_id for one in open_decisions(session)):
        raise DecisionError("该检查已有待决的提议 / there is an open proposal about this study")
    decision = ArchiveDecision(
        study_id=study_id,
        kind=kind,
        reason=reason.strip(),
        keep_until=keep_until if kind is DecisionKind.EXTEND else None,
        proposed_by=account.id,
    )
    session.add(decision)
    session.flush()
    _record(session, decision, account, "archive_decision_proposed")
    return decision


def decide(
    cloud: ImageCloud, session: Session, *, account: Account, decision_id: str, approve: bool
) -> ArchiveDecision:
    """Approve or refuse a proposal; approved, it is carried out in the same transaction.

    After the commit of a deletion call `erasure.remove_erased`, or leave the objects, unreadable
    from now on, to the next tending. Raises DecisionError, also for whoever proposed it.
    """
    _check_person(account)
    decision = session.get(ArchiveDecision, decision_id, with_for_update=True)
    if decision is None or decision.state != DecisionState.PROPOSED:
        raise DecisionError("该提议不存在或已作出决定 / no open proposal")
    if decision.proposed_by == account.id:
        raise DecisionError(
            "提议人不能自己批准，请由另一位管理员决定 / another administrator has to decide"
        )
    decision.state = DecisionState.APPROVED if approve else DecisionState.REFUSED
    decision.decided_by, decision.decided_at = account.id, clock.now()
    if approve:
        study = session.get_one(Study, decision.study_id)
        _check(cloud, session, study, DecisionKind(decision.kind), decision.keep_until)
        _carry_out(session, decision, study, account)
    _record(session, decision, account, f"archive_decision_{decision.state}")
    return decision


def open_decisions(session: Session) -> Sequence[ArchiveDecision]:
    """Return the proposals that wait for a second person, the oldest first."""
    return session.scalars(
        select(ArchiveDecision)
        .where(ArchiveDecision.state == DecisionState.PROPOSED)
        .order_by(ArchiveDecision.proposed_at)
    ).all()


def _check_person(account: Account) -> None:
    if not account.active or account.role != Role.ADMINISTRATOR:
        raise DecisionError("只有中心管理员可以处理 / only administrators of the centre may")


def _check(
    cloud: ImageCloud,
    session: Session,
    study: Study,
    kind: DecisionKind,
    keep_until: date | None,
) -> None:
    row = session.get(StudyArchive, study.study_id)
    held = row is not None and row.legal_hold
    if row is not None and row.erased_at is not None:
        raise DecisionError("该检查已销毁 / the study was erased already")
    if kind in {DecisionKind.DELETE, DecisionKind.ERASE} and held:
        raise DecisionError("该检查处于保全状态，须先解除 / the study is under legal hold")
    end = retention.retain_until(cloud, study, row)
    if kind is DecisionKind.DELETE and not retention.is_over(cloud, study, row):
        raise DecisionError(f"保存期限至 {end}，未到期 / kept until {end}, which is not over")
    if kind is DecisionKind.EXTEND and (keep_until is None or keep_until <= end):
        raise DecisionError(f"延长后的日期须晚于 {end} / the new date must be after {end}")
    if kind is DecisionKind.HOLD and held:
        raise DecisionError("该检查已在保全中 / the study is under hold already")
    if kind is DecisionKind.RELEASE and not held:
        raise DecisionError("该检查未在保全中 / the study is under no hold")


def _carry_out(session: Session, decision: ArchiveDecision, study: Study, account: Account) -> None:
    row = archive_row(session, study.study_id)
    match DecisionKind(decision.kind):
        case DecisionKind.EXTEND:
            row.keep_until = decision.keep_until
        case DecisionKind.HOLD:
            row.legal_hold = True
        case DecisionKind.RELEASE:
            row.legal_hold = False
        case DecisionKind.DELETE | DecisionKind.ERASE:
            erasure.erase_study(
                session,
                study,
                actor_kind="account",
                actor=f"account:{account.id}",
                reason=f"decision {decision.decision_id}",
            )


def _record(session: Session, decision: ArchiveDecision, account: Account, event: str) -> None:
    until = decision.keep_until
    audit.record(
        session,
        actor_kind="account",
        actor=f"account:{account.id}",
        event=event,
        object_kind="study",
        object_id=decision.study_id,
        detail={
            "decision": decision.decision_id,
            "kind": DecisionKind(decision.kind).value,
            "keep_until": until.isoformat() if until else None,
        },
    )
