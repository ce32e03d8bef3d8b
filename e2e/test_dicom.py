"""The DICOM page: asked for, confirmed, read with fingers and mouse, judged by numpy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from e2e.browser import Watch, command, state_of, until
from e2e.conftest import Visits
from e2e.reference import expected_canvas, seen_canvas
from e2e.touch import Fingers, middle_of

SIZES = pytest.mark.parametrize("size", ["phone", "desktop"])
MARKS = "performance.getEntriesByType('mark').map((one) => [one.name, one.startTime])"
# B-39 in its order; the values are those of spec ui.md §7 (width, level).
PRESETS = [
    ("默认", None), ("头部", (80, 40)), ("肺部", (1500, -600)), ("胸部", (350, 40)),
    ("心脏", (400, 40)), ("腹部", (400, 50)), ("肝脏", (160, 60)), ("骨骼", (1500, 300)),
]  # fmt: skip


def open_dicom(visits: Visits, size: str) -> tuple[Page, Watch]:
    """Open the CT's DICOM page as people come to it, and wait until all of it is there."""
    page, watch = visits.open(size, "zhang.shifan")
    page.goto(f"/studies/{visits.product.studies['ct']}/dicom?confirmed=1")
    page.evaluate("window.yingyun.ready")
    until(page, "all frames loaded", lambda state: state["loading"]["complete"])
    return page, watch


def tool(page: Page, name: str) -> Any:
    return page.get_by_role("toolbar").get_by_role("button", name=name, exact=True)


@pytest.mark.requirement("B-05", "B-06", "B-48", "B-49")
@SIZES
def test_dicom_is_asked_for_and_python_takes_over(visits: Visits, size: str) -> None:
    page, watch = visits.open(size, "zhang.shifan")
    page.goto(f"/studies/{visits.product.studies['ct']}?frame=4")
    page.locator("[data-dicom]").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("DICOM 格式影像需消耗较多流量，是否继续调阅？")
    expect(dialog).to_contain_text(re.compile(r"本序列约 \d+\.\d MB，整次检查约 \d+\.\d MB"))
    dialog.get_by_role("button", name="取消").click()
    expect(dialog).to_be_hidden()
    assert watch.dicom_requests() == []
    page.locator("[data-dicom]").click()
    dialog.get_by_role("link", name="继续调阅").click()
    page.wait_for_url("**/dicom?**")
    page.evaluate("window.yingyun.ready")
    state = state_of(page)
    assert state["python"].startswith("3.") and state["frame_index"] == 3
    until(page, "all frames loaded", lambda one: one["loading"]["complete"])
    marks = dict(page.evaluate(MARKS))
    order = [f"yingyun:{name}" for name in ("dicom-confirmed", "dicom-first-image", "interactive")]
    assert [marks[name] for name in order] == sorted(marks[name] for name in order)
    assert "yingyun:series-loaded" in marks
    assert any("/frames?" in url for url in watch.dicom_requests())


@pytest.mark.requirement("B-16", "B-25", "B-27", "B-49")
@SIZES
def test_the_canvas_equals_numpy_under_cpython(visits: Visits, size: str) -> None:
    page, _ = open_dicom(visits, size)
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("window.preset", {"name": "default"}),
        ("window.set", {"center": -200, "width": 900}),
        ("image.invert", {}),
    )
    for name, args in steps:
        state = command(page, name, **args) and state_of(page)
        seen = seen_canvas(page)
        wanted = expected_canvas(visits.product.cloud, state, *seen.shape[:2])
        assert int(wanted.max()) > 200
        assert int(np.abs(seen - wanted).max()) <= 1, name


@pytest.mark.requirement("B-15", "B-17", "B-23", "B-25", "B-27", "B-34", "B-39", "B-45")
@SIZES
def test_buttons_page_window_invert_play_and_reset(visits: Visits, size: str) -> None:
    page, _ = open_dicom(visits, size)
    stage = page.locator("[data-stage]").bounding_box()
    tools = page.locator(".viewer-tools").bounding_box()
    assert stage and tools and tools["y"] >= stage["y"] + stage["height"]
    assert state_of(page)["frame_index"] == 6
    page.get_by_role("button", name="下一幅").click()
    until(page, "one further", lambda state: state["frame_index"] == 7)
    page.locator("[data-slider]").fill("11")
    until(page, "the last", lambda state: state["frame_index"] == 11)
    expect(page.locator("[data-corner='bottom_left']")).to_contain_text("12 / 12")
    page.locator("[data-menu='window.preset']").click()
    chips = page.locator("#menu-window-preset [data-command='window.preset']")
    assert chips.all_inner_texts() == [label for label, _ in PRESETS]
    for number, (label, window) in enumerate(PRESETS):
        if not chips.first.is_visible():
            page.locator("[data-menu='window.preset']").click()
        chips.nth(number).click()
        if window is not None:
            words = f"W {window[0]} L {window[1]}"
            expect(page.locator("[data-corner='bottom_right']")).to_contain_text(words)
        chosen = page.locator("[data-menu='window.preset'] [data-menu-value]")
        expect(chosen).to_have_text(f"·{label}")
    page.locator("[data-command='image.invert']").click()
    until(page, "inverted", lambda state: state["inverted"])
    command(page, "viewport.zoom", factor=2)
    zoomed = until(page, "zoomed", lambda state: state["zoom"] > 1)
    expect(page.locator("[data-corner='bottom_right']")).to_contain_text("%")
    play = page.locator(".viewer-pager [data-command='cine.toggle']")
    play.click()
    until(page, "playing", lambda state: state["playing"])
    until(page, "running on", lambda state: state["frame_index"] != zoomed["frame_index"])
    play.click()
    until(page, "paused", lambda state: not state["playing"])
    page.locator("[data-command='viewport.reset']").click()
    until(
        page,
        "as at first",
        lambda state: (
            state["zoom"] == 1
            and state["pan"] == [0, 0]
            and state["preset"] == "default"
            and not state["inverted"]
        ),
    )


