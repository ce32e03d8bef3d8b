"""The master key: made once, read by its owner only, never exchanged unnoticed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from portal.cli import main
from portal.commands.common import ready_cloud
from server.cloud import ImageCloud
from server.keys import KeyFileError, MasterKey, SealBrokenError
from tests.factories import make_account, make_study


@pytest.mark.requirement("F-04")
def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "master.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: MasterKey.from_file(path).key_id, range(16)))
    assert len(keys) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["master.key"]


@pytest.mark.parametrize(("content", "mode"), [("ab", 0o600), ("x" * 64, 0o600), ("", 0o600)])
def test_what_is_no_key_is_refused(tmp_path: Path, content: str, mode: int) -> None:
    path = tmp_path / "master.key"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(KeyFileError):
        MasterKey.from_file(path)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    MasterKey.from_file(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        MasterKey.from_file(path)


def test_a_seal_holds_one_value_of_one_column(tmp_path: Path) -> None:
    key = MasterKey.from_file(tmp_path / "master.key")
    sealed = key.seal("110105", "person.id_number")
    assert sealed != key.seal("110105", "person.id_number")
    assert key.open(sealed, "person.id_number") == "110105"
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for wrong, context in ((sealed, "person.phone"), (altered, "person.id_number"), (b"", "x")):
        with pytest.raises(SealBrokenError):
            key.open(wrong, context)
    with pytest.raises(SealBrokenError):
        key.unwrap(sealed, "person.id_number")
    assert key.keyed_hash("a", "one") != key.keyed_hash("a", "two")
    assert key.secret("one") != key.secret("two")


def test_a_lost_key_is_not_replaced_in_silence(cloud: ImageCloud) -> None:
    """A fresh key beside old data would let the portal run, and every image and name be lost."""
    make_study(cloud, person_id=make_account(cloud).person_id)
    assert ready_cloud(cloud.settings).master_key.key_id == cloud.master_key.key_id
    elsewhere = replace(cloud.settings, master_key_file=cloud.settings.home / "other.key")
    with pytest.raises(KeyFileError, match=cloud.master_key.key_id):
        ready_cloud(elsewhere)


def test_the_operator_reads_it_in_a_sentence(
    cloud: ImageCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_study(cloud, person_id=None)
    monkeypatch.setenv("YINGYUN_HOME", str(cloud.settings.home))
    monkeypatch.setenv("YINGYUN_MASTER_KEY_FILE", str(cloud.settings.home / "other.key"))
    monkeypatch.setattr("sys.argv", ["yingyun", "storage", "verify"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "主密钥" in said
    assert "Traceback" not in said
