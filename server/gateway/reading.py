"""C-FIND, C-MOVE and C-GET at the front machine: doctors of the hospital read what is here (E-42).

Only stations of the file of nodes may ask, and images go to such stations alone. Each retrieval is
told to the centre, which keeps the record (F-10).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from pydicom import Dataset
from pynetdicom.dimse_primitives import C_MOVE
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext, build_context

from server.dimse.calling import NOT_AUTHORISED
from server.dimse.contexts import PLAIN_SYNTAXES
from server.dimse.identifiers import (
    IDENTIFIER_UNLIKE_SOP_CLASS,
    IdentifierError,
    answer_to,
    is_patient_root,
    read_query,
)
from server.dimse.querying import CANCELLED, PENDING, Answer
from server.dimse.sending import NOWHERE, ObjectOnDisk, send_from_files
from server.dimse.storing import failure
from server.finding import Query
from server.gateway.caching import Caching
from server.gateway.catalogue import Catalogue, Readable
from server.gateway.spool import Spool
from server.sending.nodes import DicomNode, NodesFileError, load_nodes
from server.sending.storage_scu import MOST_CONTEXTS
from server.storage import StorageError

log = structlog.get_logger()


class Reading:
    """Answers the stations of the hospital. `nodes_file` is read afresh at each association."""

    def __init__(
        self, spool: Spool, caching: Caching, nodes_file: Path | None, ae_title: str
    ) -> None:
        self._spool = spool
        self._caching = caching
        self._nodes_file = nodes_file
        self._ae_title = ae_title
        self._catalogue = Catalogue(spool)

    def find(self, event: Event) -> Iterator[Answer]:
        """Answer a C-FIND request (PS3.4 C.4.1)."""
        query = self._query(event, retrieve=False)
        if isinstance(query, Dataset):
            yield query, None
            return
        patient_id = query.keys.get("PatientID", "")
        if patient_id and not any(letter in patient_id for letter in "*?\\"):
            self._caching.want(patient_id)
        for found in self._catalogue.find(query):
            if event.is_cancelled:
                yield CANCELLED, None
                return
            yield PENDING, answer_to(event.identifier, found, self._ae_title, query.level)

    def move(self, event: Event) -> Iterator[Any]:
        """Answer a C-MOVE request (PS3.4 C.4.2): to a station of the file of nodes."""
        request = event.request
        assert isinstance(request, C_MOVE)
        query = self._query(event, retrieve=True)
        if isinstance(query, Dataset):
            yield "", 0, NOWHERE
            yield 1
            yield query, None
            return
        node = self._node(str(request.MoveDestination).strip())
        tls = _tls(node)
        if node is None or (node.tls and tls is None):
            yield None, None
            return
        found = self._catalogue.objects(query)
        options: dict[str, Any] = {"contexts": _contexts(found)}
        if tls is not None:
            options["tls_args"] = (tls, node.host)
        yield node.host, node.port, options
        yield from self._objects(event, found)

    def get(self, event: Event) -> Iterator[Any]:
        """Answer a C-GET request (PS3.4 C.4.3)."""
        query = self._query(event, retrieve=True)
        if isinstance(query, Dataset):
            yield 1
            yield query, None
            return
        send_from_files(event.assoc)
        yield from self._objects(event, self._catalogue.objects(query))

    def _query(self, event: Event, *, retrieve: bool) -> Query | Dataset:
        """Return what is asked for, or why it is refused."""
        caller = event.assoc.remote["ae_title"].strip()
        if self._node(caller) is None:
            log.warning("gateway_reader_refused", ae_title=caller)
            return failure(NOT_AUTHORISED, "not a node of this front machine")
        patient_root = is_patient_root(event.context.abstract_syntax)
        try:
            return read_query(event.identifier, patient_root=patient_root, retrieve=retrieve)
        except IdentifierError as error:
            return failure(IDENTIFIER_UNLIKE_SOP_CLASS, str(error))

    def _node(self, title: str) -> DicomNode | None:
        try:
            nodes = load_nodes(self._nodes_file)
        except NodesFileError:
            log.exception("gateway_nodes_file")
            return None
        return next((one for one in nodes if one.ae_title.strip() == title), None)

    def _objects(self, event: Event, found: Sequence[Readable]) -> Iterator[int | Answer]:
        yield len(found)
        sent: dict[str, int] = {}
        try:
            with TemporaryDirectory(prefix="yingyun-gateway-") as folder:
                path = Path(folder) / "object.dcm"
                for one in found:
                    if event.is_cancelled:
                        yield CANCELLED, None
                        return
                    uid = one.row.study_uid
                    sent[uid] = sent.get(uid, 0) + 1
                    yield PENDING, self._on_disk(one, path)
        finally:
            for study_uid, objects in sent.items():
                self._caching.note_read(study_uid, objects)

    def _on_disk(self, one: Readable, path: Path) -> ObjectOnDisk:
        stored = ObjectOnDisk()
        stored.SOPInstanceUID = one.row.sop_instance_uid
        try:
            path.write_bytes(self._spool.read(one.row))
            stored.file = path
        except StorageError:
            log.warning("gateway_object_unreadable", object_key=one.row.object_key)
        return stored


def _tls(node: DicomNode | None) -> Any:
    try:
        return None if node is None else node.tls_context()
    except OSError:
        log.warning("gateway_node_certificate")
        return None


def _contexts(found: Sequence[Readable]) -> list[PresentationContext]:
    """Return a context for each kind of object, and one without compression for each class."""
    kinds = dict.fromkeys((one.row.sop_class_uid, one.transfer_syntax_uid) for one in found)
    classes = dict.fromkeys(one for one, _ in kinds)
    plain = [build_context(one, PLAIN_SYNTAXES[:1]) for one in classes]
    made = [build_context(one, syntax) for one, syntax in kinds]
    return [*plain, *made][:MOST_CONTEXTS]
