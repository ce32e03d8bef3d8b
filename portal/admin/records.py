"""The six kinds of business records (D-18, D-58), and the wish to export some (F-26).

What is looked for is posted: a person is named by his ID number, which stands in no address.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.admin import words
from portal.admin.console import Cell, Table, actor, choosable, moment, show
from portal.admin.sections import changes, reads
from portal.context import current_cloud, database_session
from portal.typed import number_of
from server import people
from server.centre import exports, records
from server.centre.exports import ExportRefusedError
from server.centre.period import Period, period
from server.centre.records import Kind, Wanted

blueprint = Blueprint("admin_records", __name__, url_prefix="/admin/records")

LIST = "/admin/records"
MOST = 200
# Nobody has this number: a person who is not known has no records.
NOBODY = -1
_WARNING_STATES = {"no_report", "supplement", "unreadable", "failed"}


@dataclass(frozen=True)
class Asked:
    """What stands in the form."""

    kind: Kind
    period: Period
    institution: int | None
    id_number: str


@blueprint.get("")
@reads("records")
def page() -> str:
    """Show the newest records of a kind; that they were looked at is on record (F-10)."""
    asked = _asked(request.args.to_dict())
    shown = _page(asked)
    actor().note(database_session(), "records.view", "list", "", {"kind": str(asked.kind)})
    return shown


@blueprint.post("")
@reads("records")
def search() -> str:
    """Show the records that were looked for; who looked for a person's is on record."""
    asked = _asked(request.form.to_dict())
    shown = _page(asked)
    event = "records.search" if asked.id_number else "records.view"
    actor().note(database_session(), event, "list", "", {"kind": str(asked.kind)})
    return shown


@blueprint.post("/export")
@changes("exports")
def ask_export() -> ResponseReturnValue:
    """Ask that what was looked for may be exported."""
    asked = _asked(request.form.to_dict())
    try:
        exports.ask(database_session(), actor(), _wanted(asked), request.form.get("reason", ""))
    except ExportRefusedError as refused:
        flash(words.export_refusal(refused.reason), "error")
        return redirect(f"{LIST}?kind={asked.kind.value}", 303)
    flash(_("已提交导出申请，另一位系统管理员批准后可下载。"), "success")
    return redirect("/admin/exports", 303)


def _asked(given: dict[str, str]) -> Asked:
    kind = given.get("kind", "")
    chosen = given.get("institution", "")
    return Asked(
        Kind(kind) if kind in {one.value for one in Kind} else Kind.UPLOAD,
        period(given.get("since", ""), given.get("until", "")),
        number_of(chosen),
        given.get("id_number", "").strip(),
    )


def _wanted(asked: Asked) -> Wanted:
    scope = actor().scope
    person_id = None
    if asked.id_number:
        person = people.find_by_id_number(current_cloud(), database_session(), asked.id_number)
        person_id = person.id if person is not None else NOBODY
    return Wanted(
        asked.kind, asked.period, asked.institution if scope is None else scope, person_id
    )


def _page(asked: Asked) -> str:
    found, more = records.find(database_session(), _wanted(asked), MOST)
    table = Table(
        caption=words.kind_words()[asked.kind],
        heads=words.heads(asked.kind),
        rows=[
            (
                moment(one.time),
                one.institution,
                one.person or "-",
                one.what or "-",
                one.who or "-",
                Cell(
                    words.state_word(one.state),
                    badge="warning" if one.state in _WARNING_STATES else "neutral",
                ),
            )
            for one in found
        ],
        empty=_("这段时间没有符合条件的记录。"),
    )
    return show(
        "admin/records.html",
        table=table,
        more=more,
        most=MOST,
        asked=asked,
        kinds=[(kind.value, label) for kind, label in words.kind_words().items()],
        institutions=choosable(),
    )
