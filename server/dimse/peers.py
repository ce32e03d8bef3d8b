"""Who may call the centre over DICOM: one JSON file; nobody by default."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.listed import read_listed
from server.sending.nodes import (
    LONGEST_NAME,
    DicomNode,
    NodesFileError,
    is_ae_title,
    read_node,
)
from server.settings import Network

SERVICES = frozenset({"store", "find", "retrieve", "commit"})
READING = frozenset({"find", "retrieve"})
_NODE_KEYS = frozenset({"host", "port", "tls", "tls_ca_file"})


class PeersFileError(ValueError):
    """The file of peers cannot be used; the message names the fault."""


@dataclass(frozen=True)
class Peer:
    """One application entity that calls: for whom it acts, what it may do, from where.

    `node` is where it listens itself, for C-MOVE and storage commitment; None where it does not.
    `networks` empty is from anywhere; `certificate_sha256` "" is any certificate of the authority.
    """

    name: str
    ae_title: str
    institution_code: str
    may: frozenset[str]
    networks: tuple[Network, ...] = ()
    certificate_sha256: str = ""
    node: DicomNode | None = None

    def calls_from(self, address: str) -> bool:
        """Whether the peer may call from an address."""
        here = ipaddress.ip_address(address)
        return not self.networks or any(here in one for one in self.networks)


def load_peers(path: Path | None, calling_ae_title: str) -> tuple[Peer, ...]:
    """Read the peers' file, a JSON list; no path means no peer.

    `calling_ae_title` is our own title where we call a peer. Raises PeersFileError.
    """
    peers = read_listed(path, lambda file, row: _peer(file, row, calling_ae_title), PeersFileError)
    if len({one.ae_title for one in peers}) != len(peers):
        raise PeersFileError(f"{path}: one AE title stands twice")
    return peers


def _peer(path: Path, row: dict[str, Any], calling_ae_title: str) -> Peer:
    facts = dict(row)
    name = facts.get("name")
    try:
        node = _node(path, facts, calling_ae_title)
        peer = Peer(
            name=str(facts.pop("name")),
            ae_title=str(facts.pop("ae_title")).strip(),
            institution_code=str(facts.pop("institution")),
            may=frozenset(facts.pop("may")),
            networks=tuple(ipaddress.ip_network(one) for one in facts.pop("networks", ())),
            certificate_sha256=str(facts.pop("certificate_sha256", "")).replace(":", "").lower(),
            node=node,
        )
    except KeyError as error:
        raise PeersFileError(f"{path}: {name!r}: {error.args[0]} is missing") from error
    except (TypeError, ValueError) as error:
        raise PeersFileError(f"{path}: {name!r}: {error}") from error
    fault = _fault(peer, frozenset(facts))
    if fault:
        raise PeersFileError(f"{path}: {name!r}: {fault}")
    return peer


def _node(path: Path, facts: dict[str, Any], calling_ae_title: str) -> DicomNode | None:
    given = {key: facts.pop(key) for key in _NODE_KEYS & facts.keys()}
    if "host" not in given:
        return None
    row = given | {
        "name": facts["name"],
        "ae_title": facts["ae_title"],
        "calling_ae_title": calling_ae_title,
    }
    try:
        return read_node(path, row)
    except NodesFileError as error:
        raise PeersFileError(str(error)) from error


def _fault(peer: Peer, unknown: frozenset[str]) -> str:
    if unknown:
        return f"unknown: {', '.join(sorted(unknown))}"
    if not 0 < len(peer.name) <= LONGEST_NAME:
        return f"a name has 1 to {LONGEST_NAME} letters"
    if not is_ae_title(peer.ae_title):
        return "the AE title is none"
    if not peer.may <= SERVICES:
        return f"may is made of {', '.join(sorted(SERVICES))}"
    if peer.may & READING and not (peer.networks or peer.certificate_sha256):
        # An AE title is no proof: anybody can say it.
        return "who finds or retrieves needs networks or certificate_sha256"
    return ""
