"""The root key is rotated: out of the file, at no moment out of reach, the old one not needed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import time_machine

from server import checkpoints, clock, transfers
from server.archive import rotation
from server.cloud import ImageCloud, check_master_key, open_cloud
from server.keys import ROOT_KEY, KeyFileError, MasterKey
from server.model import DataKey
from tests.archive.conftest import Archive, contents, store_study
from tests.backends import BOTH
from tests.factories import make_institution


def lines(cloud: ImageCloud) -> list[str]:
    return cloud.settings.master_key_file.read_text().split()


@BOTH
@pytest.mark.requirement("F-32")
def test_the_old_root_is_needed_no_more(archive: Archive) -> None:
    cloud = archive.cloud
    study, hospital = store_study(cloud), make_institution(cloud)
    before = contents(cloud, study)
    with cloud.database.session() as session:
        institution_key = transfers.new_key(cloud, session, hospital).key_id
        secret = transfers.export_key(cloud, session, institution_key)
    sealed = cloud.master_key.seal("110105199003074579", "person")
    digest = cloud.master_key.keyed_hash("110105199003074579", "person")
    running = open_cloud(cloud.settings, immediate=True)
    (old_root,) = lines(cloud)

    done = rotation.rotate_root(cloud)
    assert lines(cloud) == ["wrapped", old_root, lines(cloud)[2]]
    with time_machine.travel(clock.now() + rotation.CALM, tick=False):
        rotation.retire(cloud)
    assert old_root not in cloud.settings.master_key_file.read_text()
    assert len(lines(cloud)) == 2
    check_master_key(open_cloud(cloud.settings, immediate=True))
    assert cloud.master_key.key_ids == (done.key_id,)
    for opened in (running, open_cloud(cloud.settings, immediate=True), cloud):
        assert opened.master_key.open(sealed, "person") == "110105199003074579"
        assert opened.master_key.keyed_hash("110105199003074579", "person") == digest
        assert contents(opened, study) == before
        with opened.database.session() as session:
            assert transfers.export_key(opened, session, institution_key) == secret
    newest = rotation.rotate_root(running)  # once more, by another process
    with time_machine.travel(clock.now() + rotation.CALM, tick=False):
        assert rotation.retire(running) == (done.key_id,)
    fresh = open_cloud(cloud.settings, immediate=True)
    assert fresh.master_key.key_ids == (newest.key_id,)
    assert fresh.master_key.open(sealed, "person") == "110105199003074579"
    assert contents(fresh, study) == before


@pytest.mark.requirement("F-32")
@pytest.mark.parametrize("step", ["add_wrapping_key", "wrap", "wrap_named", "take_root_out"])
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_nothing_is_lost_and_it_goes_on(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    cloud = archive.cloud
    study = store_study(cloud)
    before = contents(cloud, study)
    sealed = cloud.master_key.seal("a number", "person")
    (old_root,) = lines(cloud)
    whole = getattr(MasterKey, step)

    def dying(self: MasterKey, *given: object) -> object:
        if after:
            whole(self, *given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(MasterKey, step, dying)
        with pytest.raises(KeyboardInterrupt):
            rotation.rotate_root(cloud)
    left = open_cloud(cloud.settings, immediate=True)
    check_master_key(left)
    assert left.master_key.open(sealed, "person") == "a number"
    assert contents(left, study) == before
    rotation.rotate_root(left, fresh=len(left.master_key.key_ids) == 1)
    with time_machine.travel(clock.now() + rotation.CALM, tick=False):
        rotation.retire(left)
    assert old_root not in lines(left)
    fresh = open_cloud(cloud.settings, immediate=True)
    assert fresh.master_key.open(sealed, "person") == "a number"
    assert contents(fresh, study) == before


@pytest.mark.requirement("F-32")
def test_a_key_file_without_the_root_refuses_a_database_without_it(
    archive: Archive, tmp_path: Path
) -> None:
    cloud = archive.cloud
    kept = shutil.copy(cloud.settings.master_key_file, tmp_path / "older.key")
    rotation.rotate_root(cloud)
    with cloud.database.session() as session:
        session.delete(session.get_one(DataKey, ROOT_KEY))
    other = open_cloud(cloud.settings, immediate=True)
    with pytest.raises(KeyFileError, match="不配套"):
        check_master_key(other)
    shutil.copy(kept, cloud.settings.master_key_file)
    check_master_key(open_cloud(cloud.settings, immediate=True))


@pytest.mark.requirement("F-32")
def test_checkpoints_verify_after_the_root_was_rotated(archive: Archive) -> None:
    cloud = archive.cloud
    store_study(cloud)
    rotation.rotate(cloud)  # which is an entry of the audit log
    assert checkpoints.sign_head(cloud) is not None
    rotation.rotate_root(cloud)
    fresh = open_cloud(cloud.settings, immediate=True)
    with fresh.database.session() as session:
        assert checkpoints.verify_checkpoints(fresh, session).ok
