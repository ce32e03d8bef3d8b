"""A patient finds his records, reads and prints the report, compares two dates; on a slow line he
is told that something is coming."""

from __future__ import annotations

import io
import re
import unicodedata

import pypdf
import pytest
from playwright.sync_api import Page, expect

from e2e.browser import until
from e2e.conftest import Visits
from e2e.signing_in import code_by_sms, give_code, give_password

PATIENT = "zhang.shifan"
BOTH = pytest.mark.parametrize("size", ["phone", "tablet"])
A4 = (595, 842)
# What the margins leave of A4, in CSS pixels; and what is wider than its box there.
PRINTED = {"width": 680, "height": 994}
CLIPPED = """() => [...document.querySelectorAll(".report, .report *")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1
    && getComputedStyle(one).display !== "inline" && !one.matches(".visually-hidden, svg, svg *"))
  .map((one) => one.outerHTML.slice(0, 90))"""
# A line as in a lift: each answer takes two and a half seconds on its way.
SLOW = {
    "offline": False,
    "latency": 2500,
    "downloadThroughput": 400_000,
    "uploadThroughput": 400_000,
}
# How long after the click or input an element was first seen, by the page's own clock; kept where
# the next page finds it.
WATCH = """(selector) => {
  let begun = null;
  const begin = () => { begun ??= performance.now(); };
  for (const kind of ["pointerdown", "input"]) document.addEventListener(kind, begin, true);
  const look = () => {
    const told = begun !== null && document.querySelector(selector)?.checkVisibility();
    if (told) sessionStorage.setItem("told", String(performance.now() - begun));
    else requestAnimationFrame(look);
  };
  look();
}"""


def slow_line(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)


def milliseconds_until_told(page: Page) -> float:
    """Return what WATCH has seen. Fails when the element was never seen."""
    return float(page.evaluate("sessionStorage.getItem('told')"))


@pytest.mark.requirement("A-03", "A-14", "A-38")
@BOTH
def test_a_search_narrows_the_list_in_place(visits: Visits, size: str) -> None:
    page, _ = visits.open(size, PATIENT)
    page.goto("/studies")
    everything = page.locator(".exam").count()
    page.evaluate("window.same = true")
    page.get_by_placeholder("检查号、名称、部位、医院").fill("头颅")
    expect(page.locator(".exam").first).to_contain_text("头颅")
    expect(page.locator(".exam")).to_have_count(2)
    expect(page).to_have_url(re.compile("text=%E5%A4%B4%E9%A2%85$"))
    expect(page.locator("#finder-result")).to_have_text("已更新，共 2 项")
    page.locator(".finder-open").click()
    page.get_by_label("检查类型").select_option("CT")
    expect(page.get_by_text("没有符合条件的检查").last).to_be_visible()
    assert page.evaluate("window.same"), "the page was loaded anew"
    page.get_by_role("link", name="去掉条件：搜索 头颅").click()
    expect(page.locator(".exam")).to_have_count(1)
    expect(page.get_by_placeholder("检查号、名称、部位、医院")).to_have_value("")
    page.get_by_role("link", name="去掉条件：检查类型 CT").click()
    expect(page.locator(".exam")).to_have_count(everything)
    page.go_back()
    expect(page.locator(".exam")).to_have_count(1)


@pytest.mark.requirement("A-43", "A-50")
@BOTH
def test_the_report_on_paper_is_a4_and_whole(visits: Visits, size: str) -> None:
    page, _ = visits.open(size, PATIENT)
    page.goto(f"/studies/{visits.product.studies['ct']}/report")
    words = [*page.locator(".report dt").all_inner_texts(), *_long(page), "检查概况", "诊断结论"]
    expect(page.get_by_role("button", name="打印")).to_be_visible()
    reader = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    text = ""
    for number, sheet in enumerate(reader.pages, 1):
        assert (round(sheet.mediabox.width), round(sheet.mediabox.height)) == A4
        printed = sheet.extract_text()
        assert f"{number} / {len(reader.pages)}" in printed
        text += printed
    plain = _letters(text)
    missing = [one for one in words if not re.search(_pattern(one), plain)]
    assert not missing, missing
    for navigation in ("影像档案", "授权分享", "下载PDF", "打印", "返回"):
        assert navigation not in plain, navigation
    page.emulate_media(media="print")
    page.set_viewport_size(PRINTED)
    assert page.evaluate(CLIPPED) == []


def _letters(text: str) -> str:
    return unicodedata.normalize("NFKC", "".join(text.split()))


def _pattern(words: str) -> str:
    """Fonts name some letters as radicals (U+2E80 …), which Unicode does not call the same."""
    return "".join(f"[{re.escape(one)}\u2e80-\u2eff]" for one in _letters(words))


def _long(page: Page) -> list[str]:
    return [
        line
        for text in page.locator(".report-long dd").all_inner_texts()
        for line in text.splitlines()
        if len(line) < 30
    ]


@pytest.mark.requirement("A-43")
def test_the_pdf_is_a_file(visits: Visits) -> None:
    page, _ = visits.open("phone", PATIENT)
    page.goto(f"/studies/{visits.product.studies['ct']}/report")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载 PDF").click()
    assert re.fullmatch(r"report-\d{8}\.pdf", waiting.value.suggested_filename)
    text = pypdf.PdfReader(waiting.value.path()).pages[0].extract_text()
    assert "张示范" in text and "诊断结论" in text


