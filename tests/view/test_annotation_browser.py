"""Measuring and marking in a real browser: real drags on the canvas, on a phantom that is known.

What is drawn is read from `state()` and from the screen: from the list, and from the pixels.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import CDPSession, Page, expect

from server.assets.catalog import AssetCatalog
from tests.view.reading import TRIES, command, open_viewer, state_of, until
from tests.view.samples import make_series
from tests.view.site import Site
from viewer_py.dicom.manifest import SeriesManifest

ROWS, COLUMNS = 96, 128
BETWEEN_ROWS, BETWEEN_COLUMNS = 0.8, 0.5
YELLOW, BLUE = (255, 224, 102), (92, 225, 255)
Where = tuple[float, float]


def phantom() -> tuple[SeriesManifest, Any]:
    """Return a CT in which a pixel's value says where it is: column + 10 · slice."""
    stored = (
        np.broadcast_to(np.arange(COLUMNS), (6, ROWS, COLUMNS)) + 10 * np.arange(6)[:, None, None]
    )
    series = make_series(
        "ct", frames=6, rows=ROWS, columns=COLUMNS,
        pixel_spacing=(BETWEEN_ROWS, BETWEEN_COLUMNS), frame_of_reference_uid="1.2.9",
    )  # fmt: skip
    return series, stored.astype(np.int16)


def chest() -> tuple[SeriesManifest, Any]:
    """Return a radiograph of a chest."""
    series = make_series(
        "dx", frames=1, modality="DX", rows=ROWS, columns=COLUMNS, view_position="PA",
        signed=False, image_position_patient=None, image_orientation_patient=None,
    )  # fmt: skip
    stored = np.full((1, ROWS, COLUMNS), 100, dtype=np.uint16)
    return replace(series, body_part="CHEST"), stored


@pytest.fixture(scope="module")
def site(catalog: AssetCatalog) -> Iterator[Site]:
    known = {one[0].series_id: one for one in (phantom(), chest())}
    with Site(catalog, series=known).serving() as served:
        yield served


REVISIONS = itertools.count(1000, 1000)


@pytest.fixture(autouse=True)
def nothing_kept(site: Site) -> None:
    """Begin with nothing kept, at a revision that no page of a test before knows."""
    site.drawn = {"revision": next(REVISIONS), "document": {"version": 1, "annotations": []}}
    site.refuses = 0


