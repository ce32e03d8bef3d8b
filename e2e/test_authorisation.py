"""A doctor at his desk and a patient with his phone: asked, approved, read, withdrawn, refused."""

from __future__ import annotations

import io
import re

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from e2e.browser import until
from e2e.conftest import Visits
from server.demo.people import ABROAD, PATIENT
from server.model import Series

DOCTOR = "doctor.yangli"
OWNER = "zhang.shifan"
REFUSED = "status 403|Failed to load resource.*403"


def ask_on_phone(page: Page) -> None:
    """Fill in the doctor's form: by the ID number, confirmed on the patient's phone."""
    page.goto("/doctor/requests")
    page.get_by_label("患者手机确认").check()
    page.get_by_label("患者身份证号").fill(PATIENT.id_number)
    page.get_by_role("button", name="申请调阅").click()
    expect(page.get_by_role("heading", name="等待患者在手机上确认")).to_be_visible()


def mine(phone: Page) -> Locator:
    """The card of this doctor's hospital among the patient's authorisations."""
    return phone.locator(".authorisation", has_text=ABROAD.name)


def frames_address(visits: Visits) -> str:
    """The address of the frames of the CT's first series, by the doctor's door."""
    study_id = visits.product.studies["ct"]
    with visits.product.cloud.database.session() as session:
        wanted = select(Series.series_id).where(Series.study_id == study_id)
        series_id = session.scalars(wanted.order_by(Series.series_number)).first()
    return f"/doctor/studies/{study_id}/series/{series_id}/frames?around=0"


def status_of(page: Page, address: str) -> int:
    """Fetch as the page's own scripts do."""
    return int(page.evaluate("async (url) => (await fetch(url)).status", address))


@pytest.mark.requirement("A-35", "C-44", "E-32", "F-25", "F-65")
def test_asked_approved_read_withdrawn_and_refused(visits: Visits) -> None:
    desk, seen = visits.open("desktop", DOCTOR)
    phone, _ = visits.open("phone", OWNER)
    frames = frames_address(visits)
    seen.expect(REFUSED)
    desk.goto("/doctor/studies")
    assert status_of(desk, frames) == 403

    ask_on_phone(desk)
    phone.goto("/studies")
    phone.locator(".header-bell").click()
    mine(phone).get_by_role("link", name="查看并答复").click()
    phone.get_by_label("4 小时", exact=True).check()
    phone.get_by_role("button", name="同意授权").click()
    expect(phone.locator("#notices")).to_contain_text("已授权")

    warning = desk.get_by_role("heading", name="敏感个人信息：查看前请确认")
    expect(warning).to_be_visible()  # the page went on by itself
    desk.get_by_role("button", name="我已知悉，继续查看").click()
    expect(desk.locator(".work-table")).to_be_visible()
    # From the work list to the first image: the patient, the study (C-44: three clicks at most).
    desk.goto("/doctor/studies")
    desk.locator(".open-history").click()
    desk.locator(f"a.work-open[href*='{visits.product.studies['ct']}']").click()
    desk.wait_for_url("**/dicom*")
    desk.evaluate("window.yingyun.ready")
    until(desk, "all frames loaded", lambda state: state["loading"]["complete"])
    assert status_of(desk, frames) == 200

    phone.goto("/authorisations")
    mine(phone).filter(has_text="患者手机确认").get_by_role("button", name="撤回授权").click()
    expect(phone.locator("#notices")).to_contain_text("已撤回")
    assert status_of(desk, frames) == 403
    phone.goto("/authorisations/visits?whom=doctors")
    visit = phone.locator(".authorisation-visit").first
    expect(visit).to_contain_text(DOCTOR)
    expect(visit).to_contain_text("经您授权")
    desk.goto("/doctor/studies")
    expect(desk.locator(".open-history")).to_have_count(0)


@pytest.mark.requirement("E-32")
def test_the_code_on_the_phone_is_scanned_at_the_desk(visits: Visits) -> None:
    phone, _ = visits.open("phone", OWNER)
    phone.goto("/authorisations")
    phone.get_by_role("link", name="我的授权码").click()
    phone.get_by_role("button", name="生成授权码").click()
    picture = phone.get_by_role("img", name="授权码二维码")
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.screenshot())).convert("RGB"))
    assert re.fullmatch(r"\d{12}", read.text)
    assert read.text == phone.locator(".authorisation-digits").inner_text().replace(" ", "")
    assert read.text not in phone.url

    desk, _ = visits.open("desktop", DOCTOR)
    desk.goto("/doctor/requests")
    desk.get_by_label("患者出示的授权码").fill(read.text)
    desk.keyboard.press("Enter")  # as a hand-held scanner does
    desk.get_by_role("button", name="我已知悉，继续查看").click()
    expect(desk.locator(".work-table tbody tr").first).to_contain_text("示范省立医院")
    phone.goto("/authorisations")
    mine(phone).filter(has_text="医保码").get_by_role("button", name="撤回授权").click()
    expect(phone.locator("#notices")).to_contain_text("已撤回")
