"""The vault gives back exactly what was written, or says that it cannot."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore

from server.keys import MasterKey
from server.storage import (
    DataKeyDestroyedError,
    ObjectDamagedError,
    ObjectMissingError,
    ObjectStore,
    StorageError,
    Vault,
)
from server.storage.obstore_store import ObstoreStore, open_obstore
from server.storage.vault import CHUNK_BYTES
from tests.storage.conftest import MASTER_KEY, make_data_key

KEY = "studies/s/instances/i"
HEADER = 56
SEALED_CHUNK = CHUNK_BYTES + 16
DATA_KEY = make_data_key()
SIZES = st.one_of(
    st.integers(0, 300),
    st.integers(CHUNK_BYTES - 2, CHUNK_BYTES + 2),
    st.integers(2 * CHUNK_BYTES - 1, 2 * CHUNK_BYTES + 1),
)


def pattern(size: int) -> bytes:
    """Bytes of which no two places look alike, so that a shifted range is noticed."""
    numbers = b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1))
    return numbers[:size]


def memory_vault() -> Vault:
    return Vault(open_obstore("memory:///"), MASTER_KEY)


@pytest.mark.requirement("F-14")
@settings(max_examples=25, deadline=None)
@given(SIZES)
def test_gives_back_every_size(size: int) -> None:
    vault, data = memory_vault(), pattern(size)
    assert vault.write(DATA_KEY, KEY, data) == size
    assert vault.read(DATA_KEY, KEY) == data


@settings(max_examples=30, deadline=None)
@given(SIZES, st.data())
def test_gives_back_every_range(size: int, draw: st.DataObject) -> None:
    vault, data = memory_vault(), pattern(size)
    vault.write(DATA_KEY, KEY, data)
    start = draw.draw(st.one_of(st.integers(0, size + 5), st.just(CHUNK_BYTES - 1)))
    length = draw.draw(st.one_of(st.integers(0, 100), st.integers(0, size + 5)))
    assert vault.read_range(DATA_KEY, KEY, start, length) == data[start : start + length]


@pytest.mark.requirement("F-14")
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_flipped_bit_is_found(draw: st.DataObject) -> None:
    vault, data = memory_vault(), pattern(500)
    vault.write(DATA_KEY, KEY, data)
    stored = bytearray(vault.store.get(KEY))
    place = draw.draw(st.integers(0, len(stored) * 8 - 1))
    stored[place // 8] ^= 1 << place % 8
    vault.store.put(KEY, bytes(stored))
    with pytest.raises(ObjectDamagedError):
        vault.read(DATA_KEY, KEY)
    for start, length in ((0, 1), (100, 50), (500, 1), (10_000, 1)):
        with pytest.raises(ObjectDamagedError):
            vault.read_range(DATA_KEY, KEY, start, length)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, HEADER + 500 + 16 - 1))
def test_any_truncation_is_found(kept: int) -> None:
    vault, data = memory_vault(), pattern(500)
    vault.write(DATA_KEY, KEY, data)
    vault.store.put(KEY, vault.store.get(KEY)[:kept])
    with pytest.raises(ObjectDamagedError):
        vault.read(DATA_KEY, KEY)
    with pytest.raises(ObjectDamagedError):
        vault.read_range(DATA_KEY, KEY, 0, 500)


def chunks_of(stored: bytes) -> list[bytes]:
    body = stored[HEADER:]
    return [body[place : place + SEALED_CHUNK] for place in range(0, len(body), SEALED_CHUNK)]


def test_chunks_in_another_order_or_number_are_found() -> None:
    vault = memory_vault()
    vault.write(DATA_KEY, KEY, pattern(2 * CHUNK_BYTES))
    stored = vault.store.get(KEY)
    header, chunks = stored[:HEADER], chunks_of(stored)
    vault.store.put(KEY, header + b"".join(chunks))
    assert vault.read(DATA_KEY, KEY) == pattern(2 * CHUNK_BYTES)
    first, second = chunks
    for wrong in ([second, first], [first, first], [first], [first, second, second]):
        vault.store.put(KEY, header + b"".join(wrong))
        with pytest.raises(ObjectDamagedError):
            vault.read(DATA_KEY, KEY)


def test_a_shortened_object_with_a_matching_header_is_found() -> None:
    vault = memory_vault()
    vault.write(DATA_KEY, KEY, pattern(2 * CHUNK_BYTES))
    stored = vault.store.get(KEY)
    header = stored[:12] + CHUNK_BYTES.to_bytes(8, "big") + stored[20:HEADER]
    vault.store.put(KEY, header + chunks_of(stored)[0])
    with pytest.raises(ObjectDamagedError):
        vault.read(DATA_KEY, KEY)


@pytest.mark.requirement("F-14")
def test_an_object_under_another_key_or_data_key_is_found() -> None:
    vault = memory_vault()
    vault.write(DATA_KEY, KEY, b"one")
    vault.store.put("studies/s/instances/other", vault.store.get(KEY))
    with pytest.raises(ObjectDamagedError):
        vault.read(DATA_KEY, "studies/s/instances/other")
    other = make_data_key()
    other.wrapped_key = MASTER_KEY.wrap(bytes(32), f"data key {other.id}")
    with pytest.raises(ObjectDamagedError):
        vault.read(other, KEY)


def test_nothing_of_the_content_is_stored_in_clear(vault: Vault) -> None:
    content = b"PatientName Zhang San " * 4000
    vault.write(DATA_KEY, KEY, content)
    first = vault.store.get(KEY)
    assert b"Zhang" not in first
    vault.write(DATA_KEY, KEY, content)
    assert vault.store.get(KEY) != first, "the same content must not look the same twice"


def test_works_on_every_store_and_deletes(vault: Vault) -> None:
    vault.write(DATA_KEY, KEY, b"")
    assert vault.read(DATA_KEY, KEY) == b""
    vault.delete(KEY)
    with pytest.raises(ObjectMissingError):
        vault.read(DATA_KEY, KEY)
    with pytest.raises(ObjectMissingError):
        vault.read_range(DATA_KEY, KEY, 0, 1)


def test_a_destroyed_data_key_ends_its_objects(vault: Vault) -> None:
    data_key = make_data_key()
    vault.write(data_key, KEY, b"content")
    data_key.wrapped_key = None
    with pytest.raises(DataKeyDestroyedError):
        vault.read(data_key, KEY)


def test_another_master_key_is_told_apart_from_damage(store: ObjectStore) -> None:
    Vault(store, MASTER_KEY).write(DATA_KEY, KEY, b"content")
    other = MasterKey(bytes(32))
    with pytest.raises(StorageError, match=f"wrapped by master key {MASTER_KEY.key_id}") as caught:
        Vault(store, other).read(DATA_KEY, KEY)
    assert not isinstance(caught.value, ObjectDamagedError)


def test_a_negative_range_is_an_error_of_the_caller(vault: Vault) -> None:
    vault.write(DATA_KEY, KEY, b"content")
    for start, length in ((-1, 2), (0, -2)):
        with pytest.raises(ValueError, match="range"):
            vault.read_range(DATA_KEY, KEY, start, length)


class CountingStore(ObstoreStore):
    """Notes how many bytes are asked for."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.asked: list[int] = []

    def get_range(self, key: str, start: int, length: int) -> bytes:
        self.asked.append(length)
        return super().get_range(key, start, length)


def test_a_range_reads_only_the_chunks_it_touches() -> None:
    counting = CountingStore()
    vault = Vault(counting, MASTER_KEY)
    vault.write(DATA_KEY, KEY, bytes(5 * CHUNK_BYTES))
    vault.read_range(DATA_KEY, KEY, CHUNK_BYTES + 10, 100)
    vault.read_range(DATA_KEY, KEY, 2 * CHUNK_BYTES - 1, 2)
    assert counting.asked == [HEADER, SEALED_CHUNK, HEADER, 2 * SEALED_CHUNK]


def test_the_pattern_has_no_two_equal_windows() -> None:
    windows = [pattern(4000)[place : place + 8] for place in range(0, 3992, 4)]
    assert all(first != second for first, second in itertools.pairwise(windows))
