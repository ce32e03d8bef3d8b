"""C-MOVE and C-GET (PS3.4 C.4.2, C.4.3): objects of the caller's institution, to its own nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from pydicom import Dataset
from pynetdicom.dimse_primitives import C_MOVE
from pynetdicom.events import Event

from server import audit
from server.dimse.calling import NOT_AUTHORISED, Caller, Callers, NotAuthorisedError
from server.dimse.identifiers import (
    IDENTIFIER_UNLIKE_SOP_CLASS,
    IdentifierError,
    is_patient_root,
    read_query,
)
from server.dimse.querying import CANCELLED, PENDING, Answer
from server.dimse.sending import NOWHERE, contexts_for, objects_on_disk, send_from_files
from server.dimse.storing import failure
from server.finding import MatchingKeyError, instances
from server.model import DataKey, Instance
from server.sending.nodes import DicomNode

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

Rows = Sequence[tuple[Instance, DataKey]]
MOST_SUB_OPERATIONS = 65535  # Number of … Sub-operations is US (PS3.7 9.3.4)
TOO_MANY = 0xA701  # Refused, out of resources, number of matches


class Retrieving:
    """Sends what callers fetch."""

    def __init__(self, cloud: ImageCloud, callers: Callers) -> None:
        self._cloud = cloud
        self._callers = callers

    def move(self, event: Event) -> Iterator[Any]:
        """Answer a C-MOVE request: an association to the destination, an object at a time."""
        request = event.request
        assert isinstance(request, C_MOVE)
        try:
            caller, rows = self._wanted(event)
            node = self._destination(caller, str(request.MoveDestination).strip())
            tls = None if node is None else node.tls_context()
        except NotAuthorisedError as refusal:
            yield from _refused(failure(NOT_AUTHORISED, refusal.reason))
            return
        except (IdentifierError, MatchingKeyError) as error:
            yield from _refused(failure(IDENTIFIER_UNLIKE_SOP_CLASS, str(error)))
            return
        except OSError:
            log.warning("dicom_destination_certificate")
            node = None
        if node is None:
            self._note(event, caller, "move", rows, 0, "unknown_destination")
            yield None, None
            return
        options: dict[str, Any] = {"contexts": contexts_for(rows)}
        if tls is not None:
            options["tls_args"] = (tls, node.host)
        yield node.host, node.port, options
        yield from self._objects(event, caller, "move", rows)

    def get(self, event: Event) -> Iterator[Any]:
        """Answer a C-GET request: objects come back on the same association."""
        try:
            caller, rows = self._wanted(event)
        except NotAuthorisedError as refusal:
            yield 1
            yield failure(NOT_AUTHORISED, refusal.reason), None
            return
        except (IdentifierError, MatchingKeyError) as error:
            yield 1
            yield failure(IDENTIFIER_UNLIKE_SOP_CLASS, str(error)), None
            return
        send_from_files(event.assoc)
        yield from self._objects(event, caller, "get", rows)

    def _wanted(self, event: Event) -> tuple[Caller, Rows]:
        """Return who asks for which objects. Raises NotAuthorisedError, IdentifierError."""
        caller = self._callers.caller(event.assoc, "retrieve")
        patient_root = is_patient_root(event.context.abstract_syntax)
        query = read_query(event.identifier, patient_root=patient_root, retrieve=True)
        with self._cloud.database.session() as session:
            found = instances(session, query, caller.sees())
            return caller, [(one, one.series.study.data_key) for one in found]

    def _destination(self, caller: Caller, title: str) -> DicomNode | None:
        """Return where a destination listens; only nodes of the caller's own institution are."""
        for peer in self._callers.peers:
            if peer.ae_title == title and peer.institution_code == caller.peer.institution_code:
                return peer.node
        return None

    def _objects(
        self, event: Event, caller: Caller, operation: str, rows: Rows
    ) -> Iterator[int | Answer]:
        if len(rows) > MOST_SUB_OPERATIONS:
            yield 1
            yield failure(TOO_MANY, "too many objects"), None
            return
        yield len(rows)
        sent = 0
        reason = ""
        try:
            for one in objects_on_disk(self._cloud, rows):
                if event.is_cancelled:
                    reason = "cancelled"
                    yield CANCELLED, None
                    return
                sent += 1
                yield PENDING, one
        except GeneratorExit:
            reason = "association_ended" if sent < len(rows) else ""
            raise
        finally:
            self._note(event, caller, operation, rows, sent, reason)

    def _note(
        self, event: Event, caller: Caller, operation: str, rows: Rows, sent: int, reason: str
    ) -> None:
        """Write down what was fetched, and whereto; a retrieval is a record (F-10)."""
        studies = sorted({instance.series.study_id for instance, _ in rows})
        destination = getattr(event.request, "MoveDestination", None)
        with self._cloud.database.session() as session:
            audit.record(
                session,
                actor_kind="dicom",
                actor=caller.actor,
                event=f"dicom.{operation}",
                object_kind="study",
                object_id=studies[0] if len(studies) == 1 else "",
                result="failure" if reason else "success",
                reason=reason,
                source=caller.source,
                detail={
                    "study_ids": studies,
                    "objects": len(rows),
                    "tried": sent,
                    "destination": str(destination or ""),
                },
            )


def _refused(answer: Dataset) -> Iterator[Any]:
    """Refuse a C-MOVE with a status of ours; pynetdicom wants a destination before."""
    yield "", 0, NOWHERE
    yield 1
    yield answer, None
