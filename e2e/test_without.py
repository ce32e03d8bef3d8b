"""The same way without scripts, and without WebAssembly."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import Visits
from e2e.passing_on import new_link
from e2e.signing_in import authenticator_code, give_code, give_password


@pytest.mark.requirement("A-51", "B-15")
def test_without_scripts_everything_but_dicom_works(visits: Visits) -> None:
    page, watch = visits.open("phone", java_script_enabled=False)
    page.goto("/")
    facts = visits.product.logins["journey.plain"]
    give_password(page, facts)
    give_code(page, authenticator_code(facts))
    page.get_by_role("button", name="同意并继续").click()
    expect(page.locator(".exam")).to_have_count(6)
    page.get_by_role("link", name="查看影像：胸腹部CT").click()
    expect(page.locator("[data-picture]")).to_be_visible()
    expect(page.locator("[data-corner='narrow.top_left']")).to_contain_text("张示范")
    for number in range(8, 13):
        page.get_by_role("link", name="下一幅").click()
        expect(page.locator(".pager-count")).to_have_text(re.compile(rf"{number}\s*/\s*12"))
    page.get_by_role("navigation", name="序列导航").get_by_role("link").nth(1).click()
    expect(page.locator(".pager-count")).to_have_text(re.compile(r"5\s*/\s*8"))
    page.locator("[data-dicom]").click()
    expect(page.get_by_text("DICOM 格式影像需消耗较多流量，是否继续调阅？")).to_be_visible()
    expect(page.get_by_text(re.compile(r"本序列约 \d+\.\d MB"))).to_be_visible()
    page.get_by_role("link", name="取消").click()
    page.locator(".study-actions").get_by_role("link", name="报告").click()
    expect(page.locator(".report-facts dt")).to_have_count(11)
    page.get_by_role("link", name="分享", exact=True).click()
    page.get_by_label("DICOM 原始影像").check()
    page.locator("[name=password]").fill("k7m4xq")
    page.get_by_role("button", name="生成分享链接和二维码").click()
    code = page.locator(".share-code").last.inner_text()
    link = page.locator("[data-address]").input_value()

    reader, seen = visits.open("phone", java_script_enabled=False)
    reader.goto(link.partition("#")[0])
    reader.get_by_label("短码").fill(code)
    reader.get_by_role("button", name="打开").click()
    reader.get_by_label("分享密码").fill("k7m4xq")
    reader.get_by_role("button", name="打开").click()
    reader.get_by_role("link", name="查看影像").click()
    reader.get_by_role("link", name="下一幅").click()
    expect(reader.locator(".pager-count")).to_have_text(re.compile(r"8\s*/\s*12"))

    page.get_by_role("link", name="查看或撤销此分享").click()
    page.locator(".share-revoke").click()
    page.get_by_role("button", name="撤销分享").click()
    expect(page.get_by_text("已撤销").first).to_be_visible()
    seen.expect("status 410", "Failed to load resource.*410")
    reader.get_by_role("link", name="下一幅").click()
    expect(reader.get_by_role("heading", name="内容已失效")).to_be_visible()
    assert not any("/frames" in url for url in watch.asked + seen.asked)


@pytest.mark.requirement("A-51")
def test_without_webassembly_the_dicom_button_says_why(visits: Visits) -> None:
    page, watch = visits.open("phone", "zhang.shifan")
    page.context.add_init_script("delete globalThis.WebAssembly")
    page.goto(f"/studies/{visits.product.studies['ct']}")
    page.get_by_role("link", name="下一幅").click()
    expect(page.locator("[data-frame-number]")).to_have_text("8")
    page.locator("[data-dicom]").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("此浏览器缺少 WebAssembly")
    expect(dialog.get_by_role("link", name="继续调阅")).to_be_hidden()
    dialog.get_by_role("button", name="取消").click()
    assert watch.dicom_requests() == []


@pytest.mark.requirement("A-31", "A-51")
def test_a_shared_page_says_the_same_without_webassembly(visits: Visits) -> None:
    page, _ = visits.open("desktop")
    page.context.add_init_script("delete globalThis.WebAssembly")
    page.goto(new_link(visits.product))
    page.get_by_role("button", name="打开").click()
    page.get_by_role("link", name="查看影像").click()
    page.wait_for_url("**/images")
    page.wait_for_load_state()  # before its script is there the button is a link
    page.locator("[data-dicom]").click()
    expect(page.get_by_role("dialog")).to_contain_text("JPG 影像不受影响")
