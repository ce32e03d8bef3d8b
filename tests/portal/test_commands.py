"""The command line: what it prints, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pyotp
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from pydicom.data import get_testdata_file
from sqlalchemy import select, update

from portal.cli import cli
from portal.commands.demo_papers import write_demo_json
from portal.commands.ports import PortTakenError, check_port_free
from portal.commands.serve import gunicorn_options
from server.access import patient_grant
from server.cloud import ImageCloud
from server.demo import DemoSummary, LoadedStudy
from server.demo.credentials import Credential
from server.model import Account, AuditEvent, ExternalIdentity, Instance, Study
from tests.factories import PASSWORD, SignInFacts
from tests.visitor import Visitor

ID_NUMBER = "11010519491231002X"
CT = Path(str(get_testdata_file("CT_small.dcm")))

Run = Callable[..., Result]


@pytest.fixture
def run(cloud: ImageCloud) -> Run:
    """Runs `yingyun` on the home of the test's cloud."""
    environ = {"YINGYUN_HOME": str(cloud.settings.home), "YINGYUN_REGION_CODE": "500000"}

    def invoke(*arguments: str | Path) -> Result:
        return CliRunner().invoke(cli, [str(one) for one in arguments], env=environ)

    return invoke


def add_patient(run: Run, login: str, name: str, *more: str) -> Result:
    return run(
        "user", "add", "--role", "patient", "--login", login, "--name", name,
        "--password", PASSWORD, *more,
    )  # fmt: skip


def test_ingest_says_what_became_of_each_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "delivery").mkdir()
    (tmp_path / "delivery" / "image.dcm").write_bytes(CT.read_bytes())
    first = run("ingest", tmp_path / "delivery", "--json")
    assert first.exit_code == 0, first.output
    summary = json.loads(first.stdout)
    assert (summary["received"], summary["stored"], summary["duplicate"]) == (1, 1, 0)
    assert summary["rejected"] == []
    again = json.loads(run("ingest", tmp_path / "delivery", "--json").stdout)
    assert (again["stored"], again["duplicate"]) == (0, 1)


def test_ingest_fails_when_something_was_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("no image")
    result = run("ingest", CT, tmp_path / "letter.txt", "--json")
    assert result.exit_code == 1
    summary = json.loads(result.stdout)
    assert summary["stored"] == 1
    assert [Path(one["path"]).name for one in summary["rejected"]] == ["letter.txt"]
    assert summary["rejected"][0]["reason"]


def test_ingest_refuses_an_unknown_institution(run: Run) -> None:
    result = run("ingest", CT, "--institution", "9" * 18)
    assert result.exit_code == 1
    assert "unknown institution" in result.output


def test_ingest_puts_files_into_the_archive_of_a_patient(run: Run, cloud: ImageCloud) -> None:
    assert add_patient(run, "wangwu", "王五").exit_code == 0
    assert run("ingest", CT, "--patient", "wangwu").exit_code == 0
    with cloud.database.session() as session:
        study = session.scalars(select(Study)).one()
        account = session.scalars(select(Account).where(Account.login == "wangwu")).one()
        assert study.person_id == account.person_id


def test_a_new_account_can_sign_in_with_what_is_printed(run: Run, cloud: ImageCloud) -> None:
    result = add_patient(run, "wangwu", "王五", "--id-number", ID_NUMBER, "--phone", "13800138000")
    assert result.exit_code == 0, result.output
    secret = re.search(r"authenticator secret: ([A-Z2-7]+)", result.output)
    assert secret
    assert pyotp.TOTP(secret.group(1)).now()
    uri = next(line for line in result.output.splitlines() if line.startswith("otpauth://"))
    assert pyotp.parse_uri(uri).secret == secret.group(1)
    with cloud.database.session() as session:
        person = session.scalars(select(Account)).one().person
    assert person is not None
    assert person.name == "王五"
    assert person.birth_date is not None


