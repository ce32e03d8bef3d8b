"""The job that carries out an order: as far as it gets, and on from there at the next try."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.orm import Session

from server import access, audit, clock, launches
from server.access import AccessDenied, Action, DenialReason
from server.model import UNFINISHED_SENDING, Account, DataKey, Sending, SendingState, Study
from server.sending.nodes import DicomNode, NodesFileError, load_nodes
from server.sending.orders import count, instances_of
from server.sending.storage_scu import (
    MOST_CONTEXTS,
    NodeUnavailableError,
    ObjectKind,
    StorageScu,
)
from server.storage.errors import StorageError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

MOST_ATTEMPTS = 10  # tries that ended with the death of a worker among them
MOST_NAMED = 200  # refused objects that are kept by name
OBJECTS_A_NOTE = 8  # after so many the page is told, and the doctor's right looked up again


@dataclass(frozen=True)
class _Object:
    """One object to be sent."""

    instance_id: int
    sop_instance_uid: str
    object_key: str
    kind: ObjectKind


@dataclass
class _Progress:
    """What one try has done since it was last noted."""

    last_instance_id: int
    sent: int = 0
    refused: tuple[dict[str, str], ...] = ()


class _SetAsideError(Exception):
    """Others wait: the order goes on later, from where it got to."""


def attempt(
    cloud: ImageCloud,
    sending_id: str,
    *,
    last: bool,
    makes_way: Callable[[], bool] = lambda: False,
) -> bool:
    """Send what is left of an order; its row tells how far it got, the audit log how it ended.

    Between objects `makes_way` is asked whether other jobs come first: then the order is set aside,
    True is returned, and the caller hands it in again.

    Raises NodeUnavailableError when a later try is due; with `last` there is none, and the order
    has failed. An order that is finished, or whose study is gone, is left alone.
    """
    started = _start(cloud, sending_id)
    if started is None:
        return False
    node, data_key, objects = started
    try:
        for part in _parts(objects):
            _send_part(cloud, sending_id, node, data_key, part, makes_way)
    except _SetAsideError:
        _set_aside(cloud, sending_id)
        return True
    except NodeUnavailableError as error:
        log.warning("sending_interrupted", sending_id=sending_id, reason=error.reason)
        if last:
            _finish(cloud, sending_id, error.reason)
            return False
        _note(cloud, sending_id, state=SendingState.WAITING, failure=error.reason)
        raise
    except AccessDenied:
        _finish(cloud, sending_id, "access_ended")
    else:
        _finish(cloud, sending_id, "")
    return False


def _start(
    cloud: ImageCloud, sending_id: str
) -> tuple[DicomNode, DataKey, tuple[_Object, ...]] | None:
    """Note that a try begins; None when there is nothing (more) to try."""
    with cloud.database.session() as session:
        sending = session.get(Sending, sending_id)
        if sending is None or sending.state not in UNFINISHED_SENDING:
            return None
        try:
            nodes = {node.name: node for node in load_nodes(cloud.settings.dicom_nodes_file)}
            fault = _fault(cloud, session, sending, nodes)
        except NodesFileError:
            fault = "nodes_file"
        if fault:
            _end(session, sending, fault)
            return None
        sending.state, sending.failure = SendingState.SENDING, ""
        sending.attempts += 1
        sending.total, sending.updated_at = count(session, sending), clock.now()
        study = session.get_one(Study, sending.study_id)
        rows = session.scalars(instances_of(sending))
        objects = tuple(
            _Object(
                row.id,
                row.sop_instance_uid,
                row.object_key,
                ObjectKind(row.sop_class_uid, row.transfer_syntax_uid),
            )
            for row in rows
            if row.id > sending.last_instance_id
        )
        return nodes[sending.node], study.data_key, objects


def _fault(
    cloud: ImageCloud, session: Session, sending: Sending, nodes: dict[str, DicomNode]
) -> str:
    if sending.node not in nodes:
        return "unknown_node"
    if sending.attempts >= MOST_ATTEMPTS:
        return "given_up"
    try:
        _authorize(cloud, session, sending)
    except AccessDenied:
        return "access_ended"
    return ""


def _authorize(cloud: ImageCloud, session: Session, sending: Sending) -> None:
    """Raise AccessDenied unless whoever gave the order may still take the study away (F-64); one
    that was given in a launch, of that launch's patient and visit alone."""
    study = session.get_one(Study, sending.study_id)
    if sending.launch_id is not None:
        if not launches.may_send(session, sending.launch_id, study):
            raise AccessDenied(DenialReason.NOT_AUTHORISED)
        return
    account = session.get_one(Account, sending.account_id)
    grant = access.doctor_grant(cloud, session, account)
    access.authorize(cloud, session, grant, Action.DOWNLOAD, study)


