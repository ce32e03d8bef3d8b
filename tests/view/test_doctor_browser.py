"""The doctor's page in a real browser: its regions, each mouse button, what is remembered, keys."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Request, expect

from server.assets.catalog import AssetCatalog
from tests.view.reading import command, open_viewer, stage_shot, state_of, until
from tests.view.site import Site
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.view.doctor_toolbar import functions
from viewer_py.view.shortcuts import shortcuts

READER = "reader=doctor&renderer=numpy"
DESK = {"width": 1440, "height": 900}
LARGE = {"width": 3840, "height": 2160}
WORDS = "li.yisheng 2026-03-09 14:05"


@pytest.fixture(scope="module")
def watermarked(site: Site) -> SeriesManifest:
    """The radiograph as the server sends it to a doctor, black on one side, white on the other."""
    series, _ = site.series["dx"]
    return dataclasses.replace(series, series_id="marked", watermark=WORDS)


@pytest.fixture(scope="module")
def desk_site(catalog: AssetCatalog, site: Site, watermarked: SeriesManifest) -> Iterator[Site]:
    """The site, with a radiograph that bears a watermark besides; half of it black, half white."""
    _, stored = site.series["dx"]
    halves = np.zeros_like(stored)
    halves[:, :, stored.shape[2] // 2 :] = 4000
    plain = dataclasses.replace(watermarked, series_id="plain", watermark="")
    series = {**site.series, "marked": (watermarked, halves), "plain": (plain, halves)}
    with Site(catalog, series=series).serving() as served:
        yield served


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A page on a desk."""
    page = browser.new_page(viewport=DESK)  # type: ignore[arg-type]
    yield page
    page.close()


def box(where: Page | Locator, selector: str) -> dict[str, float]:
    """Return where something is."""
    found = where.locator(selector).first.bounding_box()
    assert found is not None, selector
    return dict(found)


@pytest.mark.requirement("C-01", "C-02", "C-03", "C-04", "C-05", "C-28")
@pytest.mark.parametrize("size", [DESK, LARGE])
def test_functions_above_navigation_left_picture_in_the_middle(
    browser: Browser, desk_site: Site, size: dict[str, int]
) -> None:
    page = browser.new_page(viewport=size)  # type: ignore[arg-type]
    open_viewer(page, desk_site, f"{READER}&series=us")
    tools, stage = box(page, ".viewer-tools"), box(page, "[data-stage]")
    series, mark = box(page, ".viewer-series"), box(page, ".insurance-mark")
    assert tools["y"] + tools["height"] <= stage["y"] + 1
    assert series["x"] + series["width"] <= stage["x"] + 1
    assert (mark["width"], mark["height"]) == (328, 233)
    assert mark["x"] + mark["width"] <= stage["x"]
    assert stage["width"] * stage["height"] > 0.5 * size["width"] * size["height"]
    for name in (".viewer-tools", "[data-stage]", ".viewer-series", ".viewer-pager"):
        part = box(page, name)
        assert part["x"] >= 0 and part["x"] + part["width"] <= size["width"] + 1, name
        assert part["y"] >= 0 and part["y"] + part["height"] <= size["height"] + 1, name
    look = page.locator("[data-cloud-index]").evaluate(
        "(one) => { const s = getComputedStyle(one); return [s.fontSize, s.color, s.fontFamily]; }"
    )
    assert look[:2] == ["20px", "rgb(255, 0, 0)"]
    assert "SimHei" in look[2]
    smallest = page.locator(".tool-label").first.evaluate(
        "(one) => parseFloat(getComputedStyle(one).fontSize)"
    )
    assert smallest >= (12 if size is DESK else 18)
    page.close()


