"""Signed checkpoints of the audit log: proof that the chain was not rewritten as a whole (F-13).

Whoever may write to the database could compute a new chain from the first entry on. He could not
make the chain agree with what was signed before, because the signing key comes from the master
key and the checkpoints lie apart from the database, in `audit-checkpoints.jsonl` of the home
folder. Each is logged too, so that a log centre holds a copy nobody here can change.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.audit import AuditVerdict
from server.keys import MasterKey
from server.model import AuditEvent, AuditHead

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

FILE_NAME = "audit-checkpoints.jsonl"
_PURPOSE = "audit checkpoints"
_DOMAIN = "yingyun audit checkpoint 1"


@dataclass(frozen=True)
class Checkpoint:
    """The chain's hash at one entry, at one time (ISO 8601), signed with Ed25519 (RFC 8032)."""

    sequence: int
    hash: str
    time: str
    signature: str

    def signed_bytes(self) -> bytes:
        """Return what the signature covers."""
        return f"{_DOMAIN}\n{self.sequence}\n{self.hash}\n{self.time}\n".encode()


def sign_head(cloud: ImageCloud) -> Checkpoint | None:
    """Sign the end of the chain as it is now; None when nothing came since the last checkpoint.

    Durable when it returns. Raises OSError, ValueError for a file that is not of checkpoints.
    """
    with cloud.database.session() as session:
        head = session.execute(select(AuditHead.sequence, AuditHead.hash)).one_or_none()
    known = read_checkpoints(_path(cloud))
    if head is None or (known and known[-1].sequence >= head.sequence):
        return None
    unsigned = Checkpoint(head.sequence, head.hash, clock.now().isoformat(), "")
    signature = _key(cloud.master_key).sign(unsigned.signed_bytes()).hex()
    signed = Checkpoint(unsigned.sequence, unsigned.hash, unsigned.time, signature)
    _append(_path(cloud), json.dumps(asdict(signed)))
    log.info("audit_checkpoint", **asdict(signed))
    return signed


def verify_checkpoints(cloud: ImageCloud, session: Session) -> AuditVerdict:
    """Check every signature, and that the chain is still the one that was signed (F-13)."""
    try:
        known = read_checkpoints(_path(cloud))
    except ValueError:
        return AuditVerdict(False, 0, 0, "检查点文件损坏 / the file of checkpoints is damaged")
    for checked, checkpoint in enumerate(known):
        fault = _fault(cloud.master_key, session, checkpoint)
        if fault:
            return AuditVerdict(False, checked, checkpoint.sequence, fault)
    return AuditVerdict(True, len(known))


def read_checkpoints(path: Path) -> list[Checkpoint]:
    """Return the checkpoints of a file, oldest first; none without a file. Raises ValueError."""
    if not path.exists():
        return []
    try:
        return [Checkpoint(**json.loads(line)) for line in path.read_text().splitlines()]
    except TypeError as error:
        raise ValueError("not a checkpoint") from error


def _fault(master_key: MasterKey, session: Session, checkpoint: Checkpoint) -> str:
    try:
        signature = bytes.fromhex(checkpoint.signature)
        _key(master_key).public_key().verify(signature, checkpoint.signed_bytes())
    except (ValueError, InvalidSignature):
        return "检查点签名无效 / the checkpoint's signature does not fit"
    kept = session.scalar(select(AuditEvent.hash).where(AuditEvent.sequence == checkpoint.sequence))
    if kept != checkpoint.hash:
        return "审计链被整体重写或截断 / the chain is not the one that was signed"
    return ""


def _key(master_key: MasterKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(master_key.secret(_PURPOSE))


def _path(cloud: ImageCloud) -> Path:
    return cloud.settings.home / FILE_NAME


def _append(path: Path, line: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
