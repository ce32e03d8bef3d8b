"""Passkeys: added by their owner, good for one sign-in each time, refused when anything is off."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from server import clock
from server.accounts.relying_party import relying_party
from server.cloud import ImageCloud
from server.model import Account, AccountSession, AuditEvent, Message, Passkey
from server.settings import Settings
from tests.factories import SignInFacts, make_account
from tests.soft_passkey import SoftPasskey
from tests.visitor import Visitor

ORIGIN = "http://localhost:8000"


def ask(visitor: Visitor, path: str) -> dict[str, Any]:
    csrf = re.search(r'name="csrf-token" content="([^"]+)"', visitor.text)
    assert csrf
    answer = visitor.client.post(
        path, headers={"X-CSRFToken": csrf[1], "Accept": "application/json"}
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return dict(answer.json)


def add(visitor: Visitor, key: SoftPasskey, name: str = "我的手机") -> None:
    """Add a passkey on the account page."""
    visitor.get("/account/security")
    asked = ask(visitor, "/account/security/passkeys/options")
    told = {"token": asked["token"], "credential": key.create(asked["options"])}
    visitor.submit("/account/security/passkeys", assertion=json.dumps(told), name=name)


def enter(
    visitor: Visitor, key: SoftPasskey, asked: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Sign in with a passkey alone."""
    visitor.get("/login")
    asked = asked or ask(visitor, "/login/passkey/options")
    told = {"token": asked["token"], "credential": key.get(asked["options"])}
    visitor.submit("/login/passkey", assertion=json.dumps(told))
    return asked


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/account").request.path == "/account"


@pytest.fixture
def key(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> SoftPasskey:
    """A passkey that the patient has added."""
    key = SoftPasskey(ORIGIN)
    add(Visitor(app).be(cloud, patient), key)
    return key


@pytest.mark.requirement("F-03", "F-05")
def test_a_passkey_signs_in_alone(
    visitor: Visitor, key: SoftPasskey, cloud: ImageCloud, patient: SignInFacts
) -> None:
    enter(visitor, key)
    assert is_in(visitor)
    with cloud.database.session() as session:
        entry = session.scalars(select(AuditEvent).where(AuditEvent.event == "sign_in")).one()
        assert entry.detail["factor"] == "passkey"
        assert session.scalars(select(Passkey)).one().last_used_at is not None


@pytest.mark.requirement("F-03")
def test_a_passkey_follows_the_password(
    visitor: Visitor, key: SoftPasskey, patient: SignInFacts
) -> None:
    visitor.get("/login")
    visitor.submit("/login", login=patient.login, password=patient.password)
    asked = ask(visitor, "/login/passkey/options?step=second")
    told = {"token": asked["token"], "credential": key.get(asked["options"])}
    visitor.submit("/login/code", assertion=json.dumps(told))
    assert is_in(visitor)


def test_somebody_elses_passkey_does_not_follow_the_password(
    app: Flask, visitor: Visitor, key: SoftPasskey, cloud: ImageCloud
) -> None:
    other = make_account(cloud, "lisi")
    add(Visitor(app).be(cloud, other), SoftPasskey(ORIGIN))
    visitor.get("/login")
    visitor.submit("/login", login=other.login, password=other.password)
    asked = ask(visitor, "/login/passkey/options")  # of the site, not of this account
    told = {"token": asked["token"], "credential": key.get(asked["options"])}
    visitor.submit("/login/code", assertion=json.dumps(told))
    assert not is_in(visitor)


def test_an_answer_serves_once(visitor: Visitor, app: Flask, key: SoftPasskey) -> None:
    asked = enter(visitor, key)
    thief = Visitor(app)
    enter(thief, key, asked)
    assert not is_in(thief)


def test_a_copied_passkey_is_noticed(visitor: Visitor, app: Flask, key: SoftPasskey) -> None:
    key.count = 5
    enter(visitor, key)
    assert is_in(visitor)
    key.count = 3
    copy = Visitor(app)
    enter(copy, key)
    assert not is_in(copy)


@pytest.mark.parametrize("flaw", ["origin", "unverified", "key", "late"])
def test_what_is_off_is_refused(visitor: Visitor, key: SoftPasskey, flaw: str) -> None:
    if flaw == "origin":
        key.origin = "https://evil.example"
    if flaw == "unverified":
        key.verified = False
    if flaw == "key":
        key.key = SoftPasskey(ORIGIN).key
    visitor.get("/login")
    asked = ask(visitor, "/login/passkey/options")
    minutes = 6 if flaw == "late" else 0
    with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=False):
        enter(visitor, key, asked)
        assert "通行密钥没有通过验证" in visitor.text
        assert not is_in(visitor)


