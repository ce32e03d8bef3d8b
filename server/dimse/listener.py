"""Listening for associations: plain, TLS or both; bounded, with time-outs, stopped gracefully."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import structlog
from pynetdicom import AE, _config, evt
from pynetdicom.events import Event, EventHandlerType
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import ThreadedAssociationServer

from server.dicom_file import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from server.dimse.files import BoundedMessages

log = structlog.get_logger()

# pynetdicom would write what is asked for and answered, patients' names, into its log.
_config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
_config.LOG_HANDLER_LEVEL = "none"

Address = tuple[str, int]
HANDSHAKE_SECONDS = 10
STOP_SECONDS = 8.0
LONGEST_REQUEST = 1 << 20  # an A-ASSOCIATE-RQ of 128 contexts, each with dozens of syntaxes


@dataclass(frozen=True)
class Bounds:
    """How much callers may take up (PS3.8 9.1); time-outs in seconds."""

    associations: int = 20
    acse: int = 20
    dimse: int = 90
    network: int = 60
    pdu_bytes: int = 1 << 18
    object_bytes: int = 1 << 30
    folder: Path | None = None  # where large objects lie while they come in


class _Server(ThreadedAssociationServer):
    """Takes connections; the handshake of TLS holds up nobody but its own connection."""

    ae: AE
    lets_in: Callable[[str], bool]

    def get_request(self) -> tuple[socket.socket, Any]:
        assert self.socket is not None
        connection, address = self.socket.accept()
        connection.settimeout(HANDSHAKE_SECONDS)
        if self.ssl_context is not None:
            connection = self.ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002
        return self.lets_in(str(client_address[0]))

    def finish_request(self, request: Any, client_address: Any) -> None:
        if isinstance(request, ssl.SSLSocket):
            try:
                request.do_handshake()
            except OSError as error:
                log.info("dicom_tls_refused", reason=getattr(error, "reason", "handshake"))
                self.shutdown_request(request)
                return
        request.settimeout(self.ae.network_timeout)
        super().finish_request(request, client_address)


class Listener:
    """An application entity that answers. `addresses` with a TLS context or None each."""

    def __init__(
        self,
        ae_title: str,
        contexts: Sequence[PresentationContext],
        handlers: Sequence[EventHandlerType],
        *,
        calling_ae_titles: Sequence[str] = (),
        lets_in: Callable[[str], bool] = lambda _address: True,
        bounds: Bounds | None = None,
        entity: AE | None = None,
    ) -> None:
        bounds = bounds or Bounds()
        self.entity = entity or AE(ae_title)
        self.entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        self.entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        self.entity.require_called_aet = True
        self.entity.require_calling_aet = list(calling_ae_titles)
        self.entity.maximum_associations = bounds.associations
        self.entity.maximum_pdu_size = bounds.pdu_bytes
        self.entity.acse_timeout = self.entity.connection_timeout = bounds.acse
        self.entity.dimse_timeout, self.entity.network_timeout = bounds.dimse, bounds.network
        # Not `supported_contexts` of the entity, which forgets the roles.
        self._contexts = list(contexts)
        self._bounds = bounds
        self._handlers = [*handlers, (evt.EVT_CONN_OPEN, self._bound)]
        self._lets_in = lets_in
        self._servers: list[_Server] = []

    def limit_callers(self, ae_titles: Sequence[str]) -> None:
        """Refuse from now on associations of other calling AE titles (PS3.8 7.1.1.4, reason 3);
        none lets every title in."""
        self.entity.require_calling_aet = list(ae_titles)

    def listen(self, address: Address, tls: ssl.SSLContext | None = None) -> int:
        """Begin to listen; return the port. Raises OSError where the port is taken."""
        made = self.entity.make_server(
            address,
            ae_title=self.entity.ae_title,
            contexts=self._contexts,
            ssl_context=tls,
            evt_handlers=self._handlers,
            server_class=_Server,
        )
        assert isinstance(made, _Server)
        made.lets_in = self._lets_in
        self.entity._servers.append(made)  # where `shutdown` takes it out again
        Thread(target=made.serve_forever, name="dicom-listener", daemon=True).start()
        self._servers.append(made)
        return int(made.server_address[1])

    def _bound(self, event: Event) -> None:
        """Bound what a caller may send, before its first byte is read."""
        association, bounds = event.assoc, self._bounds
        association.dimse = BoundedMessages(association, bounds.object_bytes, bounds.folder)
        connection = association.dul.socket
        assert connection is not None
        receive = connection.recv

        def receive_bounded(count: int) -> bytearray:
            # The length of a PDU is the caller's word; longer than agreed is none (PS3.8 D.1).
            if count > max(bounds.pdu_bytes, LONGEST_REQUEST):
                log.warning("dicom_pdu_too_long", bytes=count)
                raise OSError("the PDU is longer than was agreed")
            return bytearray(receive(count))

        vars(connection)["recv"] = receive_bounded

    def stop(self, patience: float = STOP_SECONDS) -> None:
        """Take no more associations, let the open ones end for a while, then abort them."""
        for server in self._servers:
            server.shutdown()
        self._servers.clear()
        end = time.monotonic() + patience
        while self.entity.active_associations and time.monotonic() < end:
            time.sleep(0.05)
        for association in self.entity.active_associations:
            association.abort()
