"""One-click send (一键发送, C-26): the doctor picks a node, and sees how far it got."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from jinja2_fragments.flask import render_block

from portal.auditing import note_view
from portal.context import current_cloud, database_session
from portal.decisions import study_action
from portal.doctor.handing import WEASIS
from portal.doctor.media import ARCHIVE
from portal.doctor.purpose import asked_purpose, purpose_choices
from portal.doctor.sending_words import failure_words, refusal_words, state_words
from portal.doors import StudyDoor
from portal.study import shown
from server.access import Action
from server.model import UNFINISHED_SENDING, Sending, SendingState, Series
from server.sending import orders
from server.sending.nodes import DicomNode, NodesFileError, load_nodes
from server.sending.orders import SendingRefusedError
from server.terms import china_time

blueprint = Blueprint("doctor_sending", __name__)
log = structlog.get_logger("portal")

PAGE = "sending"
MOST_REFUSALS = 20  # that the page names
_KINDS = {SendingState.DONE: "success", SendingState.FAILED: "danger"}


@dataclass(frozen=True)
class SeriesChoice:
    """One series that may be sent alone."""

    series_id: str
    name: str
    count: int


@dataclass(frozen=True)
class OrderRow:
    """One order as the page tells of it; `kind` is the colour of its state."""

    node: str
    what: str
    when: str
    state: str
    kind: str
    moving: bool
    sent: int
    total: int
    failure: str
    refused: tuple[tuple[str, str], ...]
    more_refused: int


@dataclass(frozen=True)
class SendingPage:
    """What templates/doctor/sending.html is given."""

    title: str
    subtitle: str
    address: str
    back: str
    archive_address: str
    weasis_address: str
    purposes: tuple[tuple[str, str], ...]
    nodes: tuple[DicomNode, ...]
    nodes_fault: bool
    series: tuple[SeriesChoice, ...]
    orders: tuple[OrderRow, ...]

    @property
    def moving(self) -> bool:
        """Whether the page will look different soon."""
        return any(one.moving for one in self.orders)


@blueprint.get(f"/{PAGE}")
@study_action(Action.DOWNLOAD)
def page(door: StudyDoor) -> ResponseReturnValue:
    """Show where the study can be sent, and what was; htmx asks for the latter only."""
    view = _view(door)
    if "HX-Request" in request.headers:
        return str(render_block("doctor/sending.html", "orders", page=view))
    return render_template("doctor/sending.html", page=view)


@blueprint.post(f"/{PAGE}")
@study_action(Action.DOWNLOAD)
def send(door: StudyDoor) -> ResponseReturnValue:
    """Give the order; the workers carry it out."""
    purpose = asked_purpose()
    sending = _order(door) if purpose is not None else None
    if purpose is not None and sending is not None:
        note_view(door, "dicom.send.order", purpose=str(purpose.use), approval=purpose.approval)
        # The order must be there when a worker looks for it.
        database_session().commit()
        current_cloud().jobs.send(sending.sending_id)
    return redirect(door.url(PAGE), 303)


def _order(door: StudyDoor) -> Sending | None:
    nodes, fault = _nodes()
    node = next((one for one in nodes if one.name == request.form.get("node")), None)
    if node is None or fault:
        flash(_("请选择要发送到的节点。"), "error")
        return None
    chosen = request.form.getlist("series")
    if request.form.get("what") == "series" and not chosen:
        flash(_("请至少选择一个序列。"), "error")
        return None
    account_id = door.grant.account_id
    assert account_id is not None  # only doctors come through this door
    try:
        return orders.order(
            database_session(),
            door.study,
            account_id,
            node,
            chosen if request.form.get("what") == "series" else (),
            launch_id=door.grant.launch_id,
        )
    except SendingRefusedError as refused:
        flash(shown.worded(str(refused)), "error")
        return None


def _nodes() -> tuple[tuple[DicomNode, ...], bool]:
    """Return the nodes, and whether their file has a fault that an administrator must mend."""
    try:
        return load_nodes(current_cloud().settings.dicom_nodes_file), False
    except NodesFileError as error:
        log.error("dicom_nodes_file_unusable", fault=str(error))
        return (), True


def _view(door: StudyDoor) -> SendingPage:
    session = database_session()
    nodes, fault = _nodes()
    counts = orders.counts(session, door.study)
    series = {one.series_id: one for one in door.study.series}
    return SendingPage(
        title=shown.study_title(door),
        subtitle=shown.study_subtitle(door),
        address=door.url(PAGE),
        back=door.url("dicom"),
        archive_address=door.url(ARCHIVE),
        weasis_address=door.url(WEASIS),
        purposes=purpose_choices(),
        nodes=nodes,
        nodes_fault=fault,
        series=tuple(
            SeriesChoice(key, shown.series_name(one), counts[key])
            for key, one in series.items()
            if key in counts
        ),
        orders=tuple(_row(one, series) for one in orders.sendings_of(session, door.study.study_id)),
    )


def _row(sending: Sending, series: dict[str, Series]) -> OrderRow:
    names = [shown.series_name(series[one]) for one in sending.series_ids if one in series]
    refused = tuple((one["sop_instance_uid"], one["reason"]) for one in sending.refused)
    return OrderRow(
        node=sending.node,
        what="、".join(names) or _("整个检查"),
        when=china_time(sending.created_at).strftime("%Y-%m-%d %H:%M"),
        state=state_words(sending),
        kind=_KINDS.get(sending.state, "brand"),
        moving=sending.state in UNFINISHED_SENDING,
        sent=sending.sent,
        total=sending.total,
        failure=failure_words(sending.failure),
        refused=tuple((uid, refusal_words(why)) for uid, why in refused[:MOST_REFUSALS]),
        more_refused=max(len(refused) - MOST_REFUSALS, 0),
    )
