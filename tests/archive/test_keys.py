"""The life of keys: rotation, transfer keys of institutions, crypto-erase; SM4 by choice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select

from server import audit, clock, transfers
from server import keys as keys_module
from server.archive import erasure, rotation
from server.cloud import ImageCloud, check_master_key, open_cloud
from server.keys import KeyFileError, MasterKey
from server.model import AuditEvent, DataKey, Study
from server.storage import DataKeyDestroyedError, ObjectDamagedError, ObjectMissingError
from tests.archive.conftest import Archive, contents, instances, store_study
from tests.backends import BOTH
from tests.factories import make_institution


def wrapping_ids(cloud: ImageCloud) -> set[str]:
    with cloud.database.session() as session:
        return set(session.scalars(select(DataKey.master_key_id)))


@BOTH
@pytest.mark.requirement("F-32")
def test_rotation_wraps_every_data_key_anew_and_objects_stay_readable(archive: Archive) -> None:
    cloud = archive.cloud
    studies = [store_study(cloud) for _ in range(3)]
    before = [contents(cloud, study) for study in studies]
    stored = cloud.vault.store.get(instances(cloud, studies[0])[0].object_key)
    running = open_cloud(cloud.settings, immediate=True)
    done = rotation.rotate(cloud)
    assert done.rewrapped == 3
    assert wrapping_ids(cloud) == {done.key_id}
    assert [contents(cloud, study) for study in studies] == before
    assert stored == cloud.vault.store.get(instances(cloud, studies[0])[0].object_key)
    assert [contents(running, study) for study in studies] == before, "without a restart"
    newest = store_study(running)
    assert wrapping_ids(running) == {done.key_id}, "a running process takes the new key"
    old = rotation.rotate(cloud).key_id
    with pytest.raises(KeyFileError, match="一小时"):
        rotation.retire(cloud)  # what a delivery commits late may be wrapped by the older key
    with time_machine.travel(clock.now() + rotation.CALM, tick=False):
        assert rotation.retire(cloud) == (done.key_id,)
    fresh = open_cloud(cloud.settings, immediate=True)
    check_master_key(fresh)
    assert contents(fresh, newest) and contents(fresh, studies[0]) == before[0]
    assert fresh.master_key.key_ids[1:] == (old,)
    with cloud.database.session() as session:
        assert rotation.wrapped_by(session) == {old: 4}
        assert audit.verify(session).ok


@pytest.mark.requirement("F-32")
def test_a_rotation_that_dies_goes_on(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = archive.cloud
    studies = [store_study(cloud) for _ in range(5)]
    monkeypatch.setattr(rotation, "_BATCH", 2)
    wrap, calls = MasterKey.wrap, []

    def dying(self: MasterKey, key: bytes, context: str) -> bytes:
        calls.append(context)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return wrap(self, key, context)

    with monkeypatch.context() as patched:
        patched.setattr(MasterKey, "wrap", dying)
        with pytest.raises(KeyboardInterrupt):
            rotation.rotate(cloud)
    assert len(wrapping_ids(cloud)) == 2, "half done"
    assert all(contents(cloud, study) for study in studies)
    assert rotation.rotate(cloud, fresh=False).rewrapped == 3
    assert len(wrapping_ids(cloud)) == 1
    assert all(contents(cloud, study) for study in studies)


@pytest.mark.requirement("F-32")
def test_a_key_that_still_wraps_something_is_not_retired(archive: Archive) -> None:
    cloud = archive.cloud
    cloud.master_key.add_wrapping_key()
    study = store_study(cloud)
    cloud.master_key.add_wrapping_key()
    assert rotation.retire(cloud) == ()
    assert contents(open_cloud(cloud.settings), study)


@pytest.mark.requirement("F-32")
def test_a_data_key_is_named_after_what_wrapped_it(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread notices a rotation between the wrapping and the naming."""
    cloud = archive.cloud
    encrypt = keys_module._encrypt

    def rotated_meanwhile(*given: object) -> bytes:
        sealed = encrypt(*given)  # type: ignore[arg-type]
        cloud.master_key.add_wrapping_key()
        return sealed

    before = cloud.master_key.key_id
    with monkeypatch.context() as patched, cloud.database.session() as session:
        patched.setattr(keys_module, "_encrypt", rotated_meanwhile)
        assert cloud.vault.new_data_key(session).master_key_id == before
    assert cloud.master_key.key_id != before


@pytest.mark.requirement("F-32")
def test_key_files_that_others_may_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    key = MasterKey.from_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    key.add_wrapping_key()
    assert path.stat().st_mode & 0o777 == 0o600
    assert MasterKey.from_file(path).key_ids == key.key_ids
    path.chmod(0o640)
    with pytest.raises(KeyFileError):
        MasterKey.from_file(path)
    with pytest.raises(KeyFileError):
        MasterKey(bytes(32)).add_wrapping_key()


