"""Storage commitment, push model (PS3.4 J): only what is durable is committed."""

from __future__ import annotations

from datetime import timedelta
from threading import Event as Flag
from threading import Lock, Thread
from typing import TYPE_CHECKING

import structlog
from pydicom import Dataset
from pynetdicom import build_role
from pynetdicom.association import Association
from pynetdicom.events import Event
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.dimse.calling import NOT_AUTHORISED, Caller, Callers, NotAuthorisedError
from server.dimse.contexts import (
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    plain_contexts,
)
from server.dimse.storing import PROCESSING_FAILURE, failure, success
from server.model import Instance, Series, StorageCommitment, Study
from server.sending.calling import ANSWER_SECONDS, call
from server.sending.nodes import DicomNode
from server.storage import StorageError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

# Failure Reason (0008,1197), PS3.3 C.14.1.1.
PROCESSING_FAILED = 0x0110
NO_SUCH_INSTANCE = 0x0112
CLASS_CONFLICT = 0x0119
ALL_COMMITTED, SOME_FAILED = 1, 2  # Event Type ID, PS3.4 table J.3-2
_REQUEST = 1  # Action Type ID, PS3.4 table J.3-1
_NO_SUCH_ACTION = 0x0123
_INVALID_ARGUMENT = 0x0115
MOST_REFERENCES = 100_000
MOST_TRIES = 12
FIRST_DELAY = timedelta(seconds=15)  # doubled at each further try
LOOK_SECONDS = 5.0
_WAITING_AT_ONCE = 50


