"""The time line (A-14), for oneself and for family members (A-09)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from jinja2_fragments.flask import render_block
from werkzeug.exceptions import BadRequest

from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.identity import Identity, current_identity
from portal.patient.cards import Month, card, months
from server import access, people, timeline
from server.imaging.opening import opening_series_of
from server.model import Account, Person, Role
from server.timeline import TimelineEntry

blueprint = Blueprint("patient", __name__)


@dataclass(frozen=True)
class PersonChip:
    """One of the persons between whom the patient switches."""

    name: str
    relation: str
    own: bool
    current: bool
    href: str


@dataclass(frozen=True)
class TimelinePage:
    """What the time line's template is given."""

    title: str
    lead: str
    people: tuple[PersonChip, ...]
    months: tuple[Month, ...]
    more_url: str


@blueprint.get("/studies")
@signed_in(roles=(Role.PATIENT,))
def studies() -> ResponseReturnValue:
    """Show the examinations, newest first; htmx asks for later pages only."""
    identity = current_identity()
    if identity is None:
        raise BadRequest
    page = _page(identity)
    if "HX-Request" in request.headers:
        return str(render_block("patient/timeline.html", "entries", page=page))
    return render_template("patient/timeline.html", page=page)


def _page(identity: Identity) -> TimelinePage:
    cloud, session = current_cloud(), database_session()
    grant = access.patient_grant(cloud, session, session.get_one(Account, identity.account_id))
    person_id = request.args.get("person", type=int)
    try:
        found = timeline.timeline_page(
            cloud, session, grant, person_id=person_id, page=request.args.get("page")
        )
    except timeline.PageMarkError as error:
        raise BadRequest from error
    persons = timeline.persons_of(session, grant)
    entries = [one for one in found.entries if _matches(one)]
    series = opening_series_of(session, [one.study_id for one in entries])
    several = len(persons) > 1 and person_id is None
    cards = (card(one, series.get(one.study_id), name_shown=several) for one in entries)
    title, lead = _words()
    return TimelinePage(
        title=title,
        lead=lead,
        people=_chips(identity, persons, person_id),
        months=months(cards),
        more_url=_address(person_id, found.next_page) if found.next_page else "",
    )


def _matches(entry: TimelineEntry) -> bool:
    """Whether an entry belongs to the chosen one of the portal's views (A-48)."""
    show = request.args.get("show")
    if show == "reports":
        return entry.report_openable
    return entry.openable if show == "images" else True


def _words() -> tuple[str, str]:
    show = request.args.get("show")
    if show == "reports":
        return _("报告查看"), _("已通过审核的检查报告，最近的在最前。")
    if show == "images":
        return _("影像查看"), _("可以查看影像的检查，最近的在最前。")
    return _("影像档案"), _("全部检查按时间排列，最近的在最前。")


def _chips(
    identity: Identity, persons: Sequence[Person], person_id: int | None
) -> tuple[PersonChip, ...]:
    if len(persons) < 2:
        return ()
    relations = people.relations_of(database_session(), identity.person_id)
    everyone = PersonChip(_("全部"), "", False, person_id is None, _address(None))
    return (
        everyone,
        *(
            PersonChip(
                name=person.name,
                relation=_("本人") if person.id == identity.person_id else relations[person.id],
                own=person.id == identity.person_id,
                current=person.id == person_id,
                href=_address(person.id),
            )
            for person in persons
        ),
    )


def _address(person_id: int | None, page: str | None = None) -> str:
    asked = {"show": request.args.get("show"), "person": person_id, "page": page}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    return f"/studies?{query}" if query else "/studies"