@pytest.mark.requirement("F-04")
@pytest.mark.parametrize("password", ["password", "Aa1!", "yingyun123", "12345678901234"])
def test_weak_passwords_are_refused(run: Run, cloud: ImageCloud, password: str) -> None:
    result = run("user", "add", "--role", "doctor", "--login", "li", "--password", password)
    assert result.exit_code == 1
    with cloud.database.session() as session:
        assert session.scalars(select(Account)).all() == []


def test_a_family_link_shows_the_member_to_the_guardian(run: Run, cloud: ImageCloud) -> None:
    add_patient(run, "guardian", "王五")
    add_patient(run, "member", "王小五")
    assert run("user", "link", "guardian", "member", "--relation", "子女").exit_code == 0
    with cloud.database.session() as session:
        accounts = {one.login: one for one in session.scalars(select(Account))}
        grant = patient_grant(cloud, session, accounts["guardian"])
        back = patient_grant(cloud, session, accounts["member"])
    assert accounts["member"].person_id in grant.person_ids
    assert accounts["guardian"].person_id not in back.person_ids


def test_an_ended_family_link_shows_nothing_more(run: Run, cloud: ImageCloud) -> None:
    add_patient(run, "guardian", "王五")
    add_patient(run, "member", "王小五")
    run("user", "link", "guardian", "member", "--relation", "子女")
    assert run("user", "unlink", "guardian", "member").exit_code == 0
    with cloud.database.session() as session:
        accounts = {one.login: one for one in session.scalars(select(Account))}
        grant = patient_grant(cloud, session, accounts["guardian"])
        events = [one.event for one in session.scalars(select(AuditEvent))]
    assert grant.person_ids == {accounts["guardian"].person_id}
    assert events.count("family_link.withdraw") == 1
    assert run("user", "unlink", "guardian", "member").exit_code == 1


def test_a_user_of_a_provider_is_connected_once(run: Run, cloud: ImageCloud) -> None:
    add_patient(run, "wang", "王五")
    whom = ("--provider", "hospital", "--subject", "0042")
    assert run("user", "connect", "wang", *whom).exit_code == 0
    assert run("user", "connect", "wang", *whom).exit_code == 1
    assert run("user", "connect", "nobody", *whom).exit_code == 1
    with cloud.database.session() as session:
        known = session.get_one(ExternalIdentity, ("hospital", "0042"))
        assert known.account.login == "wang"


@pytest.mark.requirement("F-02")
def test_a_disabled_account_is_refused_at_once(
    run: Run, cloud: ImageCloud, visitor: Visitor, patient: SignInFacts
) -> None:
    assert visitor.be(cloud, patient).get("/account").request.path == "/account"
    assert run("user", "disable", patient.login).exit_code == 0
    assert visitor.get("/account").request.path == "/login"
    visitor.submit("/login", login=patient.login, password=patient.password)
    assert "账号或密码不正确" in visitor.text
    assert run("user", "disable", "nobody").exit_code == 1


def test_audit_verify_fails_on_a_changed_entry(
    run: Run, cloud: ImageCloud, patient: SignInFacts
) -> None:
    assert run("audit", "verify").exit_code == 0
    with cloud.database.engine.begin() as connection:
        # Whoever owns the database file can take its guards away; the chain still tells.
        guards = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in guards.all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.execute(update(AuditEvent).values(actor="x").where(AuditEvent.sequence == 1))
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert "breaks at entry 1" in result.output


def test_storage_verify_fails_on_a_damaged_object(run: Run, cloud: ImageCloud) -> None:
    run("ingest", CT)
    whole = run("storage", "verify")
    assert whole.exit_code == 0
    assert "all 1 objects are whole" in whole.output
    with cloud.database.session() as session:
        key = session.scalars(select(Instance.object_key)).one()
    file = next((cloud.settings.home / "objects").rglob(Path(key).name))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.chmod(0o600)
    file.write_bytes(data)
    damaged = run("storage", "verify")
    assert damaged.exit_code == 1
    assert key in damaged.output


