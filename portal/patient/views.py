"""The time line (A-14), for oneself and for family members (A-09)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from jinja2_fragments.flask import render_block, render_blocks
from werkzeug.exceptions import BadRequest

from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.identity import Identity, signed_in_identity
from portal.patient import filters
from portal.patient.cards import Card, Year, card, years
from portal.patient.elsewhere import cards_between, merged
from portal.patient.filters import ActiveFilter
from server import access, people, timeline
from server.imaging.opening import opening_series_of
from server.model import Account, Person, Role
from server.provinces import elsewhere
from server.terms import china_time
from server.timeline import TimelineEntry
from server.timeline_filter import TimelineChoices, TimelineShow

blueprint = Blueprint("patient", __name__)

TEMPLATE = "patient/timeline.html"
# Ids of what htmx exchanges: the list, and the link to its next page.
RECORDS, MORE = "records", "timeline-more"


@dataclass(frozen=True)
class PersonChip:
    """One of the persons between whom the patient switches."""

    name: str
    relation: str
    own: bool
    current: bool
    href: str


@dataclass(frozen=True)
class TimelineView:
    """What the time line's template is given; `asked` is what stands in the form.

    `problem` says what of the form could not be used, `announced` what to read out once a part of
    the page was exchanged, `unanswered` whether other provinces could not be asked.
    """

    title: str
    lead: str
    people: tuple[PersonChip, ...]
    years: tuple[Year, ...]
    more_url: str
    newest_url: str
    asked: Mapping[str, str]
    choices: TimelineChoices
    active: tuple[ActiveFilter, ...]
    clear_url: str
    problem: str
    announced: str
    unanswered: bool


@blueprint.get("/studies")
@signed_in(roles=(Role.PATIENT,))
def studies() -> ResponseReturnValue:
    """Show the examinations, newest first; htmx asks for the list or its next page only."""
    said = filters.asked()
    target = request.headers.get("HX-Target") if "HX-Request" in request.headers else None
    view = _view(signed_in_identity(), said, continued=target == MORE)
    if target == MORE:
        return str(render_block(TEMPLATE, "entries", page=view, partial=True))
    if target == RECORDS:
        parts = render_blocks(TEMPLATE, ["records", "announcement"], page=view, partial=True)
        return Response(parts, headers={"HX-Push-Url": filters.address(said)})
    return render_template(TEMPLATE, page=view, partial=False)


def _view(identity: Identity, said: Mapping[str, str], *, continued: bool) -> TimelineView:
    cloud, session = current_cloud(), database_session()
    grant = access.patient_grant(cloud, session, session.get_one(Account, identity.account_id))
    wanted, mark = filters.filter_of(said), request.args.get("page")
    try:
        found = timeline.timeline_page(cloud, session, grant, wanted, page=mark)
        last = china_time(timeline.marked_instant(mark)).year if mark and continued else None
    except timeline.PageMarkError as error:
        raise BadRequest from error
    persons = timeline.persons_of(session, grant)
    person_ids = {one.id for one in persons}
    if mark is None:
        elsewhere.refresh(cloud, person_ids)
    choices = timeline.choices_of(session, grant, wanted.person_id)
    several = len(persons) > 1 and wanted.person_id is None
    others = cards_between(
        person_ids,
        wanted,
        before=timeline.marked_instant(mark) if mark else None,
        since=found.entries[-1].study_datetime if found.next_page else None,
        name_shown=several,
    )
    own = _cards(found.entries, choices, name_shown=several)
    title, lead = _words(wanted.show)
    return TimelineView(
        title=title,
        lead=lead,
        people=_chips(identity, persons, said),
        years=years(merged(own, others), after=last),
        more_url=filters.address(said, page=found.next_page) if found.next_page else "",
        newest_url=filters.address(said) if mark else "",
        asked=said,
        choices=choices,
        active=filters.active_filters(said, choices),
        clear_url=filters.without_filters(said),
        problem=filters.problem(said),
        announced=_announced(len(own) + len(others), more=found.next_page is not None),
        unanswered=elsewhere.is_unanswered(cloud, session, person_ids),
    )


def _cards(
    entries: Sequence[TimelineEntry], choices: TimelineChoices, *, name_shown: bool
) -> list[Card]:
    series = opening_series_of(database_session(), [one.study_id for one in entries])
    return [
        card(
            one,
            series.get(one.study_id),
            name_shown=name_shown,
            repeated=(one.person_id, one.body_part) in choices.repeated,
        )
        for one in entries
    ]


def _announced(count: int, *, more: bool) -> str:
    if not count:
        return _("没有符合条件的检查")
    return _("已更新，显示最近的 %(n)s 项", n=count) if more else _("已更新，共 %(n)s 项", n=count)


def _words(show: TimelineShow) -> tuple[str, str]:
    if show is TimelineShow.REPORTS:
        return _("报告查看"), _("已通过审核的检查报告，最近的在最前。")
    if show is TimelineShow.IMAGES:
        return _("影像查看"), _("可以查看影像的检查，最近的在最前。")
    return _("影像档案"), _("全部检查按时间排列，最近的在最前。")


def _chips(
    identity: Identity, persons: Sequence[Person], said: Mapping[str, str]
) -> tuple[PersonChip, ...]:
    if len(persons) < 2:
        return ()
    relations = people.relations_of(database_session(), identity.person_id)
    everyone = PersonChip(
        _("全部"), "", False, not said["person"], filters.address(said, person="")
    )
    return (
        everyone,
        *(
            PersonChip(
                name=person.name,
                relation=_("本人") if person.id == identity.person_id else relations[person.id],
                own=person.id == identity.person_id,
                current=str(person.id) == said["person"],
                href=filters.address(said, person=str(person.id)),
            )
            for person in persons
        ),
    )
