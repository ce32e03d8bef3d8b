"""C-FIND (PS3.4 C.4.1): patients, studies, series and objects of the caller's institution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydicom import Dataset
from pynetdicom.events import Event

from server import audit
from server.dimse.calling import NOT_AUTHORISED, Caller, Callers, NotAuthorisedError
from server.dimse.identifiers import (
    IDENTIFIER_UNLIKE_SOP_CLASS,
    IdentifierError,
    answer_to,
    is_patient_root,
    read_query,
)
from server.dimse.storing import failure
from server.finding import MatchingKeyError, Query, find

if TYPE_CHECKING:
    from server.cloud import ImageCloud

PENDING = 0xFF00
CANCELLED = 0xFE00
Answer = tuple[Dataset | int, Dataset | None]


class Querying:
    """Answers queries."""

    def __init__(self, cloud: ImageCloud, callers: Callers, ae_title: str) -> None:
        self._cloud = cloud
        self._callers = callers
        self._ae_title = ae_title

    def handle(self, event: Event) -> Iterator[Answer]:
        """Answer a C-FIND request, one match after the other."""
        try:
            caller = self._callers.caller(event.assoc, "find")
        except NotAuthorisedError as refusal:
            yield failure(NOT_AUTHORISED, refusal.reason), None
            return
        patient_root = is_patient_root(event.context.abstract_syntax)
        try:
            identifier = event.identifier
            query = read_query(identifier, patient_root=patient_root, retrieve=False)
            yield from self._matches(event, caller, identifier, query)
        except (IdentifierError, MatchingKeyError) as error:
            yield failure(IDENTIFIER_UNLIKE_SOP_CLASS, str(error)), None

    def _matches(
        self, event: Event, caller: Caller, identifier: Dataset, query: Query
    ) -> Iterator[Answer]:
        count = 0
        with self._cloud.database.session() as session:
            for found in find(session, query, caller.sees()):
                if event.is_cancelled:
                    yield CANCELLED, None
                    break
                count += 1
                yield PENDING, answer_to(identifier, found, self._ae_title, query.level)
        self._note(caller, query, count)

    def _note(self, caller: Caller, query: Query, count: int) -> None:
        with self._cloud.database.session() as session:
            audit.record(
                session,
                actor_kind="dicom",
                actor=caller.actor,
                event="dicom.find",
                source=caller.source,
                # Which attributes were asked for; their values are patients' data.
                detail={"level": query.level.name, "keys": sorted(query.keys), "matches": count},
            )
