"""Damage is found by the scrub and repaired from the second store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from server.alarms import open_alarms
from server.archive import erasure, replica, scrub, tending
from server.archive.moves import move_study
from server.archive.records import archive_row
from server.archive.volumes import add_volume
from server.cloud import ImageCloud
from server.model import AuditEvent, DataKey, Instance, Study, Tier
from server.storage import StorageError, open_store
from server.storage.placed import placed_store
from server.storage.verify import verify_storage
from tests.archive.conftest import contents, instances, store_study
from tests.backends import BOTH

EVERYTHING = 10**9


def damage(cloud: ImageCloud, key: str) -> None:
    stored = bytearray(cloud.vault.store.get(key))
    stored[len(stored) // 2] ^= 0x10
    cloud.vault.store.put(key, bytes(stored))


@BOTH
@pytest.mark.requirement("F-19", "F-18")
def test_the_scrub_restores_damaged_and_lost_objects_from_the_copy(
    open_backend: Callable[..., ImageCloud], store_url: Callable[[str], str]
) -> None:
    cloud = open_backend(YINGYUN_REPLICA_STORE_URL=store_url("replica"))
    study = store_study(cloud, objects=3)
    before = contents(cloud, study)
    assert replica.pending(cloud) == 3
    tending.every_minute(cloud)
    assert replica.pending(cloud) == 0
    first, second, _ = instances(cloud, study)
    damage(cloud, first.object_key)
    cloud.vault.store.delete(second.object_key)
    result = scrub.scrub(cloud, EVERYTHING)
    assert (result.checked, len(result.faults), len(result.repaired)) == (3, 2, 2)
    assert contents(cloud, study) == before and verify_storage(cloud).ok
    with cloud.database.session() as session:
        assert not open_alarms(session)
        events = list(session.scalars(select(AuditEvent.event)))
    assert events.count("object_repaired") == 2


@pytest.mark.requirement("F-19", "F-14")
def test_damage_that_no_copy_mends_raises_an_alarm(
    open_backend: Callable[..., ImageCloud], store_url: Callable[[str], str]
) -> None:
    cloud = open_backend(YINGYUN_REPLICA_STORE_URL=store_url("replica"))
    study = store_study(cloud)
    key = instances(cloud, study)[0].object_key
    replica.copy_new(cloud)
    copies = open_store(store_url("replica"))
    sound = copies.get(key)
    copies.put(key, sound[:-1])
    damage(cloud, key)
    for _ in range(2):
        assert scrub.scrub(cloud, EVERYTHING).repaired == ()
    with cloud.database.session() as session:
        alarm = open_alarms(session, "object_damaged")[0]
        assert (alarm.subject, alarm.count) == (key, 2)
    copies.put(key, sound)
    verdict = verify_storage(cloud, mend=lambda *found: scrub.mend(cloud, *found))
    assert verdict.ok and verdict.repaired == 1
    with cloud.database.session() as session:
        assert not open_alarms(session), "repaired: the alarm is settled"


@pytest.mark.requirement("F-19")
def test_the_scrub_goes_on_where_it_ended(open_backend: Callable[..., ImageCloud]) -> None:
    cloud = open_backend()
    for _ in range(3):
        store_study(cloud, objects=1)
    size = 1
    seen = [scrub.scrub(cloud, size).checked for _ in range(5)]
    assert seen == [1, 1, 1, 0, 1], "one a time, then from the beginning"
    assert scrub.scrub(cloud, 0).checked == 0, "0 switches it off"


def test_a_replica_out_of_reach_holds_nobody_up(
    open_backend: Callable[..., ImageCloud], store_url: Callable[[str], str]
) -> None:
    cloud = open_backend(YINGYUN_REPLICA_STORE_URL="s3://copies?endpoint=https://s3.example.com")
    study = store_study(cloud)
    assert replica.copy_new(cloud) == 0
    assert contents(cloud, study)
    with cloud.database.session() as session:
        assert open_alarms(session, "replica_unreachable")


def test_what_was_erased_is_neither_a_fault_nor_copied(
    open_backend: Callable[..., ImageCloud], store_url: Callable[[str], str]
) -> None:
    cloud = open_backend(YINGYUN_REPLICA_STORE_URL=store_url("replica"))
    study, other = store_study(cloud), store_study(cloud)
    replica.copy_new(cloud)
    with cloud.database.session() as session:
        row = session.get_one(Study, study.study_id)
        erasure.erase_study(session, row, actor_kind="system", actor="test", reason="order")
        assert session.get_one(DataKey, study.data_key_id).wrapped_key is None
    tending.every_hour(cloud)
    copies = open_store(store_url("replica"))
    kept = {one.object_key for one in instances(cloud, other)}
    assert set(copies.keys("studies")) == kept, "gone from the second store, too"
    assert verify_storage(cloud).ok
    with cloud.database.session() as session:
        assert not open_alarms(session, "object_damaged")
        assert session.scalars(select(Instance)).all()


@pytest.mark.requirement("K-11", "F-32")
def test_what_fails_holds_up_neither_erasure_nor_backup(
    open_backend: Callable[..., ImageCloud],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = open_backend(YINGYUN_BACKUP_DIR=str(tmp_path / "backup"))
    add_volume(cloud, name="warm", url=f"file://{tmp_path}/warm", tier=Tier.WARM)
    study = store_study(cloud)
    key = instances(cloud, study)[0].object_key
    left = cloud.vault.store.get(key)
    move_study(cloud, study.study_id, Tier.WARM)
    with cloud.database.session() as session:
        # A crash left the source; before the move goes on, the study is erased.
        placed_store(cloud).volumes()[0].store.put(key, left)
        archive_row(session, study.study_id).sources_cleared = False
        row = session.get_one(Study, study.study_id)
        erasure.erase_study(session, row, actor_kind="system", actor="test", reason="order")

    def failing(*_arguments: object) -> None:
        raise StorageError("a store is away")

    monkeypatch.setattr(tending.scrub, "scrub", failing)
    with pytest.raises(StorageError, match="away"):
        tending.every_hour(cloud)
    assert not cloud.vault.store.exists(key)
    assert (tmp_path / "backup" / "backup.json").exists()