class Committing:
    """Judges requests when they come; a thread of its own answers, until that is taken."""

    def __init__(self, cloud: ImageCloud, callers: Callers, ae_title: str) -> None:
        self._cloud = cloud
        self._callers = callers
        self._ae_title = ae_title
        self._open: dict[str, Association] = {}
        self._opening = Lock()
        self._wake, self._stopping = Flag(), False
        self._thread = Thread(target=self._answer_all, name="dicom-commitment", daemon=True)

    def start(self) -> None:
        """Begin to answer; also what an earlier process left."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; what waits is answered by the next process."""
        self._stopping = True
        self._wake.set()
        self._thread.join(ANSWER_SECONDS)

    def handle(self, event: Event) -> tuple[Dataset, None]:
        """Answer an N-ACTION request: the verdict itself goes by N-EVENT-REPORT."""
        try:
            caller = self._callers.caller(event.assoc, "commit")
        except NotAuthorisedError as refusal:
            return failure(NOT_AUTHORISED, refusal.reason), None
        if event.action_type != _REQUEST:
            return failure(_NO_SUCH_ACTION, "no such action"), None
        try:
            information = event.action_information
            transaction = str(information.TransactionUID)
            wanted = [
                (str(item.ReferencedSOPClassUID), str(item.ReferencedSOPInstanceUID))
                for item in information.ReferencedSOPSequence
            ]
        except (AttributeError, TypeError):
            return failure(_INVALID_ARGUMENT, "Transaction UID or references are missing"), None
        if not transaction or not 0 < len(wanted) <= MOST_REFERENCES:
            return failure(PROCESSING_FAILURE, "too many references or none"), None
        commitment_id = self._judge(caller, transaction, wanted)
        with self._opening:
            self._open[commitment_id] = event.assoc
        self._wake.set()
        return success(), None

    def _judge(self, caller: Caller, transaction: str, wanted: list[tuple[str, str]]) -> str:
        with self._cloud.database.session() as session:
            verdicts = [(*one, self._verdict(session, caller, *one)) for one in wanted]
            made = StorageCommitment(
                peer=caller.peer.name,
                institution_id=caller.institution_id,
                transaction_uid=transaction[:64],
                committed=[list(one[:2]) for one in verdicts if one[2] == 0],
                failed=[list(one) for one in verdicts if one[2] != 0],
            )
            session.add(made)
            audit.record(
                session,
                actor_kind="dicom",
                actor=caller.actor,
                event="dicom.commit",
                result="failure" if made.failed else "success",
                source=caller.source,
                detail={"committed": len(made.committed), "failed": len(made.failed)},
            )
            return made.commitment_id

    def _verdict(self, session: Session, caller: Caller, sop_class: str, instance: str) -> int:
        """Return 0 for an object that is durable here for the caller, else why not."""
        row = session.scalar(
            select(Instance)
            .join(Series, Series.series_id == Instance.series_id)
            .join(Study, Study.study_id == Series.study_id)
            .where(Instance.sop_instance_uid == instance, caller.sees())
        )
        if row is None:
            return NO_SUCH_INSTANCE
        if row.sop_class_uid != sop_class:
            return CLASS_CONFLICT
        try:
            # A row is committed after its object is durable; the object may have been lost since.
            return 0 if self._cloud.vault.store.exists(row.object_key) else NO_SUCH_INSTANCE
        except StorageError:
            return PROCESSING_FAILED

    def _answer_all(self) -> None:
        while not self._stopping:
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
            try:
                self.answer_due()
            except Exception:
                # The thread must outlive a database that is away for a while.
                log.exception("dicom_commitment_failed")

    def answer_due(self) -> int:
        """Answer what is due; return how many answers were taken."""
        with self._cloud.database.session() as session:
            due = session.scalars(
                select(StorageCommitment)
                .where(StorageCommitment.next_try_at <= clock.now())
                .order_by(StorageCommitment.requested_at)
                .limit(_WAITING_AT_ONCE)
            ).all()
        taken = 0
        for commitment in due:
            if self._stopping:
                break
            answered = self._answer(commitment)
            taken += answered
            self._keep(commitment, answered)
        return taken

    def _keep(self, commitment: StorageCommitment, answered: bool) -> None:
        with self._cloud.database.session() as session:
            kept = session.get_one(StorageCommitment, commitment.commitment_id)
            kept.attempts += 1
            if answered:
                kept.answered_at, kept.next_try_at = clock.now(), None
            elif kept.attempts >= MOST_TRIES:
                kept.next_try_at = None
                log.warning("dicom_commitment_given_up", commitment_id=kept.commitment_id)
            else:
                kept.next_try_at = clock.now() + FIRST_DELAY * 2 ** (kept.attempts - 1)

    def _answer(self, commitment: StorageCommitment) -> bool:
        """Report on the association of the request while it is open, else on a new one."""
        with self._opening:
            association = self._open.pop(commitment.commitment_id, None)
        report = report_of(commitment)
        node = next((one.node for one in self._callers.peers if one.name == commitment.peer), None)
        if node is None:
            return (
                association is not None
                and association.is_established
                and _send(association, report)
            )
        return self._call(node, report)

    def _call(self, node: DicomNode, report: Dataset) -> bool:
        try:
            association = call(
                node,
                self._ae_title,
                plain_contexts([STORAGE_COMMITMENT]),
                ext_neg=[build_role(STORAGE_COMMITMENT, scu_role=False, scp_role=True)],
            )
        except OSError:
            log.warning("dicom_commitment_certificate", peer=node.name)
            return False
        if not association.is_established:
            return False
        try:
            return _send(association, report)
        finally:
            association.release()


def report_of(commitment: StorageCommitment) -> Dataset:
    """Return the event information of an answer (PS3.4 table J.3-2)."""
    report = Dataset()
    report.TransactionUID = commitment.transaction_uid
    report.ReferencedSOPSequence = [_reference(*one) for one in commitment.committed]
    if commitment.failed:
        report.FailedSOPSequence = [_reference(*one) for one in commitment.failed]
    return report


def _reference(sop_class: str, instance: str, reason: int | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
    if reason is not None:
        item.FailureReason = reason
    return item


def _send(association: Association, report: Dataset) -> bool:
    event_type = SOME_FAILED if "FailedSOPSequence" in report else ALL_COMMITTED
    try:
        answer, _ = association.send_n_event_report(
            report, event_type, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
        )
    except (RuntimeError, ValueError):
        return False
    return "Status" in answer and int(answer.Status) == 0