def test_a_removed_passkey_is_out(
    app: Flask, visitor: Visitor, key: SoftPasskey, cloud: ImageCloud, patient: SignInFacts
) -> None:
    owner = Visitor(app).be(cloud, patient)
    owner.get("/account/security")
    assert "我的手机" in owner.text
    (action,) = [one.action for one in owner.forms() if one.action.endswith("/rename")]
    owner.submit(action, name="旧手机")
    assert "旧手机" in owner.text
    owner.submit(action.replace("/rename", "/remove"))
    assert "旧手机" not in owner.text
    enter(visitor, key)
    assert not is_in(visitor)


def test_nobody_touches_the_passkeys_of_others(
    app: Flask, key: SoftPasskey, cloud: ImageCloud
) -> None:
    other = Visitor(app).be(cloud, make_account(cloud, "lisi"))
    add(other, SoftPasskey(ORIGIN), "李四的手机")
    with cloud.database.session() as session:
        foreign = session.scalars(select(Passkey).where(Passkey.name == "我的手机")).one()
    csrf = other.forms()[0].fields["csrf_token"]
    for what in ("rename", "remove"):
        path = f"/account/security/passkeys/{foreign.passkey_id}/{what}"
        other.client.post(path, data={"csrf_token": csrf, "name": "x"})
    with cloud.database.session() as session:
        assert session.get_one(Passkey, foreign.passkey_id).name == "我的手机"


@pytest.mark.requirement("F-02")
def test_the_passkey_of_a_disabled_account_is_refused(
    visitor: Visitor, key: SoftPasskey, cloud: ImageCloud, patient: SignInFacts
) -> None:
    with cloud.database.session() as session:
        session.get_one(Account, patient.account_id).active = False
    enter(visitor, key)
    assert not is_in(visitor)


def test_an_old_session_must_prove_itself_first(
    app: Flask, cloud: ImageCloud, patient: SignInFacts
) -> None:
    visitor = Visitor(app).be(cloud, patient)
    with time_machine.travel(clock.now() + timedelta(minutes=11), tick=False):
        visitor.get("/account/security")
        csrf = visitor.forms()[0].fields["csrf_token"]
        refused = visitor.client.post(
            "/account/security/passkeys/options",
            headers={"X-CSRFToken": csrf, "Accept": "application/json"},
        )
        assert refused.status_code == 401
        visitor.submit("/account/security/recovery-codes")
        assert visitor.path == "/login" and "请先重新登录" in visitor.text
        visitor.submit("/login", login=patient.login, password=patient.password)
        visitor.submit("/login/code", code=patient.code())
        assert visitor.path == "/account/security"
        visitor.submit("/account/security/recovery-codes")
        assert "您的恢复码" in visitor.text
    with cloud.database.session() as session:
        ends = session.scalars(select(AccountSession.revoked_at)).all()
    assert ends.count(None) == 1  # the session before is over


@pytest.mark.requirement("F-27")
def test_only_a_public_key_is_stored_and_the_owner_is_told(
    key: SoftPasskey, cloud: ImageCloud
) -> None:
    with cloud.database.session() as session:
        kept = session.scalars(select(Passkey)).one()
        secret = key.key.private_numbers().private_value.to_bytes(32)
        assert secret not in kept.public_key and kept.credential_id == key.credential_id
        assert session.scalars(select(Message)).all()


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        ("https://image.example.org", "https://image.example.org"),
        ("https://image.example.org:8443", "https://image.example.org:8443"),
        ("http://127.0.0.1:8000", "http://localhost:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://192.0.2.7:8000", ""),
        ("https://192.0.2.7", ""),
        ("http://image.example.org", ""),
    ],
)
def test_passkeys_are_offered_where_browsers_permit_them(
    settings: Settings, base_url: str, origin: str
) -> None:
    party = relying_party(replace(settings, base_url=base_url))
    assert (party.origin if party else "") == origin