@pytest.mark.requirement("B-11", "B-14", "B-18", "B-19", "B-45")
@SIZES
def test_the_series_bar_is_folded_and_opens_another_series(visits: Visits, size: str) -> None:
    page, _ = open_dicom(visits, size)
    toggle = page.locator(".series-toggle")
    expect(toggle).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#series-list")).to_be_hidden()
    toggle.click()
    expect(toggle).to_have_attribute("aria-expanded", "true")
    entry = page.locator(".series-entry", has_text="胸部增强")
    for words in ("CT", "序列 3", "8 幅"):
        expect(entry).to_contain_text(words)
    thumbnail = entry.locator("img")
    assert thumbnail.evaluate("async (one) => { await one.decode(); return one.naturalWidth; }")
    before = state_of(page)["series_id"]
    entry.click()
    until(
        page,
        "the other series",
        lambda state: state["series_id"] != before and state["loading"]["complete"],
    )
    expect(entry).to_have_attribute("aria-current", "true")
    expect(page.locator("[data-frame-count]")).to_have_text("8")
    seen = seen_canvas(page)
    wanted = expected_canvas(visits.product.cloud, state_of(page), *seen.shape[:2])
    assert int(np.abs(seen - wanted).max()) <= 1


@pytest.mark.requirement("B-20", "B-21", "B-22", "B-24")
def test_fingers_pan_pinch_page_and_play(visits: Visits) -> None:
    page, _ = open_dicom(visits, "phone")
    stage = page.locator("[data-stage]")
    stage.tap()  # the mark makes room; gestures come after that
    page.wait_for_timeout(400)
    before = state_of(page)
    fingers = Fingers(page)
    x, y = middle_of(stage)
    fingers.drag((x, y), (x + 20, y + 10), (x + 40, y + 20))
    panned = until(page, "panned", lambda state: state["pan"] == pytest.approx([40, 20]))
    assert panned["frame_index"] == before["frame_index"]
    fingers.pinch((x, y), 60, 120)
    until(page, "twice as large", lambda state: state["zoom"] == pytest.approx(2, rel=0.02))
    expect(page.locator("[data-corner='bottom_right']")).to_contain_text("%")
    tool(page, "翻页").tap()
    fingers.drag((x, y), (x, y + 40), (x, y + 80))
    until(page, "paged", lambda state: state["frame_index"] != before["frame_index"])
    tool(page, "调窗").tap()
    fingers.drag((x, y), (x + 30, y), (x + 60, y))
    until(page, "windowed", lambda state: state["window"] != before["window"])
    tool(page, "缩放").tap()
    fingers.drag((x, y), (x, y - 40), (x, y - 80))
    until(page, "zoomed", lambda state: state["zoom"] != pytest.approx(2, rel=0.02))
    page.locator(".viewer-pager [data-command='cine.toggle']").tap()
    until(page, "playing", lambda state: state["playing"])
    page.locator(".viewer-pager [data-command='cine.toggle']").tap()
    until(page, "paused", lambda state: not state["playing"])


@pytest.mark.requirement("B-15", "B-24", "B-25", "B-39")
def test_wheel_mouse_buttons_and_keys(visits: Visits) -> None:
    page, _ = open_dicom(visits, "desktop")
    before = state_of(page)
    x, y = middle_of(page.locator("[data-stage]"))
    page.mouse.move(x, y)
    page.mouse.wheel(0, 100)
    until(page, "paged", lambda state: state["frame_index"] == before["frame_index"] + 1)
    page.keyboard.press("ArrowUp")
    until(page, "paged back", lambda state: state["frame_index"] == before["frame_index"])
    page.keyboard.press("End")
    until(page, "the last", lambda state: state["frame_index"] == 11)
    page.keyboard.press("3")
    until(page, "lung", lambda state: state["preset"] == "lung")
    page.mouse.down(button="right")
    page.mouse.move(x + 60, y, steps=3)
    page.mouse.up(button="right")
    until(page, "wider", lambda state: state["window"]["width"] > 1500 and not state["preset"])
    page.mouse.down(button="middle")
    page.mouse.move(x + 90, y + 40, steps=3)
    page.mouse.up(button="middle")
    until(page, "panned", lambda state: state["pan"] == pytest.approx([30, 40]))
    page.keyboard.press("i")
    until(page, "inverted", lambda state: state["inverted"])
    page.keyboard.press("r")
    until(page, "reset", lambda state: state["pan"] == [0, 0] and not state["inverted"])
