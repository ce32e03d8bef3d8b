"""Sharing as two people live through it: given, scanned, opened, read, revoked, used up."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from e2e.browser import until
from e2e.conftest import Visits

SIZES = pytest.mark.parametrize("size", ["phone", "desktop"])
PASSWORD = "k7m4xq"
ENDED = "status 4(01|03|10)|Failed to load resource"


@dataclass(frozen=True)
class Given:
    """A share as its giver saw it."""

    link: str
    short_code: str

    @property
    def share_id(self) -> str:
        return self.link.partition("#")[0].rsplit("/", 1)[1]


def give(page: Page, study_id: str, *, password: str = "", views: str = "2") -> Given:
    """Fill in the share form by hand: report, pictures and DICOM, for 24 hours."""
    page.goto(f"/studies/{study_id}")
    page.locator(".study-actions").get_by_role("link", name="分享").click()
    page.wait_for_url("**/shares/new")
    lifetimes = page.get_by_role("radiogroup", name="有效期").locator("label").all_inner_texts()
    assert [text.replace(" ", "") for text in lifetimes][:4] == [
        "5分钟",
        "0.5小时",
        "1小时",
        "24小时",
    ]
    page.get_by_label("DICOM 原始影像").check()
    page.get_by_role("radiogroup", name="有效期").get_by_label("24").check()
    page.get_by_role("radiogroup", name="可打开次数").get_by_label("自定义").check()
    page.locator("[name=custom_views]").fill(views)
    page.locator("[name=password]").fill(password)
    page.get_by_role("button", name="生成分享链接和二维码").click()
    link = page.locator("[data-address]").input_value()
    return Given(link, page.locator(".share-code").last.inner_text())


def read_qr(page: Page) -> str:
    """Read the QR code from the screen, as another phone's camera does."""
    picture = page.get_by_role("img", name="分享二维码")
    picture.scroll_into_view_if_needed()
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.screenshot())).convert("RGB"))
    assert len(found) == 1
    return str(found[0].text)


def open_with(page: Page, link: str, password: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="打开").click()
    page.get_by_label("分享密码").fill(password)
    page.get_by_role("button", name="打开").click()


def revoke(page: Page, share_id: str) -> None:
    page.goto("/shares")
    row = page.locator(f"#share-{share_id}")
    row.get_by_role("button", name="撤销").click()
    row.get_by_role("dialog").get_by_role("button", name="撤销分享").click()
    expect(row).to_contain_text("已撤销")
    expect(page.locator("#notices")).to_contain_text("已撤销")


@pytest.mark.requirement("A-20", "A-21", "A-22", "A-24", "A-25", "A-27", "A-28", "A-29", "A-31",
                         "A-38", "A-52", "F-64")  # fmt: skip
@SIZES
def test_a_share_is_given_scanned_opened_read_and_revoked(visits: Visits, size: str) -> None:
    giver, _ = visits.open(size, "zhang.shifan")
    study_id = visits.product.studies["ct"]
    given = give(giver, study_id, password=PASSWORD)
    assert read_qr(giver) == given.link
    assert given.link.startswith(f"{visits.product.base_url}/s/{given.share_id}#")

    reader, seen = visits.open(size)
    seen.expect("status 422", "Failed to load resource.*422")
    open_with(reader, given.link, "falsch")
    expect(reader.get_by_text("密码不正确")).to_be_visible()
    reader.get_by_label("分享密码").fill(PASSWORD)
    reader.get_by_role("button", name="打开").click()
    expect(reader.locator(".share-facts")).to_contain_text("23 小时")
    assert "#" not in reader.url and "张*" in reader.locator(".share-overview").inner_text()
    assert reader.locator("a[href^='/studies'], a[href^='/shares']").count() == 0
    reader.get_by_role("link", name="查看报告").click()
    expect(reader.locator(".report dt")).to_have_count(13)
    reader.get_by_role("link", name="查看影像").click()
    expect(reader.locator("[data-picture]")).to_be_visible()
    assert seen.dicom_requests() == []
    images = reader.url
    reader.wait_for_load_state()  # before its script is there the button is a link
    reader.locator("[data-dicom]").click()
    reader.get_by_role("dialog").get_by_role("link", name="继续调阅").click()
    reader.wait_for_url("**/dicom?**")
    reader.evaluate("window.yingyun.ready")
    until(reader, "all frames loaded", lambda state: state["loading"]["complete"])
    pictures = reader.context.new_page()
    pictures.goto(f"{images.partition('?')[0]}?frame=2")
    expect(pictures.locator("[data-picture]")).to_be_visible()

    revoke(giver, given.share_id)
    seen.expect(ENDED)
    expect_no_more_pictures(pictures)
    expect_no_more_dicom(reader)
    answer = reader.goto(given.link.partition("#")[0])
    assert answer is not None
    expect(reader.get_by_text("上次访问已结束")).to_be_visible()
    other, told = visits.open(size)
    told.expect("status 410", "Failed to load resource.*410")
    other.goto(given.link)
    other.get_by_role("button", name="打开").click()
    expect(other.get_by_role("heading", name="无法打开这个分享")).to_be_visible()

    giver.get_by_role("link", name="打开记录").first.click()
    expect(giver.locator("[data-views]")).to_have_text(re.compile(r"1\s*/\s*2"))
    tries = giver.locator(".table tbody tr .badge")
    expect(tries).to_have_text(["撤销后被拒", "已打开", "密码错误"])
    giver.goto(f"/studies/{study_id}")
    expect(giver.locator("[data-picture]")).to_be_visible()


