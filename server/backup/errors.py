"""What can go wrong with a backup, in words."""

from __future__ import annotations


class BackupError(RuntimeError):
    """A backup or restore that cannot be done; the message says why, Chinese / English."""
