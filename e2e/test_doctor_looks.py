"""The doctor's page in every window that it is read in: phones, a tablet, frames, desks."""

from __future__ import annotations

from itertools import combinations

import pytest
from playwright.sync_api import Page, expect

from e2e.browser import command, settled, until
from e2e.conftest import Visits
from e2e.test_looks import boxes, overlap
from e2e.test_pages import SMALL_TARGETS, STICKING_OUT

OWN = "doctor.shengli"
HANDS = ((844, 390), (390, 844), (820, 1180))
FRAMES = ((480, 700), (700, 600), (1024, 768), (1440, 900))
REGIONS = (".viewer-bar", ".identity", ".viewer-tools", "[data-stage]", ".viewer-pager")
LEAST_PICTURE = 11 * 16  # CSS pixels, as in static/css/viewer.css
LEAST_REPORT = 150
# The index is never cut off: its line is as high as what is in it, and within its box.
INDEX_CUT = """() => {
  const inner = document.querySelector("[data-cloud-index]").getBoundingClientRect();
  const outer = document.querySelector("[data-identity]").getBoundingClientRect();
  return inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1
    || inner.left < outer.left - 1 || inner.right > outer.right + 1;
}"""


def open_reading(visits: Visits, size: str) -> Page:
    """Open a CT as its hospital's doctor does, and touch the picture."""
    page, _ = visits.open(size, OWN)
    page.goto(f"/doctor/studies/{visits.product.studies['ct']}/dicom")
    page.evaluate("window.yingyun.ready")
    until(page, "all frames loaded", lambda state: state["loading"]["complete"])
    page.locator("[data-stage]").click(position={"x": 12, "y": 100})
    return page


def faults(page: Page, *, small: bool) -> list[str]:
    """Return what a radiologist would complain of in the page's present window."""
    found = boxes(page, *REGIONS)
    stage = found["[data-stage]"]
    said = [
        f"{one} lies over {other}"
        for one, other in combinations(found, 2)
        if overlap(found[one], found[other])
    ]
    said += page.evaluate(STICKING_OUT)
    if small:
        said += page.evaluate(SMALL_TARGETS)
    if stage[3] - stage[1] < LEAST_PICTURE or stage[2] - stage[0] < LEAST_PICTURE:
        said.append(f"the picture is too small: {stage}")
    if page.evaluate(INDEX_CUT):
        said.append("the index is cut off")
    return said


@pytest.mark.requirement("C-01", "C-03", "C-04", "C-05", "C-37")
@pytest.mark.parametrize(("size", "windows"), [("phone", HANDS), ("desktop", FRAMES)])
def test_picture_index_and_report_have_room_in_every_window(
    visits: Visits, size: str, windows: tuple[tuple[int, int], ...]
) -> None:
    page = open_reading(visits, size)
    report = page.locator(".doctor-report")
    findings: list[str] = []
    for width, height in windows:
        page.set_viewport_size({"width": width, "height": height})
        for wanted in (True, False):
            command(page, "report.show")
            expect(report).to_be_visible(visible=wanted)
            settled(page)
            where = f"{width} × {height}{', report' if wanted else ''}"
            findings += [f"{where}: {one}" for one in faults(page, small=size == "phone")]
            if wanted:
                expect(report).to_be_in_viewport(ratio=0.3)
                box = report.bounding_box()
                if box is None or min(box["width"], box["height"]) < LEAST_REPORT:
                    findings.append(f"{where}: the report has no room: {box}")
    assert not findings, "\n".join(findings)


@pytest.mark.requirement("C-04")
def test_a_phone_is_said_to_be_no_diagnostic_display_and_has_large_text(visits: Visits) -> None:
    page = open_reading(visits, "phone")
    words = page.locator(".viewer-disclaimer")
    expect(words).to_have_text("仅供参考，不作诊断依据")
    expect(words).to_be_in_viewport(ratio=1)
    switch = page.get_by_role("button", name="大字")
    with page.expect_response("**/text-size"):
        switch.tap()
    expect(page.locator("html")).to_have_attribute("data-text-size", "large")
    assert page.evaluate(STICKING_OUT) == []
    page.locator("[data-tools-all]").tap()
    last = page.locator("#all-tools [data-page='film']")
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport(ratio=1)
    page.locator("[data-tools-all]").tap()
    with page.expect_response("**/text-size"):
        switch.tap()
    expect(page.locator("html")).to_have_attribute("data-text-size", "normal")


@pytest.mark.requirement("C-04")
def test_a_desk_is_not_said_to_be_a_phone(visits: Visits) -> None:
    page, _ = visits.open("desktop", OWN)
    page.goto(f"/doctor/studies/{visits.product.studies['ct']}/dicom")
    expect(page.get_by_role("button", name="大字")).to_be_visible()
    expect(page.locator(".viewer-disclaimer")).to_be_hidden()
