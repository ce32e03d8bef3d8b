"""The viewer page in a real browser under the product's policy, judged by CPython's numpy.

Pixels are read from a screenshot of the stage, so what is compared is what a person sees.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from portal.study import viewer_page
from tests.view.reading import (
    HIDE_WORDS,
    command,
    open_viewer,
    stage_shot,
    state_of,
    still,
    until,
)
from tests.view.site import Site
from viewer_py.pixels.voi import Window
from viewer_py.render import numpy_renderer
from viewer_py.render.sources import FrameSources
from viewer_py.scene.model import (
    CornerText,
    ImageLayer,
    OrientationMarks,
    PaneScene,
    Rectangle,
    Scene,
)

PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 150)))"


def seen(page: Page) -> NDArray[np.int16]:
    page.evaluate(HIDE_WORDS)
    page.evaluate(PAINTED)
    return stage_shot(page)[1]


def expected(site: Site, state: dict[str, Any], height: int, width: int) -> NDArray[np.int16]:
    series, stored = site.series[state["series_id"]]
    index = state["frame_index"]
    layer = ImageLayer(
        series_id=series.series_id,
        frame_index=index,
        frame=series.frames[index],
        matrix=tuple(state["matrix"]),
        window=None if state["preset"] == "default" else Window(**state["window"]),
        inverted=state["inverted"],
    )
    area = Rectangle(0, 0, width, height)
    pane = PaneScene(area, layer, CornerText(), OrientationMarks())
    sources = FrameSources(lambda *_: stored[index])
    picture = numpy_renderer.render(Scene(width, height, (pane,)), sources)
    return picture[..., :3].astype(np.int16)


def wait_for_frame(page: Page) -> None:
    until(page, "loaded", lambda state: state["matrix"] and state["loading"]["complete"])


STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("viewport.zoom", {"factor": 2.3, "x": 300, "y": 200}),
    ("window.set", {"center": -200, "width": 900}),
    ("image.invert", {}),
    ("viewport.rotate", {"degrees": 90}),
    ("viewport.set", {"rotation": 33, "zoom": 0.12}),
)


@pytest.mark.requirement("B-16", "B-23", "B-25", "B-27", "B-49")
@pytest.mark.parametrize("renderer", ["webgl2", "numpy"])
def test_the_canvas_shows_what_numpy_computes(desktop: Page, site: Site, renderer: str) -> None:
    state = open_viewer(desktop, site, f"renderer={renderer}")
    assert state["renderer"] == renderer and state["python"].startswith("3.14")
    for series_id in ("dx", "us", "ct"):
        opening = ("series.open", {"series_id": series_id})
        for name, args in (opening, *STEPS):
            command(desktop, name, **args)
            wait_for_frame(desktop)
            state = state_of(desktop)
            picture = still(desktop)
            difference = np.abs(picture - expected(site, state, *picture.shape[:2]))
            assert difference.max() <= 1, (series_id, name)


@pytest.mark.requirement("G-05")
def test_python_takes_over_the_servers_first_picture_where_it_lies(
    desktop: Page, site: Site
) -> None:
    site.release.clear()

    desktop.goto(f"{site.address}/x/dicom")
    desktop.locator("[data-first-image]").evaluate("(image) => image.decode()")
    first = seen(desktop)
    site.release.set()
    desktop.evaluate("window.yingyun.ready")
    second = still(desktop)
    assert first.shape == second.shape
    # Both stretch 128 × 96 pixels; only the interpolation differs (grey against modality values).
    where = [np.argwhere(picture[..., 0] > 20) for picture in (first, second)]
    for a, b in zip(where[0].min(0), where[1].min(0), strict=True):
        assert abs(int(a) - int(b)) <= 4
    assert np.abs(first - second).mean() < 6


@pytest.mark.requirement("B-06", "G-05")
def test_the_marks_tell_the_moments_apart(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    desktop.wait_for_timeout(300)
    marks = dict(
        desktop.evaluate(
            "performance.getEntriesByType('mark').map((mark) => [mark.name, mark.startTime])"
        )
    )
    order = ["dicom-confirmed", "dicom-first-image", "interactive"]
    times = [marks[f"yingyun:{name}"] for name in order]
    assert times == sorted(times)
    assert "yingyun:series-loaded" in marks


@pytest.mark.requirement("B-20", "B-21", "B-22")
def test_fingers_pan_pinch_and_play(phone: Page, site: Site) -> None:
    before = open_viewer(phone, site)
    line = phone.context.new_cdp_session(phone)
    # The first touch gives the mark's room to the stage; the gestures come after that.
    phone.locator("[data-stage]").tap()
    phone.evaluate(PAINTED)
    box = phone.locator("[data-stage]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def touch(kind: str, *points: tuple[float, float]) -> None:
        fingers = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(points)]
        line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
        phone.evaluate(PAINTED)

    touch("touchStart", (x, y))
    touch("touchMove", (x + 20, y + 10))
    touch("touchMove", (x + 40, y + 20))
    touch("touchEnd")
    panned = state_of(phone)
    assert panned["pan"] == pytest.approx([40, 20]) and panned["zoom"] == 1
    assert panned["frame_index"] == before["frame_index"]
    touch("touchStart", (x - 30, y))
    touch("touchStart", (x - 30, y), (x + 30, y))
    touch("touchMove", (x - 60, y), (x + 60, y))
    touch("touchEnd")
    assert state_of(phone)["zoom"] == pytest.approx(2, rel=0.01)
    phone.locator(".viewer-pager [data-command='cine.toggle']").tap()
    assert state_of(phone)["playing"]
    phone.locator(".viewer-pager [data-command='cine.toggle']").tap()
    assert not state_of(phone)["playing"]


@pytest.mark.requirement("B-17", "B-19", "B-39", "B-15", "B-18")
def test_toolbar_presets_slider_and_series_bar(phone: Page, site: Site) -> None:
    open_viewer(phone, site)
    stage = phone.locator("[data-stage]").bounding_box()
    tools = phone.locator(".viewer-tools").bounding_box()
    assert stage and tools and tools["y"] >= stage["y"] + stage["height"]
    toggle = phone.locator(".series-toggle")
    expect(toggle).to_have_attribute("aria-expanded", "false")
    phone.locator("[data-menu='window.preset']").tap()
    chips = phone.locator("#menu-window-preset .chip")
    assert chips.all_inner_texts() == [
        "默认", "头部", "肺部", "胸部", "心脏", "腹部", "肝脏", "骨骼",
    ]  # fmt: skip
    chips.nth(2).tap()
    expect(phone.locator("[data-corner='bottom_right']")).to_contain_text("W 1500 L -600")
    phone.locator("[data-slider]").fill("29")
    expect(phone.locator("[data-corner='bottom_left']")).to_contain_text("30 / 30")
    toggle.tap()
    expect(toggle).to_have_attribute("aria-expanded", "true")
    entry = phone.locator("[data-series='us']")
    for words in ("US", "肺窗", "序列 3", "1 幅"):
        expect(entry).to_contain_text(words)
    entry.tap()
    expect(entry).to_have_attribute("aria-current", "true")
    assert state_of(phone)["series_id"] == "us"
    expect(chips.nth(2)).to_be_disabled()


def test_every_button_is_large_enough_for_a_finger(phone: Page, site: Site) -> None:
    open_viewer(phone, site)
    sizes = phone.evaluate(
        "[...document.querySelectorAll('button:not([hidden]), .viewer-back')]"
        ".map((button) => button.getBoundingClientRect())"
        ".filter((box) => box.width).map((box) => [box.width, box.height])"
    )
    assert sizes and all(width >= 44 and height >= 44 for width, height in sizes)
    width = phone.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


@pytest.mark.requirement("B-01", "B-02")
@pytest.mark.parametrize("size", [(390, 844), (820, 1180), (1440, 900)])
def test_mark_and_index_have_the_prescribed_look(
    desktop: Page, site: Site, size: tuple[int, int]
) -> None:
    desktop.set_viewport_size({"width": size[0], "height": size[1]})
    desktop.goto(f"{site.address}/x/dicom")
    box = desktop.locator(".insurance-mark").bounding_box()
    assert box is not None and (box["width"], box["height"]) == (328, 233)
    style = desktop.locator("[data-cloud-index]").evaluate(
        "(element) => { const { fontSize, fontFamily, color } = getComputedStyle(element);"
        " return [fontSize, fontFamily, color]; }"
    )
    assert style[0] == "20px" and style[2] == "rgb(255, 0, 0)"
    assert style[1].replace('"', "").startswith("SimHei")
    index = desktop.locator("[data-cloud-index]").bounding_box()
    assert index is not None and index["x"] >= 0 and index["x"] + index["width"] <= size[0]


def test_ended_access_clears_the_screen_and_says_so(desktop: Page, site: Site) -> None:
    site.release.clear()
    open_viewer(desktop, site)
    site.ended = 410
    site.release.set()
    try:
        failure = desktop.locator("[data-failure]")
        expect(failure).to_be_visible()
        expect(failure).to_contain_text("访问已结束")
        expect(failure).to_contain_text("Access has ended")
        expect(desktop.locator("[data-corner='top_left']")).to_have_text("")
        failure.evaluate("(element) => { element.hidden = true; }")
        assert seen(desktop).max() == 0
    finally:
        site.ended = 0


def test_a_broken_stream_is_resumed(desktop: Page, site: Site) -> None:
    site.broken = 1
    site.asked.clear()
    open_viewer(desktop, site)
    loading = until(desktop, "loaded", lambda state: state["loading"]["complete"])["loading"]
    assert loading["loaded"] == 30 and loading["notice"] == ""
    opening, stream = "around=15&wanted=15-15", "around=15&wanted=0-14,16-29"
    assert site.asked[:2] == [opening, stream]  # it comes while Python starts, once
    assert len(site.asked) == 3 and "15-15" not in site.asked[2]


@pytest.mark.parametrize(("day", "measured"), [("", False), ("Thu Jan 01 1970", True)])
def test_slow_graphics_are_remembered_for_the_day(
    desktop: Page, site: Site, day: str, measured: bool
) -> None:
    desktop.goto(f"{site.address}/static/viewer/link.js")
    remember = "(day) => localStorage.setItem('yingyun:slow-graphics', day || Date().slice(0, 15))"
    desktop.evaluate(remember, day)
    state = open_viewer(desktop, site)
    for _ in range(300 if measured else 0):  # some time after the first picture
        state = state_of(desktop)
        if "stack" in state["measured"]:
            break
        desktop.wait_for_timeout(100)
    assert ("webgl2_ms" in state["measured"].get("stack", {})) is measured
    assert measured or state["renderer"] == "numpy"


@pytest.mark.requirement("G-05")
def test_the_jpg_page_warms_every_file_that_the_viewer_loads(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    until(desktop, "loaded", lambda state: state["loading"]["complete"])
    desktop.wait_for_function(  # they come last, when everything else is at rest
        "() => ['annotation-files', 'key-images', 'late-style'].every((wanted) =>"
        " performance.getEntriesByType('resource').some(({ name }) => name.includes(wanted)))"
    )
    names = (
        "() => performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname)"
    )
    loaded = set(desktop.evaluate(names))
    for worker in desktop.workers:
        loaded |= set(worker.evaluate(names))
    scripts = {name for name in loaded if name.startswith(("/static/viewer/", "/assets/"))}
    warmed = {f"/static/{name}" for name in viewer_page.PAGE_FILES}
    codecs = {site.catalog.url(name) for name in viewer_page.CODEC_FILES}
    used = {name for name in scripts if name.startswith("/assets/codecs/")}
    assert used and used <= codecs  # which of them depends on how the series is written
    warmed |= {str(part["url"]) for part in site.catalog.runtime().values()}
    own = {"/static/viewer/runtime.js"}  # the one that warms
    later = {f"/static/viewer/{name}.js" for name in ("drawers", "tags")}  # opened by the reader
    needed = {name for name in warmed if not name.endswith(".css")} | own
    assert {name for name in scripts - used if not name.endswith(".svg")} == needed - later


def test_without_webassembly_the_page_says_why_and_leads_back(desktop: Page, site: Site) -> None:
    desktop.add_init_script("delete globalThis.WebAssembly")
    desktop.goto(f"{site.address}/x/dicom")
    failure = desktop.locator("[data-failure]")
    expect(failure).to_contain_text("WebAssembly")
    expect(failure).to_contain_text("This browser has no WebAssembly")
    expect(failure.locator("a")).to_have_attribute("href", "/x")
    refused = "window.yingyun.ready.then(() => 'ready', () => 'refused')"
    assert desktop.evaluate(refused) == "refused"


NO_MEMORY = {
    "the heap cannot begin": (
        "export async function startPython() {"
        " throw new RangeError('WebAssembly.Memory(): could not allocate memory'); }"
    ),
    "Python has none left": (
        "export async function startPython() { return { pyimport: () => ({ start: () => {"
        " throw Object.assign(new Error('numpy'), { type: '_ArrayMemoryError' }); } }) }; }"
    ),
}


@pytest.mark.parametrize("runtime", NO_MEMORY.values(), ids=NO_MEMORY)
def test_without_memory_the_page_says_why_and_leads_back(
    desktop: Page, site: Site, runtime: str
) -> None:
    desktop.context.route(
        "**/viewer/runtime.js",
        lambda route: route.fulfill(body=runtime, content_type="text/javascript"),
    )
    desktop.goto(f"{site.address}/x/dicom")
    failure = desktop.locator("[data-failure]")
    expect(failure).to_contain_text("内存不足")
    expect(failure).to_contain_text("too little memory")
    expect(failure.locator("a")).to_have_attribute("href", "/x")
