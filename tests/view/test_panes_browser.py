"""Pane tools in a real browser: buttons, mouse and fingers, read from the state and the screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from server.assets.catalog import AssetCatalog
from tests.view.pane_series import axial, pixels, sagittal
from tests.view.reading import command, open_viewer, stage_shot, state_of, still, until
from tests.view.site import Site
from viewer_py.pixels.color_maps import colors_of
from viewer_py.render.numpy_renderer import render
from viewer_py.render.sources import FrameSources
from viewer_py.scene.compose import compose
from viewer_py.scene.lens import lens_scene
from viewer_py.view.commands import run
from viewer_py.view.state import CanvasSize, ViewerState

SERIES = (axial(), sagittal(), axial("down", [58.0 - 2.0 * k for k in range(30)]))


@pytest.fixture(scope="module")
def several(catalog: AssetCatalog) -> Iterator[Site]:
    """The viewer page with three series of one phantom."""
    served = Site(catalog, series={one.series_id: (one, pixels(one)) for one in SERIES})
    with served.serving():
        yield served


def middle(page: Page, x: float = 0.5, y: float = 0.5) -> tuple[float, float]:
    """Return a place on the stage, as a share of it, in CSS pixels of the page."""
    box = page.locator("[data-stage]").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * x, box["y"] + box["height"] * y


def tool(page: Page, name: str) -> None:
    page.locator(f"[data-command='tool.choose'][data-args*='\"{name}\"']").first.click()
    until(page, name, lambda state: state["tool"] == name)


def sheet(page: Page, name: str) -> Any:
    page.locator(f"[data-menu='{name}']").click()
    found = page.locator(f"#menu-{name.replace('.', '-')}")
    expect(found).to_be_visible()
    return found


@pytest.mark.requirement("B-33", "C-18", "B-32")
def test_the_picture_is_turned_by_dragging_by_slider_and_by_buttons(
    desktop: Page, several: Site
) -> None:
    open_viewer(desktop, several)
    tool(desktop, "rotate")
    box = desktop.locator("[data-stage]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    desktop.mouse.move(x + 150, y)
    desktop.mouse.down()
    desktop.mouse.move(x + 120, y + 120)
    desktop.mouse.move(x, y + 150)
    desktop.mouse.up()
    until(desktop, "a quarter", lambda state: abs(state["rotation"] - 90) < 1)
    turns = sheet(desktop, "turn")
    slider = turns.locator("input[data-entry='viewport.angle']")
    expect(slider).to_have_value("90")
    slider.fill("-30")
    until(desktop, "-30 degrees", lambda state: state["rotation"] == 330)
    expect(desktop.locator("[data-corner='bottom_right']").first).to_contain_text("旋转 330°")
    turns.get_by_role("button", name="左右镜像").click()
    until(desktop, "mirrored", lambda state: state["flip"] == [True, False])
    turns.get_by_role("button", name="回正").click()
    until(desktop, "upright", lambda state: (state["rotation"], state["flip"]) == (0, [False] * 2))


def amber(page: Page, along: list[float]) -> float:
    """Return which share of a localiser line is on the screen in its colour."""
    x1, y1, x2, y2 = along
    share = 0.0
    for _ in range(300):  # the screen follows in its own time
        picture = stage_shot(page)[1]
        steps = np.linspace(0.05, 0.95, 40)
        places = [(round(y1 + t * (y2 - y1)), round(x1 + t * (x2 - x1))) for t in steps]
        found = [
            np.abs(picture[y - 1 : y + 2, x - 1 : x + 2] - (255, 180, 84)).max(axis=2).min() < 60
            for y, x in places
        ]
        share = float(np.mean(found))
        if share > 0.6:
            break
        page.wait_for_timeout(100)
    return share


def lens_judged(page: Page, factor: float) -> int:
    """Compare the lens on the screen with what CPython computes; return the largest difference."""
    place = until(page, "a lens", lambda state: state["lens"]["place"] is not None)["lens"]["place"]
    picture = still(page)
    state = state_of(page)
    size, lens = state["canvas"], state["lens"]
    same = ViewerState(series=SERIES[:1], canvas=CanvasSize(**size))
    same = replace_pane(same, state)
    same = run(same, "magnifier.factor", {"factor": factor})
    beside = "beside" if lens["beside"] else "over"
    same = run(same, "magnifier.at", {"x": lens["x"], "y": lens["y"], "place": beside})
    scene = lens_scene(same, compose(same))
    assert scene is not None
    stored = pixels(SERIES[0])
    wanted = render(scene, FrameSources(lambda _, index: stored[index]))[..., :3].astype(np.int16)
    left, top = round(place["left"]), round(place["top"])
    # The middle of the round lens: its rim is drawn by the page.
    inner = slice(wanted.shape[0] // 4, 3 * wanted.shape[0] // 4)
    seen = picture[top:, left:][: wanted.shape[0], : wanted.shape[1]]
    assert len(np.unique(wanted[inner, inner])) > 20
    return int(np.abs(seen[inner, inner] - wanted[inner, inner]).max())


def replace_pane(same: ViewerState, state: dict[str, Any]) -> ViewerState:
    from dataclasses import replace

    pane = replace(same.pane(), series_id="axial", frame_index=state["frame_index"])
    return replace(same, panes=(pane,))


@pytest.mark.requirement("C-11", "B-26")
@pytest.mark.parametrize("renderer", ["numpy", "webgl2"])
def test_the_lens_follows_the_mouse_and_shows_real_pixels(
    desktop: Page, several: Site, renderer: str
) -> None:
    open_viewer(desktop, several, f"renderer={renderer}")
    until(desktop, "loaded", lambda state: state["loading"]["complete"])
    tool(desktop, "magnifier")
    desktop.mouse.move(*middle(desktop, 0.4, 0.4))
    x, y = (round(value) for value in middle(desktop, 0.52, 0.46))
    desktop.mouse.move(x, y)
    box = desktop.locator("[data-stage]").bounding_box()
    assert box is not None
    until(desktop, "followed", lambda state: state["lens"]["x"] == x - box["x"])
    expect(desktop.locator("[data-lens]")).to_be_visible()
    assert lens_judged(desktop, 2.0) <= 1
    lens = sheet(desktop, "lens")
    lens.get_by_role("button", name="4×").click()
    lens.get_by_role("button", name="方形").click()
    until(desktop, "4×", lambda state: state["lens"]["factor"] == 4)
    desktop.mouse.move(x, y)
    expect(desktop.locator("[data-lens]")).not_to_have_class("lens-round")
    until(desktop, "back", lambda state: state["lens"]["place"] is not None)
    assert lens_judged(desktop, 4.0) <= 1
    desktop.mouse.move(5, 5)  # off the stage
    expect(desktop.locator("[data-lens]")).to_be_hidden()
    desktop.mouse.move(x, y)
    expect(desktop.locator("[data-lens]")).to_be_visible()
    tool(desktop, "pan")
    expect(desktop.locator("[data-lens]")).to_be_hidden()


@pytest.mark.requirement("B-26")
def test_the_lens_stands_over_the_finger_and_goes_with_it(phone: Page, several: Site) -> None:
    open_viewer(phone, several)
    phone.locator("[data-stage]").tap()  # gives the mark's room to the stage
    phone.locator("[data-command='tool.choose'][data-args*='magnifier']").tap()
    until(phone, "magnifier", lambda state: state["tool"] == "magnifier")
    line = phone.context.new_cdp_session(phone)
    x, y = middle(phone, 0.5, 0.7)
    line.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    state = until(phone, "a lens", lambda state: state["lens"]["place"] is not None)
    lens = phone.locator("[data-lens]")
    expect(lens).to_be_visible()
    box = lens.bounding_box()
    assert box is not None and box["y"] + box["height"] < y - 20
    moved = {"type": "touchMove", "touchPoints": [{"x": x + 30, "y": y + 10}]}
    line.send("Input.dispatchTouchEvent", moved)
    until(phone, "moved", lambda after: after["lens"]["x"] == state["lens"]["x"] + 30)
    line.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(lens).to_be_hidden()


@pytest.mark.requirement("C-07", "B-43", "C-34", "C-16", "B-31")
def test_panes_fill_scroll_together_and_show_where_the_active_image_lies(
    desktop: Page, several: Site
) -> None:
    open_viewer(desktop, several)
    layouts = sheet(desktop, "layout")
    fields = layouts.locator("form[data-entry='layout.set'] input")
    fields.nth(0).fill("3")
    fields.nth(1).fill("1")
    fields.nth(1).press("Enter")
    state = until(desktop, "three panes", lambda state: len(state["panes"]) == 3)
    assert [pane["series_id"] for pane in state["panes"]] == ["axial", "sagittal", "down"]
    desktop.keyboard.press("Escape")
    desktop.locator("[data-command='reference.toggle']").click()
    sheet(desktop, "link").get_by_role("button", name="联动翻页").click()
    until(desktop, "linked", lambda state: state["linking"]["scroll"])
    before = state_of(desktop)
    desktop.mouse.move(*middle(desktop, 0.1))
    desktop.mouse.wheel(0, 100)
    state = until(desktop, "scrolled", lambda state: state["frame_index"] > before["frame_index"])
    frame, sagittal_frame, down = (pane["frame_index"] for pane in state["panes"])
    assert frame + down == 29 and sagittal_frame == before["panes"][1]["frame_index"]
    lines = [line for line in state["scene"][1]["lines"] if line["style"] == "reference"]
    assert len(lines) == 1 and state["scene"][1]["badges"] == ["未联动：切面方向不同"]
    picture = still(desktop)
    lines = state_of(desktop)["scene"][1]["lines"]
    assert amber(desktop, along=lines[0]["ends"]) > 0.6  # words lie over the rest
    # All three pictures are on the screen.
    third = picture.shape[1] // 3
    assert all(picture[:, n * third : (n + 1) * third].max() > 100 for n in range(3))


@pytest.mark.requirement("C-16")
def test_a_click_looks_the_point_up_in_the_other_panes(desktop: Page, several: Site) -> None:
    open_viewer(desktop, several)
    command(desktop, "layout.set", columns=2, rows=1)
    until(desktop, "painted", lambda state: state["shown"])
    tool(desktop, "localizer")
    before = state_of(desktop)["panes"][0]["frame_index"]
    desktop.mouse.click(*middle(desktop, 0.75, 0.42))
    state = until(desktop, "looked up", lambda state: state["reference"]["point"] is not None)
    assert state["active_pane"] == 1 and state["panes"][0]["frame_index"] > before
    assert state["reference"]["point"][2] / 2 == pytest.approx(
        state["panes"][0]["frame_index"], abs=0.51
    )
    lines = [line for pane in state["scene"] for line in pane["lines"]]
    assert sum(one["style"] == "reference-point" for one in lines) == 4


@pytest.mark.requirement("C-07", "B-43")
def test_a_series_is_dragged_from_the_list_onto_a_pane(desktop: Page, several: Site) -> None:
    open_viewer(desktop, several)
    command(desktop, "layout.set", columns=2, rows=1)
    toggle = desktop.locator(".series-toggle")
    if toggle.get_attribute("aria-expanded") == "false":
        toggle.click()
    entry = desktop.locator("[data-series='down']")
    entry.scroll_into_view_if_needed()
    box = entry.bounding_box()
    assert box is not None
    desktop.mouse.move(box["x"] + 20, box["y"] + 20)
    desktop.mouse.down()
    desktop.mouse.move(*middle(desktop, 0.6), steps=4)
    expect(desktop.locator(".series-ghost")).to_be_visible()
    desktop.mouse.move(*middle(desktop, 0.75), steps=2)
    desktop.mouse.up()
    expect(desktop.locator(".series-ghost")).to_have_count(0)
    state = until(desktop, "opened", lambda state: state["panes"][1]["series_id"] == "down")
    assert state["panes"][0]["series_id"] == "axial" and state["active_pane"] == 1


@pytest.mark.requirement("C-07", "C-47", "B-43")
def test_tiles_page_by_wheel_keys_and_buttons_and_a_tap_chooses_a_pane(
    phone: Page, several: Site
) -> None:
    open_viewer(phone, several)
    command(phone, "stack.go", frame=4)
    layouts = sheet(phone, "layout")
    layouts.locator("[data-command='layout.tiles']", has_text="2×2").click()

    def frames(*wanted: int) -> None:
        until(
            phone, str(wanted),
            lambda state: tuple(pane["frame_index"] for pane in state["panes"]) == wanted,
        )  # fmt: skip

    frames(4, 5, 6, 7)
    layouts.get_by_role("button", name="下一页").click()
    frames(8, 9, 10, 11)
    phone.keyboard.press("Escape")
    phone.get_by_role("button", name="下一幅").click()
    frames(9, 10, 11, 12)
    phone.keyboard.press("PageUp")
    frames(8, 9, 10, 11)
    expect(phone.locator("[data-pane]")).to_have_count(4)
    expect(phone.locator("[data-pane] [data-corner='bottom_left']").nth(3)).to_contain_text(
        "12 / 30"
    )
    phone.touchscreen.tap(*middle(phone, 0.75, 0.75))
    until(phone, "chosen", lambda state: state["active_pane"] == 3)
    picture = still(phone)
    rows, columns = (size // 2 for size in picture.shape[:2])
    quarters = [picture[y : y + rows, x : x + columns] for y in (0, rows) for x in (0, columns)]
    assert all(quarter.max() > 100 for quarter in quarters)


@pytest.mark.requirement("B-34", "B-22", "C-19")
def test_cine_has_speed_direction_and_range_at_hand(phone: Page, several: Site) -> None:
    open_viewer(phone, several)
    until(phone, "loaded", lambda state: state["loading"]["complete"])
    playing = sheet(phone, "cine")
    playing.locator("input[data-entry='cine.rate']").fill("30")
    until(phone, "30 a second", lambda state: state["frames_per_second"] == 30)
    playing.get_by_role("button", name="倒放").click()
    fields = playing.locator("form[data-entry='cine.range'] input")
    fields.nth(0).fill("5")
    fields.nth(1).fill("9")
    fields.nth(1).press("Enter")
    until(
        phone,
        "a range",
        lambda state: (state["playback"]["first"], state["playback"]["last"]) == (4, 8),
    )
    playing.get_by_role("button", name="播放", exact=True).click()
    until(phone, "inside", lambda state: state["playing"] and 4 <= state["frame_index"] <= 8)
    seen: set[int] = set()

    def played(state: dict[str, Any]) -> bool:
        seen.add(state["frame_index"])
        return len(seen) >= 4

    until(phone, "most of it", played)
    assert seen <= {4, 5, 6, 7, 8}


@pytest.mark.requirement("B-25", "C-10", "B-35", "C-23")
def test_a_window_is_written_and_colours_have_a_bar(desktop: Page, several: Site) -> None:
    open_viewer(desktop, several)
    presets = sheet(desktop, "window.preset")
    fields = presets.locator("form[data-entry='window.set'] input")
    expect(fields.nth(0)).to_have_value("400")
    fields.nth(0).fill("301")
    fields.nth(1).fill("50")
    fields.nth(1).press("Enter")
    corner = desktop.locator("[data-corner='bottom_right']").first
    expect(corner).to_contain_text("W 301 L 50")
    desktop.keyboard.press("Escape")
    sheet(desktop, "color").get_by_role("button", name="彩虹").click()
    bar = desktop.locator("[data-bar]").first
    expect(bar).to_be_visible()
    expect(bar.locator("[data-bar-high]")).to_have_text("200 HU")
    expect(bar.locator("[data-bar-low]")).to_have_text("-100")
    ramp = bar.locator("[data-bar-ramp]").get_attribute("data-colors")
    assert ramp is not None
    top = bytes.fromhex(ramp.split(",")[-1][1:])
    assert tuple(top) == tuple(colors_of("rainbow")[255])
    command(desktop, "viewport.reset")
    expect(bar).to_be_hidden()


@pytest.mark.requirement("C-08", "C-09", "C-12", "B-23", "B-24", "B-27")
def test_zoom_pan_and_invert_are_at_the_mouse(desktop: Page, several: Site) -> None:
    open_viewer(desktop, several)
    until(desktop, "loaded", lambda state: state["loading"]["complete"])
    plain = still(desktop)
    desktop.locator("[data-command='image.invert']").first.click()
    until(desktop, "inverted", lambda state: state["inverted"])
    inverted = still(desktop)
    image = plain[..., 0] > 0  # what lies outside the image stays black
    assert image.mean() > 0.2
    assert np.abs(plain[image] + inverted[image] - 255).max() <= 1
    tool(desktop, "zoom")
    x, y = middle(desktop)
    desktop.mouse.move(x, y)
    desktop.mouse.down()
    desktop.mouse.move(x, y - 100, steps=4)
    desktop.mouse.up()
    zoomed = until(desktop, "zoomed", lambda state: state["zoom"] == pytest.approx(np.exp(0.5)))
    tool(desktop, "pan")
    desktop.mouse.move(x, y)
    desktop.mouse.down()
    desktop.mouse.move(x + 40, y - 25, steps=3)
    desktop.mouse.up()
    panned = until(desktop, "panned", lambda state: state["pan"][0] > zoomed["pan"][0] + 39)
    assert panned["pan"] == pytest.approx([zoomed["pan"][0] + 40, zoomed["pan"][1] - 25])
    percent = round(zoomed["matrix"][0] * 100)
    corner = desktop.locator("[data-corner='bottom_right']").first
    expect(corner).to_contain_text(f"缩放 {percent}%")