@pytest.mark.requirement("C-04", "C-05")
@pytest.mark.parametrize("width", [1440, 1920, 3840])
def test_every_function_stands_in_one_row(browser: Browser, desk_site: Site, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": width * 5 // 8})
    open_viewer(page, desk_site, f"{READER}&series=us")
    tools = page.locator(".toolbar:not(.toolbar-reformats) > .tool")
    boxes = tools.evaluate_all(
        """(all) => all.map((one) => {
          const { left, top, right, width, height } = one.getBoundingClientRect();
          const label = one.querySelector(".tool-label");
          return { left, top, right, width, height, words: label.textContent.trim(),
            whole: label.scrollWidth <= Math.ceil(label.getBoundingClientRect().width) };
        })"""
    )
    assert len({one["top"] for one in boxes}) == 1
    assert boxes[0]["left"] >= 0 and boxes[-1]["right"] <= width
    assert all(one["left"] >= before["right"] for before, one in itertools.pairwise(boxes))
    assert all(one["width"] >= 44 and one["height"] >= 44 for one in boxes)
    assert all(one["whole"] for one in boxes), "no name is cut"
    shown = [one["words"].split("·")[0] for one in boxes]
    wanted = [one.label for one in functions()]
    wanted[wanted.index("功能栏置底/置顶")] = "置底"
    assert shown[: len(wanted)] == wanted
    page.close()


@pytest.mark.requirement("C-29")
def test_the_navigation_names_each_series(desk: Page, desk_site: Site) -> None:
    open_viewer(desk, desk_site, READER)
    entries = desk.locator(".viewer-series .series-entry")
    assert entries.count() == len(desk_site.series)
    for entry, (series, _) in zip(entries.all(), desk_site.series.values(), strict=True):
        words = entry.inner_text()
        assert series.modality in words
        assert series.series_description in words
        assert f"序列 {series.series_number}" in words
        assert f"{len(series.frames)} 幅" in words
        expect(entry.locator(".series-thumbnail")).to_be_visible()
    entries.nth(1).click()
    until(desk, "the second series", lambda state: state["series_id"] == "dx")


@pytest.mark.requirement("C-30", "C-31")
def test_the_corners_say_what_header_and_view_say_and_stay_where_they_are(
    desk: Page, desk_site: Site
) -> None:
    open_viewer(desk, desk_site, f"{READER}&series=ct")
    heading = desk_site.series["ct"][0].heading
    corners = {
        corner: desk.locator(f"[data-corner='{corner}']").first
        for corner in ("top_left", "top_right", "bottom_left", "bottom_right")
    }
    expect(corners["top_left"]).to_contain_text("张 三")
    expect(corners["top_left"]).to_contain_text(heading.accession_number)
    expect(corners["top_right"]).to_contain_text(heading.institution_name)
    expect(corners["top_right"]).to_contain_text("2026-03-09")
    before = {corner: box(desk, f"[data-corner='{corner}']") for corner in corners}
    command(desk, "window.set", center=55, width=321)
    command(desk, "viewport.set", zoom=3, pan_x=40, pan_y=25)
    command(desk, "stack.go", frame=6)
    expect(corners["bottom_right"]).to_contain_text("W 321 L 55")
    expect(corners["bottom_left"]).to_contain_text("7 / 30")
    for corner in ("top_left", "top_right"):
        assert box(desk, f"[data-corner='{corner}']") == before[corner]
    stage = box(desk, "[data-stage]")
    for corner in ("bottom_left", "bottom_right"):
        now = box(desk, f"[data-corner='{corner}']")
        foot = stage["y"] + stage["height"] - now["y"] - now["height"]
        was = before[corner]
        assert foot == stage["y"] + stage["height"] - was["y"] - was["height"]


def drag(page: Page, button: Any) -> dict[str, Any]:
    """Drag 40 right and 60 down with a button in the middle of the first picture."""
    area = box(page, "[data-stage]")
    x, y = area["x"] + area["width"] / 4, area["y"] + area["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down(button=button)
    page.mouse.move(x + 20, y + 30)
    page.mouse.move(x + 40, y + 60)
    page.mouse.up(button=button)
    return {}


@pytest.mark.requirement("C-06", "C-08", "C-09", "C-10")
def test_each_mouse_button_does_its_own(desk: Page, desk_site: Site) -> None:
    before = open_viewer(desk, desk_site, f"{READER}&series=us")
    drag(desk, "left")
    zoomed = until(desk, "a zoom", lambda state: state["zoom"] != before["zoom"])
    assert zoomed["window"] == before["window"]
    drag(desk, "middle")
    panned = until(desk, "a pan", lambda state: state["pan"] != zoomed["pan"])
    assert (panned["zoom"], panned["window"]) == (zoomed["zoom"], zoomed["window"])
    drag(desk, "right")
    windowed = until(desk, "a window", lambda state: state["window"] != panned["window"])
    assert (windowed["zoom"], windowed["pan"]) == (panned["zoom"], panned["pan"])
    prevented = desk.locator("[data-stage]").evaluate(
        """(one) => !one.dispatchEvent(
          new MouseEvent("contextmenu", { bubbles: true, cancelable: true }))"""
    )
    assert prevented
    # The switch: the common mapping, chosen in the toolbar.
    desk.locator("[data-menu='mouse']").click()
    desk.locator("#menu-mouse .chip").nth(1).click()
    until(desk, "the mapping", lambda state: state["habits"]["mouse"] == "common")
    drag(desk, "left")
    until(desk, "a window again", lambda state: state["window"] != windowed["window"])


def keeps_the_toolbar(asked: Request) -> bool:
    """Tell whether a request keeps the toolbar's place."""
    return asked.url.endswith("/account/preferences") and "toolbar" in (asked.post_data or "")


@pytest.mark.requirement("C-28")
def test_where_the_toolbar_stands_is_remembered_everywhere(
    browser: Browser, desk: Page, desk_site: Site
) -> None:
    open_viewer(desk, desk_site, f"{READER}&series=us")
    with desk.expect_request(keeps_the_toolbar) as kept:
        desk.locator("[data-command='toolbar.place']").click()
    assert kept.value.response() is not None
    expect(desk.locator("[data-viewer]")).to_have_attribute("data-toolbar", "bottom")
    label = desk.locator("[data-command='toolbar.place'] .tool-label")
    expect(label).to_have_text("置顶")

    def below(page: Page) -> bool:
        tools, stage = box(page, ".viewer-tools"), box(page, "[data-stage]")
        return tools["y"] >= stage["y"] + stage["height"] - 1

    assert below(desk)
    desk.reload()
    assert below(desk)  # from the first moment: the server says it
    desk.evaluate("window.yingyun.ready")
    other = browser.new_context(viewport=DESK).new_page()  # type: ignore[arg-type]
    open_viewer(other, desk_site, f"{READER}&series=us")
    assert below(other)
    other.locator("[data-menu='window.preset']").click()
    sheet, tools = box(other, "#menu-window-preset"), box(other, ".viewer-tools")
    assert sheet["y"] + sheet["height"] <= tools["y"] + tools["height"]
    with other.expect_request(keeps_the_toolbar):
        other.locator("[data-command='toolbar.place']").click()
    expect(other.locator("[data-viewer]")).to_have_attribute("data-toolbar", "top")
    other.context.close()


def test_navigation_and_report_stand_beside_the_picture_and_fold_away(
    desk: Page, desk_site: Site
) -> None:
    open_viewer(desk, desk_site, f"{READER}&series=us")
    command(desk, "report.show")
    report = desk.locator(".doctor-report")
    expect(report).to_be_visible()
    stage, beside = box(desk, "[data-stage]"), box(desk, ".doctor-report")
    assert beside["x"] >= stage["x"] + stage["width"] - 1, "it covers no picture"
    command(desk, "report.show")
    expect(report).to_be_hidden()
    wide = box(desk, "[data-stage]")["width"]
    command(desk, "navigation.show")
    expect(desk.locator(".viewer-series")).to_be_hidden()
    assert box(desk, "[data-stage]")["width"] > wide
    command(desk, "navigation.show")
    expect(desk.locator(".viewer-series")).to_be_visible()


def test_the_question_mark_lists_every_key_and_typing_triggers_none(
    desk: Page, desk_site: Site
) -> None:
    open_viewer(desk, desk_site, f"{READER}&series=us")
    desk.keyboard.press("?")
    dialog = desk.locator("[data-keys]")
    expect(dialog).to_be_visible()
    listed = {one.get_attribute("data-key") for one in dialog.locator("kbd").all()}
    assert listed == {one.key for one in shortcuts().keys}
    desk.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    desk.keyboard.press("i")
    until(desk, "inverted by its key", lambda state: state["inverted"])
    desk.keyboard.press("i")
    until(desk, "inverted again", lambda state: not state["inverted"])
    desk.locator("[data-menu='window.preset']").click()
    field = desk.locator("#menu-window-preset input").first
    field.fill("")
    field.press_sequentially("400?i")
    expect(dialog).to_be_hidden()
    assert state_of(desk)["inverted"] is False


@pytest.mark.requirement("C-40")
def test_the_watermark_is_read_on_black_and_on_white_and_hides_nothing(
    desk: Page, desk_site: Site
) -> None:
    shots = {}
    for name in ("plain", "marked"):
        open_viewer(desk, desk_site, f"{READER}&series={name}&watermark=0&nowatermark=1")
        command(desk, "layout.set", columns=1, rows=1)
        desk.evaluate(
            """() => document.querySelectorAll("[data-stage] > :not(canvas)")
              .forEach((one) => { one.style.visibility = "hidden"; })"""
        )
        desk.wait_for_function(
            """(wanted) => [...document.querySelectorAll("[data-shapes]")]
              .some((one) => (one.width > 1) === wanted)""",
            arg=name == "marked",
        )
        shots[name] = stage_shot(desk)[1]
    away = np.abs(shots["marked"] - shots["plain"]).max(axis=2)
    black, white = (shots["plain"].max(axis=2) < 8), (shots["plain"].min(axis=2) > 247)
    for ground in (black, white):
        assert ground.sum() > 5000
        touched = away[ground]
        assert touched.max() >= 30, "it can be read"
        assert touched.max() <= 90, "what lies below is still seen"
        assert np.mean(touched > 8) < 0.06, "most of the picture is free of it"


def test_the_page_has_no_barriers_that_axe_finds(desk: Page, desk_site: Site) -> None:
    open_viewer(desk, desk_site, f"{READER}&series=us")
    for opened in ("", "?"):
        if opened:
            desk.keyboard.press(opened)
            expect(desk.locator("[data-keys]")).to_be_visible()
        found = Axe().run(desk, options={"runOnly": ["wcag2a", "wcag2aa"]})
        grave = [
            (one["id"], [node["html"][:120] for node in one["nodes"]])
            for one in found.response["violations"]
        ]
        assert grave == [], grave
