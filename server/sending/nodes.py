"""The DICOM nodes that doctors may send to: one JSON file, none by default."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.listed import read_listed

LONGEST_NAME = 60
LONGEST_AE_TITLE = 16  # PS3.5 6.2, VR AE
HIGHEST_PORT = 65535
CALLING_AE_TITLE = "YINGYUN"


class NodesFileError(ValueError):
    """The file of nodes cannot be used; the message names the fault."""


@dataclass(frozen=True)
class DicomNode:
    """One node: what the page calls it, and where it listens (PS3.8).

    With `tls` the connection is TLS: the node's certificate is checked against `tls_ca_file`, or
    the system's authorities without one; ours is in `tls_certificate_file` and `tls_key_file`.
    """

    name: str
    ae_title: str
    host: str
    port: int
    calling_ae_title: str = CALLING_AE_TITLE
    tls: bool = False
    tls_ca_file: Path | None = None
    tls_certificate_file: Path | None = None
    tls_key_file: Path | None = None

    def tls_context(self) -> ssl.SSLContext | None:
        """Return what a TLS connection needs (PS3.15 B.9); None where the node has none.

        Raises OSError (ssl.SSLError among them) for certificates that cannot be read.
        """
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.tls_ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.tls_certificate_file is not None:
            context.load_cert_chain(self.tls_certificate_file, self.tls_key_file)
        return context


def load_nodes(path: Path | None) -> tuple[DicomNode, ...]:
    """Read the nodes' file, a JSON list; no path means no node.

    Raises NodesFileError for a file that is missing, malformed or names something twice.
    """
    return read_listed(path, read_node, NodesFileError)


def read_node(path: Path, row: dict[str, Any]) -> DicomNode:
    """Return the node of one row; files that it names lie beside `path`. Raises NodesFileError."""
    facts = dict(row)
    for key in ("tls_ca_file", "tls_certificate_file", "tls_key_file"):
        if facts.get(key) is not None:
            facts[key] = path.parent / str(facts[key])
    try:
        node = DicomNode(**facts)
    except TypeError as error:
        raise NodesFileError(f"{path}: {facts.get('name')!r}: {error}") from error
    fault = _fault(node)
    if fault:
        raise NodesFileError(f"{path}: {node.name!r}: {fault}")
    return node


def _fault(node: DicomNode) -> str:
    if not isinstance(node.name, str) or not 0 < len(node.name) <= LONGEST_NAME:
        return f"a name has 1 to {LONGEST_NAME} letters"
    for title in (node.ae_title, node.calling_ae_title):
        if not is_ae_title(title):
            return f"an AE title has 1 to {LONGEST_AE_TITLE} ASCII letters, not {title!r}"
    if not isinstance(node.host, str) or not node.host:
        return "host is missing"
    if type(node.port) is not int or not 0 < node.port <= HIGHEST_PORT:
        return f"port is a number from 1 to {HIGHEST_PORT}"
    return "" if isinstance(node.tls, bool) else "tls is true or false"


def is_ae_title(title: object) -> bool:
    """Whether this is an application entity title (PS3.5 6.2, VR AE)."""
    return (
        isinstance(title, str)
        and 0 < len(title.strip()) <= LONGEST_AE_TITLE
        and title.isascii()
        and title.isprintable()
        and "\\" not in title
    )
