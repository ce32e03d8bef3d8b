"""The archive from the shell, as an operator keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal.cli import cli
from server.cloud import ImageCloud
from server.model import Role
from tests.archive.conftest import instances, store_study
from tests.factories import make_account, make_institution


def run(cloud: ImageCloud, *arguments: str, **environ: str) -> Result:
    home = {"YINGYUN_HOME": str(cloud.settings.home)}
    return CliRunner().invoke(cli, arguments, env=home | environ)


@pytest.mark.requirement("D-07", "D-13", "F-19", "F-31", "F-32")
def test_the_archive_from_the_shell(cloud: ImageCloud, tmp_path: Path) -> None:
    study = store_study(cloud)
    key = instances(cloud, study)[0].object_key
    institution = make_institution(cloud)
    for login in ("first.admin", "second.admin"):
        make_account(cloud, login, role=Role.ADMINISTRATOR)
    second = {"YINGYUN_REPLICA_STORE_URL": (tmp_path / "replica").as_uri()}

    added = run(cloud, "storage", "add", "tape", (tmp_path / "t").as_uri(), "--tier", "cold")
    assert "已添加" in added.output
    assert "tape cold" in run(cloud, "storage", "volumes").output
    assert run(cloud, "storage", "tend", **second).exit_code == 0
    cloud.vault.store.put(key, cloud.vault.store.get(key)[:-1])
    assert run(cloud, "storage", "verify").exit_code == 1
    assert run(cloud, "storage", "verify", "--repair").exit_code == 2
    assert "repaired 1" in run(cloud, "storage", "verify", "--repair", **second).output
    assert run(cloud, "storage", "verify").exit_code == 0

    assert "1 data keys" in run(cloud, "keys", "rotate").output
    assert run(cloud, "keys", "list").output.split()[1::2] == ["0", "1"]
    key_id = run(cloud, "keys", "transfer", "new", institution.code).output.strip()
    assert len(run(cloud, "keys", "transfer", "--", "export", key_id).output.strip()) == 64
    assert run(cloud, "keys", "transfer", "--", "destroy", key_id).exit_code == 0
    assert "destroyed" in run(cloud, "keys", "transfer", "list", institution.code).output
    assert run(cloud, "keys", "transfer", "--", "export", key_id).exit_code == 1

    keys, folder = str(tmp_path / "safe" / "keys"), str(tmp_path / "backup")
    assert run(cloud, "keys", "copy", keys).exit_code == 0
    assert run(cloud, "backup", "make", folder).exit_code == 0
    drilled = run(cloud, "backup", "drill", folder, "--keys", keys)
    assert drilled.exit_code == 0 and "RPO" in drilled.output and "RTO" in drilled.output

    assert run(cloud, "archive", "expired").output == ""
    # Ids may begin with a hyphen: "--" says that no option follows.
    hold = ["archive", "propose", "--reason", "诉讼", "--login", "first.admin", "--"]
    decision = run(cloud, *hold, study.study_id, "hold").output.strip()
    decide = ["archive", "decide", "--approve", "--login"]
    assert run(cloud, *decide, "first.admin", "--", decision).exit_code == 1
    decided = run(cloud, *decide, "second.admin", "--", decision)
    assert decided.output.strip() == "approved"
