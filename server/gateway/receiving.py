"""C-STORE at the front machine (E-12, E-42): success only when the object is in the spool."""

from __future__ import annotations

from datetime import timedelta

import structlog
from pydicom import Dataset
from pynetdicom import evt
from pynetdicom.events import Event, EventHandlerType

from server import clock
from server.dimse import contexts
from server.dimse.files import file_of
from server.dimse.listener import Bounds, Listener
from server.dimse.sending import SendingEntity
from server.dimse.storing import (
    CANNOT_UNDERSTAND,
    OUT_OF_RESOURCES,
    failure,
    is_as_announced,
    refusal_of,
    success,
)
from server.gateway.reading import Reading
from server.gateway.spool import ConflictError, Spool
from server.gateway.tables import SpoolState
from server.ingest.limits import IngestLimits
from server.ingest.parse import DirectoryFileError, parse
from server.ingest.rejection import RefusedError
from server.ingest.spool import Buffer
from server.storage import StorageError, StorageFullError

log = structlog.get_logger()

_READING = (
    contexts.PATIENT_ROOT_FIND,
    contexts.PATIENT_ROOT_MOVE,
    contexts.PATIENT_ROOT_GET,
    contexts.STUDY_ROOT_FIND,
    contexts.STUDY_ROOT_MOVE,
    contexts.STUDY_ROOT_GET,
)


class Receiving:
    """Takes objects into the spool; broken and non-DICOM ones are refused with a reason (E-04)."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._limits = IngestLimits()

    def handle(self, event: Event) -> Dataset:
        """Answer a C-STORE request, of a device or of a PACS from which we fetch."""
        try:
            data = file_of(event)
        except RefusedError as refusal:
            return refusal_of(refusal.reason)
        return self.take(data, event.assoc.remote["ae_title"].strip())

    def take(self, data: Buffer, source: str) -> Dataset:
        """Keep an object; return the answer to whoever sent it."""
        if not is_as_announced(data):
            return failure(CANNOT_UNDERSTAND, "not the object that was announced")
        try:
            received = parse(data, self._limits)
            rules, _ = self._spool.rules()
            if source in rules.partner_ae_titles:
                end = clock.now() + timedelta(days=rules.keep_days)
                self._spool.put(
                    received, source=source, rules=rules, state=SpoolState.PUSHED, keep_until=end
                )
            else:
                self._spool.put(received, source=source, rules=rules)
        except RefusedError as refusal:
            return refusal_of(refusal.reason)
        except DirectoryFileError:
            return failure(CANNOT_UNDERSTAND, "a DICOMDIR")
        except ConflictError:
            return failure(CANNOT_UNDERSTAND, "conflict")
        except StorageFullError:
            log.warning("gateway_full")
            return failure(OUT_OF_RESOURCES, "storage_full")
        except StorageError:
            log.exception("gateway_store_failed")
            return failure(OUT_OF_RESOURCES, "storage_failed")
        return success()


def make_listener(
    ae_title: str,
    receiving: Receiving,
    reading: Reading | None = None,
    *,
    bounds: Bounds | None = None,
) -> Listener:
    """Return the front machine as an application entity that devices of its hospital call, and
    with `reading` the stations of its doctors."""
    handlers: list[EventHandlerType] = [
        (evt.EVT_C_ECHO, lambda _event: 0),
        (evt.EVT_C_STORE, receiving.handle),
        (evt.EVT_REJECTED, _note_refused),
    ]
    services = [contexts.VERIFICATION]
    if reading is not None:
        services += _READING
        handlers += [
            (evt.EVT_C_FIND, reading.find),
            (evt.EVT_C_MOVE, reading.move),
            (evt.EVT_C_GET, reading.get),
        ]
    return Listener(
        ae_title,
        [
            *contexts.plain_contexts(services),
            *contexts.storage_contexts(as_scu=reading is not None),
        ],
        handlers,
        bounds=bounds or Bounds(),
        entity=SendingEntity(ae_title),
    )


def _note_refused(event: Event) -> None:
    requestor = event.assoc.requestor
    log.warning(
        "gateway_association_refused", calling=requestor.ae_title.strip(), address=requestor.address
    )
