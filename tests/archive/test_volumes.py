"""Volumes that come while the product runs; studies that move between them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server import audit
from server.alarms import open_alarms
from server.archive.moves import DAMAGE_ALARM, NoVolumeError, finish_moves, move_study
from server.archive.volumes import (
    VolumeError,
    _stored_bytes,
    add_volume,
    change_volume,
    volume_uses,
    watch_levels,
)
from server.model import Study, Tier
from server.storage import ObjectColdError, ObjectDamagedError, StorageError
from server.storage.endpoints import ForeignEndpointError, check_endpoint
from server.storage.placed import placed_store
from tests.archive.conftest import (
    Archive,
    archive_of,
    contents,
    instances,
    store_instance,
    store_study,
)
from tests.backends import BOTH


def where(archive: Archive, key: str) -> list[str]:
    return [volume.name for volume in placed_store(archive.cloud).holders(key)]


@BOTH
@pytest.mark.requirement("D-05", "D-13")
def test_a_volume_is_added_without_restart_and_old_records_stay(archive: Archive) -> None:
    cloud = archive.cloud
    old = store_study(cloud)
    archive.add("disk-2", Tier.HOT)
    new = store_study(cloud)
    assert where(archive, instances(cloud, old)[0].object_key) == ["first"]
    assert where(archive, instances(cloud, new)[0].object_key) == ["disk-2"]
    assert contents(cloud, old) and contents(cloud, new)
    volume_id = placed_store(cloud).volumes()[1].volume_id
    change_volume(cloud, volume_id, writable=False, alarm_percent=55)
    newest = store_study(cloud)
    assert where(archive, instances(cloud, newest)[0].object_key) == ["first"]
    assert contents(cloud, new), "a volume that is closed for new objects is read on"
    with cloud.database.session() as session:
        assert volume_uses(cloud, session)[1].alarm_percent == 55
        assert audit.verify(session).ok
    keys = {one.object_key for study in (old, new, newest) for one in instances(cloud, study)}
    assert keys <= set(cloud.vault.store.keys("studies"))


@BOTH
@pytest.mark.requirement("D-14")
def test_what_a_volume_holds_counts_for_it_before_and_after_a_move(archive: Archive) -> None:
    cloud = archive.cloud
    old = store_study(cloud)
    second = archive.add("disk-2", Tier.HOT).volume_id
    archive.add("warm", Tier.WARM)
    new = store_study(cloud)
    change_volume(cloud, second, capacity_bytes=10**9)

    def sizes(study: Study) -> int:
        return sum(one.size for one in instances(cloud, study))

    def used() -> dict[str, int]:
        with cloud.database.session() as session:
            return _stored_bytes(session)

    assert {name: size for name, size in used().items() if size} == {
        "": sizes(old), second: sizes(new)
    }  # fmt: skip
    with cloud.database.session() as session:
        assert volume_uses(cloud, session)[1].used_bytes == sizes(new)
    move_study(cloud, new.study_id, Tier.WARM)
    assert used()[second] == 0 and sum(used().values()) == sizes(old) + sizes(new)


@BOTH
@pytest.mark.requirement("D-32", "K-08")
def test_a_study_goes_through_the_tiers_whole(archive: Archive) -> None:
    cloud = archive.cloud
    study = store_study(cloud)
    before, key = contents(cloud, study), instances(cloud, study)[0].object_key
    with pytest.raises(NoVolumeError):
        move_study(cloud, study.study_id, Tier.WARM)
    archive.add("warm", Tier.WARM)
    archive.add("tape", Tier.COLD)
    assert move_study(cloud, study.study_id, Tier.WARM) == 3
    assert where(archive, key) == ["warm"] and contents(cloud, study) == before
    assert move_study(cloud, study.study_id, Tier.WARM) == 0, "nothing is copied twice"
    move_study(cloud, study.study_id, Tier.COLD)
    assert where(archive, key) == ["tape"]
    with pytest.raises(ObjectColdError):
        contents(cloud, study)
    assert placed_store(cloud).get_anywhere(key)
    move_study(cloud, study.study_id, Tier.HOT)
    assert where(archive, key) == ["first"] and contents(cloud, study) == before


def test_another_process_that_remembers_the_old_place_finds_the_new(archive: Archive) -> None:
    from server.cloud import open_cloud

    cloud = archive.cloud
    study = store_study(cloud)
    other = open_cloud(cloud.settings, immediate=True)
    before = contents(other, study)
    archive.add("warm", Tier.WARM)
    archive.add("tape", Tier.COLD)
    move_study(cloud, study.study_id, Tier.WARM)
    assert contents(other, study) == before
    move_study(cloud, study.study_id, Tier.COLD)
    with pytest.raises(ObjectColdError):
        contents(other, study)
    move_study(cloud, study.study_id, Tier.HOT)
    assert contents(other, study) == before


class Crash(BaseException):
    """The process dies here."""


@pytest.mark.requirement("D-32")
@pytest.mark.parametrize("survived", range(12))
def test_a_move_that_dies_at_any_step_loses_nothing(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    """Every write, switch and deletion of the move is in turn the last thing that happens."""
    cloud = archive.cloud
    study = store_study(cloud, objects=1)
    before, key = contents(cloud, study), instances(cloud, study)[0].object_key
    archive.add("warm", Tier.WARM)
    steps = iter(range(100))

    def dying(act: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object) -> object:
            if next(steps) == survived:
                raise Crash
            return act(*arguments)

        return step

    with monkeypatch.context() as patched:
        for volume in placed_store(cloud).volumes():
            patched.setattr(volume.store, "put", dying(volume.store.put))
            patched.setattr(volume.store, "delete", dying(volume.store.delete))
        patched.setattr("server.archive.moves._switch", dying(_switch()))
        try:
            move_study(cloud, study.study_id, Tier.WARM)
        except Crash:
            assert contents(cloud, study) == before, "what was acknowledged is readable"
    finish_moves(cloud)
    assert contents(cloud, study) == before
    move_study(cloud, study.study_id, Tier.WARM)
    assert where(archive, key) == ["warm"] and contents(cloud, study) == before
    assert archive_of(cloud, study).sources_cleared


def _switch() -> Callable[..., object]:
    from server.archive import moves

    return moves._switch


@pytest.mark.requirement("D-32", "F-14")
def test_what_is_damaged_is_not_moved_and_raises_an_alarm(archive: Archive) -> None:
    cloud = archive.cloud
    study = store_study(cloud)
    archive.add("warm", Tier.WARM)
    key = instances(cloud, study)[0].object_key
    stored = bytearray(cloud.vault.store.get(key))
    stored[-1] ^= 1
    cloud.vault.store.put(key, bytes(stored))
    with pytest.raises(ObjectDamagedError):
        move_study(cloud, study.study_id, Tier.WARM)
    assert "first" in where(archive, key)
    with cloud.database.session() as session:
        assert [alarm.subject for alarm in open_alarms(session, DAMAGE_ALARM)] == [key]


def test_a_cold_study_that_grows_again_is_written_hot(archive: Archive) -> None:
    cloud = archive.cloud
    study = store_study(cloud)
    archive.add("tape", Tier.COLD)
    move_study(cloud, study.study_id, Tier.COLD)
    added = store_instance(cloud, study, b"an addendum")
    assert where(archive, added.object_key) == ["first"]
    move_study(cloud, study.study_id, Tier.HOT)
    assert len(contents(cloud, study)) == 3


@pytest.mark.requirement("D-14", "K-10")
def test_a_volume_over_its_threshold_raises_an_alarm_that_settles(archive: Archive) -> None:
    cloud = archive.cloud
    volume = add_volume(
        cloud, name="small", url=archive.store_url("small"), tier=Tier.HOT, capacity_bytes=100
    )
    study = store_study(cloud)
    move_study(cloud, study.study_id, Tier.HOT)
    store_instance(cloud, study, bytes(60))
    watch_levels(cloud)
    with cloud.database.session() as session:
        assert [alarm.subject for alarm in open_alarms(session, "storage_level")] == ["small"]
    change_volume(cloud, volume.volume_id, capacity_bytes=10_000)
    watch_levels(cloud)
    watch_levels(cloud)
    with cloud.database.session() as session:
        assert not [a for a in open_alarms(session, "storage_level") if a.subject == "small"]


@pytest.mark.requirement("D-54")
def test_a_store_outside_the_region_is_refused(archive: Archive) -> None:
    foreign = "s3://images?endpoint=https://s3.eu-central-1.example.com"
    with pytest.raises(ForeignEndpointError):
        add_volume(archive.cloud, name="abroad", url=foreign, tier=Tier.HOT)
    environ = {"AWS_ENDPOINT_URL": "https://s3.example.com"}
    for url in ("s3://images", "s3://images/prefix"):
        with pytest.raises(ForeignEndpointError):
            check_endpoint(url, environ=environ)
        with pytest.raises(ForeignEndpointError):
            check_endpoint(url, environ={})  # the public service of that name
        with pytest.raises(ForeignEndpointError):
            check_endpoint(url, ("notexample.com", "other.example.com"), environ)
        check_endpoint(url, ("example.com",), environ)
        check_endpoint(url, environ={"AWS_ENDPOINT": "https://10.20.30.40:9000"})
        check_endpoint(url, ("8.8.8.0/24",), {"AWS_ENDPOINT": "https://8.8.8.8"})
        with pytest.raises(ForeignEndpointError):
            check_endpoint(url, environ={"AWS_ENDPOINT": "https://8.8.8.8"})
    check_endpoint("file:///archive", environ={})
    for url in ("az://images/prefix", "gs://images"):  # which do not heed AWS_…
        with pytest.raises(ForeignEndpointError):
            check_endpoint(url, environ={"AWS_ENDPOINT": "https://10.20.30.40:9000"})


def test_a_volume_that_cannot_be_used_is_not_taken(archive: Archive) -> None:
    cloud = archive.cloud
    for url in ("file:///proc/none",):
        with pytest.raises((VolumeError, StorageError)):
            add_volume(cloud, name="broken", url=url, tier=Tier.HOT)
    with pytest.raises(VolumeError, match="凭据"):
        add_volume(cloud, name="open", url="s3://key:secret@bucket", tier=Tier.HOT)
    with pytest.raises(VolumeError, match="内存"):
        add_volume(cloud, name="forgetful", url="memory:///", tier=Tier.HOT)
    archive.add("twice", Tier.WARM)
    with pytest.raises(VolumeError):
        archive.add("twice", Tier.WARM)
    assert [volume.name for volume in placed_store(cloud).volumes()] == ["first", "twice"]
