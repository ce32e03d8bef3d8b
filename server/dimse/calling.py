"""Who calls: the peer behind an association, and the institution for which it acts."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from pynetdicom.association import Association
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from server import audit
from server.archive.erasure import not_erased
from server.dimse.peers import Peer
from server.model import Institution, Study

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

NOT_AUTHORISED = 0x0124  # PS3.7 C.4.1: Refused, not authorised


class NotAuthorisedError(Exception):
    """The caller may not do this; `reason` is a word for machines."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Caller:
    """A known peer that calls from where it may, and its institution."""

    peer: Peer
    institution_id: int
    source: str

    @property
    def actor(self) -> str:
        """Return how the audit log calls it."""
        return f"ae:{self.peer.ae_title}"

    def sees(self) -> ColumnElement[bool]:
        """Return the condition for the studies of the caller's own institution that still are."""
        return and_(Study.institution_id == self.institution_id, not_erased())


class Callers:
    """Looks up who calls, each time anew: an institution may end while an association lasts."""

    def __init__(self, cloud: ImageCloud, peers: Sequence[Peer]) -> None:
        self._cloud = cloud
        self._peers = {one.ae_title: one for one in peers}

    @property
    def peers(self) -> tuple[Peer, ...]:
        """Return all peers."""
        return tuple(self._peers.values())

    def lets_in(self, address: str) -> bool:
        """Whether any peer may call from an address."""
        return any(one.calls_from(address) for one in self.peers)

    def caller(self, association: Association, service: str) -> Caller:
        """Return who calls, and may use a service. Raises NotAuthorisedError; that is audited."""
        title = association.requestor.ae_title.strip()
        source = association.requestor.address or ""
        try:
            with self._cloud.database.session() as session:
                return self._caller(session, association, title, source, service)
        except NotAuthorisedError as refusal:
            log.warning("dicom_not_authorised", service=service, reason=refusal.reason)
            with self._cloud.database.session() as session:
                audit.record(
                    session,
                    actor_kind="dicom",
                    actor=f"ae:{title}",
                    event=f"dicom.{service}",
                    result="failure",
                    reason=refusal.reason,
                    source=source,
                )
            raise

    def _caller(
        self, session: Session, association: Association, title: str, source: str, service: str
    ) -> Caller:
        peer = self._peers.get(title)
        if peer is None:
            raise NotAuthorisedError("unknown_peer")
        if not peer.calls_from(source):
            raise NotAuthorisedError("address")
        if peer.certificate_sha256 and _certificate(association) != peer.certificate_sha256:
            raise NotAuthorisedError("certificate")
        if service not in peer.may:
            raise NotAuthorisedError("service")
        institution = session.scalar(
            select(Institution.id).where(
                Institution.code == peer.institution_code, Institution.ended_at.is_(None)
            )
        )
        if institution is None:
            raise NotAuthorisedError("institution")
        return Caller(peer, institution, source)


def _certificate(association: Association) -> str:
    """Return the SHA-256 (hex) of the certificate that the caller showed; "" without TLS."""
    carrier = association.dul.socket
    connection = None if carrier is None else carrier.socket
    if not isinstance(connection, ssl.SSLSocket):
        return ""
    shown = connection.getpeercert(binary_form=True)
    return hashlib.sha256(shown).hexdigest() if shown else ""
