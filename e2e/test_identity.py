"""Who you are, on a phone: a passkey of the device, a family that agrees, a forgotten password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import CDPSession, Page, expect
from sqlalchemy import select

from e2e.conftest import Visits
from e2e.product import Login, Product
from e2e.signing_in import CODE_IN_MESSAGE, authenticator_code, give_code, give_password
from server import accounts, consent, people
from server.model import Account, Role

PASSWORD = "Kx7!blaue-Wolke"
NEW_PASSWORD = "Mond-und-7-Sterne"
NUMBERS = {"identity.son": "110101199003070097", "identity.mother": "11010519491231002X"}
NAMES = {"identity.son": "周小川", "identity.mother": "林秀珍"}
PHONES = {"identity.son": "10000000077", "identity.mother": "10000000088"}
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass(frozen=True)
class Family:
    """Two people with accounts of their own, and the product where they meet."""

    product: Product
    logins: dict[str, Login]

    @property
    def localhost(self) -> str:
        """The address at which browsers permit passkeys without HTTPS."""
        return f"http://localhost:{urlsplit(self.product.base_url).port}"


@pytest.fixture(scope="module")
def family(product: Product) -> Iterator[Family]:
    """A son and his mother, who have agreed to the privacy policy."""
    cloud, logins = product.cloud, {}
    with cloud.database.session() as session:
        for login, number in NUMBERS.items():
            person = people.create_person(
                cloud,
                session,
                person_code=people.new_person_code(),
                name=NAMES[login],
                id_number=number,
                phone=PHONES[login],
            )
            new = accounts.create_account(
                cloud, session, login=login, password=PASSWORD, role=Role.PATIENT, person=person
            )
            version = consent.current_policy().version
            consent.give(session, new.account, version=version)
            logins[login] = Login(login, PASSWORD, new.totp_secret)
    yield Family(product, logins)
    with cloud.database.session() as session:
        for login in NUMBERS:
            account = session.scalars(select(Account).where(Account.login == login)).one()
            accounts.disable_account(session, account, actor_kind="system", actor="test")


@dataclass(frozen=True)
class Device:
    """A screen lock that knows its user, as Chromium's debugging protocol makes one."""

    session: CDPSession
    authenticator_id: str

    @classmethod
    def of(cls, page: Page) -> Device:
        """Give the page's browser such a device."""
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        made = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        return cls(session, made["authenticatorId"])

    def send(self, command: str, **values: Any) -> dict[str, Any]:
        """Send a command to this device."""
        named = {"authenticatorId": self.authenticator_id} | values
        return dict(self.session.send(f"WebAuthn.{command}", named) or {})


def enter(page: Page, base_url: str, login: Login) -> None:
    page.goto(f"{base_url}/login")
    give_password(page, login)
    give_code(page, authenticator_code(login))
    page.wait_for_url("**/studies")


@pytest.mark.requirement("A-09", "F-03", "F-05")
def test_a_passkey_then_a_family_on_a_phone(visits: Visits, family: Family) -> None:
    son, mother = family.logins.values()
    page, _ = visits.open("phone")
    device = Device.of(page)
    enter(page, family.localhost, son)
    page.goto(f"{family.localhost}/account/security")
    page.get_by_label("给它起个名字").fill("我的手机")
    page.get_by_role("button", name="添加通行密钥").click()
    expect(page.get_by_text("通行密钥已添加")).to_be_visible()
    expect(page.locator(".row", has_text="我的手机")).to_be_visible()
    page.context.clear_cookies()

    page.goto(f"{family.localhost}/login?next=/family/invite")
    page.get_by_role("button", name="用通行密钥登录").click()
    page.wait_for_url("**/family/invite")
    page.get_by_label("成员姓名").fill(NAMES["identity.mother"])
    page.get_by_label("成员身份证号").fill(NUMBERS["identity.mother"])
    page.get_by_label("成员是我的").select_option("母亲")
    page.get_by_role("button", name="发送邀请").click()
    expect(page.get_by_text("等待对方同意")).to_be_visible()

    other, _ = visits.open("phone")
    enter(other, family.product.base_url, mother)
    other.goto("/family")
    expect(other.get_by_role("heading", name="周小川 申请查看您的资料")).to_be_visible()
    other.get_by_role("button", name="同意", exact=True).click()
    expect(other.get_by_text("您已同意")).to_be_visible()
    page.goto(f"{family.localhost}/studies")
    chips = page.get_by_role("navigation", name="选择查看谁的资料")
    expect(chips.get_by_text(NAMES["identity.mother"])).to_be_visible()
    other.get_by_role("button", name="解除").click()
    expect(other.get_by_text("没有人可以查看您的资料")).to_be_visible()
    page.reload()
    expect(chips).to_have_count(0)

    # A device that does not recognise its user signs nobody in.
    (key,) = device.send("getCredentials")["credentials"]
    assert key["isResidentCredential"]
    page.context.clear_cookies()
    device.send("setUserVerified", isUserVerified=False)
    page.goto(f"{family.localhost}/login")
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page.locator("[data-passkey-problem]")).to_be_visible()
    expect(page).to_have_url(re.compile("/login$"))


@pytest.mark.requirement("F-04", "F-06")
def test_a_forgotten_password_on_a_phone(visits: Visits, family: Family) -> None:
    mother = family.logins["identity.mother"]
    page, watch = visits.open("phone")
    watch.expect("status 422", "422")
    page.goto("/login")
    page.get_by_role("link", name="忘记密码").click()
    page.get_by_label("身份证号").fill(NUMBERS["identity.mother"])
    page.get_by_label("在医院登记的手机号").fill(PHONES["identity.mother"])
    page.get_by_role("button", name="发送验证码").click()
    expect(page.get_by_role("heading", name="输入短信验证码")).to_be_visible()
    mailbox = page.context.new_page()
    mailbox.goto("/dev/mailbox")
    letter = mailbox.locator(".letter", has_text=PHONES["identity.mother"]).first
    found = CODE_IN_MESSAGE.search(letter.locator(".letter-body").inner_text())
    mailbox.close()
    assert found
    page.locator("[name=code]").fill(found[1])
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("身份验证器验证码或恢复码").fill("000000")
    page.get_by_label("新密码", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("再次输入新密码").fill(NEW_PASSWORD)
    page.get_by_role("button", name="重设密码").click()
    expect(page.get_by_text("验证码或恢复码不正确")).to_be_visible()
    expect(page.get_by_role("button", name="申请等待后重设")).to_be_visible()
    page.get_by_role("button", name="申请等待后重设").click()
    expect(page.get_by_text("已申请重设")).to_be_visible()

    # She remembers it after all, sees what was asked for, and puts an end to it.
    owner, _ = visits.open("phone")
    owner.goto("/login")
    give_password(owner, mother)
    owner.get_by_role("button", name="发送短信验证码").click()
    letters = owner.context.new_page()
    letters.goto("/dev/mailbox")
    bodies = letters.locator(".letter-body", has_text="验证码")
    code = CODE_IN_MESSAGE.search(bodies.first.inner_text())
    letters.close()
    assert code
    give_code(owner, code[1])
    owner.wait_for_url("**/studies")
    owner.goto("/account")
    owner.get_by_role("button", name="不是我，取消申请").click()
    expect(owner.get_by_text("已取消重设密码的申请")).to_be_visible()
