"""A forgotten password, and opening an account: by the phone on record, and never by it alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal.app import create_app
from server import clock, messages, people
from server.cloud import ImageCloud
from server.model import Account, Message, Person, Role
from server.settings import Settings
from tests.factories import PHONE, SignInFacts, make_account, make_person
from tests.visitor import Visitor

ID_NUMBER = "11010519491231002X"
STRANGER = "110101199003070097"
NEW_PASSWORD = "Mond-und-7-Sterne"


@dataclass
class Forgetful:
    """A patient with ID number, phone and account, and a browser in which he is a stranger."""

    app: Flask
    cloud: ImageCloud
    facts: SignInFacts
    visitor: Visitor

    def last_code(self) -> str:
        with self.cloud.database.session() as session:
            bodies = [one.body for one in messages.mailbox(self.cloud, session)]
        found = re.search(r"验证码 ([0-9]{6})", next(one for one in bodies if "验证码" in one))
        assert found
        return found[1]

    def letters(self) -> str:
        with self.cloud.database.session() as session:
            return "\n".join(one.body for one in messages.mailbox(self.cloud, session))

    def prove(self, start: str = "/recover") -> None:
        """Go through the first two steps."""
        self.visitor.get(start)
        self.visitor.submit(start, id_number=ID_NUMBER, phone=PHONE)
        self.visitor.submit(f"{start}/code", code=self.last_code())

    def reset(self, code: str | None = None, password: str = NEW_PASSWORD) -> int:
        given = {"password": password, "repeated": password}
        if code is not None:
            given["code"] = code
        return self.visitor.submit("/recover/password", **given).status_code

    def signs_in(self, password: str) -> bool:
        visitor = Visitor(self.app)
        visitor.get("/login")
        visitor.submit("/login", login=self.facts.login, password=password)
        return visitor.path == "/login/code"


@pytest.fixture
def forgetful(app: Flask, cloud: ImageCloud, visitor: Visitor) -> Forgetful:
    person = make_person(cloud, id_number=ID_NUMBER, phone=PHONE)
    return Forgetful(app, cloud, make_account(cloud, person=person), visitor)


@pytest.mark.requirement("F-03", "F-06")
def test_phone_and_authenticator_replace_a_forgotten_password(forgetful: Forgetful) -> None:
    device = Visitor(forgetful.app).be(forgetful.cloud, forgetful.facts)
    forgetful.prove()
    assert forgetful.visitor.path == "/recover/password"
    assert forgetful.reset(code="000000") == 422
    forgetful.reset(code=forgetful.facts.code())
    assert "密码已重设" in forgetful.visitor.text and "密码已修改" in forgetful.letters()
    assert not forgetful.signs_in(forgetful.facts.password) and forgetful.signs_in(NEW_PASSWORD)
    assert device.get("/account").request.path == "/login"  # every session has ended
    assert forgetful.visitor.get("/account").request.path == "/login"  # and none was opened


def test_a_recovery_code_will_do(forgetful: Forgetful) -> None:
    owner = Visitor(forgetful.app).be(forgetful.cloud, forgetful.facts)
    owner.get("/account/security")
    owner.submit("/account/security/recovery-codes")
    codes = re.findall(r"<code>([0-9A-Z-]{14})</code>", owner.text)
    forgetful.prove()
    forgetful.reset(code=codes[3])
    assert forgetful.signs_in(NEW_PASSWORD)


def test_without_a_second_factor_it_waits_a_day(forgetful: Forgetful) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        forgetful.prove()
        forgetful.visitor.submit("/recover/wait")
        assert "已申请重设" in forgetful.visitor.text and "有人申请重设" in forgetful.letters()
        traveller.shift(timedelta(hours=23))
        forgetful.prove()
        assert forgetful.reset(code="") == 422
        traveller.shift(timedelta(hours=1, minutes=1))
        forgetful.prove()
        assert "等待期已过" in forgetful.visitor.text
        forgetful.reset()
        assert forgetful.signs_in(NEW_PASSWORD)
        traveller.shift(timedelta(minutes=2))
        forgetful.prove()
        assert forgetful.reset(code="") == 422  # the waiting served once


def test_the_owner_may_object(forgetful: Forgetful) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        forgetful.prove()
        forgetful.visitor.submit("/recover/wait")
        owner = Visitor(forgetful.app).be(forgetful.cloud, forgetful.facts)
        owner.get("/account")
        owner.submit("/account/recovery/cancel")
        assert "已取消重设密码的申请" in owner.text
        traveller.shift(timedelta(hours=25))
        forgetful.prove()
        assert forgetful.reset(code="") == 422
        assert forgetful.signs_in(forgetful.facts.password)


def test_strangers_and_wrong_phones_see_what_everybody_sees(
    forgetful: Forgetful, app: Flask
) -> None:
    pages = []
    for number, phone in ((ID_NUMBER, PHONE), (STRANGER, PHONE), (ID_NUMBER, "13900139000")):
        with time_machine.travel(clock.now() + timedelta(hours=len(pages)), tick=False):
            visitor = Visitor(app)
            visitor.get("/recover")
            answer = visitor.submit("/recover", id_number=number, phone=phone)
            assert (answer.status_code, visitor.path) == (200, "/recover/code")
            pages.append(
                re.sub(r'(value|nonce|content)="[^"]*"|hx-headers=\S+ \S+', "", visitor.text)
            )
    assert pages[0] == pages[1] == pages[2]
    with forgetful.cloud.database.session() as session:
        assert len(session.scalars(select(Message)).all()) == 1


@pytest.mark.requirement("E-45")
@pytest.mark.parametrize("number", ["110105194912310021", "11010519491331002X", "123"])
def test_a_wrong_id_number_is_said_at_once(visitor: Visitor, number: str) -> None:
    visitor.get("/recover")
    answer = visitor.submit("/recover", id_number=number, phone=PHONE)
    assert answer.status_code == 422 and "身份证号有误" in visitor.text


def test_codes_are_not_guessed_and_not_asked_for_endlessly(forgetful: Forgetful) -> None:
    visitor = forgetful.visitor
    visitor.get("/recover")
    visitor.submit("/recover", id_number=ID_NUMBER, phone=PHONE)
    right = forgetful.last_code()
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for _ in range(5):
        assert visitor.submit("/recover/code", code=wrong).status_code == 422
    visitor.submit("/recover/code", code=right)
    assert visitor.path == "/recover"
    again = visitor.submit("/recover", id_number=ID_NUMBER, phone=PHONE)
    assert again.status_code == 429  # one message a minute


def test_no_page_of_a_later_step_opens_without_the_earlier(visitor: Visitor) -> None:
    for path in ("/recover/code", "/recover/password"):
        visitor.get(path)
        assert visitor.path == "/recover"


@pytest.mark.requirement("F-02")
def test_a_disabled_account_is_not_recovered(forgetful: Forgetful) -> None:
    with forgetful.cloud.database.session() as session:
        session.get_one(Account, forgetful.facts.account_id).active = False
    forgetful.visitor.get("/recover")
    forgetful.visitor.submit("/recover", id_number=ID_NUMBER, phone=PHONE)
    assert forgetful.letters() == ""


@pytest.fixture
def small_site(settings: Settings, open_test_cloud: Callable[[Settings], ImageCloud]) -> Forgetful:
    """A site where people open accounts themselves, and somebody a hospital knows."""
    cloud = open_test_cloud(replace(settings, registration=True))
    person = make_person(cloud, id_number=ID_NUMBER, phone=PHONE)
    app = create_app(cloud)
    facts = SignInFacts(0, person.id, "wang.new", NEW_PASSWORD, "", person.name)
    return Forgetful(app, cloud, facts, Visitor(app))


@pytest.mark.requirement("F-02", "F-03", "F-04")
def test_whom_a_hospital_knows_opens_an_account(small_site: Forgetful) -> None:
    small_site.visitor.get("/login")
    assert "/register" in small_site.visitor.text
    small_site.prove("/register")
    form = {"login": "wang.new", "password": "Wang.new-1", "repeated": "Wang.new-1"}
    assert small_site.visitor.submit("/register/account", **form).status_code == 422
    form |= {"password": NEW_PASSWORD, "repeated": NEW_PASSWORD}
    small_site.visitor.submit("/register/account", **form)
    assert small_site.visitor.path == "/login" and "账户已开通" in small_site.visitor.text
    assert small_site.signs_in(NEW_PASSWORD)
    with small_site.cloud.database.session() as session:
        account = session.scalars(select(Account)).one()
        assert (account.role, account.totp_secret_sealed) == (Role.PATIENT, None)
        assert session.get_one(Person, account.person_id).id_number_hash == people.id_number_hash(
            small_site.cloud, ID_NUMBER
        )


def test_whoever_has_an_account_opens_no_second(small_site: Forgetful) -> None:
    with small_site.cloud.database.session() as session:
        person = session.scalars(select(Person)).one()
    make_account(small_site.cloud, "wang", person=person)
    small_site.prove("/register")
    assert small_site.visitor.path == "/login" and "您已有账户" in small_site.visitor.text


def test_nobody_registers_whom_no_hospital_knows(small_site: Forgetful) -> None:
    small_site.visitor.get("/register")
    small_site.visitor.submit("/register", id_number=STRANGER, phone=PHONE)
    assert small_site.visitor.path == "/register/code" and small_site.letters() == ""


def test_registration_is_off_unless_switched_on(visitor: Visitor) -> None:
    assert visitor.get("/register").status_code == 404
    assert "/register" not in visitor.get("/login").get_data(as_text=True)
