"""New accounts: one person opens, another confirms, nobody holds both halves (F-07, F-08)."""

from __future__ import annotations

import re

import pyotp
import pytest
from sqlalchemy import select

from server.cloud import ImageCloud
from server.model import Account, AuditEvent, Role
from tests.centre.conftest import Console
from tests.visitor import Visitor

NEW = "/admin/accounts/new"


def opened(visitor: Visitor, **fields: str) -> str:
    """Fill in the form; return the temporary password, "" for a refusal."""
    visitor.get(NEW)
    visitor.submit(NEW, **fields)
    shown = re.search(r"data-password>([^<]+)<", visitor.text)
    return shown[1] if shown else ""


def account(cloud: ImageCloud, login: str) -> Account:
    with cloud.database.session() as session:
        return session.scalars(select(Account).where(Account.login == login)).one()


@pytest.mark.requirement("F-07")
def test_an_auditor_is_opened_by_one_and_confirmed_by_another(console: Console) -> None:
    cloud, first, second = console.cloud, console["administrator"], console["other"]
    password = opened(first, login="new.auditor", role="auditor")
    assert len(password) == 19
    number = account(cloud, "new.auditor").id
    assert password not in first.get("/admin/accounts").get_data(as_text=True)
    assert "须由另一位管理员确认" in first.text and "确认启用" not in first.text

    newcomer = Visitor(first.client.application)
    newcomer.get("/login")
    newcomer.submit("/login", login="new.auditor", password=password)
    assert newcomer.path == "/login", "shut until somebody else confirms"

    form = f"/admin/accounts/{number}/confirm"
    first.submit(form, verdict="confirm")
    assert "须由另一位管理员确认" in first.text
    assert not account(cloud, "new.auditor").active

    assert "等待您确认的新账户" in second.get("/admin").get_data(as_text=True)
    second.get("/admin/accounts")
    second.submit(form, verdict="confirm")
    secret = re.search(r"data-secret>([A-Z2-7]+)<", second.text)
    assert secret and password not in second.text
    newcomer.get("/login")
    newcomer.submit("/login", login="new.auditor", password=password)
    newcomer.submit("/login/code", code=pyotp.TOTP(secret[1]).now())
    assert newcomer.path == "/account/security/password", "the given password is replaced first"
    with cloud.database.session() as session:
        noted = session.scalars(select(AuditEvent).where(AuditEvent.object_id == str(number)))
        by = {one.event: one.actor for one in noted if one.event.startswith("account.")}
    assert by["account.create"] != by["account.confirm"]


@pytest.mark.requirement("F-07")
def test_who_confirmed_does_not_get_the_password_too(console: Console) -> None:
    opened(console["own"], login="new.doctor", role="doctor")
    number = account(console.cloud, "new.doctor").id
    assert account(console.cloud, "new.doctor").institution_id == console.hospital.id
    visitor = console["administrator"]
    visitor.get("/admin/accounts")
    visitor.submit(f"/admin/accounts/{number}/confirm", verdict="confirm")
    reset = "/admin/accounts/password"
    visitor.get(reset)
    visitor.submit(reset, login="new.doctor")
    assert "没有可由您重设的账户" in visitor.text
    console["other"].get(reset)
    console["other"].submit(reset, login="new.doctor")
    assert "data-password" in console["other"].text


@pytest.mark.requirement("F-07")
def test_nobody_opens_what_he_may_not_give(console: Console) -> None:
    own, admin = console["own"], console["administrator"]
    assert opened(own, login="sneaky", role=Role.ADMINISTRATOR.value) == ""
    assert "不能授予" in own.text
    assert opened(admin, login="no.hospital", role="doctor") == ""
    assert "须属于一个在用的机构" in admin.text
    assert opened(admin, login="x", role="auditor") == ""
    assert opened(admin, login="patient.by.console", role="patient") == ""
    far = str(console.elsewhere.id)
    assert opened(admin, login="far.doctor", role="doctor", institution=far)
    own.get("/admin/accounts")
    assert "far.doctor" not in own.text
    number = account(console.cloud, "far.doctor").id
    own.get("/admin/accounts")
    token = next(iter(own.forms())).fields["csrf_token"]
    answer = own.client.post(
        f"/admin/accounts/{number}/confirm", data={"csrf_token": token, "verdict": "confirm"}
    )
    assert answer.status_code == 404
    admin.get("/admin/accounts")
    admin.submit(f"/admin/accounts/{number}/confirm", verdict="refuse")
    assert "far.doctor" in admin.text and "等待确认" not in admin.text
    assert not account(console.cloud, "far.doctor").active
