"""Backup, restore and the drill, on both databases."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select, text

from server import audit, backup
from server.archive import moves
from server.backup import BackupError
from server.cloud import ImageCloud
from server.keys import KeyFileError, MasterKey
from server.model import Person, Tier
from server.storage.verify import verify_storage
from tests.archive.conftest import Archive, contents, store_study
from tests.backends import BOTH


@BOTH
@pytest.mark.requirement("F-31", "K-11", "K-12")
def test_a_backup_is_restored_whole_and_the_drill_proves_it(
    archive: Archive, tmp_path: Path, new_database_url: Callable[[], str]
) -> None:
    cloud = archive.cloud
    folder, keys = tmp_path / "backup", tmp_path / "safe" / "keys"
    study, cold = store_study(cloud), store_study(cloud)
    archive.add("tape", Tier.COLD)
    moves.move_study(cloud, cold.study_id, Tier.COLD)
    taken = datetime.now(UTC)
    with time_machine.travel(taken, tick=False):
        first = backup.back_up(cloud, folder)
    later = store_study(cloud)
    second = backup.back_up(cloud, folder)
    assert (first.new_objects, second.new_objects) == (6, 3), "what is there is not copied again"
    backup.copy_keys(cloud, keys)
    assert keys.stat().st_mode & 0o777 == 0o600
    written = [path for path in folder.rglob("*") if path.is_file()]
    key_text = cloud.settings.master_key_file.read_bytes()
    assert not any(key_text in path.read_bytes() for path in written), "no keys in the backup"

    with time_machine.travel(datetime.fromisoformat(second.taken_at) + timedelta(minutes=30)):
        result = backup.drill(folder, cloud.settings, keys)
    assert result.ok and result.objects == 6 and result.audit_entries > 0
    assert 1800 <= result.rpo_seconds < 1900 and result.rto_seconds > 0
    assert contents(cloud, study), "the running product is untouched"

    home = tmp_path / "new" / "home"
    elsewhere = replace(
        cloud.settings,
        home=home,
        database_url=new_database_url() or f"sqlite:///{home / 'yingyun.db'}",
        object_store_url=archive.store_url("restored"),
        master_key_file=home / "secrets" / "master.key",
    )
    restored = backup.restore(folder, elsewhere, keys)
    for one in (study, cold, later):
        assert len(contents(restored, one)) == 2, "cold ones are at hand, too"
    assert verify_storage(restored).ok
    with restored.database.session() as session:
        assert audit.verify(session).ok
        assert len(session.scalars(select(Person)).all()) == 3
    with pytest.raises(BackupError, match="不为空"):
        backup.restore(folder, elsewhere, keys)


@pytest.fixture
def new_database_url(backend: str, request: pytest.FixtureRequest) -> Callable[[], str]:
    """Gives an empty PostgreSQL database where the test runs with one, else nothing."""
    from tests.backends import OUTGROWN, execute, named

    if backend != OUTGROWN:
        return str
    server = request.getfixturevalue("postgresql_template")

    def make() -> str:
        execute(server, "DROP DATABASE IF EXISTS restored")
        execute(server, "CREATE DATABASE restored")
        return named(server, "restored")

    return make


@pytest.fixture
def made(archive: Archive, tmp_path: Path) -> tuple[ImageCloud, Path, Path]:
    """A cloud with one study, its backup and its keys."""
    folder, keys = tmp_path / "backup", tmp_path / "keys"
    store_study(archive.cloud)
    backup.back_up(archive.cloud, folder)
    backup.copy_keys(archive.cloud, keys)
    return archive.cloud, folder, keys


@pytest.mark.requirement("F-31", "F-14")
def test_the_drill_finds_what_is_missing_or_altered(made: tuple[ImageCloud, Path, Path]) -> None:
    cloud, folder, keys = made
    stored = next((folder / "objects").rglob("instances/*"))
    sound = stored.read_bytes()
    stored.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    result = backup.drill(folder, cloud.settings, keys)
    assert not result.ok and len(result.faults) == 1
    stored.unlink()
    assert backup.drill(folder, cloud.settings, keys).faults == result.faults
    stored.write_bytes(sound)
    assert backup.drill(folder, cloud.settings, keys).ok


@pytest.mark.requirement("F-31", "F-32")
def test_the_wrong_keys_or_no_backup_are_refused(
    made: tuple[ImageCloud, Path, Path], tmp_path: Path
) -> None:
    cloud, folder, keys = made
    other = tmp_path / "other.key"
    MasterKey.from_file(other)
    with pytest.raises(KeyFileError):
        backup.drill(folder, cloud.settings, other)
    with pytest.raises(BackupError):
        backup.drill(tmp_path / "nothing", cloud.settings, keys)
    with pytest.raises(BackupError, match="密钥"):
        backup.copy_keys(cloud, folder / "master.key")
    (folder / "database.sqlite").unlink()
    with pytest.raises(BackupError):
        backup.drill(folder, cloud.settings, keys)


@pytest.mark.requirement("F-12")
def test_the_audit_log_is_backed_up_in_files_written_once(
    made: tuple[ImageCloud, Path, Path],
) -> None:
    cloud, folder, _ = made
    first = sorted(folder.glob("audit-*[0-9].jsonl"))
    before = [path.read_bytes() for path in first]
    with cloud.database.session() as session:
        audit.record(session, actor_kind="system", actor="test", event="something")
    backup.back_up(cloud, folder)
    files = sorted(folder.glob("audit-*[0-9].jsonl"))
    assert len(files) == len(first) + 1
    assert [path.read_bytes() for path in files[: len(first)]] == before
    lines = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    assert [line["sequence"] for line in lines] == list(range(1, len(lines) + 1))
    assert all(after["previous_hash"] == line["hash"] for line, after in itertools.pairwise(lines))
    with cloud.database.session() as session, pytest.raises(Exception, match="append-only"):
        session.execute(text("DELETE FROM audit_event WHERE sequence = 1"))
    shutil.rmtree(folder)
    assert backup.back_up(cloud, folder).audit_entries >= len(lines)