@pytest.mark.requirement("D-07", "F-18", "F-38")
def test_transfer_keys_of_institutions(archive: Archive) -> None:
    cloud = archive.cloud
    ours, theirs = make_institution(cloud), make_institution(cloud)
    files = {"1.dcm": b"an image", "2.dcm": bytes(1000)}

    def seal(institution_code: str, key_id: str) -> bytes:
        with cloud.database.session() as session:
            key = transfers.export_key(cloud, session, key_id)
        return transfers.seal_package(
            files, institution_code=institution_code, key_id=key_id, key=key
        )

    def opened(package: bytes, code: str = ours.code) -> bytes:
        with cloud.database.session() as session:
            return transfers.open_package(cloud, session, package, institution_code=code)

    with cloud.database.session() as session:
        first = transfers.new_key(cloud, session, ours)
        other = transfers.new_key(cloud, session, theirs)
        with pytest.raises(transfers.TransferKeyError):
            transfers.new_key(cloud, session, ours)
    old = seal(ours.code, first.key_id)
    assert b"1.dcm" not in old and b"an image" in opened(old)
    with cloud.database.session() as session:
        second = transfers.change_key(cloud, session, ours)
        assert [key.key_id for key in transfers.list_keys(session, ours.id)][:1] != [first.key_id]
    new = seal(ours.code, second.key_id)
    assert opened(old) and opened(new), "what was sealed before the change can still be opened"
    rotation.rotate(cloud)
    assert opened(old)

    for spoilt in (old[:-1], old[:-9] + bytes([old[-9] ^ 1]) + old[-8:], b"x" + old, b""):
        with pytest.raises(transfers.PackageError):
            opened(spoilt)
    foreign = seal(theirs.code, other.key_id)
    with pytest.raises(transfers.PackageError):
        opened(foreign)
    with pytest.raises(transfers.PackageError, match="改动"):
        with cloud.database.session() as session:
            key = transfers.export_key(cloud, session, other.key_id)
        opened(
            transfers.seal_package(files, institution_code=ours.code, key_id=second.key_id, key=key)
        )
    with cloud.database.session() as session:
        transfers.destroy_key(session, first.key_id)
    with pytest.raises(transfers.PackageError, match="销毁"):
        opened(old)
    assert opened(new)
    with cloud.database.session() as session:
        events = set(session.scalars(select(AuditEvent.event)))
    life = {"generated", "exported", "retired", "destroyed"}
    assert {f"transfer_key_{step}" for step in life} <= events


@BOTH
@pytest.mark.requirement("F-32", "F-38")
def test_an_erased_study_cannot_be_read_from_any_copy(archive: Archive) -> None:
    cloud = archive.cloud
    gone, kept = store_study(cloud), store_study(cloud)
    key = instances(cloud, gone)[0].object_key
    copy = cloud.vault.store.get(key)
    with cloud.database.session() as session:
        study = session.get_one(Study, gone.study_id)
        erasure.erase_study(session, study, actor_kind="system", actor="test", reason="order 1")
    with pytest.raises(DataKeyDestroyedError):
        contents(cloud, gone)
    assert erasure.remove_erased(cloud) == 3
    with pytest.raises(ObjectMissingError):
        cloud.vault.store.get(key)
    with cloud.database.session() as session:
        data_key = session.get_one(DataKey, gone.data_key_id)
        assert data_key.wrapped_key is None and erasure.is_erased(session, gone.study_id)
    with pytest.raises(DataKeyDestroyedError):
        cloud.vault.unsealed(data_key, key, copy)
    assert contents(cloud, kept)
    with cloud.database.session() as session:
        count = erasure.erase_institution(
            session, kept.institution_id, actor_kind="system", actor="test", reason="order 2"
        )
    assert count == 1
    with pytest.raises(DataKeyDestroyedError):
        contents(cloud, kept)


@pytest.mark.requirement("F-28")
def test_new_objects_by_the_national_cipher_old_ones_still_readable(
    open_backend: Callable[..., ImageCloud],
) -> None:
    cloud = open_backend()
    old = store_study(cloud)
    national = open_backend_again(cloud, "SM4-GCM")
    new = store_study(national)
    for reader in (cloud, national):
        assert contents(reader, old) and contents(reader, new)
    key = instances(cloud, new)[0].object_key
    stored = bytearray(cloud.vault.store.get(key))
    assert stored[4] == 2 and new.study_id.encode() not in stored
    stored[-1] ^= 1
    cloud.vault.store.put(key, bytes(stored))
    with pytest.raises(ObjectDamagedError):
        contents(national, new)


def open_backend_again(cloud: ImageCloud, cipher: str) -> ImageCloud:
    from dataclasses import replace

    return open_cloud(replace(cloud.settings, storage_cipher=cipher), immediate=True)
