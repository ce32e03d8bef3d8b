"""Reformats in a real browser: what is on the screen is what numpy makes of the same commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from server.assets.catalog import AssetCatalog
from tests.view import reading
from tests.view.phantom import HOT, body, tilted, uptake
from tests.view.reading import command, state_of, still, until
from tests.view.samples import entry_of
from tests.view.site import Site
from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.looked_at import LookedAt
from viewer_py.browser.volume_store import BrowserSources, VolumeStore
from viewer_py.render import numpy_renderer
from viewer_py.scene.compose import compose
from viewer_py.view.commands import run
from viewer_py.view.state import ViewerState

Calls = tuple[tuple[str, dict[str, Any]], ...]


@pytest.fixture(scope="module")
def site(catalog: AssetCatalog) -> Iterator[Site]:
    series = {one[0].series_id: one for one in (body(), uptake(), tilted())}
    with Site(catalog, series=series).serving() as served:
        yield served


@pytest.fixture
def desktop(desktop: Page) -> Page:
    desktop.set_viewport_size({"width": 1300, "height": 800})
    return desktop


def open_viewer(page: Page, site: Site, query: str = "") -> dict[str, Any]:
    reading.open_viewer(page, site, query)
    return until(page, "all frames", lambda state: state["loading"]["complete"])


class Mirror:
    """The same viewer without a browser: the same commands, all pixels there, drawn by numpy."""

    def __init__(self, site: Site, canvas: dict[str, float]) -> None:
        store = FrameStore(1 << 28)
        volumes = VolumeStore(store)
        series = tuple(one for one, _ in site.series.values())
        for one, values in site.series.values():
            frames = store.open(one)
            for index, pixels in enumerate(values):
                raw = np.ascontiguousarray(pixels).view(np.uint8).reshape(-1)
                memory = frames.reserve(index, raw.size, range(len(one.frames)))
                assert memory is not None
                memory[:] = raw
                frames.commit(index, raw.size)
        self.looked_at = LookedAt(store, volumes)
        self.sources = BrowserSources(store, volumes)
        state = ViewerState(catalogue=tuple(entry_of(one) for one in series), series=series)
        self.state = run(state, "canvas.resize", canvas)

    def do(self, calls: Calls) -> None:
        for name, args in calls:
            self.state = run(self.state, name, args)

    def picture(self) -> NDArray[np.int16]:
        assert self.looked_at.follow(self.state) == ""
        scene = compose(self.state, self.looked_at.facts(self.state))
        return numpy_renderer.render(scene, self.sources)[..., :3].astype(np.int16)


STEPS: tuple[Calls, ...] = (
    (("mpr.toggle", {}), ("window.preset", {"name": "chest"})),
    (("mpr.cursor", dict(zip("xyz", HOT, strict=True))), ("image.color_map", {"name": "hot_iron"})),
    (("mpr.direction", {"direction": "sagittal"}), ("mpr.projection", {"projection": "MIP"})),
    (("mpr.reset", {}), ("mpr.turn", {"degrees": 25}), ("image.color_map", {"name": ""})),
    (("mpr.reset", {}), ("fusion.toggle", {})),
)


@pytest.mark.requirement("B-36", "B-37", "B-41", "B-42", "B-46", "B-49", "C-20", "C-24")
def test_planes_slabs_and_fusion_are_what_numpy_makes_of_them(desktop: Page, site: Site) -> None:
    state = open_viewer(desktop, site, "renderer=numpy")
    mirror = Mirror(site, state["canvas"])
    mirror.do((("series.open", {"series_id": "body"}),))
    for calls in STEPS:
        for name, args in calls:
            command(desktop, name, **args)
        mirror.do(calls)
        if calls[-1][0] == "fusion.toggle":
            until(desktop, "the PET is there", _is_fused)
        picture = still(desktop)
        # The bar of the reformats took its room from the reading area.
        mirror.do((("canvas.resize", state_of(desktop)["canvas"]),))
        difference = np.abs(picture - mirror.picture())
        assert difference.max() <= 1, calls
    values = "  ".join(state_of(desktop)["scene"][0]["corners"]["bottom_right"])
    assert "HU" in values and "SUV" in values


def _is_fused(state: dict[str, Any]) -> bool:
    volumes = (state["reformat"] or {}).get("volumes", {})
    pet = volumes.get("uptake")
    return pet is not None and pet["loaded"] == pet["total"]


@pytest.mark.requirement("B-36", "B-41", "B-42")
def test_a_phone_has_a_large_plane_and_swaps_it_with_a_tap(phone: Page, site: Site) -> None:
    open_viewer(phone, site)
    phone.locator("[data-stage]").tap()  # the mark gives its room to the picture
    phone.wait_for_timeout(400)
    phone.locator(".viewer-tools [data-command='mpr.toggle']").tap()
    until(phone, "reformats", lambda state: state["reformat"] is not None)
    panes = phone.locator("[data-pane]")
    expect(panes).to_have_count(3)
    boxes = [panes.nth(number).bounding_box() for number in range(3)]
    assert all(boxes)
    assert boxes[0]["height"] > 1.8 * boxes[1]["height"]  # type: ignore[index]
    panes.nth(2).tap(position={"x": 60, "y": 60}, force=True)
    until(phone, "swapped", lambda state: state["active_pane"] == 2)
    large = phone.locator(".pane-active")
    expect(large.locator("[data-mark='left']")).to_have_text("A")
    expect(large.locator("[data-corner='bottom_left']")).to_contain_text("矢状位")
    # Any tool is two taps away: a sheet, then a choice.
    phone.locator("[data-menu='direction']").tap()
    phone.locator("#menu-direction .chip", has_text="冠状位").tap()
    until(phone, "coronal", lambda state: state["panes"][2]["direction"] == "coronal")
    phone.locator("[data-menu='slab']").tap()
    phone.locator("#menu-slab .chip", has_text="MinIP").tap()
    state = until(phone, "a slab", lambda one: one["panes"][2]["slab"]["projection"] == "MINIP")
    assert state["panes"][2]["slab"]["thickness_mm"] == 20
    phone.locator("#menu-slab .chip", has_text="40mm").tap()
    until(phone, "40 mm", lambda one: one["panes"][2]["slab"]["thickness_mm"] == 40)
    expect(large.locator("[data-corner='bottom_left']")).to_contain_text("MinIP 40 mm（插值）")


@pytest.mark.requirement("B-36")
def test_the_mouse_works_the_pane_below_it(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    command(desktop, "mpr.toggle")
    before = state_of(desktop)
    box = desktop.locator("[data-pane='1']").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2 - 30
    desktop.mouse.click(x, y)
    after = until(desktop, "the coronal pane", lambda state: state["active_pane"] == 1)
    center = after["reformat"]["cross_hair"]["center"]
    old = before["reformat"]["cross_hair"]["center"]
    assert center[0] > old[0] and center[2] > old[2] and center[1] == pytest.approx(old[1])
    sagittal = desktop.locator("[data-pane='2']").bounding_box()
    assert sagittal is not None
    desktop.mouse.move(sagittal["x"] + 50, sagittal["y"] + 50)
    desktop.mouse.wheel(0, 100)
    moved = until(desktop, "the sagittal pane", lambda state: state["active_pane"] == 2)
    assert moved["reformat"]["cross_hair"]["center"][0] != pytest.approx(center[0])
    expect(desktop.locator("[data-frame-count]")).to_have_text(str(moved["frame_count"]))


@pytest.mark.requirement("B-47")
def test_the_empty_pane_offers_the_rendering_and_a_drag_turns_it(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    command(desktop, "mpr.toggle")
    desktop.locator(".pane-offer:visible").click()
    state = until(desktop, "a rendering", lambda one: one["panes"][3]["kind"] == "rendering")
    # The offer lies over the pane until the page has heard of the rendering.
    expect(desktop.locator(".pane-offer:visible")).to_have_count(0)
    box = desktop.locator("[data-pane='3']").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    desktop.mouse.move(x, y)
    desktop.mouse.down()
    desktop.mouse.move(x + 80, y + 10, steps=3)
    desktop.mouse.up()
    until(
        desktop,
        "turned",
        lambda one: one["reformat"]["rendering"]["axes"] != state["reformat"]["rendering"]["axes"],
    )
    picture = still(desktop)
    height, width = picture.shape[:2]
    assert picture[height // 2 :, width // 2 :].max() > 100


@pytest.mark.requirement("B-36")
def test_a_tilted_series_stands_upright_and_says_that_it_was_corrected(
    desktop: Page, site: Site
) -> None:
    open_viewer(desktop, site, "series=tilted")
    state = command(desktop, "mpr.toggle")
    assert state["reformat"]["volume_state"] == "TILTED"
    for number in range(3):
        pane = desktop.locator(f"[data-pane='{number}']")
        expect(pane.locator(".badge")).to_have_text("层面倾斜 15.0°，已校正")
    command(desktop, "pane.activate", pane=2)
    command(desktop, "layout.maximize")
    picture = still(desktop)[..., 0]
    height = picture.shape[0]
    middles = [
        float(np.nonzero(picture[row] > 240)[0].mean())
        for row in range(height // 5, height * 4 // 5, 20)
    ]
    assert max(middles) - min(middles) < 12  # a bar along the body is no slanting one


@pytest.mark.requirement("B-40")
def test_a_button_that_cannot_be_used_says_why(desktop: Page, site: Site) -> None:
    few = {"body": (replace(body()[0], frames=body()[0].frames[:4]), body()[1][:4])}
    with Site(site.catalog, series=few).serving() as other:
        open_viewer(desktop, other)
        button = desktop.locator(".viewer-tools [data-command='mpr.toggle']")
        expect(button).to_be_disabled()
        expect(button).to_have_attribute("title", "只有 4 幅影像，不足以重建")
        fusion = desktop.locator(".viewer-tools [data-command='fusion.toggle']")
        expect(fusion).to_have_attribute("title", "检查中没有 PET 序列")
