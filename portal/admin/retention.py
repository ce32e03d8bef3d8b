"""Studies past their retention, and decisions about keeping, each by two persons (D-33)."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import or_, select

from portal import typed
from portal.admin.console import actor, in_language, moment, show
from portal.admin.sections import changes, reads
from portal.context import current_cloud, database_session
from server.archive import decisions, policy, retention
from server.archive.decisions import DecisionError
from server.model import Account, ArchiveDecision, DecisionKind, DecisionState, Institution, Study

blueprint = Blueprint("admin_retention", __name__, url_prefix="/admin/retention")

LIST = "/admin/retention"
MOST = 100
DECIDED_SHOWN = 30


@blueprint.get("")
@reads("retention")
def page() -> str:
    """Show what waits for a second person, what is past its retention, and what was decided."""
    session, cloud = database_session(), current_cloud()
    rules = policy.profile(cloud.settings.archive_profile)
    names = {one.id: one.name for one in session.scalars(select(Institution))}
    decided = session.scalars(
        select(ArchiveDecision)
        .where(ArchiveDecision.state != DecisionState.PROPOSED)
        .order_by(ArchiveDecision.decided_at.desc())
        .limit(DECIDED_SHOWN)
    )
    return show(
        "admin/retention.html",
        waiting=[_told(one) for one in decisions.open_decisions(session)],
        decided=[_told(one) for one in decided],
        expired=retention.expired_studies(cloud, session, limit=MOST),
        most=MOST,
        names=names,
        kinds=[(kind.value, words) for kind, words in _kinds().items()],
        retention_years=rules.from_upload_years,
        own=actor().account_id,
        moment=moment,
    )


@blueprint.post("")
@changes("retention")
def propose() -> ResponseReturnValue:
    """Propose what becomes of a study; another administrator decides."""
    session, form = database_session(), request.form
    named = form.get("study", "").strip()[:200]
    study = session.scalar(
        select(Study).where(
            or_(Study.study_id == named, Study.cloud_index == named, Study.study_uid == named)
        )
    )
    try:
        decisions.propose(
            current_cloud(),
            session,
            account=_account(),
            study_id=study.study_id if study is not None else "",
            kind=DecisionKind(form.get("kind", "")),
            reason=form.get("reason", ""),
            keep_until=_day(form.get("keep_until", "")),
        )
        flash(_("已提议，等待另一位管理员决定；此前不作任何改动。"), "success")
    except DecisionError as error:
        flash(in_language(str(error)), "error")
    except ValueError:
        flash(_("请选择处置方式，日期写作 2030-12-31。"), "error")
    return redirect(LIST, 303)


@blueprint.post("/<decision_id>")
@changes("retention")
def decide(decision_id: str) -> ResponseReturnValue:
    """Approve or refuse what another administrator proposed."""
    approve = request.form.get("verdict") == "approve"
    try:
        made = decisions.decide(
            current_cloud(),
            database_session(),
            account=_account(),
            decision_id=decision_id,
            approve=approve,
        )
    except DecisionError as error:
        flash(in_language(str(error)), "error")
        return redirect(LIST, 303)
    if not approve:
        flash(_("已驳回，检查保持原样。"), "success")
    elif made.kind in {DecisionKind.DELETE, DecisionKind.ERASE}:
        flash(_("已批准：密钥已销毁，影像不可恢复；对象在一小时内移除。"), "success")
    else:
        flash(_("已批准，立即生效。"), "success")
    return redirect(LIST, 303)


def _account() -> Account:
    return database_session().get_one(Account, actor().account_id)


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    found = typed.day_of(text.strip())
    if found is None:
        raise ValueError(text)
    return found


def _told(one: ArchiveDecision) -> dict[str, object]:
    session = database_session()
    proposer = session.get_one(Account, one.proposed_by)
    decider = session.get(Account, one.decided_by) if one.decided_by is not None else None
    study = session.get(Study, one.study_id)
    return {
        "id": one.decision_id,
        "kind": _kinds()[DecisionKind(one.kind)],
        "final": one.kind in {DecisionKind.DELETE, DecisionKind.ERASE},
        "study": study.cloud_index if study is not None else one.study_id,
        "reason": one.reason,
        "until": one.keep_until.isoformat() if one.keep_until else "",
        "approved": one.state == DecisionState.APPROVED,
        "proposer": proposer.login,
        "proposed_by": one.proposed_by,
        "proposed_at": moment(one.proposed_at),
        "decider": decider.login if decider is not None else "",
        "decided_at": moment(one.decided_at),
    }


def _kinds() -> dict[DecisionKind, str]:
    return {
        DecisionKind.EXTEND: _("延长保存"),
        DecisionKind.HOLD: _("保全（诉讼等，不得删除）"),
        DecisionKind.RELEASE: _("解除保全"),
        DecisionKind.DELETE: _("到期删除"),
        DecisionKind.ERASE: _("依法提前销毁"),
    }
