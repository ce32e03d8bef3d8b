"""The lines between institutions and the centre: kept and tried; an alarm when one fails (D-08)."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.uid import UID
from pynetdicom import AE
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server import alarms, clock
from server.centre.acting import Actor, OutOfReachError
from server.model import LinkKind, LinkState, TransferLink
from server.sending.nodes import CALLING_AE_TITLE

if TYPE_CHECKING:
    from server.cloud import ImageCloud

ALARM = "link_down"
# Why a line is down, for people.
REASONS = {
    "timeout": ("对方没有回应", "no answer"),
    "refused": ("对方拒绝连接", "the connection was refused"),
    "unreachable": ("网络到不了对方", "there is no way to it"),
    "no_association": ("对方不接受 DICOM 连接", "no DICOM association"),
    "no_echo": ("对方没有答复 C-ECHO", "C-ECHO was not answered"),
}
SECONDS = 5.0
VERIFICATION = UID("1.2.840.10008.1.1")  # PS3.4 A.4
_HOST = re.compile(r"[0-9A-Za-z.:_-]{1,200}")
_AE_TITLE = re.compile(r"[ -\[\]-~]{1,16}")
_HIGHEST_PORT = 65535

Try = Callable[[TransferLink], str]


class LinkError(ValueError):
    """These facts make no link; `field` is the one that is wrong."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True)
class LinkFacts:
    """What is kept of a link; `bandwidth_mbps` is what is rented, in Mbit/s, 0 for unknown."""

    name: str
    kind: LinkKind
    host: str
    port: int
    ae_title: str = ""
    bandwidth_mbps: int = 0


def links(session: Session, actor: Actor) -> Sequence[TransferLink]:
    """Return the links that an actor reaches, failing ones first."""
    wanted = select(TransferLink).options(joinedload(TransferLink.institution))
    if actor.scope is not None:
        wanted = wanted.where(TransferLink.institution_id == actor.scope)
    order = (TransferLink.down_since.is_(None), TransferLink.institution_id, TransferLink.name)
    return session.scalars(wanted.order_by(*order)).all()


def find(session: Session, actor: Actor, link_id: str) -> TransferLink:
    """Return a link. Raises OutOfReachError."""
    found = session.get(TransferLink, link_id)
    if found is None:
        raise OutOfReachError
    actor.must_reach(found.institution_id)
    return found


def add(session: Session, actor: Actor, institution_id: int, facts: LinkFacts) -> TransferLink:
    """Add a link of an institution, audited; it is tried with the next round. Raises LinkError."""
    actor.must_reach(institution_id)
    _check(facts)
    made = TransferLink(institution_id=institution_id, **vars(facts))
    session.add(made)
    session.flush()
    actor.note(session, "link.add", "link", made.link_id, {"institution": institution_id})
    return made


def change(session: Session, actor: Actor, link_id: str, facts: LinkFacts) -> TransferLink:
    """Change a link; until it is tried again its state is unknown. Raises LinkError."""
    found = find(session, actor, link_id)
    _check(facts)
    for name, value in vars(facts).items():
        setattr(found, name, value)
    _forget(session, found)
    found.state, found.checked_at = LinkState.UNKNOWN, None
    actor.note(session, "link.change", "link", link_id, {"institution": found.institution_id})
    return found


def remove(session: Session, actor: Actor, link_id: str) -> None:
    """Delete a link and close its alarm, audited. Raises OutOfReachError."""
    found = find(session, actor, link_id)
    _forget(session, found)
    session.delete(found)
    actor.note(session, "link.remove", "link", link_id, {"institution": found.institution_id})


def check_all(cloud: ImageCloud, attempt: Try | None = None) -> int:
    """Try every link; raise an alarm for each that fails and close those that work again.

    Returns how many fail. Nothing is held open in the database while a line is tried.
    """
    with cloud.database.session() as session:
        wanted = session.scalars(select(TransferLink)).all()
        session.expunge_all()
    failing = 0
    for link in wanted:
        failure = (attempt or try_link)(link)
        failing += bool(failure)
        with cloud.database.session() as session:
            current = session.get(TransferLink, link.link_id)
            if current is not None:
                _judge(session, current, failure)
    return failing


def try_link(link: TransferLink) -> str:
    """Return "" where the other end answers, else why not: a key of `REASONS`."""
    return _echo(link) if link.kind == LinkKind.DICOM else _connect(link)


def _connect(link: TransferLink) -> str:
    try:
        socket.create_connection((link.host, link.port), timeout=SECONDS).close()
    except TimeoutError:
        return "timeout"
    except ConnectionRefusedError:
        return "refused"
    except (OSError, UnicodeError):
        return "unreachable"
    return ""


def _echo(link: TransferLink) -> str:
    entity = AE(ae_title=CALLING_AE_TITLE)
    entity.add_requested_context(VERIFICATION)
    entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = SECONDS
    association = entity.associate(link.host, link.port, ae_title=link.ae_title)
    if not association.is_established:
        return "no_association"
    try:
        status = association.send_c_echo()
        return "" if status and status.Status == 0 else "no_echo"
    finally:
        association.release()


def _judge(session: Session, link: TransferLink, failure: str) -> None:
    now = clock.now()
    link.checked_at, link.failure = now, failure
    link.state = LinkState.DOWN if failure else LinkState.UP
    if not failure:
        _forget(session, link)
        return
    link.down_since = link.down_since or now
    whose = link.institution.name
    reason, english = REASONS[failure]
    words = (
        f"传输链路“{link.name}”（{whose}）不通：{reason}。请联系机构或线路运营商 / "
        f"The line {link.name} of {whose} is down: {english}"
    )
    alarms.raise_alarm(session, ALARM, link.link_id, words)


def _forget(session: Session, link: TransferLink) -> None:
    link.down_since, link.failure = None, ""
    alarms.settle(session, ALARM, link.link_id)


def _check(facts: LinkFacts) -> None:
    if not 0 < len(facts.name.strip()) <= 100:
        raise LinkError("name")
    if not _HOST.fullmatch(facts.host):
        raise LinkError("host")
    if not 0 < facts.port <= _HIGHEST_PORT:
        raise LinkError("port")
    if facts.kind is LinkKind.DICOM and not _AE_TITLE.fullmatch(facts.ae_title.strip()):
        raise LinkError("ae_title")
    if not 0 <= facts.bandwidth_mbps <= 1_000_000:
        raise LinkError("bandwidth_mbps")