@pytest.mark.requirement("A-44")
@BOTH
def test_two_dates_stand_beside_each_other_or_below(visits: Visits, size: str) -> None:
    page, _ = visits.open(size, PATIENT)
    page.goto("/studies")
    page.get_by_role("link", name="与另一次对比：胸腹部CT").click()
    page.locator(".compare-choice", has_text="胸部正位DR").click()
    expect(page.get_by_role("heading", name="两次检查对比")).to_be_visible()
    for picture in page.locator(".compare-picture img").all():
        picture.evaluate("(one) => one.decode()")
    sides = [one.bounding_box() for one in page.locator(".compare-side").all()]
    said = page.locator(".compare-part").first.locator(".compare-said")
    words = [one.bounding_box() for one in said.all()]
    for one, other in (sides, words):
        assert one is not None and other is not None
        beside = abs(one["y"] - other["y"]) < 1 and one["x"] + one["width"] <= other["x"]
        below = abs(one["x"] - other["x"]) < 1 and one["y"] + one["height"] <= other["y"]
        assert beside if size == "tablet" else below
    expect(page.locator(".compare-part").first).to_contain_text("肺")


@pytest.mark.requirement("A-44")
def test_both_open_side_by_side_as_dicom(visits: Visits) -> None:
    page, _ = visits.open("tablet", PATIENT)
    studies = visits.product.studies
    page.goto(f"/studies/compare?first={studies['ct']}&second={studies['dx']}")
    page.get_by_role("link", name="在 DICOM 阅片中并排打开").click()
    page.get_by_role("link", name="继续调阅").click()
    page.wait_for_url("**confirmed=1**")
    page.evaluate("window.yingyun.ready")
    until(page, "two studies", lambda state: studies["dx"] in str(state), 30)
    expect(page.locator("[data-pane-study]:visible").first).to_be_visible()


@pytest.mark.requirement("G-16")
def test_on_a_slow_line_the_time_line_tells_within_a_second(visits: Visits) -> None:
    page, _ = visits.open("phone", PATIENT)
    page.goto("/studies")
    slow_line(page)
    page.evaluate(WATCH, "[data-page-progress]")
    page.get_by_role("link", name="查看影像：胸腹部CT").click()
    page.wait_for_url("**/studies/*", wait_until="commit")
    page.locator("[data-picture]").evaluate("(one) => one.decode()")
    expect(page.locator("[data-page-progress]")).to_be_hidden()
    expect(page.locator("[data-wait]")).to_be_hidden()
    assert milliseconds_until_told(page) <= 1000


@pytest.mark.requirement("G-16")
def test_on_a_slow_line_the_next_picture_tells_within_a_second(visits: Visits) -> None:
    page, _ = visits.open("phone", PATIENT)
    page.goto(f"/studies/{visits.product.studies['ct']}")
    page.locator("[data-picture]").evaluate("(one) => one.decode()")
    slow_line(page)
    page.evaluate(WATCH, "[data-wait]")
    # The first picture was not fetched ahead: the page opened in the middle.
    page.locator("[data-slider]").fill("1")
    expect(page.locator("[data-wait]")).to_be_visible()
    expect(page.locator("[data-wait]")).to_be_hidden()
    assert milliseconds_until_told(page) <= 1000
    expect(page.locator("[data-picture]")).to_have_attribute("src", re.compile("/pictures/0/"))


@pytest.mark.requirement("A-01", "A-02", "A-06", "A-12", "A-13", "A-53")
def test_a_patient_reads_his_own_material_from_the_door_to_the_share(visits: Visits) -> None:
    """One way, on a phone: QR code, identity, list, family, other province, report, images, share.

    What cannot stand in one story is proven beside it: applying for another province's images
    (A-11), the national identity provider (A-07), other systems and web views (A-04, A-05).
    """
    page, watch = visits.open("phone")
    studies = visits.product.studies
    page.goto("/studies?entry=qr")
    expect(page).to_have_url(re.compile("/login"))
    give_password(page, visits.product.logins[PATIENT])
    give_code(page, code_by_sms(page))
    expect(page.get_by_role("heading", name="影像档案")).to_be_visible()
    times = page.locator(".exam time").evaluate_all("(all) => all.map((one) => one.dateTime)")
    assert len(times) >= 5 and times == sorted(times, reverse=True)
    expect(page.locator(".badge-province").first).to_have_text("样例省")
    page.get_by_role("link", name=re.compile("配偶")).click()
    expect(page.locator(".exam")).to_have_count(1)
    page.get_by_role("link", name=re.compile("本人")).click()
    page.get_by_role("link", name="查看报告：胸腹部CT").click()
    expect(page.locator(".report dt")).to_have_count(13)
    page.get_by_role("link", name="查看影像").click()
    picture = page.locator("[data-picture]")
    assert picture.evaluate("(one) => one.decode().then(() => one.naturalWidth)") > 0
    assert watch.dicom_requests() == []
    page.goto(f"/studies/{studies['ct']}/shares/new")
    page.get_by_role("button", name="生成分享链接和二维码").click()
    expect(page.locator("[data-address]")).to_be_visible()
    reader, _ = visits.open("phone")
    reader.goto(page.locator("[data-address]").input_value())
    stranger, seen = visits.open("phone")
    seen.expect("status 40[134]", "Failed to load resource")
    stranger.goto(f"/studies/{studies['ct']}")
    expect(stranger).to_have_url(re.compile("/login"))
