"""Who judges images by eye, how often and how soon (I-13)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.admin.console import (
    Cell,
    Table,
    actor,
    asked_institution,
    choosable,
    in_language,
    show,
)
from portal.admin.sections import changes, reads
from portal.context import database_session
from portal.study.quality import duty_words
from portal.typed import number_of
from server.centre import institutions, quality_duties
from server.centre.acting import OutOfReachError
from server.centre.quality_duties import DutyState, PlanError
from server.model import Duty
from server.quality.manual import ManualRefusedError

blueprint = Blueprint("admin_duties", __name__, url_prefix="/admin/duties")

LIST = "/admin/duties"


@blueprint.get("")
@reads("duties")
def page() -> str:
    """Show duties with what waits and is overdue, then the people."""
    session, who = database_session(), actor()
    living = [
        row.institution
        for row in institutions.rows(session, who)
        if row.institution.ended_at is None
    ]
    words = duty_words()
    # Many hospitals have three duties each: the centre sees those that somebody looks after.
    chosen = asked_institution()
    states = quality_duties.states(
        session,
        [one.id for one in living if chosen in {None, one.id}],
        kept_alone=chosen is None,
    )
    table = Table(
        _("任务和频次"),
        (_("机构"), _("岗位"), _("人员"), _("待看"), _("超期"), _("近 30 天评定"), _("抽查"),
         _("时限"), _("状态")),
        [
            (one.institution.name, words[one.duty], one.people, one.waiting, one.overdue,
             one.judged, f"{one.sample_percent}%", _("%(days)s 天", days=one.within_days),
             _state(one))
            for one in states
        ],
        numbers=frozenset({2, 3, 4, 5, 6}),
        empty=_("还没有指定质控人员。在下方为医生账户指定岗位。"),
    )  # fmt: skip
    return show(
        "admin/duties.html",
        table=table,
        people=quality_duties.people(session, who),
        words=words,
        duties=[("", _("不承担质控")), *((one.value, words[one]) for one in Duty)],
        plain_duties=[(one.value, words[one]) for one in Duty],
        institutions=living,
        choosable=choosable(),
        chosen=chosen,
    )


@blueprint.post("/plan")
@changes("duties")
def plan() -> ResponseReturnValue:
    """Say how often and how soon a duty looks."""
    form = request.form
    try:
        quality_duties.set_plan(
            database_session(),
            actor(),
            number_of(form.get("institution", "")) or 0,
            Duty(form.get("duty", "")),
            sample_percent=_number(form.get("sample_percent", "")),
            within_days=_number(form.get("within_days", "")),
        )
        flash(_("已保存，立即生效。"), "success")
    except OutOfReachError as error:
        raise NotFound from error
    except (PlanError, ValueError):
        flash(_("抽查比例为 0 到 100，时限为 1 到 90 天。"), "error")
    return redirect(LIST, 303)


@blueprint.post("/<int:account_id>")
@changes("duties")
def give(account_id: int) -> ResponseReturnValue:
    """Have somebody judge images, or no longer."""
    chosen = request.form.get("duty", "")
    try:
        duty = Duty(chosen) if chosen else None
        quality_duties.give(database_session(), actor(), account_id, duty)
        flash(_("已保存，任务按新的岗位分派。"), "success")
    except OutOfReachError as error:
        raise NotFound from error
    except ManualRefusedError as error:
        flash(in_language(str(error)), "error")
    except ValueError:
        flash(_("请从列表中选择岗位。"), "error")
    return redirect(LIST, 303)


def _number(text: str) -> int:
    found = number_of(text.strip())
    return -1 if found is None else found


def _state(one: DutyState) -> Cell:
    if one.waiting and not one.people:
        return Cell(_("无人承担"), badge="danger")
    if one.overdue:
        return Cell(_("有超期"), badge="danger")
    if not one.people:
        return Cell(_("未指定"), badge="neutral")
    return Cell(_("正常"), badge="success")
