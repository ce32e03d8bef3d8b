"""Studies that other provinces hold: in the time line, applied for, followed until here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from jinja2_fragments.flask import render_block
from werkzeug.exceptions import NotFound

from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.identity import signed_in_identity, source_address
from portal.patient.cards import Card
from portal.patient.elsewhere_words import failure_words, state_words
from server.clock import CHINA
from server.model import (
    UNFINISHED_CACHING,
    Account,
    CacheRequest,
    CacheState,
    ProcessingState,
    RemoteStudy,
    Role,
    Study,
)
from server.provinces import applying, elsewhere
from server.provinces.applying import CONSENT_TEXT, NotYoursError
from server.terms import body_part_label, china_time, modality_label
from server.timeline_filter import TimelineFilter, TimelineShow

blueprint = Blueprint("elsewhere", __name__, url_prefix="/elsewhere")

TEMPLATE = "patient/elsewhere.html"
_KINDS = {CacheState.CACHED: "success", CacheState.FAILED: "danger"}


@dataclass(frozen=True)
class ElsewherePage:
    """What templates/patient/elsewhere.html is given; `kind` is the colour of the state."""

    title: str
    facts: tuple[tuple[str, str], ...]
    province_name: str
    address: str
    state: str
    kind: str
    moving: bool
    done: int
    total: int
    failure: str
    may_apply: bool
    again: bool
    open_href: str
    kept_until: str
    consent_text: str


def cards_between(
    persons: Collection[int],
    wanted: TimelineFilter,
    *,
    before: datetime | None,
    since: datetime | None,
    name_shown: bool,
) -> list[Card]:
    """Return the cards of what other provinces hold, of one page of the time line.

    They lie from `since` on and before the instant `before`; they open nothing, so the views of
    images and of reports have none (A-11).
    """
    if wanted.show is not TimelineShow.ALL or wanted.institution_id is not None:
        return []
    chosen = persons if wanted.person_id is None else set(persons) & {wanted.person_id}
    rows = elsewhere.studies_elsewhere(database_session(), chosen)
    return [
        _card(one, name_shown=name_shown)
        for one in rows
        if (before is None or one.study_datetime < before)
        and (since is None or one.study_datetime >= since)
        and _fits(one, wanted)
    ]


def merged(own: Sequence[Card], others: Sequence[Card]) -> list[Card]:
    """Return the cards of both, newest first."""
    return sorted([*own, *others], key=lambda one: one.study_datetime, reverse=True)


@blueprint.get("/<remote_study_id>")
@signed_in(roles=(Role.PATIENT,))
def status(remote_study_id: str) -> ResponseReturnValue:
    """Show what is known of a study, and how far its copy is; htmx asks for the latter only."""
    page = _page(_visible(remote_study_id))
    if "HX-Request" in request.headers:
        return str(render_block(TEMPLATE, "progress", page=page))
    return render_template(TEMPLATE, page=page)


@blueprint.post("/<remote_study_id>/apply")
@signed_in(roles=(Role.PATIENT,))
def apply(remote_study_id: str) -> ResponseReturnValue:
    """Record consent and application; the workers fetch the study (A-11)."""
    session = database_session()
    remote = _visible(remote_study_id)
    account = session.get_one(Account, signed_in_identity().account_id)
    asked = applying.apply(session, account, remote, source=source_address())
    # The application must be there when a worker looks for it.
    session.commit()
    if asked.state == CacheState.APPLIED:
        current_cloud().jobs.fetch_copy(remote_study_id)
    return redirect(f"/elsewhere/{remote_study_id}", 303)


def _visible(remote_study_id: str) -> RemoteStudy:
    session = database_session()
    account = session.get_one(Account, signed_in_identity().account_id)
    try:
        return applying.visible_study(session, account, remote_study_id)
    except NotYoursError as error:
        raise NotFound from error


def _page(remote: RemoteStudy) -> ElsewherePage:
    asked = remote.request
    copy = _copy(asked)
    state = CacheState(asked.state) if asked is not None else None
    preparing = copy is not None and copy.state == ProcessingState.PENDING
    until = asked.expires_at if asked is not None and state is CacheState.CACHED else None
    return ElsewherePage(
        title=_title(remote),
        facts=_facts(remote),
        province_name=remote.province_name,
        address=f"/elsewhere/{remote.remote_study_id}",
        state=state_words(state),
        kind=_KINDS.get(state, "brand") if state is not None else "neutral",
        moving=state in UNFINISHED_CACHING or preparing,
        done=asked.done if asked is not None else 0,
        total=asked.total if asked is not None else 0,
        failure=failure_words(asked),
        may_apply=state in {None, CacheState.FAILED, CacheState.EXPIRED},
        again=state is not None,
        open_href=f"/studies/{copy.study_id}" if copy is not None and not preparing else "",
        kept_until=china_time(until).strftime("%Y-%m-%d") if until is not None else "",
        consent_text=CONSENT_TEXT,
    )


def _copy(asked: CacheRequest | None) -> Study | None:
    """Return the copy once it is whole."""
    if asked is None or asked.state != CacheState.CACHED or asked.study_id is None:
        return None
    return database_session().get(Study, asked.study_id, populate_existing=True)


def _facts(remote: RemoteStudy) -> tuple[tuple[str, str], ...]:
    facts = (
        (_("检查医院"), remote.institution_name),
        (_("所在省份"), remote.province_name),
        (_("检查时间"), china_time(remote.study_datetime).strftime("%Y-%m-%d %H:%M")),
        (_("检查类型"), modality_label(remote.modality)),
        (_("检查部位"), body_part_label(remote.body_part)),
        (_("受检人"), remote.person.name),
    )
    return tuple(fact for fact in facts if fact[1])


def _title(remote: RemoteStudy) -> str:
    named = f"{modality_label(remote.modality)} {body_part_label(remote.body_part)}"
    return remote.exam_item or named.strip()


def _card(remote: RemoteStudy, *, name_shown: bool) -> Card:
    asked = remote.request
    state = CacheState(asked.state) if asked is not None else None
    local = china_time(remote.study_datetime)
    return Card(
        study_id=remote.remote_study_id,
        title=_title(remote),
        modality_label=modality_label(remote.modality),
        study_datetime=local,
        when=local.strftime("%Y-%m-%d %H:%M"),
        institution_name=remote.institution_name,
        province_name=remote.province_name,
        out_of_province=True,
        person_name=remote.person.name if name_shown else "",
        why=_why(asked, state),
        openable=False,
        href="",
        report_href="",
        share_href="",
        compare_href="",
        thumbnail_url="",
        elsewhere_href=f"/elsewhere/{remote.remote_study_id}",
        elsewhere_action=_action(state),
        elsewhere_waits=state in UNFINISHED_CACHING,
    )


def _action(state: CacheState | None) -> str:
    if state is None:
        return _("申请调取")
    return _("查看进度") if state in UNFINISHED_CACHING else _("重新申请调取")


def _why(asked: CacheRequest | None, state: CacheState | None) -> str:
    if state is None:
        return _("影像保存在外省，申请调取后可查看")
    if state is CacheState.FAILED:
        return failure_words(asked)
    return state_words(state)


def _fits(remote: RemoteStudy, wanted: TimelineFilter) -> bool:
    """Whether a study is among what the time line was narrowed to (A-14)."""
    day = remote.study_datetime.astimezone(CHINA).date()
    said = (remote.institution_name, remote.exam_item, body_part_label(remote.body_part))
    return (
        wanted.modality in {"", modality_label(remote.modality)}
        and wanted.body_part in {"", body_part_label(remote.body_part)}
        and (wanted.since is None or day >= wanted.since)
        and (wanted.until is None or day <= wanted.until)
        and all(word.casefold() in " ".join(said).casefold() for word in wanted.text.split())
    )
