"""Backup, restore, and the drill that proves both (F-31, K-11, K-12).

A backup is a folder:

    backup.json            what it is: time, kind of database, entries of the audit log
    database.sqlite        or database.dump (pg_dump, custom format)
    audit-<from>.jsonl     the audit log, in files that are written once (F-12)
    audit-checkpoints.jsonl
    objects/…              the sealed objects, copied once, never rewritten

Keys are not in it: whoever has the backup alone can read nothing. `yingyun backup --keys` writes
them to another place.
"""

from server.backup.drilling import DrillResult, drill, note
from server.backup.errors import BackupError
from server.backup.making import BackupResult, back_up, copy_keys
from server.backup.restoring import restore

__all__ = [
    "BackupError",
    "BackupResult",
    "DrillResult",
    "back_up",
    "copy_keys",
    "drill",
    "note",
    "restore",
]