def test_render_draws_the_frame_at_a_window(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    result = run("render", CT, out, "--window", "40", "400")
    assert result.exit_code == 0, result.output
    dataset = pydicom.dcmread(CT)
    values = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    wanted = np.clip((values - 39.5) / 399 + 0.5, 0, 1) * 255  # PS3.3 C.11.2.1.2.1
    with Image.open(out) as image:
        assert image.size == (dataset.Columns, dataset.Rows)
        assert np.abs(np.asarray(image).astype(float) - wanted).max() <= 1


@pytest.mark.parametrize("more", [["--frame", "2"], ["--frame", "0"], ["--window", "40"]])
def test_render_says_what_cannot_be(run: Run, tmp_path: Path, more: list[str]) -> None:
    assert run("render", CT, tmp_path / "out.png", *more).exit_code == 2


def test_render_refuses_what_is_no_image(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("no image")
    result = run("render", tmp_path / "letter.txt", tmp_path / "out.png")
    assert result.exit_code == 1
    assert "无法读取影像" in result.output


def test_a_taken_port_is_said() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError, match=str(port)):
            check_port_free("127.0.0.1", port)
        for command in (["serve", "--bind", f"127.0.0.1:{port}"], ["demo", "--port", str(port)]):
            result = CliRunner().invoke(cli, command)
            assert result.exit_code == 1
            assert f"端口 {port} 无法使用" in result.output


def test_processes_share_no_connections_and_log_no_addresses() -> None:
    options = gunicorn_options("127.0.0.1:1", 2)
    assert options["preload_app"] is False
    assert options["accesslog"] is None
    assert options["forwarded_allow_ips"] == ""


def test_a_setting_that_cannot_be_used_is_said_without_a_traceback(tmp_path: Path) -> None:
    environ = os.environ | {"YINGYUN_HOME": str(tmp_path), "YINGYUN_IDLE_MINUTES": "soon"}
    command = [sys.executable, "-m", "portal", "migrate"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "YINGYUN_IDLE_MINUTES" in done.stderr
    assert "Traceback" not in done.stderr


def test_demo_json_is_for_its_owner_alone(tmp_path: Path) -> None:
    summary = DemoSummary(
        (Credential("patient", "zhang", "secret", "JBSWY3DPEHPK3PXP"),),
        (LoadedStudy("abc", "zhang", "CT", "胸部"),),
    )
    path = tmp_path / "demo.json"
    write_demo_json(path, "http://127.0.0.1:8000", summary)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = json.loads(path.read_text())
    assert content["base_url"] == "http://127.0.0.1:8000"
    assert content["accounts"][0] == {
        "role": "patient",
        "login": "zhang",
        "password": "secret",
        "totp_secret": "JBSWY3DPEHPK3PXP",
    }
    assert content["studies"][0] == {
        "study_id": "abc",
        "patient_login": "zhang",
        "modality": "CT",
        "description": "胸部",
    }


def test_an_institution_is_registered_once(run: Run) -> None:
    facts = ("--name", "某医院", "--province-code", "500000", "--province-name", "重庆市")
    assert run("institution", "add", "12500000450400001A", *facts).exit_code == 0
    assert run("institution", "add", "12500000450400001A", *facts).exit_code == 1
    assert run("institution", "add", "too-short", *facts).exit_code == 2
    assert run("ingest", CT, "--institution", "12500000450400001A").exit_code == 0


@pytest.mark.requirement("F-13")
def test_audit_checkpoint_signs_what_audit_verify_checks(
    run: Run, cloud: ImageCloud, patient: SignInFacts
) -> None:
    assert "signed entry" in run("audit", "checkpoint").output
    assert "no entries since" in run("audit", "checkpoint").output
    assert "1 signed checkpoints" in run("audit", "verify").output
    signed = cloud.settings.home / "audit-checkpoints.jsonl"
    signed.write_text(signed.read_text().replace('"sequence": ', '"sequence": 1'))
    assert run("audit", "verify").exit_code == 1
