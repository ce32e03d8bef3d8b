"""A vault in a folder, on obstore's memory store, and on a real S3: the same tests for all."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from server import settings
from server.keys import MasterKey
from server.model import DataKey, opaque_id
from server.settings import Settings
from server.storage import ObjectStore, Vault, open_store
from server.storage.folder import FolderStore
from server.storage.obstore_store import ObstoreStore
from tests import s3
from tests.backends import s3_url

__all__ = ["s3_url"]

_numbers = itertools.count(1)
MASTER_KEY = MasterKey(bytes(range(32)))


def make_data_key(master_key: MasterKey = MASTER_KEY) -> DataKey:
    key_id = opaque_id()
    wrapped = master_key.wrap(bytes(range(1, 33)), f"data key {key_id}")
    return DataKey(id=key_id, master_key_id=master_key.key_id, wrapped_key=wrapped)


@pytest.fixture(params=["folder", "obstore", "s3"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ObjectStore:
    if request.param == "folder":
        return FolderStore(tmp_path / "objects")
    if request.param == "obstore":
        return ObstoreStore(MemoryStore())
    for name, value in s3.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return open_store(s3.below(request.getfixturevalue("s3_url"), f"store-{next(_numbers)}"))


@pytest.fixture
def vault(store: ObjectStore) -> Vault:
    return Vault(store, MASTER_KEY)


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return settings.load({"YINGYUN_HOME": str(tmp_path / "home")})
