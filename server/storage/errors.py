"""What can go wrong with stored objects, in words."""

from __future__ import annotations


class StorageError(Exception):
    """The store could not do what was asked; the message says why."""


class ObjectKeyError(StorageError):
    """An object key is not made of plain names, so it could leave the store."""


class ObjectMissingError(StorageError):
    """There is no object of this key."""


class ObjectColdError(StorageError):
    """The object lies in cold storage and has to be recalled first (server.archive.recalls)."""


class ObjectDamagedError(StorageError):
    """An object is not, byte for byte, what was written under its key."""


class StorageFullError(StorageError):
    """There is no room for the object; nothing of it was kept."""


class DataKeyDestroyedError(StorageError):
    """The data key was destroyed, so its objects can never be read again (F-32)."""
