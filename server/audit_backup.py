"""The audit log's backup: every day what is new, sealed, into the object store (F-12).

A part holds the entries after those of the part before, one JSON object a line, and is never
written again. Neither parts nor entries are ever removed by the product: 184 days and more are
kept because all are (the database itself refuses to delete an entry).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import AuditVerdict, canonical_entry
from server.model import AuditEvent

if TYPE_CHECKING:
    from server.cloud import ImageCloud

FOLDER = "audit-backup"
KEPT_DAYS = 184
_PART = 5000
_CONTEXT = "audit backup"


def back_up(cloud: ImageCloud) -> int:
    """Write the entries that no part holds yet; return how many. Raises StorageError."""
    written = 0
    while part := _next_entries(cloud):
        first, last = part[0]["sequence"], part[-1]["sequence"]
        lines = "\n".join(json.dumps(one, ensure_ascii=False, sort_keys=True) for one in part)
        key = f"{FOLDER}/{first:012d}-{last:012d}"
        cloud.vault.store.put(key, cloud.master_key.seal(lines, _CONTEXT))
        written += len(part)
    return written


def backed_up(cloud: ImageCloud) -> Iterator[dict[str, Any]]:
    """Return the entries of the backup in their order. Raises StorageError, SealBrokenError."""
    for key in _parts(cloud):
        lines = cloud.master_key.open(cloud.vault.store.get(key), _CONTEXT)
        yield from map(json.loads, lines.splitlines())


def verify_backup(cloud: ImageCloud, session: Session) -> AuditVerdict:
    """Compare the backup with the log, entry by entry; names the first that differs or is missing
    in either."""
    entries = session.scalars(
        select(AuditEvent).order_by(AuditEvent.sequence).execution_options(yield_per=_PART)
    )
    checked = 0
    log = iter(entries)
    for kept in backed_up(cloud):
        entry = next(log, None)
        if entry is None or canonical_entry(entry) != kept:
            what = "与备份不一致 / is not as it was backed up"
            return AuditVerdict(False, checked, checked + 1, what)
        checked += 1
    return AuditVerdict(True, checked)


def _parts(cloud: ImageCloud) -> list[str]:
    return sorted(cloud.vault.store.keys(FOLDER))


def _next_entries(cloud: ImageCloud) -> list[dict[str, Any]]:
    parts = _parts(cloud)
    last = int(parts[-1].rpartition("-")[2]) if parts else 0
    with cloud.database.session() as session:
        entries = session.scalars(
            select(AuditEvent).where(AuditEvent.sequence > last).order_by(AuditEvent.sequence)
        )
        return [canonical_entry(one) for one in islice(entries, _PART)]
