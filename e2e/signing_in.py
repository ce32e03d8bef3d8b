"""Signing in through the pages, as people do."""

from __future__ import annotations

import re

import pyotp
from playwright.sync_api import Page, expect

from e2e.product import Login

CODE_IN_MESSAGE = re.compile(r"(?<!\d)(\d{6})(?!\d)")


def give_password(page: Page, login: Login) -> None:
    """Fill in the first step, wherever the sign-in form stands."""
    page.get_by_label("账号或身份证号").fill(login.login)
    page.get_by_label("密码", exact=True).fill(login.password)
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_role("heading", name="验证身份")).to_be_visible()


def give_code(page: Page, code: str) -> None:
    """Fill in the second step."""
    page.locator("[name=code]").fill(code)
    page.get_by_role("button", name="登录", exact=True).click()


def authenticator_code(login: Login) -> str:
    """Return what the authenticator shows now (RFC 6238)."""
    return pyotp.TOTP(login.totp_secret).now()


def code_by_sms(page: Page) -> str:
    """Have a code sent and read it in the development mailbox, in a second tab."""
    page.get_by_role("button", name="发送短信验证码").click()
    expect(page.get_by_role("button", name="重新发送短信验证码")).to_be_visible()
    mailbox = page.context.new_page()
    mailbox.goto("/dev/mailbox")
    letter = mailbox.locator(".letter-body").first.inner_text()
    mailbox.close()
    found = CODE_IN_MESSAGE.search(letter)
    assert found, letter
    return found[1]


def sign_in(page: Page, login: Login) -> None:
    """Sign in with password and authenticator, and agree where that is asked."""
    page.goto("/login")
    give_password(page, login)
    give_code(page, authenticator_code(login))
    page.wait_for_url(re.compile(r"/(studies|consent|reviews|admin)"))
    if "/consent" in page.url:
        page.get_by_role("button", name="同意并继续").click()
        page.wait_for_url("**/studies")
