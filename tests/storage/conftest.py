"""A vault in a folder, and one on obstore's memory store: the same tests for both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from server import settings
from server.keys import MasterKey
from server.model import DataKey, opaque_id
from server.settings import Settings
from server.storage import ObjectStore, Vault
from server.storage.folder import FolderStore
from server.storage.obstore_store import ObstoreStore

MASTER_KEY = MasterKey(bytes(range(32)))


def make_data_key(master_key: MasterKey = MASTER_KEY) -> DataKey:
    key_id = opaque_id()
    wrapped = master_key.wrap(bytes(range(1, 33)), f"data key {key_id}")
    return DataKey(id=key_id, master_key_id=master_key.key_id, wrapped_key=wrapped)


@pytest.fixture(params=["folder", "obstore"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    yield (
        FolderStore(tmp_path / "objects")
        if request.param == "folder"
        else ObstoreStore(MemoryStore())
    )


@pytest.fixture
def vault(store: ObjectStore) -> Vault:
    return Vault(store, MASTER_KEY)


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return settings.load({"YINGYUN_HOME": str(tmp_path / "home")})
