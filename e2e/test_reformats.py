"""Volumes on the real product: planes, slabs, rendering, PET over CT, as a patient opens them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.browser import command, state_of, until
from e2e.conftest import Visits
from e2e.touch import Fingers, middle_of

SIZES = pytest.mark.parametrize("size", ["phone", "desktop"])


def open_ct_of_pet(visits: Visits, size: str) -> Page:
    """Open the CT of the parent's PET/CT, wait for all of it, and let the mark make room."""
    page, _ = visits.open(size, "zhang.shifan")
    page.goto(f"/studies/{visits.product.studies['pet']}/dicom?confirmed=1")
    page.evaluate("window.yingyun.ready")
    state = state_of(page)
    ct = next(one for one in state["series"] if one["modality"] == "CT")
    command(page, "series.open", series_id=ct["series_id"])
    until(
        page,
        "the CT",
        lambda one: one["series_id"] == ct["series_id"] and one["loading"]["complete"],
    )
    stage = page.locator("[data-stage]")
    if size == "phone":
        stage.tap()
        page.wait_for_timeout(400)
    return page


def press(page: Page, selector: str) -> None:
    page.locator(f".viewer-tools {selector}").click()


def choose(page: Page, sheet: str, label: str) -> None:
    """Choose in a sheet: two taps at most."""
    if not page.locator(f"#menu-{sheet}").is_visible():
        press(page, f"[data-menu='{sheet}']")
    page.locator(f"#menu-{sheet} .chip").get_by_text(label, exact=True).click()


def _whole(state: dict[str, Any]) -> bool:
    return all(one["loaded"] == one["total"] for one in state["reformat"]["volumes"].values())


@pytest.mark.requirement(
    "B-36", "B-37", "B-40", "B-41", "B-42", "B-46", "B-47", "C-20", "C-21", "C-24", "C-32", "C-35"
)
@SIZES
def test_planes_slab_rendering_and_fusion(visits: Visits, size: str) -> None:
    page = open_ct_of_pet(visits, size)
    press(page, "[data-command='mpr.toggle']")
    state = until(page, "the planes", lambda one: one["reformat"] is not None and _whole(one))
    assert state["reformat"]["volume_state"] == "REGULAR"
    active = page.locator(".pane-active")
    expect(active.locator("[data-mark='left']")).to_have_text("R")
    choose(page, "direction", "矢状位")
    expect(active.locator("[data-mark='left']")).to_have_text("A")
    expect(active.locator("[data-mark='top']")).to_have_text("H")
    choose(page, "slab", "MIP")
    choose(page, "slab", "20mm")
    expect(active.locator("[data-corner='bottom_left']")).to_contain_text("MIP 20 mm（插值）")
    page.keyboard.press("Escape")
    press(page, "[data-command='rendering.open']")
    opened = until(page, "a rendering", lambda one: one["panes"][3]["kind"] == "rendering")
    axes = opened["reformat"]["rendering"]["axes"]
    expect(active).to_have_attribute("data-kind", "rendering")
    x, y = middle_of(active)
    if size == "phone":
        Fingers(page).drag((x, y), (x + 30, y), (x + 60, y + 10))
    else:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y + 10, steps=3)
        page.mouse.up()
    until(page, "turned", lambda one: one["reformat"]["rendering"]["axes"] != axes)
    press(page, "[data-command='fusion.toggle']")
    fused = until(
        page,
        "the PET over the CT",
        lambda one: one["reformat"]["fusion"] is not None and _whole(one),
    )
    assert len(fused["reformat"]["volumes"]) == 2
    command(page, "pane.activate", pane=0)
    choose(page, "fusion", "75%")
    until(page, "more of the PET", lambda one: one["reformat"]["fusion"]["opacity"] == 0.75)
    values = " ".join(state_of(page)["corners"]["bottom_right"])
    assert "HU" in values and "SUV" in values
    press(page, "[data-command='mpr.toggle']")
    closed = until(page, "the images again", lambda one: one["reformat"] is None)
    assert closed["panes"][0]["kind"] == "stack"


@pytest.mark.requirement("B-40")
def test_an_ultrasound_offers_no_planes_and_says_why(visits: Visits) -> None:
    page, _ = visits.open("desktop", "zhang.shifan")
    page.goto(f"/studies/{visits.product.studies['us']}/dicom?confirmed=1")
    page.evaluate("window.yingyun.ready")
    button = page.locator(".viewer-tools [data-command='mpr.toggle']")
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", "US 影像不能三维重建")