def expect_no_more_pictures(page: Page) -> None:
    """The next picture that is not at hand yet says in words that access has ended."""
    page.locator("[data-slider]").fill("12")
    failure = page.locator("[data-failure]")
    expect(failure).to_contain_text("访问已结束")
    expect(page.locator("[data-picture]")).to_be_hidden()
    for corner in page.locator("[data-corner]").all():
        expect(corner).to_have_text("")


def expect_no_more_dicom(page: Page) -> None:
    """The next series says in words that access has ended, and nothing stays on the screen."""
    page.locator(".series-toggle").click()
    page.locator(".series-entry", has_text="胸部增强").click()
    failure = page.locator("[data-failure]")
    expect(failure).to_contain_text("访问已结束")
    expect(failure).to_contain_text("Access has ended")
    expect(page.locator("[data-corner='top_left']")).to_have_text("")


@pytest.mark.requirement("A-24", "A-29")
def test_the_third_opening_is_refused_and_other_shares_live_on(visits: Visits) -> None:
    giver, _ = visits.open("desktop", "zhang.shifan")
    study_id = visits.product.studies["ct"]
    used_up, other = give(giver, study_id), give(giver, study_id)
    for number in (1, 2, 3):
        reader, seen = visits.open("phone")
        reader.goto(used_up.link)
        if number == 3:
            seen.expect("status 410", "Failed to load resource.*410")
        reader.get_by_role("button", name="打开").click()
        closed = reader.get_by_role("heading", name="无法打开这个分享")
        expect(closed).to_be_visible() if number == 3 else expect(
            reader.get_by_role("link", name="查看影像")
        ).to_be_visible()
    giver.goto("/shares")
    row = giver.locator(f"#share-{used_up.share_id}")
    expect(row.locator("[data-views]")).to_have_text(re.compile(r"2\s*/\s*2"))
    reader, _ = visits.open("phone")
    reader.goto(other.link)
    reader.get_by_role("button", name="打开").click()
    reader.get_by_role("link", name="查看影像").click()
    expect(reader.locator("[data-picture]")).to_be_visible()


@pytest.mark.requirement("A-05", "A-21")
def test_nothing_needs_new_windows_or_downloads(visits: Visits) -> None:
    page, _ = visits.open("phone", "zhang.shifan", accept_downloads=False)
    page.add_init_script("window.open = () => { throw new Error('no windows here'); };")
    opened: list[object] = []
    page.context.on("page", lambda one: opened.append(one))
    page.on("download", lambda one: opened.append(one))
    given = give(page, visits.product.studies["ct"], views="1")
    page.get_by_role("button", name="复制链接").click()
    expect(page.locator("#notices")).to_contain_text(re.compile("链接已(复制|选中)"))
    page.goto(f"/studies/{visits.product.studies['ct']}/dicom?confirmed=1")
    page.evaluate("window.yingyun.ready")
    revoke(page, given.share_id)
    assert opened == []
