"""Two steps in, one step out, without a script."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from server import clock, messages
from server.cloud import ImageCloud
from server.model import AccountSession
from tests.factories import SignInFacts, make_account
from tests.visitor import Visitor


def cookie(visitor: Visitor) -> str | None:
    found = visitor.client.get_cookie("yingyun")
    return found.value if found else None


@pytest.mark.requirement("F-03", "F-05")
def test_password_and_authenticator_sign_in(visitor: Visitor, patient: SignInFacts) -> None:
    visitor.get("/login")
    visitor.submit("/login", login=patient.login, password=patient.password)
    assert visitor.path == "/login/code"
    assert cookie(visitor) is None  # the password alone gives no session
    visitor.submit("/login/code", code=patient.code())
    assert cookie(visitor)
    assert visitor.get("/account").status_code == 200
    assert patient.name in visitor.text


@pytest.mark.requirement("F-03", "F-05")
def test_password_and_text_message_sign_in(
    visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    visitor.get("/login")
    visitor.submit("/login", login=patient.login, password=patient.password)
    visitor.submit("/login/sms")
    assert "验证码已发送" in visitor.text
    with cloud.database.session() as session:
        body = messages.mailbox(cloud, session)[0].body
    code = re.search(r"[0-9]{6}", body)
    assert code
    visitor.submit("/login/code", code=code.group())
    assert cookie(visitor)


def test_the_code_may_be_written_with_a_blank(visitor: Visitor, patient: SignInFacts) -> None:
    visitor.get("/login")
    visitor.submit("/login", login=patient.login, password=patient.password)
    code = patient.code()
    visitor.submit("/login/code", code=f" {code[:3]} {code[3:]} ")
    assert cookie(visitor)


def test_a_wrong_code_is_said_at_the_field(visitor: Visitor, patient: SignInFacts) -> None:
    visitor.get("/login")
    visitor.submit("/login", login=patient.login, password=patient.password)
    wrong = f"{(int(patient.code()) + 1) % 10**6:06d}"
    answer = visitor.submit("/login/code", code=wrong)
    assert answer.status_code == 422
    assert "验证码不正确" in visitor.text
    assert 'aria-invalid="true"' in visitor.text
    assert cookie(visitor) is None


def test_unknown_login_and_wrong_password_look_alike(
    visitor: Visitor, patient: SignInFacts
) -> None:
    pages = []
    for login in (patient.login, "nobody-here"):
        visitor.get("/login")
        answer = visitor.submit("/login", login=login, password="Wrong-9!password")
        assert answer.status_code == 422
        shown = re.sub(
            r'value="[^"]*"|nonce="[^"]*"|content="[^"]*"|hx-headers=\S+ \S+', "", visitor.text
        )
        pages.append(shown)
    assert "账号或密码不正确" in pages[0]
    assert pages[0] == pages[1]


def test_an_empty_form_says_what_is_missing(visitor: Visitor) -> None:
    visitor.get("/login")
    answer = visitor.submit("/login")
    assert answer.status_code == 422
    assert "请填写账号或身份证号" in visitor.text
    assert "请填写密码" in visitor.text


def test_the_password_is_never_sent_back(visitor: Visitor, patient: SignInFacts) -> None:
    visitor.get("/login")
    visitor.submit("/login", login=patient.login, password="Wrong-9!password")
    assert "Wrong-9!password" not in visitor.text


@pytest.mark.requirement("F-06")
def test_too_many_tries_lock_and_say_until_when(visitor: Visitor, patient: SignInFacts) -> None:
    for _ in range(5):
        visitor.get("/login")
        visitor.submit("/login", login=patient.login, password="Wrong-9!password")
    answer = visitor.submit("/login", login=patient.login, password=patient.password)
    assert answer.status_code == 429
    assert re.search(r"请于 [0-9]{2}:[0-9]{2} 后再试", visitor.text)
    assert cookie(visitor) is None


@pytest.mark.requirement("F-06")
def test_idle_time_signs_out(visitor: Visitor, patient: SignInFacts, cloud: ImageCloud) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        visitor.sign_in(patient)
        traveller.shift(timedelta(minutes=cloud.settings.idle_minutes - 1))
        assert visitor.get("/account").request.path == "/account"
        traveller.shift(timedelta(minutes=cloud.settings.idle_minutes + 1))
        visitor.get("/account")
    assert visitor.path == "/login"


@pytest.mark.requirement("F-06")
def test_the_longest_session_ends_even_in_use(
    visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        visitor.sign_in(patient)
        for _ in range(cloud.settings.absolute_hours * 4):
            traveller.shift(timedelta(minutes=15))
            visitor.get("/account")
    assert visitor.path == "/login"


@pytest.mark.requirement("F-06")
def test_signing_out_ends_the_session_on_the_server(
    app: Flask, visitor: Visitor, patient: SignInFacts
) -> None:
    visitor.sign_in(patient)
    visitor.get("/account")
    token = cookie(visitor)
    assert token
    visitor.submit("/logout")
    assert "您已安全退出" in visitor.text
    assert cookie(visitor) is None
    thief = Visitor(app)
    thief.client.set_cookie("yingyun", token)
    thief.get("/account")
    assert thief.path == "/login"


def test_signing_in_again_ends_the_session_before(
    app: Flask, visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    visitor.get("/login")  # the page stands open while a sign-in happens beside it
    old = cookie(visitor.be(cloud, patient))
    assert old
    visitor.submit("/login", login=patient.login, password=patient.password)
    visitor.submit("/login/code", code=patient.code())
    assert cookie(visitor) not in {None, old}
    thief = Visitor(app)
    thief.client.set_cookie("yingyun", old)
    thief.get("/account")
    assert thief.path == "/login"


def test_the_session_cookie_changes_at_sign_in(visitor: Visitor, patient: SignInFacts) -> None:
    """A session that was planted before signing in is not the one that is signed in."""
    visitor.client.set_cookie("yingyun", "planted")
    visitor.sign_in(patient)
    assert cookie(visitor) not in {None, "planted"}


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/ok\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "account",
    ],
)
def test_only_own_pages_are_gone_on_to(visitor: Visitor, patient: SignInFacts, target: str) -> None:
    visitor.get("/login", query_string={"next": target})
    visitor.submit("/login", login=patient.login, password=patient.password)
    answer = visitor.submit("/login/code", follow_redirects=False, code=patient.code())
    assert answer.headers["Location"] == "/"


def test_after_signing_in_the_wanted_page_comes(visitor: Visitor, patient: SignInFacts) -> None:
    visitor.get("/account")
    assert visitor.path == "/login"
    visitor.submit("/login", login=patient.login, password=patient.password)
    visitor.submit("/login/code", code=patient.code())
    assert visitor.path == "/account"


@pytest.mark.requirement("A-02")
@pytest.mark.parametrize(
    ("query", "agent", "kind"),
    [
        ("?entry=app", "", "app"),
        ("?entry=qr", "", "qr_code"),
        ("?entry=official-account", "", "official_account"),
        ("?entry=national-platform", "", "national_platform"),
        ("?entry=link", "", "web"),
        ("?entry=mini-program", "", "mini_program"),
        ("?entry=alipay", "", "mini_program"),
        ("?entry=atomic-service", "", "mini_program"),
        ("?entry=yukuaiban", "", "app"),
        ("?entry=nonsense", "", "web"),
        ("", "Mozilla/5.0 (iPhone) MicroMessenger/8.0 miniProgram/wx123", "mini_program"),
        ("", "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0", "official_account"),
        ("", "Mozilla/5.0 (Phone; OpenHarmony 5.0) MicroMessenger/8.0 miniProgram", "mini_program"),
        ("", "Mozilla/5.0 (iPhone) AliApp(AP/10.6) AlipayClient/10.6 MiniProgram", "mini_program"),
        ("", "Mozilla/5.0 (iPhone) AliApp(AP/10.6) AlipayClient/10.6", "app"),
        ("", "Mozilla/5.0 (Phone; OpenHarmony 5.0) Chrome/132.0 ArkWeb/6.0 Mobile", "web"),
        ("", "Mozilla/5.0 (Windows NT 10.0)", "web"),
    ],
)
def test_every_entry_reaches_the_same_page_and_is_recorded(
    visitor: Visitor, patient: SignInFacts, cloud: ImageCloud, query: str, agent: str, kind: str
) -> None:
    visitor.client.environ_base["HTTP_USER_AGENT"] = agent
    assert visitor.get(f"/login{query}").status_code == 200
    assert "登录影云" in visitor.text
    visitor.submit("/login", login=patient.login, password=patient.password)
    visitor.submit("/login/code", code=patient.code())
    with cloud.database.session() as session:
        assert session.scalars(select(AccountSession.entry_kind)).all() == [kind]


def test_a_lost_device_can_be_signed_out(
    app: Flask, visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    lost = Visitor(app).be(cloud, patient)
    assert lost.get("/account").request.path == "/account"
    visitor.be(cloud, patient).get("/account")
    visitor.submit("/account/devices/sign-out")
    assert "该设备已退出登录" in visitor.text
    lost.get("/account")
    assert lost.path == "/login"
    assert visitor.get("/account").request.path == "/account"


def test_nobody_signs_out_the_devices_of_others(
    app: Flask, visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    other = Visitor(app).be(cloud, make_account(cloud, "lisi"))
    other.get("/account")
    with cloud.database.session() as session:
        mine = session.scalars(
            select(AccountSession.token_hash).where(AccountSession.account_id != patient.account_id)
        ).one()
    visitor.be(cloud, patient)
    Visitor(app).be(cloud, patient).get("/account")
    visitor.get("/account")
    visitor.submit("/account/devices/sign-out", device=mine)
    assert other.get("/account").request.path == "/account"
