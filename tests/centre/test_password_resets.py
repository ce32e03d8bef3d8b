"""An administrator gives a temporary password; its owner replaces it before anything else."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from portal.cli import cli
from server import accounts
from server.cloud import ImageCloud
from server.model import Account, AccountSession, AuditEvent, Role
from tests.centre.conftest import Console
from tests.factories import SignInFacts, make_account
from tests.visitor import Visitor

RESET = "/admin/accounts/password"
OWN = "Anders-Genug-4711"


def reset(visitor: Visitor, login: str) -> tuple[int, str]:
    """Ask for a temporary password on the page; return the status, and the password."""
    visitor.get(RESET)
    form = next(one for one in visitor.forms() if one.action == RESET)
    answer = visitor.client.post(RESET, data=form.fields | {"login": login})
    shown = re.search(r"data-password>([^<]+)<", answer.get_data(as_text=True))
    return answer.status_code, shown[1] if shown else ""


def sign_in(visitor: Visitor, facts: SignInFacts, password: str) -> None:
    visitor.get("/login")
    visitor.submit("/login", login=facts.login, password=password)
    visitor.submit("/login/code", code=facts.code())


@pytest.mark.requirement("F-04", "F-48")
def test_a_doctor_gets_in_again_and_sets_his_own(console: Console) -> None:
    facts, cloud = console.facts["doctor"], console.cloud
    old = console["doctor"]
    assert old.client.get("/doctor/studies").status_code == 200
    status, temporary = reset(console["own"], facts.login)
    assert status == 200 and len(temporary) == 19
    assert old.client.get("/doctor/studies").status_code == 303, "old sessions have ended"

    doctor = Visitor(old.client.application)
    sign_in(doctor, facts, temporary)
    for address in ("/doctor/studies", "/account", "/consent", "/studies/nowhere"):
        answer = doctor.client.get(address)
        assert answer.status_code == 303, address
        assert answer.headers["Location"].startswith("/account/security/password"), address
    page = "/account/security/password"
    doctor.get(page)
    doctor.submit(page, current=temporary, password=temporary, repeated=temporary)
    assert "不要沿用" in doctor.text
    doctor.submit(page, current=temporary, password=OWN, repeated=OWN)
    assert doctor.client.get("/account").headers.get("Location", "") in {
        "",
        "/consent?next=/account",
    }
    with cloud.database.session() as session:
        account = session.get_one(Account, facts.account_id)
        assert account.temporary_credential is False
        told = session.scalars(select(AuditEvent).where(AuditEvent.event == "account.reset")).one()
        assert told.actor == f"account:{console.facts['own'].account_id}"
        assert told.object_id == str(facts.account_id)
        words = f"{told.detail} {told.reason}"
    assert temporary not in words


@pytest.mark.requirement("F-07")
def test_nobody_resets_whom_he_does_not_run(console: Console, cloud: ImageCloud) -> None:
    patient = make_account(cloud, "c.patient")
    stranger = make_account(cloud, "c.stranger", role=Role.DOCTOR, institution=console.elsewhere)
    allowed = {
        "administrator": {patient.login, stranger.login, "c.doctor", "c.own"},
        "own": {"c.doctor"},
    }
    everybody = {patient.login, stranger.login, *(one.login for one in console.facts.values())}
    for name, may in allowed.items():
        for login in sorted((everybody - {console.facts[name].login}) | {"c.nobody"}):
            status, shown = reset(console[name], login)
            assert (status == 200, bool(shown)) == (login in may, login in may), (name, login)
            if login == "c.own":
                console["own"].be(cloud, console.facts["own"])
                with cloud.database.session() as session:
                    found = session.get_one(Account, console.facts["own"].account_id)
                    found.temporary_credential = False
    for name in ("auditor", "supervisor", "doctor"):
        assert console[name].client.get(RESET).status_code in {303, 403}


@pytest.mark.requirement("F-04")
def test_the_machine_resets_anybody_and_his_authenticator(cloud: ImageCloud) -> None:
    facts = make_account(cloud, "zhangsan")
    environ = {"YINGYUN_HOME": str(cloud.settings.home), "YINGYUN_REGION_CODE": "500000"}

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(cli, ["user", "reset", *arguments], env=environ)
        return result.output if result.exit_code == 0 else ""

    with cloud.database.session() as session:
        before = session.get_one(Account, facts.account_id).totp_secret_sealed
    said = run("zhangsan", "--new-authenticator")
    assert re.search(r"temporary password: \S{19}\n", said) and "otpauth://" in said
    assert run("nobody") == ""
    with cloud.database.session() as session:
        account = accounts.find_account(cloud, session, "zhangsan")
        assert account is not None and account.temporary_credential
        assert account.totp_secret_sealed != before
        live = select(AccountSession).where(AccountSession.revoked_at.is_(None))
        assert session.scalars(live).all() == []
