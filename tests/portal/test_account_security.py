"""Authenticators, recovery codes, passwords and devices, on the account page without a script."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pyotp
import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.app import create_app
from server import accounts, clock, messages
from server.accounts import SECOND_FACTORS, FactorRefusedError, passwords, totp
from server.cloud import ImageCloud
from server.model import Account, RecoveryCode, SignInChallenge
from tests.factories import PASSWORD, SignInFacts, make_account
from tests.visitor import Visitor

NEW_PASSWORD = "Mond-und-7-Sterne"


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/account").request.path == "/account"


def letters(cloud: ImageCloud) -> str:
    with cloud.database.session() as session:
        return "\n".join(one.body for one in messages.mailbox(cloud, session))


def second_step(visitor: Visitor, facts: SignInFacts, code: str) -> bool:
    visitor.get("/login?again=1")
    visitor.submit("/login", login=facts.login, password=facts.password)
    if visitor.path != "/login/code":
        return False
    visitor.submit("/login/code", code=code)
    return is_in(visitor)


@pytest.fixture
def owner(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> Visitor:
    """The patient, just signed in."""
    return Visitor(app).be(cloud, patient)


def bind(owner: Visitor) -> str:
    """Bind a new authenticator; returns its secret."""
    owner.get("/account/security/totp")
    found = re.search(r"<code[^>]*>([A-Z2-7 ]+)</code>", owner.text)
    assert found
    secret = found[1].replace(" ", "")
    assert f"secret={secret}" in html.unescape(owner.text)
    owner.submit("/account/security/totp", code=pyotp.TOTP(secret).now())
    return secret


@pytest.mark.requirement("F-03")
def test_an_authenticator_is_replaced_once_its_code_has_come_back(
    app: Flask, owner: Visitor, cloud: ImageCloud, patient: SignInFacts
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        secret = bind(owner)
        assert "身份验证器已绑定" in owner.text and "绑定新的身份验证器" in letters(cloud)
        traveller.shift(60)
        assert not second_step(Visitor(app), patient, patient.code())
        assert second_step(Visitor(app), patient, pyotp.TOTP(secret).now())


def test_a_wrong_first_code_changes_nothing(
    app: Flask, owner: Visitor, patient: SignInFacts
) -> None:
    owner.get("/account/security/totp")
    answer = owner.submit("/account/security/totp", code="000000")
    assert answer.status_code == 422 and "验证码不正确" in owner.text
    assert second_step(Visitor(app), patient, patient.code())


def test_an_offer_is_good_for_its_own_account_and_a_quarter_of_an_hour(
    cloud: ImageCloud, patient: SignInFacts
) -> None:
    other = make_account(cloud, "lisi")
    with (
        cloud.database.session() as session,
        time_machine.travel(clock.now(), tick=False) as traveller,
    ):
        mine = session.get_one(Account, patient.account_id)
        offered = totp.offer(cloud, mine)
        assert totp.same_offer(cloud, mine, offered.sealed) == offered
        with pytest.raises(FactorRefusedError):
            totp.same_offer(cloud, session.get_one(Account, other.account_id), offered.sealed)
        with pytest.raises(FactorRefusedError):
            totp.same_offer(cloud, mine, "bm9uc2Vuc2U=")
        traveller.shift(timedelta(minutes=15))
        with pytest.raises(FactorRefusedError):
            totp.same_offer(cloud, mine, offered.sealed)


@pytest.mark.requirement("F-03")
def test_recovery_codes_are_shown_once_kept_hashed_and_good_once(
    app: Flask, owner: Visitor, cloud: ImageCloud, patient: SignInFacts
) -> None:
    owner.get("/account/security")
    owner.submit("/account/security/recovery-codes")
    codes = re.findall(r"<code>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</code>", owner.text)
    assert len(set(codes)) == 10
    owner.get("/account/security")
    assert not any(code in owner.text for code in codes) and "剩余 10 个" in owner.text
    with cloud.database.session() as session:
        kept = session.scalars(select(RecoveryCode)).all()
    assert all(one.code_hash.startswith("$argon2id$") for one in kept)
    assert second_step(Visitor(app), patient, codes[0].lower().replace("-", " "))
    assert not second_step(Visitor(app), patient, codes[0])
    assert second_step(Visitor(app), patient, codes[1])
    assert "恢复码刚刚被用于" in letters(cloud)


def test_new_recovery_codes_void_the_old(app: Flask, owner: Visitor, patient: SignInFacts) -> None:
    owner.get("/account/security")
    owner.submit("/account/security/recovery-codes")
    old = re.findall(r"<code>([0-9A-Z-]{14})</code>", owner.text)[0]
    owner.get("/account/security")
    owner.submit("/account/security/recovery-codes")
    assert not second_step(Visitor(app), patient, old)


@dataclass(frozen=True)
class HandSign:
    """A factor of an app of the insurance, made up here: the answer is a word."""

    kind: str = "hand_sign"

    def is_ready(self, cloud: ImageCloud, session: Session, account: Account) -> bool:
        return True

    def accepts(
        self, cloud: ImageCloud, session: Session, challenge: SignInChallenge, answer: str
    ) -> bool:
        return answer == "victoryvictr"


@pytest.mark.requirement("F-03")
def test_another_kind_of_factor_is_one_class_more(cloud: ImageCloud, patient: SignInFacts) -> None:
    wider = replace(cloud, second_factors=(*SECOND_FACTORS, HandSign()))
    assert second_step(Visitor(create_app(wider)), patient, "victoryvictr")
    assert not second_step(Visitor(create_app(cloud)), patient, "victoryvictr")


def change(owner: Visitor, current: str, new: str, repeated: str | None = None) -> int:
    owner.get("/account/security/password")
    answer = owner.submit(
        "/account/security/password",
        current=current,
        password=new,
        repeated=new if repeated is None else repeated,
    )
    return answer.status_code


@pytest.mark.requirement("F-04")
def test_a_changed_password_signs_the_other_devices_out(
    app: Flask, owner: Visitor, cloud: ImageCloud, patient: SignInFacts
) -> None:
    lost = Visitor(app).be(cloud, patient)
    assert change(owner, PASSWORD, NEW_PASSWORD) == 200
    assert "密码已修改" in owner.text and "密码已修改" in letters(cloud)
    assert is_in(owner) and not is_in(lost)
    assert not second_step(Visitor(app), patient, patient.code())
    renewed = replace(patient, password=NEW_PASSWORD)
    assert second_step(Visitor(app), renewed, patient.code(1))


@pytest.mark.requirement("F-04")
@pytest.mark.parametrize(
    "weak",
    ["Qwerty2024!!", "Iloveyou520!", "Zhangsan-1990!", "Passw0rd!23", "kurz-1A", "abcdefghijklm"],
)
def test_weak_passwords_are_refused(owner: Visitor, weak: str) -> None:
    assert change(owner, PASSWORD, weak) == 422
    assert is_in(owner)


def test_the_passwords_must_be_alike_and_the_old_one_right(
    owner: Visitor, patient: SignInFacts
) -> None:
    assert change(owner, PASSWORD, NEW_PASSWORD, "other") == 422
    for _ in range(5):
        assert change(owner, "falsch", NEW_PASSWORD) == 422
    assert change(owner, PASSWORD, NEW_PASSWORD) == 429  # a stolen session does not guess


def test_long_passwords_of_any_letters_are_taken_as_they_are() -> None:
    long = "蓝色的月亮照在第九座桥上，Der Mond scheint über 17 Brücken " + "和远处的山 xyZ" * 4
    assert len(long) >= 64
    passwords.check_strength(long)
    assert passwords.verify_password(passwords.hash_password(long), long)
    assert not passwords.verify_password(passwords.hash_password(long), long.lower())


@pytest.fixture
def agent() -> Iterator[str]:
    yield "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1"


@pytest.mark.requirement("F-06")
def test_a_new_device_is_told_to_the_owner_and_a_known_one_is_not(
    app: Flask, cloud: ImageCloud, patient: SignInFacts, agent: str
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        first = Visitor(app)
        first.sign_in(patient)
        assert "新设备" not in letters(cloud)
        traveller.shift(60)
        first.get("/account")
        first.submit("/logout")
        first.sign_in(patient)
        assert "新设备" not in letters(cloud)
        traveller.shift(60)
        second = Visitor(app)
        second.client.environ_base["HTTP_USER_AGENT"] = agent
        second.sign_in(patient)
        assert "在新设备（iPhone · Safari）上登录" in letters(cloud)


@pytest.mark.requirement("F-06")
def test_all_other_devices_are_signed_out_at_once(
    app: Flask, owner: Visitor, cloud: ImageCloud, patient: SignInFacts, agent: str
) -> None:
    others = [Visitor(app).be(cloud, patient) for _ in range(3)]
    owner.get("/account")
    assert owner.text.count("登录于") == 4 and "网页" in owner.text
    owner.submit("/account/devices/sign-out-others")
    assert "已退出其他 3 台设备" in owner.text
    assert is_in(owner) and not any(is_in(one) for one in others)


def test_an_authenticator_is_only_removed_where_another_factor_is_left(
    owner: Visitor, cloud: ImageCloud, patient: SignInFacts
) -> None:
    owner.get("/account/security")
    owner.submit("/account/security/totp/remove")
    with cloud.database.session() as session:
        assert session.get_one(Account, patient.account_id).totp_secret_sealed is None
    silent = replace(cloud, settings=replace(cloud.settings, development=False))
    with silent.database.session() as session:
        session.get_one(Account, patient.account_id).totp_secret_sealed = b"x"
    alone = Visitor(create_app(silent)).be(silent, patient)
    alone.get("/account/security")
    assert "/account/security/totp/remove" not in alone.text
    csrf = alone.forms()[0].fields["csrf_token"]
    alone.client.post("/account/security/totp/remove", data={"csrf_token": csrf})
    with cloud.database.session() as session:
        assert session.get_one(Account, patient.account_id).totp_secret_sealed == b"x"


def test_the_services_are_those_the_composition_root_holds(cloud: ImageCloud) -> None:
    assert [one.kind for one in cloud.second_factors] == [
        accounts.FactorKind.SMS,
        accounts.FactorKind.TOTP,
        accounts.FactorKind.PASSKEY,
        accounts.FactorKind.RECOVERY_CODE,
    ]
