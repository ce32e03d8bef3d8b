"""`yingyun client`: what an operator does, and the credentials that come of it work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal.app import create_app
from portal.cli import cli
from server import settings as settings_module
from server.cloud import open_cloud
from tests.launches.asking import signing_key

CODE = "12990000MB00000011"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("YINGYUN_HOME", str(tmp_path / "home"))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def facts(result: Result) -> dict[str, str]:
    lines = [line.split(":", 1) for line in result.output.splitlines() if ":" in line]
    return {name.strip(): value.strip() for name, value in lines}


def asks(client_id: str, secret: str) -> int:
    app = create_app(open_cloud(settings_module.load()))
    answer = app.test_client().post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret)
    )
    return answer.status_code


@pytest.mark.requirement("F-36")
def test_an_operator_registers_replaces_and_shuts(home: Path) -> None:
    run("institution", "add", CODE, "--name", "示范医院",
        "--province-code", "990000", "--province-name", "示范省")  # fmt: skip
    added = run("client", "add", "--institution", CODE, "--name", "门诊系统",
                "--origin", "https://HIS.example.org/", "--scope", "launch")  # fmt: skip
    assert added.exit_code == 0, added.output
    first = facts(added)
    assert asks(first["client_id"], first["client_secret"]) == 200
    second = facts(run("client", "rotate", first["client_id"], "--overlap-hours", "0"))
    assert asks(first["client_id"], first["client_secret"]) == 401
    assert asks(first["client_id"], second["client_secret"]) == 200
    assert "https://his.example.org" in run("client", "list").output
    assert run("client", "disable", first["client_id"]).exit_code == 0
    assert asks(first["client_id"], second["client_secret"]) == 401
    assert "停用" in run("client", "list").output
    assert run("client", "rotate", first["client_id"]).exit_code == 1


def test_what_cannot_be_registered_is_said(home: Path) -> None:
    assert "没有机构" in run("client", "add", "--institution", "0" * 18, "--name", "x").output
    run("institution", "add", CODE, "--name", "示范医院",
        "--province-code", "990000", "--province-name", "示范省")  # fmt: skip
    wrong = run("client", "add", "--institution", CODE, "--name", "x", "--origin", "*")
    assert wrong.exit_code == 1
    key = home / "key.jwk"
    key.write_text(json.dumps(signing_key().as_dict(private=False)))
    made = run("client", "add", "--institution", CODE, "--name", "x", "--key", str(key))
    assert "client_secret" not in made.output
    assert made.exit_code == 0
    key.write_text("nonsense")
    refused = run("client", "add", "--institution", CODE, "--name", "x", "--key", str(key))
    assert refused.exit_code == 1
