"""The patient's DICOM page as it is held: on its side, with large text, beside notices."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.browser import SIZES, command, settled, until
from e2e.conftest import Visits
from e2e.test_pages import SMALL_TARGETS, STICKING_OUT, axe_findings
from e2e.test_thumb import open_dicom

SIDEWAYS = {"width": 844, "height": 390}
# Text that its own box cuts off, in sight or in an open sheet; what scrolls can be read.
CUT_OFF = """() => {
  const seen = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const cuts = (value) => value === "hidden" || value === "clip";
  const found = [];
  for (const one of document.querySelectorAll("body *")) {
    const style = getComputedStyle(one);
    const words = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const clamped = style.webkitLineClamp !== "none" || style.textOverflow === "ellipsis";
    if (!seen(one) || one.closest(".visually-hidden, svg, .skip-link")) continue;
    const wide = cuts(style.overflowX) && one.scrollWidth > one.clientWidth + 1;
    const high = cuts(style.overflowY) && one.scrollHeight > one.clientHeight + 1;
    if ((wide || high) && (words || clamped)) found.push(one.outerHTML.slice(0, 100));
    if (!words) continue;
    const box = one.getBoundingClientRect();
    for (let over = one.parentElement; over; over = over.parentElement) {
      const outer = getComputedStyle(over);
      const room = over.getBoundingClientRect();
      const scrolls = /auto|scroll/.test(outer.overflowX + outer.overflowY);
      if (scrolls) break;
      if (cuts(outer.overflowX) && (box.left < room.left - 1 || box.right > room.right + 1)
        || cuts(outer.overflowY) && (box.top < room.top - 1 || box.bottom > room.bottom + 1)) {
        found.push(`${over.className} cuts ${one.outerHTML.slice(0, 100)}`);
        break;
      }
    }
  }
  return found;
}"""
# As the page tells it while a series is larger than a phone's memory.
NOTICE = """() => {
  const { texts } = document.querySelector("[data-viewer]").dataset;
  const notice = document.querySelector("[data-notice]");
  notice.textContent = JSON.parse(texts).windowed;
  notice.hidden = false;
}"""
BOXES = """(selectors) => Object.fromEntries(selectors.map((selector) => {
  const one = document.querySelector(selector);
  const { left, top, right, bottom } = one.getBoundingClientRect();
  return [selector, [left, top, right, bottom]];
}))"""
CORNERS = tuple(
    f"[data-corner='{corner}']"
    for corner in ("top_left", "top_right", "bottom_left", "bottom_right")
)


def overlap(one: list[float], other: list[float]) -> bool:
    """Tell whether two boxes (left, top, right, bottom) share an area."""
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > 0.5
        and min(one[3], other[3]) - max(one[1], other[1]) > 0.5
    )


def boxes(page: Page, *selectors: str) -> dict[str, Any]:
    return dict(page.evaluate(BOXES, list(selectors)))


@pytest.mark.requirement("B-16")
def test_a_hand_s_screen_is_said_to_be_no_diagnostic_display(visits: Visits) -> None:
    page = open_dicom(visits)
    for size in (SIZES["phone"]["viewport"], SIZES["tablet"]["viewport"], SIDEWAYS):
        page.set_viewport_size(size)
        settled(page)
        words = page.locator(".viewer-disclaimer")
        expect(words).to_have_text("仅供参考，不作诊断依据")
        expect(words).to_be_in_viewport(ratio=1)
        found = boxes(page, ".viewer-disclaimer", "[data-stage]")
        assert not overlap(*found.values())


@pytest.mark.requirement("B-16", "B-17", "A-03")
def test_on_its_side_a_phone_has_the_picture_large_and_the_tools_beside_it(visits: Visits) -> None:
    page = open_dicom(visits)
    page.set_viewport_size(SIDEWAYS)
    settled(page)
    found = boxes(
        page, "[data-stage]", ".viewer-tools", ".viewer-pager", ".viewer-series", ".viewer-bar"
    )
    stage, tools = found["[data-stage]"], found[".viewer-tools"]
    assert not any(overlap(*pair) for pair in combinations(found.values(), 2))
    assert tools[2] <= stage[0] + 1 and tools[3] - tools[1] > 380
    assert stage[3] - stage[1] > 0.85 * SIDEWAYS["height"]
    assert stage[2] - stage[0] > 0.55 * SIDEWAYS["width"]
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate(SMALL_TARGETS) == []
    page.locator("[data-menu='window.preset']").tap()
    sheet = page.locator("#menu-window-preset")
    expect(sheet.get_by_role("button", name="肺部")).to_be_in_viewport(ratio=1)
    sheet.get_by_role("button", name="肺部").tap()
    until(page, "lung", lambda state: state["preset"] == "lung")
    assert axe_findings(page) == []


@pytest.mark.requirement("B-16")
def test_a_notice_leaves_the_small_picture_of_an_unfolded_mark_free(visits: Visits) -> None:
    page = open_dicom(visits)
    page.locator("[data-identity-handle]").tap()
    expect(page.locator("[data-identity]")).to_have_class("identity")
    page.evaluate(NOTICE)
    for size in (SIZES["phone"]["viewport"], SIDEWAYS):
        page.set_viewport_size(size)
        settled(page)
        found = boxes(page, "[data-notice]", "[data-stage]", *CORNERS)
        notice = found.pop("[data-notice]")
        assert notice[2] > notice[0] and not any(overlap(notice, one) for one in found.values())


@pytest.mark.requirement("A-03", "A-38")
@pytest.mark.parametrize("way", ["the browser's", "the product's"])
def test_large_text_is_cut_off_nowhere(visits: Visits, way: str) -> None:
    page = open_dicom(visits)
    if way == "the product's":
        before = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
        page.get_by_role("button", name="大字").tap()
        expect(page.get_by_role("button", name="大字")).to_have_attribute("aria-pressed", "true")
        after = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
        assert after >= before * 1.3
    else:
        page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    command(page, "window.preset", name="lung")
    findings: list[str] = []
    for size in (SIZES["phone"]["viewport"], SIZES["tablet"]["viewport"], SIDEWAYS):
        page.set_viewport_size(size)
        settled(page)
        for opener in (
            "",
            "[data-menu='measure']",
            "[data-menu='layout']",
            "[data-menu='cine']",
            ".series-toggle",
            "[data-tools-all]",
        ):
            if opener:
                page.locator(opener).evaluate("(one) => one.click()")
                settled(page)
            for check in (CUT_OFF, STICKING_OUT):
                findings += [f"{size['width']} {opener}: {one}" for one in page.evaluate(check)]
            if opener == ".series-toggle":
                page.locator(opener).evaluate("(one) => one.click()")
        page.keyboard.press("Escape")
    assert not findings, "\n".join(sorted(set(findings)))


@pytest.mark.requirement("A-38")
def test_large_text_is_kept_on_the_next_page(visits: Visits) -> None:
    page, _ = visits.open("phone", "zhang.shifan")
    page.goto(f"/studies/{visits.product.studies['ct']}")
    with page.expect_response("**/text-size"):
        page.get_by_role("button", name="大字").tap()
    page.goto(f"/studies/{visits.product.studies['dx']}/report")
    expect(page.locator("html")).to_have_attribute("data-text-size", "large")
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate(CUT_OFF) == []
    page.goto(f"/studies/{visits.product.studies['ct']}?fast=1")
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate(CUT_OFF) == []
    with page.expect_response("**/text-size"):
        page.get_by_role("button", name="大字").tap()
    expect(page.locator("html")).to_have_attribute("data-text-size", "normal")


PLACES = (
    "/studies", "/studies/{ct}", "/studies/{ct}?fast=1", "/studies/{dx}/report",
    "/studies/{ct}/dicom", "/studies/{ct}/shares/new", "/studies/{ct}/download",
    "/studies/compare?first={ct}&second={dx}", "/shares", "/authorisations", "/family", "/account",
    "/account/security",
)  # fmt: skip
NARROW = (320, 360, 390)
IN_ENGLISH = """() => {
  const form = document.querySelector("form[action='/language']");
  const body = new FormData(form, form.querySelector("button"));
  return fetch(form.action, { method: "POST", body }).then(() => true);
}"""
LARGE_TEXT = "() => { document.documentElement.dataset.textSize = 'large'; }"


@pytest.mark.requirement("A-03", "A-38")
def test_large_text_sticks_out_of_no_narrow_phone_in_either_language(visits: Visits) -> None:
    page, _ = visits.open("phone", "zhang.shifan")
    findings: list[str] = []
    for language in ("zh-CN", "en"):
        for place in PLACES:
            page.goto(place.format(**visits.product.studies))
            expect(page.locator("html")).to_have_attribute("lang", language)
            page.evaluate(LARGE_TEXT)
            for width in NARROW:
                page.set_viewport_size({"width": width, "height": 780})
                settled(page)
                for check in (STICKING_OUT, CUT_OFF):
                    findings += [
                        f"{place} {language} {width}: {one}" for one in page.evaluate(check)
                    ]
        page.evaluate(IN_ENGLISH)
    assert not findings, "\n".join(findings)
