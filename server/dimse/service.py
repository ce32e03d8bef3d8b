"""The centre's DICOM services put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from pynetdicom import evt
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext

from server.dimse import contexts
from server.dimse.calling import Callers
from server.dimse.commitment import Committing
from server.dimse.listener import Address, Bounds, Listener
from server.dimse.peers import Peer
from server.dimse.querying import Querying
from server.dimse.retrieving import Retrieving
from server.dimse.sending import SendingEntity
from server.dimse.storing import Storing
from server.dimse.tls import TlsFiles
from server.ingest import IngestLimits
from server.ingest.spool import FOLDER
from server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.cloud import ImageCloud

log = structlog.get_logger()
T = TypeVar("T")

_QUERIES = (
    contexts.VERIFICATION,
    contexts.STORAGE_COMMITMENT,
    contexts.PATIENT_ROOT_FIND,
    contexts.PATIENT_ROOT_MOVE,
    contexts.PATIENT_ROOT_GET,
    contexts.STUDY_ROOT_FIND,
    contexts.STUDY_ROOT_MOVE,
    contexts.STUDY_ROOT_GET,
)


@dataclass(frozen=True)
class Endpoints:
    """Where the centre listens: plain, TLS, or both; None is not at all (E-14)."""

    plain: Address | None
    encrypted: Address | None = None
    tls: TlsFiles | None = None


class DicomService:
    """The centre as an application entity, from `start` to `stop`."""

    def __init__(
        self,
        cloud: ImageCloud,
        peers: Sequence[Peer],
        ae_title: str,
        bounds: Bounds | None = None,
    ) -> None:
        callers = Callers(cloud, peers)
        self._storing = Storing(cloud, callers)
        self._committing = Committing(cloud, callers, ae_title)
        querying = Querying(cloud, callers, ae_title)
        retrieving = Retrieving(cloud, callers)
        self._listener = Listener(
            ae_title,
            _supported(),
            [
                (evt.EVT_C_ECHO, lambda _event: 0),
                (evt.EVT_C_STORE, _told(self._storing.handle)),
                (evt.EVT_C_FIND, _told_each(querying.handle)),
                (evt.EVT_C_MOVE, _told_each(retrieving.move)),
                (evt.EVT_C_GET, _told_each(retrieving.get)),
                (evt.EVT_N_ACTION, _told(self._committing.handle)),
                (evt.EVT_CONN_CLOSE, _told(self._storing.close)),
            ],
            # Without a peer nobody may call; an empty list would let everybody in.
            calling_ae_titles=[one.ae_title for one in peers] or ["-"],
            lets_in=callers.lets_in,
            bounds=bounds or bounds_of(cloud.settings),
            entity=SendingEntity(ae_title),
        )

    def start(self, endpoints: Endpoints) -> dict[str, int]:
        """Listen; return the ports. Raises OSError: port taken, certificates unusable."""
        ports = {}
        if endpoints.plain is not None:
            ports["plain"] = self._listener.listen(endpoints.plain)
        if endpoints.encrypted is not None and endpoints.tls is not None:
            ports["tls"] = self._listener.listen(endpoints.encrypted, endpoints.tls.context())
        self._committing.start()
        return ports

    def stop(self) -> None:
        """Let open associations end, then end the rest; deliveries are completed."""
        self._listener.stop()
        self._committing.stop()


def bounds_of(settings: Settings) -> Bounds:
    """Return how much callers may take up here."""
    return Bounds(
        object_bytes=IngestLimits.of(settings).object_bytes, folder=settings.home / FOLDER
    )


def _told(handler: Callable[[Event], T]) -> Callable[[Event], T]:
    """Log what goes wrong in a handler by file and line: pynetdicom's own words may quote values,
    and are silenced (portal.logs)."""

    def handle(event: Event) -> T:
        try:
            return handler(event)
        except Exception:
            log.exception("dicom_handler_failed", event_name=event.event.name)
            raise

    return handle


def _told_each(handler: Callable[[Event], Iterator[Any]]) -> Callable[[Event], Iterator[Any]]:
    """As `_told`, for handlers that give one answer after the other."""

    def handle(event: Event) -> Iterator[Any]:
        try:
            yield from handler(event)
        except Exception:
            log.exception("dicom_handler_failed", event_name=event.event.name)
            raise

    return handle


def _supported() -> list[PresentationContext]:
    return [*contexts.plain_contexts(_QUERIES), *contexts.storage_contexts(as_scu=True)]
