"""A patient inside WeChat's mini-program: sign in, view, share, authorise, revoke (A-05)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import Visits
from e2e.signing_in import sign_in
from e2e.test_authorisation import ask_on_phone, mine
from e2e.test_share import give, revoke

WECHAT = (
    "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0.50 NetType/4G Language/zh_CN "
    "miniProgram/wx0123456789abcdef"
)
NO_WINDOWS = "window.open = () => { throw new Error('no windows here'); };"
OWNER = "zhang.shifan"
DOCTOR = "doctor.yangli"


@pytest.mark.requirement("A-05")
def test_all_is_done_without_windows_files_and_foreign_cookies(visits: Visits) -> None:
    phone, watch = visits.open("phone", user_agent=WECHAT, accept_downloads=False)
    phone.add_init_script(NO_WINDOWS)
    opened: list[object] = []
    phone.context.on("page", lambda one: opened.append(one))
    phone.on("download", lambda one: opened.append(one))
    desk, _ = visits.open("desktop", DOCTOR)

    sign_in(phone, visits.product.logins[OWNER])
    phone.goto(f"/studies/{visits.product.studies['ct']}")
    picture = phone.locator("[data-picture]")
    assert picture.evaluate("(one) => one.decode().then(() => one.naturalWidth)") > 0
    given = give(phone, visits.product.studies["ct"])
    expect(phone.locator("[download]")).to_have_count(0)
    ask_on_phone(desk)
    phone.goto("/authorisations")
    mine(phone).get_by_role("link", name="查看并答复").click()
    phone.get_by_role("button", name="同意授权").click()
    expect(phone.locator("#notices")).to_contain_text("已授权")
    phone.goto("/authorisations")
    mine(phone).filter(has_text="患者手机确认").get_by_role("button", name="撤回授权").click()
    expect(phone.locator("#notices")).to_contain_text("已撤回")
    revoke(phone, given.share_id)

    assert opened == []
    own = re.escape(visits.product.base_url)
    assert [url for url in watch.asked if not re.match(rf"({own}|data:|blob:)", url)] == []
    assert {one["domain"] for one in phone.context.cookies()} == {"127.0.0.1"}
