"""A share on paper, and a share in a hurry."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from e2e.conftest import Visits

MILLIMETRE = 72 / 25.4
SHEETS = {"A4": ("a4", 210, 297), "名片大小": ("card", 90, 54)}
# “Share” in the time line, “make the link”, “copy”: everything else has a safe default.
TAPS = 3
COUNTING = """
  const add = (name) => { sessionStorage[name] = Number(sessionStorage[name] ?? 0) + 1; };
  addEventListener("click", (one) => { if (one.isTrusted) add("taps"); }, true);
  addEventListener("change", (one) => { if (one.isTrusted) add("fields"); }, true);
"""


def read_code(paper: Locator) -> str:
    """Read the QR code from what is printed, as a camera does."""
    picture = Image.open(io.BytesIO(paper.screenshot())).convert("RGB")
    found = zxingcpp.read_barcodes(picture.resize((picture.width * 2, picture.height * 2)))
    assert len(found) == 1
    return str(found[0].text)


def give(page: Page, study_id: str) -> str:
    page.goto(f"/studies/{study_id}/shares/new")
    page.locator("[name=password]").fill("k7m4xq-laut")
    page.locator("[name=recipient]").fill("王医生")
    page.get_by_role("button", name="生成分享链接和二维码").click()
    return page.locator("[data-address]").input_value()


@pytest.mark.requirement("A-20")
@pytest.mark.parametrize("size", SHEETS)
def test_a_printed_card_is_one_sheet_and_its_code_opens_the_share(
    visits: Visits, size: str
) -> None:
    page, _ = visits.open("desktop", "zhang.shifan")
    link = give(page, visits.product.studies["ct"])
    name, width, height = SHEETS[size]
    page.get_by_label(size).check(force=True)  # the label lies over its dot
    page.get_by_role("button", name="打开可打印的卡片").click()
    paper = page.locator(f".paper-{name}")
    expect(page.locator("[data-print]")).to_be_visible()
    page.emulate_media(media="print")
    assert read_code(paper) == link
    outer = paper.evaluate(
        "(one) => [one.scrollWidth - one.clientWidth, one.scrollHeight - one.clientHeight]"
    )
    assert outer == [0, 0], "something is cut off"
    words = paper.inner_text()
    assert "王医生" in words and "k7m4xq-laut" not in words and "张示范" not in words
    printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    assert len(printed.pages) == 1
    box = printed.pages[0].mediabox
    assert [round(float(one) / MILLIMETRE) for one in (box.width, box.height)] == [width, height]


@pytest.mark.requirement("A-21", "A-38")
def test_sharing_takes_three_taps_and_no_field(visits: Visits) -> None:
    """Who has never seen the product reads one button a page, each the only prominent one."""
    page, _ = visits.open("phone", "zhang.shifan", viewport={"width": 360, "height": 780})
    page.add_init_script(COUNTING)
    page.goto("/studies")
    page.get_by_role("link", name="分享：").first.tap()
    make = page.get_by_role("button", name="生成分享链接和二维码")
    expect(page.locator("main .button-primary:visible")).to_have_count(1)
    assert page.locator("main :invalid").count() == 0, "nothing is left to fill in"
    make.tap()
    page.get_by_role("button", name="复制链接").tap()
    expect(page.locator("#notices")).to_contain_text("链接已")
    counted = page.evaluate("[sessionStorage.taps, sessionStorage.fields ?? '0']")
    assert counted == [str(TAPS), "0"]
    link = page.locator("[data-address]").input_value()
    reader, _ = visits.open("phone")
    reader.goto(link)
    reader.get_by_role("button", name="打开").tap()
    expect(reader.get_by_role("link", name="查看影像")).to_be_visible()
