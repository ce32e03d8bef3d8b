"""Where bytes are kept: object stores, and the vault that encrypts what goes into them."""

from server.storage.errors import (
    DataKeyDestroyedError,
    ObjectColdError,
    ObjectDamagedError,
    ObjectKeyError,
    ObjectMissingError,
    StorageError,
    StorageFullError,
)
from server.storage.store import ObjectStore, open_store
from server.storage.vault import Vault

__all__ = [
    "DataKeyDestroyedError",
    "ObjectColdError",
    "ObjectDamagedError",
    "ObjectKeyError",
    "ObjectMissingError",
    "ObjectStore",
    "StorageError",
    "StorageFullError",
    "Vault",
    "open_store",
]
