"""The JPG page and the report, on a phone and on a desktop."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from e2e.browser import settled
from e2e.conftest import Visits
from e2e.touch import Fingers, middle_of
from server.reports import NO_VALUE

DECODED = "async (one) => { await one.decode(); return one.naturalWidth; }"
ALL_DECODED = f"all => Promise.all(all.map({DECODED}))"
SIZES = pytest.mark.parametrize("size", ["phone", "desktop"])
# What the report of the small CT says, in the order and the words of A-19.
REPORT_LABELS = [
    "医院名称", "患者姓名", "年龄/性别", "检查号", "检查类型", "检查部位", "检查项目名称",
    "申请日期", "检查日期", "报告日期", "影像表现", "诊断意见", "报告/审核医师",
]  # fmt: skip
CORNERS = ("top_left", "top_right", "bottom_left", "bottom_right")


def corner_boxes(page: Page, size: str) -> list[dict[str, float]]:
    form = "narrow" if size == "phone" else "wide"
    boxes = []
    for corner in CORNERS:
        block = page.locator(f"[data-corner='{form}.{corner}']")
        expect(block).to_be_visible()
        assert block.inner_text().strip(), corner
        box = block.bounding_box()
        assert box is not None
        boxes.append(dict(box))
    return boxes


def shown_frame(page: Page) -> int:
    return int(page.locator("[data-frame-number]").inner_text())


@pytest.mark.requirement("A-13", "A-52", "B-03", "B-04", "B-07", "B-08", "B-09", "B-10")
@pytest.mark.requirement("B-11", "B-12", "B-13", "B-14")
@SIZES
def test_the_jpg_page_shows_picture_corners_and_bar_without_dicom(
    visits: Visits, size: str
) -> None:
    page, watch = visits.open(size, "zhang.shifan")
    page.goto("/studies")
    page.get_by_role("link", name="查看影像：胸腹部CT").first.click()
    picture = page.locator("[data-picture]")
    expect(picture).to_be_visible()
    assert picture.evaluate(DECODED) == 128
    corner_boxes(page, size)
    stage = page.locator("[data-stage]").bounding_box()
    bar = page.get_by_role("navigation", name="序列导航")
    below = bar.bounding_box()
    assert stage and below and below["y"] >= stage["y"] + stage["height"]
    tabs = bar.get_by_role("link")
    assert [tab.split() for tab in tabs.all_inner_texts()] == [
        ["胸部平扫", "CT", "序列", "2", "·", "12", "幅"],
        ["胸部增强", "CT", "序列", "3", "·", "8", "幅"],
    ]
    thumbnails = tabs.locator("img").evaluate_all(ALL_DECODED)
    assert len(thumbnails) == 2 and min(thumbnails) > 0
    page.locator("[data-dicom]").hover()
    page.wait_for_timeout(2000)  # time enough to warm the runtime, which is no DICOM
    assert watch.dicom_requests() == []
    assert page.evaluate("performance.getEntriesByName('yingyun:preview-image').length") == 1


@pytest.mark.requirement("B-15")
@SIZES
def test_every_picture_is_reached_by_buttons_slider_keys_and_finger(
    visits: Visits, size: str
) -> None:
    page, watch = visits.open(size, "zhang.shifan")
    page.goto(f"/studies/{visits.product.studies['ct']}")
    assert shown_frame(page) == 7
    page.get_by_role("link", name="下一幅").click()
    expect(page.locator("[data-frame-number]")).to_have_text("8")
    page.get_by_role("link", name="上一幅").click()
    page.get_by_role("link", name="上一幅").click()
    expect(page.locator("[data-frame-number]")).to_have_text("6")
    page.locator("[data-slider]").fill("11")
    expect(page.locator("[data-frame-number]")).to_have_text("11")
    stage = page.locator("[data-stage]")
    stage.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-picture]")).to_have_attribute("src", re.compile("/11/full$"))
    page.keyboard.press("ArrowDown")
    assert shown_frame(page) == 12
    page.keyboard.press("Home")
    expect(page.locator("[data-picture]")).to_have_attribute("src", re.compile("/0/full$"))
    if size == "phone":
        x, y = middle_of(stage)
        Fingers(page).drag((x, y), (x - 60, y), (x - 120, y))
    else:
        stage.hover()
        page.mouse.wheel(0, 100)
    expect(page.locator("[data-picture]")).to_have_attribute("src", re.compile("/1/full$"))
    expect(page.locator("[data-corner='wide.bottom_left']")).to_contain_text("2 / 12")
    page.get_by_role("navigation", name="序列导航").get_by_role("link").nth(1).click()
    expect(page.locator(".pager-count")).to_have_text(re.compile(r"5\s*/\s*8"))
    page.wait_for_load_state()  # its script moves the slider
    page.locator("[data-slider]").fill("8")
    expect(page.locator("[data-frame-number]")).to_have_text("8")
    assert watch.dicom_requests() == []


@pytest.mark.requirement("B-08")
@SIZES
def test_the_corners_stay_where_they_are_while_the_picture_is_enlarged(
    visits: Visits, size: str
) -> None:
    page, _ = visits.open(size, "zhang.shifan")
    page.goto(f"/studies/{visits.product.studies['ct']}")
    stage = page.locator("[data-stage]")
    if size == "phone":
        stage.tap()  # the mark makes room; after that nothing may move
        page.wait_for_timeout(400)
    settled(page)
    before = corner_boxes(page, size)
    if size == "phone":
        Fingers(page).pinch(middle_of(stage), 60, 150)
    else:
        stage.hover()
        page.keyboard.down("Control")
        for _ in range(5):
            page.mouse.wheel(0, -100)
        page.keyboard.up("Control")
    scale = "one => new DOMMatrix(getComputedStyle(one).transform).a"
    assert page.locator("[data-picture]").evaluate(scale) > 2
    assert corner_boxes(page, size) == before


@pytest.mark.requirement("B-01", "B-02", "A-39")
@pytest.mark.parametrize("size", ["phone", "tablet", "desktop"])
def test_mark_and_index_are_of_the_prescribed_size_on_both_pages(visits: Visits, size: str) -> None:
    page, _ = visits.open(size, "zhang.shifan")
    base = f"/studies/{visits.product.studies['ct']}"
    for address in (base, f"{base}/dicom?confirmed=1"):
        page.goto(address)
        box = page.get_by_role("img", name="中国医疗保障").bounding_box()
        assert box is not None and (box["width"], box["height"]) == (328, 233)
        index = page.locator(".cloud-index")
        style = index.evaluate(
            "(one) => { const { fontSize, fontFamily, color } = getComputedStyle(one);"
            " return [fontSize, fontFamily.replaceAll('\"', ''), color]; }"
        )
        assert style[0] == "20px" and style[2] == "rgb(255, 0, 0)"
        assert style[1].startswith("SimHei")
        assert len(index.inner_text()) >= 82
        place = index.bounding_box()
        width = page.evaluate("innerWidth")
        assert place is not None and place["x"] >= 0 and place["x"] + place["width"] <= width


@pytest.mark.requirement("A-12", "A-15", "A-18", "A-19")
@SIZES
def test_the_report_is_thirteen_labelled_fields(visits: Visits, size: str) -> None:
    page, _ = visits.open(size, "zhang.shifan")
    page.goto("/studies")
    page.get_by_role("link", name="查看报告：胸腹部CT").first.click()
    expect(page.locator(".report dd")).to_have_count(13)
    labels = page.locator(".report dt").all_inner_texts()
    assert sorted(labels) == sorted(REPORT_LABELS)
    values = page.locator(".report dd").all_inner_texts()
    assert len(values) == 13 and all(text.strip() not in ("", NO_VALUE) for text in values)
    words = page.locator(".report").inner_text()
    for known in ("张示范", "/男", "CT", "胸部"):
        assert known in words, known
    page.get_by_role("link", name="查看影像").click()
    expect(page.locator("[data-picture]")).to_be_visible()
