"""What every object store promises, and what the folder promises of the disk."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.storage import (
    ObjectKeyError,
    ObjectMissingError,
    ObjectStore,
    StorageError,
    StorageFullError,
    open_store,
)
from server.storage.folder import FolderStore
from server.storage.obstore_store import ObstoreStore


def files_of(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_gives_back_what_was_put_whole_and_in_parts(store: ObjectStore) -> None:
    store.put("studies/a/x", b"0123456789")
    assert store.get("studies/a/x") == b"0123456789"
    assert store.get_range("studies/a/x", 3, 4) == b"3456"
    assert store.get_range("studies/a/x", 8, 100) == b"89"
    assert store.get_range("studies/a/x", 50, 5) == b""
    assert store.get_range("studies/a/x", 2, 0) == b""
    assert store.size("studies/a/x") == 10


def test_takes_an_object_in_parts_and_replaces_the_one_before(store: ObjectStore) -> None:
    store.put("a/x", b"old and longer")
    store.put("a/x", iter([b"ne", b"", b"w"]))
    assert store.get("a/x") == b"new"


def test_tells_when_an_object_was_stored(store: ObjectStore) -> None:
    store.put("a/x", b"1")
    assert abs(store.modified_at("a/x") - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.mark.parametrize("key", ["a", "a/b", "missing/thing"])
def test_names_a_missing_object(
    store: ObjectStore, key: str, request: pytest.FixtureRequest
) -> None:
    store.put("a/b/c", b"1")
    for look in (store.get, store.size, store.modified_at):
        with pytest.raises(ObjectMissingError):
            look(key)
    with pytest.raises(ObjectMissingError):
        store.get_range(key, 0, 1)
    assert not store.exists(key)
    # rclone keeps its keys as files and, unlike S3, refuses to delete what is a folder there.
    if "[s3-" not in request.node.name or key == "missing/thing":
        store.delete(key)
    assert store.exists("a/b/c")


def test_deletes(store: ObjectStore) -> None:
    store.put("a/x", b"1")
    store.delete("a/x")
    store.delete("a/x")
    assert not store.exists("a/x")


def test_lists_the_keys_below_a_folder(store: ObjectStore) -> None:
    for key in ("studies/a/x", "studies/a/y/z", "studies/ab/x", "other"):
        store.put(key, b"1")
    assert list(store.keys("studies/a")) == ["studies/a/x", "studies/a/y/z"]
    assert set(store.keys()) == {"studies/a/x", "studies/a/y/z", "studies/ab/x", "other"}
    assert list(store.keys("nothing")) == []


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "a/../../b", "..", "a//b", "a/.b", "a\\b", "a/b\0", "a/é", "a/"]
)
def test_refuses_a_key_that_could_leave_the_store(store: ObjectStore, key: str) -> None:
    for use in (store.get, store.delete, store.size, store.exists):
        with pytest.raises(ObjectKeyError):
            use(key)
    with pytest.raises(ObjectKeyError):
        store.put(key, b"1")


def _interrupted() -> Iterator[bytes]:
    yield b"half"
    raise RuntimeError("the sender is gone")


def test_an_interrupted_write_leaves_the_old_object_and_no_rest(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("a/x", b"old")
    with pytest.raises(RuntimeError, match="gone"):
        store.put("a/x", _interrupted())
    assert files_of(tmp_path) == ["a/x"]
    assert store.get("a/x") == b"old"


def test_a_full_disk_is_said_in_words_and_keeps_nothing(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(StorageFullError, match="存储空间已满"):
            store.put("a/x", bytes(2 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert files_of(tmp_path) == []


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "objects")
    store.put("a/x", b"1")
    assert (tmp_path / "objects" / "a" / "x").stat().st_mode & 0o077 == 0
    assert (tmp_path / "objects" / "a").stat().st_mode & 0o077 == 0


def test_sweeps_what_killed_writers_left(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("a/x", b"1")
    (tmp_path / ".incoming" / "left").write_bytes(b"half")
    assert store.sweep_incoming() == 0
    assert store.sweep_incoming(older_than_seconds=0) == 1
    assert files_of(tmp_path) == ["a/x"]
    assert list(store.keys()) == ["a/x"]


def test_the_address_chooses_the_store(tmp_path: Path) -> None:
    opened = open_store((tmp_path / "影像 objects").as_uri())
    assert isinstance(opened, FolderStore)
    assert opened.root == tmp_path / "影像 objects"
    assert isinstance(open_store("s3://bucket/prefix"), ObstoreStore)
    with pytest.raises(StorageError, match="ftp"):
        open_store("ftp://somewhere")
