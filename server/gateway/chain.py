"""The chain of receptions (I-03): each object's digest, bound to all that came before it.

A link is the SHA-256 of the one before it, its number, and the digest of the object as the device
sent it. Whoever alters, drops or slips in a reception later has to make every link after it anew.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from server.ingest.spool import Buffer

DIGEST_HEADER = "Content-Digest"  # RFC 9530
RECEPTION_HEADER = "Yingyun-Reception"
FIRST = "0" * 64  # what comes before the first link
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]{44}):")
_HEX = r"[0-9a-f]{64}"
_RECEPTION = re.compile(
    rf"chain=([0-9a-f]{{32}}); sequence=([1-9][0-9]{{0,17}}); sha-256=({_HEX}); previous=({_HEX})"
)


class DigestError(ValueError):
    """A digest does not fit, or cannot be read; the message says which."""


@dataclass(frozen=True)
class Link:
    """One reception. `sha256` is of the object as it was received (PS3.10), in hex."""

    chain_id: str
    sequence: int
    sop_instance_uid: str
    sha256: str
    previous: str

    @property
    def digest(self) -> str:
        """Return the value of this link, in hex."""
        told = [
            self.previous,
            self.chain_id,
            str(self.sequence),
            self.sop_instance_uid,
            self.sha256,
        ]
        return hashlib.sha256("\n".join(told).encode("ascii")).hexdigest()


def headers_of(data: bytes, link: Link | None) -> dict[str, str]:
    """Return the headers of the part by which an object is uploaded."""
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")
    headers = {DIGEST_HEADER: f"sha-256=:{digest}:"}
    if link is not None:
        headers[RECEPTION_HEADER] = (
            f"chain={link.chain_id}; sequence={link.sequence}; sha-256={link.sha256}; "
            f"previous={link.previous}"
        )
    return headers


def check_digest(headers: Mapping[str, str], data: Buffer) -> None:
    """Compare an object with the digest that came with it, if one did. Raises DigestError.

    Other algorithms than SHA-256 are passed over, as RFC 9530 has it.
    """
    told = headers.get(DIGEST_HEADER.lower(), "")
    if not told:
        return
    found = _DIGEST.search(told)
    if found is None and "sha-256=" in told:
        raise DigestError("malformed digest")
    if found is None:
        return
    try:
        digest = base64.b64decode(found[1], validate=True)
    except binascii.Error as error:
        raise DigestError("malformed digest") from error
    if digest != hashlib.sha256(data).digest():
        raise DigestError("digest differs")


def read_link(headers: Mapping[str, str], sop_instance_uid: str) -> Link | None:
    """Return the reception that came with an object; None where none did. Raises DigestError."""
    told = headers.get(RECEPTION_HEADER.lower(), "")
    if not told:
        return None
    found = _RECEPTION.fullmatch(told)
    if found is None:
        raise DigestError("malformed reception")
    return Link(found[1], int(found[2]), sop_instance_uid, found[3], found[4])
