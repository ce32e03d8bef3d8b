"""Who is away is asked before he is signed out; who is there is kept signed in."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect


@pytest.mark.requirement("F-06")
def test_a_warning_comes_before_the_end_and_puts_it_off(phone: Page) -> None:
    phone.clock.install()
    phone.goto("/account")
    warning = phone.locator("[data-idle-warning]")
    expect(warning).to_be_hidden()
    phone.clock.fast_forward("18:30")
    expect(warning).to_be_visible()
    with phone.expect_response("**/session/keep"):
        phone.get_by_role("button", name="继续使用").click()
    expect(warning).to_be_hidden()
    phone.clock.fast_forward("06:00")
    expect(warning).to_be_hidden()


@pytest.mark.requirement("F-06")
def test_whoever_uses_the_page_is_kept_signed_in_without_being_asked(desktop: Page) -> None:
    desktop.clock.install()
    desktop.goto("/account")
    desktop.clock.fast_forward("04:58")
    desktop.mouse.move(200, 200)
    with desktop.expect_response("**/session/keep") as kept:
        desktop.clock.fast_forward("00:15")
    assert kept.value.status == 200
    desktop.clock.fast_forward("17:30")
    expect(desktop.locator("[data-idle-warning]")).to_be_hidden()