def _parts(objects: Sequence[_Object]) -> Iterator[list[_Object]]:
    """Divide the objects into runs of no more kinds than one association can negotiate."""
    part: list[_Object] = []
    kinds: set[ObjectKind] = set()
    for one in objects:
        if one.kind not in kinds and len(kinds) == MOST_CONTEXTS:
            yield part
            part, kinds = [], set()
        part.append(one)
        kinds.add(one.kind)
    if part:
        yield part


def _send_part(
    cloud: ImageCloud,
    sending_id: str,
    node: DicomNode,
    data_key: DataKey,
    part: list[_Object],
    makes_way: Callable[[], bool],
) -> None:
    progress = _Progress(part[0].instance_id - 1)
    scu = StorageScu(node, [one.kind for one in part])
    try:
        with scu, tempfile.TemporaryDirectory(prefix="yingyun-sending-") as folder:
            path = Path(folder) / "object.dcm"
            for number, one in enumerate(part, 1):
                reason = _send_one(cloud, scu, data_key, one, path)
                progress.last_instance_id = one.instance_id
                progress.sent += not reason
                if reason:
                    name = {"sop_instance_uid": one.sop_instance_uid, "reason": reason}
                    progress.refused += (name,)
                if number % OBJECTS_A_NOTE == 0:
                    _keep(cloud, sending_id, progress)
                    _check(cloud, sending_id)
                    if one is not part[-1] and makes_way():
                        raise _SetAsideError
    finally:
        _keep(cloud, sending_id, progress)


def _send_one(
    cloud: ImageCloud, scu: StorageScu, data_key: DataKey, one: _Object, path: Path
) -> str:
    """Send one object; return "" or why it was not taken."""
    if not scu.takes(one.kind):
        return "not_accepted"
    try:
        path.write_bytes(cloud.vault.read(data_key, one.object_key))
    except StorageError:
        log.warning("sending_object_unreadable", object_key=one.object_key)
        return "unreadable"
    return scu.store(path)


def _check(cloud: ImageCloud, sending_id: str) -> None:
    with cloud.database.session() as session:
        _authorize(cloud, session, session.get_one(Sending, sending_id))


def _keep(cloud: ImageCloud, sending_id: str, progress: _Progress) -> None:
    """Add what was done to the order, and begin counting anew."""
    with cloud.database.session() as session:
        sending = session.get_one(Sending, sending_id)
        sending.sent += progress.sent
        named = [*sending.refused, *progress.refused]
        sending.refused = named[:MOST_NAMED]
        sending.last_instance_id = max(sending.last_instance_id, progress.last_instance_id)
        sending.updated_at = clock.now()
    progress.sent, progress.refused = 0, ()


def _set_aside(cloud: ImageCloud, sending_id: str) -> None:
    """Note that an order waits for others; that was no try which failed."""
    with cloud.database.session() as session:
        sending = session.get_one(Sending, sending_id)
        sending.state, sending.updated_at = SendingState.WAITING, clock.now()
        sending.attempts -= 1


def _note(cloud: ImageCloud, sending_id: str, *, state: SendingState, failure: str) -> None:
    with cloud.database.session() as session:
        sending = session.get_one(Sending, sending_id)
        sending.state, sending.failure, sending.updated_at = state, failure, clock.now()


def _finish(cloud: ImageCloud, sending_id: str, failure: str) -> None:
    with cloud.database.session() as session:
        _end(session, session.get_one(Sending, sending_id), failure)


def _end(session: Session, sending: Sending, failure: str) -> None:
    """Write down how an order ended; one of which objects were refused has failed, too."""
    if not failure and sending.sent < sending.total:
        failure = "refused"
    sending.state = SendingState.FAILED if failure else SendingState.DONE
    sending.failure, sending.updated_at = failure, clock.now()
    audit.record(
        session,
        actor_kind="account",
        actor=f"account:{sending.account_id}",
        event="dicom.send",
        object_kind="study",
        object_id=sending.study_id,
        result="failure" if failure else "success",
        reason=failure,
        detail={
            "sending": sending.sending_id,
            "node": sending.node,
            "sent": sending.sent,
            "total": sending.total,
        },
    )
