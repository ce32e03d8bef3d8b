"""A patient takes a study away: asked for, packed by a worker, fetched elsewhere, deleted."""

from __future__ import annotations

import re
import zipfile

import pytest
from playwright.sync_api import expect

from e2e.conftest import Visits
from e2e.signing_in import code_by_sms, give_code, give_password


@pytest.mark.requirement("A-33", "A-34")
def test_a_study_is_packed_fetched_on_a_computer_and_deleted(visits: Visits) -> None:
    # To take something away needs a sign-in of these last minutes.
    phone, _ = visits.open("phone")
    phone.goto("/login")
    give_password(phone, visits.product.logins["zhang.shifan"])
    give_code(phone, code_by_sms(phone))
    phone.wait_for_url(re.compile(r"/(studies|consent)"))
    if "/consent" in phone.url:
        phone.get_by_role("button", name="同意并继续").click()
        phone.wait_for_url("**/studies")
    phone.goto(f"/studies/{visits.product.studies['ct']}")
    phone.locator(".study-actions").get_by_role("link", name="下载").click()
    phone.locator("[name=agreed]").check()
    phone.get_by_role("button", name="生成下载链接").click()
    expect(phone.locator(".download-progress")).to_contain_text("正在打包")
    password = phone.locator(".share-code").inner_text()
    link = phone.locator("[data-address]").input_value()
    visits.product.cloud.jobs.sweep()  # as the worker does that this product runs without
    expect(phone.locator(".download-progress")).to_contain_text("已打包")

    computer, seen = visits.open("desktop")
    computer.goto(link)
    seen.expect("status 422", "Failed to load resource.*422")
    computer.get_by_label("下载密码").fill("falsch-1")
    computer.get_by_role("button", name="打开").click()
    expect(computer.get_by_text("密码不正确")).to_be_visible()
    computer.get_by_label("下载密码").fill(password)
    computer.get_by_role("button", name="打开").click()
    with computer.expect_download() as started:
        computer.get_by_role("link", name="下载").click()
    names = zipfile.ZipFile(started.value.path()).namelist()
    assert {"DICOMDIR", "README.HTM", "REPORT.PDF"} <= set(names)
    assert len(names) == 3 + 20

    phone.get_by_role("link", name="下载记录").click()
    phone.locator(".share-row h2 a").first.click()
    expect(phone.locator("[data-completed]")).to_contain_text("1")
    phone.get_by_role("button", name="删除这个下载").click()
    expect(phone.locator("#notices")).to_contain_text("已删除")
    seen.expect("status 410", "Failed to load resource.*410")
    computer.reload()
    expect(computer.get_by_label("下载密码")).to_be_visible()
