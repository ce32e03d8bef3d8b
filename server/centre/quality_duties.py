"""Who judges images by eye, how often and how soon, and whether they do (质控人员, I-13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import alarms, clock
from server.centre.acting import Actor, OutOfReachError
from server.model import (
    Account,
    Duty,
    Institution,
    ManualJudgement,
    QualityDuty,
    QualityPlan,
    Role,
    Study,
)
from server.quality import manual

if TYPE_CHECKING:
    from server.cloud import ImageCloud

OVERDUE = "quality_overdue"
COUNTED = timedelta(days=30)
_LONGEST_DAYS = 90


class PlanError(ValueError):
    """This is no plan: 0 to 100 per cent, within 1 to 90 days."""


@dataclass(frozen=True)
class DutyState:
    """One duty of an institution: its plan, its people, what waits, what was done of late."""

    institution: Institution
    duty: Duty
    sample_percent: int
    within_days: int
    people: int
    waiting: int
    overdue: int
    judged: int


def people(session: Session, actor: Actor) -> list[tuple[Account, Duty | None]]:
    """Return the doctors' accounts that an actor reaches and what each judges as, these first."""
    query = (
        select(Account, QualityDuty.duty)
        .outerjoin(QualityDuty, QualityDuty.account_id == Account.id)
        .where(Account.role == Role.DOCTOR, Account.active, Account.institution_id.is_not(None))
        .order_by(QualityDuty.duty.is_(None), Account.institution_id, Account.login)
    )
    if actor.scope is not None:
        query = query.where(Account.institution_id == actor.scope)
    return [(account, Duty(duty) if duty else None) for account, duty in session.execute(query)]


def give(session: Session, actor: Actor, account_id: int, duty: Duty | None) -> None:
    """Have an account judge images as `duty`, or no longer; audited.

    Raises OutOfReachError, ManualRefusedError.
    """
    account = session.get(Account, account_id)
    if account is None:
        raise OutOfReachError
    actor.must_reach(account.institution_id)
    manual.give_duty(
        session, account, duty, actor_kind="account", actor=f"account:{actor.account_id}"
    )


def set_plan(
    session: Session,
    actor: Actor,
    institution_id: int,
    duty: Duty,
    *,
    sample_percent: int,
    within_days: int,
) -> None:
    """Say how often and how soon a duty looks; audited. Raises OutOfReachError, PlanError."""
    actor.must_reach(institution_id)
    if session.get(Institution, institution_id) is None:
        raise OutOfReachError
    if not (0 <= sample_percent <= 100 and 1 <= within_days <= _LONGEST_DAYS):
        raise PlanError
    session.merge(
        QualityPlan(
            institution_id=institution_id,
            duty=duty,
            sample_percent=sample_percent,
            within_days=within_days,
            changed_at=clock.now(),
        )
    )
    detail = {"duty": duty.value, "sample_percent": sample_percent, "within_days": within_days}
    actor.note(session, "quality.plan", "institution", str(institution_id), detail)


def states(
    session: Session, institution_ids: Sequence[int], *, kept_alone: bool = False
) -> list[DutyState]:
    """Return each duty of institutions with what waits and what is overdue; with `kept_alone`
    those alone that have people or a plan."""
    plans = session.scalars(select(QualityPlan))
    planned = {(one.institution_id, Duty(one.duty)) for one in plans}
    staffed = {
        (institution_id, Duty(duty)): count
        for institution_id, duty, count in session.execute(
            select(Account.institution_id, QualityDuty.duty, func.count())
            .join(QualityDuty, QualityDuty.account_id == Account.id)
            .where(Account.active)
            .group_by(Account.institution_id, QualityDuty.duty)
        )
    }
    judged = {
        (institution_id, Duty(duty)): count
        for institution_id, duty, count in session.execute(
            select(Study.institution_id, ManualJudgement.duty, func.count())
            .join(Study, Study.study_id == ManualJudgement.study_id)
            .where(ManualJudgement.judged_at >= clock.now() - COUNTED)
            .group_by(Study.institution_id, ManualJudgement.duty)
        )
    }
    found = []
    for institution_id in institution_ids:
        institution = session.get_one(Institution, institution_id)
        for duty in Duty:
            here = (institution_id, duty)
            if kept_alone and here not in staffed and here not in planned:
                continue
            plan = manual.plan_of(session, institution_id, duty)
            late = clock.now() - timedelta(days=plan.within_days)
            since = [at for _study, at in manual.waiting_since(session, institution_id, duty)]
            found.append(
                DutyState(
                    institution,
                    duty,
                    plan.sample_percent,
                    plan.within_days,
                    staffed.get((institution_id, duty), 0),
                    len(since),
                    sum(1 for at in since if at < late),
                    judged.get((institution_id, duty), 0),
                )
            )
    return found


def watch(cloud: ImageCloud) -> int:
    """Raise an alarm for each duty that has people and lets studies wait too long, settle the
    others; run once a day. Returns how many are late."""
    count = 0
    with cloud.database.session() as session:
        living = session.scalars(select(Institution.id).where(Institution.ended_at.is_(None))).all()
        for one in states(session, living, kept_alone=True):
            subject = f"{one.institution.id}:{one.duty.value}"
            if not one.people or not one.overdue:
                alarms.settle(session, OVERDUE, subject)
                continue
            count += 1
            alarms.raise_alarm(session, OVERDUE, subject, _words(one))
    return count


def _words(one: DutyState) -> str:
    duty = {Duty.DIAGNOSTICIAN: "诊断医师", Duty.TECHNOLOGIST: "技师", Duty.ENGINEER: "工程师"}
    return (
        f"{one.institution.name}：{one.overdue} 次检查等待{duty[one.duty]}质控超过 "
        f"{one.within_days} 天 / {one.institution.name}: {one.overdue} studies wait for a look by "
        f"the {one.duty.value} for more than {one.within_days} days"
    )