class Screen:
    """Where image coordinates lie on the page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        state = until(page, "shown", lambda state: state["matrix"] is not None)
        box = page.locator("[data-stage]").bounding_box()
        assert box is not None
        self.left, self.top = box["x"], box["y"]
        self.matrix = [one / state["canvas"]["pixel_ratio"] for one in state["matrix"]]

    def at(self, column: float, row: float) -> Where:
        a, b, c, d, e, f = self.matrix
        return self.left + a * column + c * row + e, self.top + b * column + d * row + f


class Mouse:
    def __init__(self, page: Page) -> None:
        self.mouse = page.mouse

    def drag(self, *course: Where) -> None:
        self.mouse.move(*course[0])
        self.mouse.down()
        for start, end in itertools.pairwise(course):
            for share in (0.2, 0.4, 0.6, 0.8, 1.0):
                x, y = np.array(start) + share * np.subtract(end, start)
                self.mouse.move(float(x), float(y))
        self.mouse.up()

    def click(self, at: Where) -> None:
        self.mouse.click(*at)


class Finger:
    def __init__(self, page: Page) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)

    def send(self, kind: str, *points: Where) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def drag(self, *course: Where) -> None:
        self.send("touchStart", course[0])
        for start, end in itertools.pairwise(course):
            for share in (0.2, 0.4, 0.6, 0.8, 1.0):
                x, y = np.array(start) + share * np.subtract(end, start)
                self.send("touchMove", (float(x), float(y)))
        self.send("touchEnd")

    def click(self, at: Where) -> None:
        self.send("touchStart", at)
        self.send("touchEnd")


def choose(page: Page, kind: str) -> None:
    """Choose a tool where a reader does: in the sheet of the toolbar."""
    sheet = "mark" if kind in ("arrow", "text") else "measure"
    page.locator(f"[data-menu='{sheet}']").click()
    page.locator(f"#menu-{sheet} [data-args*='\"{kind}\"']").click()
    until(page, f"the tool {kind}", lambda state: state["tool"] == kind)


def drawn(page: Page, count: int = 1) -> dict[str, Any]:
    """Return the newest annotation, once there are so many and all is told of it."""
    state = until(page, "drawn", lambda state: len(state["annotations"]["items"]) == count)
    return dict(state["annotations"]["items"][-1])


def value_of(row: dict[str, Any], name: str) -> float:
    return float(next(one["value"] for one in row["results"] if one["name"] == name))


def colored(page: Page, color: tuple[int, int, int]) -> int:
    """Return how many pixels of the reading area are about of a colour."""
    shot = page.locator("[data-stage]").screenshot()
    picture = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)
    return int((np.abs(picture - color).max(axis=2) < 40).sum())


def seen(page: Page, color: tuple[int, int, int]) -> None:
    for _ in range(TRIES):
        if colored(page, color) > 30:
            return
        page.wait_for_timeout(100)
    pytest.fail("nothing of this colour came to the screen")


def check(page: Page, hand: Mouse | Finger, kind: str) -> None:
    """Draw one annotation and compare it with what it must be."""
    at = Screen(page).at
    choose(page, kind)
    width, height = 40 * BETWEEN_COLUMNS, 20 * BETWEEN_ROWS
    if kind == "length":
        hand.drag(at(30, 30), at(70, 50))
        expected = {"length": math.hypot(width, height)}
    elif kind == "rectangle":
        hand.drag(at(30, 30), at(70, 50))
        expected = {"area": width * height, "mean": np.arange(30, 70).mean() + 30}
    elif kind == "ellipse":
        hand.drag(at(30, 30), at(70, 50))
        expected = {"area": math.pi * width * height / 4}
    elif kind == "circle":
        hand.drag(at(50, 40), at(70, 40))
        expected = {"area": math.pi * (width / 2) ** 2}
    elif kind == "angle":
        hand.drag(at(30, 30), at(70, 30))
        hand.drag(at(60, 40), at(70, 50))
        expected = {"angle": 90.0}
    elif kind == "cobb":
        hand.drag(at(30, 30), at(70, 30))
        hand.drag(at(30, 50), at(70, 70))
        expected = {"cobb": math.degrees(math.atan2(height, width))}
    elif kind == "freehand":
        hand.drag(at(30, 30), at(70, 30), at(70, 50), at(30, 50), at(30, 30))
        expected = {"area": width * height}
    else:
        hand.click(at(50.5, 40.5))
        expected = {"value": 50.0 + 30}
    row = drawn(page)
    assert row["kind"] == kind and row["panes"] == [0] and row["selected"]
    # A pointer stands on whole device pixels, an image pixel takes several of them.
    for name, number in expected.items():
        assert value_of(row, name) == pytest.approx(number, rel=0.04), name
    seen(page, BLUE)


KINDS = ("length", "rectangle", "ellipse", "circle", "angle", "cobb", "freehand", "probe")


@pytest.mark.requirement("B-28", "B-29", "C-13", "C-14", "C-43")
def test_each_tool_measures_the_phantom_with_a_mouse(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    for kind in KINDS:
        check(desktop, Mouse(desktop), kind)
        command(desktop, "annotation.clear")


@pytest.mark.requirement("B-28", "B-29", "C-43")
def test_tools_measure_the_phantom_with_a_finger(phone: Page, site: Site) -> None:
    open_viewer(phone, site, "renderer=numpy")
    for kind in ("length", "ellipse", "angle", "probe"):
        check(phone, Finger(phone), kind)
        command(phone, "annotation.clear")


@pytest.mark.requirement("B-28", "B-20")
def test_a_late_second_finger_pinches_and_leaves_nothing_drawn(phone: Page, site: Site) -> None:
    open_viewer(phone, site)
    choose(phone, "length")
    finger, at = Finger(phone), Screen(phone).at
    zoom = state_of(phone)["zoom"]
    first, second = at(40, 30), at(60, 60)
    finger.send("touchStart", first)
    finger.send("touchMove", (first[0] + 30, first[1]))
    until(phone, "a draft", lambda state: state["annotations"]["draft"] is not None)
    finger.send("touchStart", (first[0] + 30, first[1]), second)
    finger.send("touchMove", (first[0] + 30, first[1] - 60), (second[0], second[1] + 60))
    state = until(phone, "a pinch", lambda state: state["zoom"] > zoom)
    finger.send("touchEnd")
    assert state["annotations"]["draft"] is None and not state["annotations"]["items"]


@pytest.mark.requirement("B-28", "B-30", "B-45", "C-13", "C-15")
def test_marks_stay_on_their_place_and_come_back_after_a_reload(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    at = Screen(desktop).at
    choose(desktop, "length")
    Mouse(desktop).drag(at(30, 30), at(70, 30))
    choose(desktop, "text")
    Mouse(desktop).click(at(90, 60))
    field = desktop.locator("[data-mark-dialog] input")
    expect(field).to_be_focused()
    field.fill("右肺结节")
    field.press("Enter")
    state = until(
        desktop, "words", lambda state: [one["text"] for one in state["annotations"]["items"]]
        == ["", "右肺结节"],
    )  # fmt: skip
    before = [one["points"] for one in state["annotations"]["items"]]
    for name, args in (
        ("viewport.rotate", {"degrees": 90}),
        ("viewport.zoom", {"factor": 2.0}),
        ("viewport.flip", {"axis": "horizontal"}),
    ):
        state = command(desktop, name, **args)
    assert [one["points"] for one in state["annotations"]["items"]] == before
    expect(desktop.locator("[data-marks-saved]")).to_have_attribute("data-state", "saved")
    open_viewer(desktop, site)
    state = until(desktop, "loaded", lambda state: len(state["annotations"]["items"]) == 2)
    assert [one["points"] for one in state["annotations"]["items"]] == before
    seen(desktop, YELLOW)


@pytest.mark.requirement("B-28", "C-13")
def test_the_list_tells_goes_hides_undoes_and_deletes(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    at = Screen(desktop).at
    choose(desktop, "rectangle")
    Mouse(desktop).drag(at(30, 30), at(70, 50))
    drawn(desktop)
    desktop.locator("[data-menu='mark']").click()
    desktop.locator("#menu-mark [data-command='annotation.list']").click()
    row = desktop.locator("[data-annotation]")
    expect(row.locator("[data-name]")).to_have_text("矩形")
    expect(row.locator("[data-values]")).to_contain_text("HU")
    expect(row.locator("[data-place]")).to_contain_text("第 4 幅")
    expect(desktop.locator("[data-marks-live]")).to_contain_text("面积")
    command(desktop, "stack.go", frame=0)
    row.locator("[data-go]").click()
    until(desktop, "the image", lambda state: state["frame_index"] == 3)
    row.locator("[data-hide]").click()
    until(desktop, "hidden", lambda state: not state["annotations"]["items"][0]["shown"])
    row.locator("[data-remove]").click()
    expect(row).to_have_count(0)
    desktop.keyboard.press("Control+z")
    expect(row).to_have_count(1)
    desktop.keyboard.press("Control+Shift+z")
    expect(row).to_have_count(0)
    desktop.keyboard.press("Control+z")
    expect(row).to_have_count(1)
    desktop.locator("[data-clear]").click()
    desktop.locator("[data-clear-dialog] [value='ok']").click()
    expect(row).to_have_count(0)


@pytest.mark.requirement("B-29", "C-14")
def test_the_cardiothoracic_ratio_is_asked_for_in_words(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    desktop.locator("[data-menu='measure']").click()
    ratio = desktop.locator("#menu-measure [data-args*='cardiothoracic']")
    expect(ratio).to_be_disabled()
    desktop.keyboard.press("Escape")
    open_viewer(desktop, site, "series=dx")
    at = Screen(desktop).at
    choose(desktop, "cardiothoracic")
    hint = desktop.locator("[data-hint]")
    points = ((64, 10), (64, 85), (54, 60), (84, 60), (29, 70), (99, 70))
    for number, point in enumerate(points):
        expect(hint).to_contain_text(f"{number + 1}/6")
        Mouse(desktop).click(at(*point))
    assert value_of(drawn(desktop), "ratio") == pytest.approx(30 / 70, abs=0.02)


def test_what_could_not_be_saved_is_said_and_saved_later(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    site.refuses = 503
    command(desktop, "annotation.create", kind="length", points="[[1, 2], [30, 9]]")
    expect(desktop.locator("[data-notice]")).to_contain_text("尚未保存")
    site.refuses = 0
    expect(desktop.locator("[data-marks-saved]")).to_have_attribute("data-state", "again")
    assert len(site.drawn["document"]["annotations"]) == 1


def test_what_another_device_drew_meanwhile_is_joined(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    state = command(desktop, "annotation.create", kind="length", points="[[1, 2], [30, 9]]")
    saved = desktop.locator("[data-marks-saved]")
    expect(saved).to_have_attribute("data-state", "saved")
    mine = site.drawn["document"]["annotations"]
    theirs = {**mine[0], "id": "another", "text": "别处"}
    site.drawn = {
        "revision": site.drawn["revision"] + 1,
        "document": {"version": 1, "annotations": [*mine, theirs]},
    }
    command(desktop, "annotation.create", kind="probe", points="[[5, 5]]")
    state = until(desktop, "joined", lambda state: len(state["annotations"]["items"]) == 3)
    texts = [one["text"] for one in state["annotations"]["items"]]
    assert sorted(texts) == ["", "", "别处"]
    for _ in range(TRIES):
        if len(site.drawn["document"]["annotations"]) == 3:
            return
        desktop.wait_for_timeout(100)
    pytest.fail("what was joined was not saved")


@pytest.mark.parametrize("renderer", ["webgl2", "numpy"])
def test_the_view_is_saved_as_a_picture_with_its_words(
    desktop: Page, site: Site, renderer: str
) -> None:
    open_viewer(desktop, site, f"renderer={renderer}")
    command(desktop, "window.set", center=60, width=200)
    command(desktop, "annotation.create", kind="length", points="[[30, 30], [70, 30]]")
    command(desktop, "annotation.select", id="")
    command(desktop, "annotation.list")
    with desktop.expect_download() as started:
        desktop.locator("[data-export='png']").click()
    picture = np.asarray(Image.open(started.value.path()).convert("RGB")).astype(int)
    state = state_of(desktop)
    size = (round(state["canvas"]["height"]), round(state["canvas"]["width"]))
    assert picture.shape[:2] == size
    yellow = np.abs(picture - YELLOW).max(axis=2) < 60
    assert yellow.sum() > 100
    a, _, _, d, e, f = state["matrix"]
    for column, row in ((100, 60), (64, 80)):  # greys of the image, away from words
        shade = picture[int(d * (row + 0.5) + f), int(a * (column + 0.5) + e)]
        expected = (column + 30 - (60 - 0.5)) / (200 - 1) * 255 + 127.5
        assert np.allclose(shade, expected, atol=6)
    corner = picture[:90, :150]
    assert (corner.min(axis=2) > 180).sum() > 50  # the words of the corner
