"""The doctor's tools under a finger, on a tablet and on a phone that lies on its side (C-04, C-43).

Fingers really draw on the canvas; what came of it is read from `state()` and from the screen.
"""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.browser import command, settled, until
from e2e.conftest import Visits
from e2e.touch import Fingers, Point, middle_of

OWN = "doctor.shengli"
SIDEWAYS = {"viewport": {"width": 844, "height": 390}}
CORNER = "[data-corner='bottom_{side}']"
STEPS = (0.5, 1.0)


class Reading:
    """A study on a doctor's touch screen: fingers, buttons, and where the image lies."""

    def __init__(self, page: Page, address: str) -> None:
        page.goto(address)
        page.evaluate("window.yingyun.ready")
        until(page, "all frames loaded", lambda state: state["loading"]["complete"])
        command(page, "layout.set", columns=1, rows=1)
        self.page, self.fingers = page, Fingers(page)
        page.locator("[data-stage]").tap(position={"x": 12, "y": 100})
        expect(page.locator("[data-identity]")).to_have_class(re.compile("identity-collapsed"))
        self.state = self.wait("the area in its new size", lambda state: state["shown"])

    def wait(self, what: str, condition: Any) -> dict[str, Any]:
        """Wait for a state, and keep it."""
        settled(self.page)
        self.state = until(self.page, what, condition)
        return self.state

    def at(self, right: float, down: float) -> Point:
        """Return a place in CSS pixels from the middle of the picture."""
        x, y = middle_of(self.page.locator("[data-stage]"))
        return x + right, y + down

    def draw(self, *course: Point) -> None:
        """Draw one finger along a course, given in CSS pixels from the middle."""
        way = [self.at(*course[0])]
        for (x, y), (to_x, to_y) in itertools.pairwise(course):
            way += [self.at(x + s * (to_x - x), y + s * (to_y - y)) for s in STEPS]
        self.fingers.drag(way[0], *way[1:])

    def corner(self, side: str) -> Locator:
        """Return the words of a lower corner."""
        return self.page.locator(CORNER.format(side=side)).first

    def press(self, sheet: str, button: str) -> None:
        """Tap a button of the toolbar, in a sheet of it where one is named."""
        bar = self.page.locator(".viewer-tools")
        if sheet:
            shown = self.page.locator(f"#menu-{sheet.replace('.', '-')}")
            if not shown.is_visible():
                bar.locator(f".toolbar > [data-menu='{sheet}']").tap()
            shown.locator(button).first.tap()
        else:
            bar.locator(f".toolbar > {button}").first.tap()

    def choose(self, sheet: str, tool: str) -> None:
        """Choose a tool with taps, and wait until it is in hand."""
        self.press(sheet, f"[data-args*='\"{tool}\"']")
        self.wait(f"the tool {tool}", lambda state: state["tool"] == tool)

    def clear(self) -> None:
        """Take all marks away."""
        command(self.page, "annotation.clear")
        self.wait("no marks", lambda state: not state["annotations"]["items"])

    @property
    def millimetres(self) -> float:
        """Return how many millimetres one CSS pixel spans, by the bar on the screen."""
        bar = self.page.locator("[data-scale]").first
        length, unit = bar.locator("[data-scale-text]").inner_text().split()[:2]
        line = bar.locator(".scale-line").bounding_box()
        assert line is not None
        return float(length) * {"cm": 10.0, "mm": 1.0}[unit] / line["width"]


def measured(reading: Reading) -> dict[str, float]:
    """Return the values of the mark once there is one, and it is on the screen."""
    state = reading.wait("a mark", lambda one: len(one["annotations"]["items"]) == 1)
    newest = state["annotations"]["items"][-1]
    assert newest["panes"] == [0] and newest["selected"]
    return {one["name"]: float(one["value"]) for one in newest["results"]}


def measures_what_it_draws(reading: Reading) -> None:
    """Draw with each tool and compare with what the course encloses."""
    scale = reading.millimetres
    across, down = 60 * scale, 40 * scale
    wanted = {
        "length": ([((-30, -20), (30, 20))], "length", math.hypot(across, down)),
        "rectangle": ([((-30, -20), (30, 20))], "area", across * down),
        "ellipse": ([((-30, -20), (30, 20))], "area", math.pi * across * down / 4),
        "circle": ([((0, 0), (30, 0))], "area", math.pi * (30 * scale) ** 2),
        "angle": ([((-30, -20), (30, -20)), ((10, 0), (30, 20))], "angle", 90.0),
        "cobb": ([((-30, -20), (30, -20)), ((-30, 0), (30, 40))], "cobb", 33.7),
        "freehand": (
            [((-30, -20), (30, -20), (30, 20), (-30, 20), (-30, -20))], "area", across * down,
        ),
    }  # fmt: skip
    for tool, (courses, name, size) in wanted.items():
        reading.choose("measure", tool)
        for course in courses:
            reading.draw(*course)
        assert measured(reading)[name] == pytest.approx(size, rel=0.08), tool
        expect(reading.page.locator("[data-marks-live]")).to_contain_text(re.compile(r"\d"))
        reading.clear()  # a finger on a mark would move that
    reading.choose("measure", "probe")
    reading.draw((0, 0), (0, 0))
    assert -1100 < measured(reading)["value"] < 3100
    reading.clear()


def windows_moves_enlarges_and_pages(reading: Reading) -> None:
    """Drag with each tool that changes how the image is seen."""
    page, before = reading.page, reading.state
    reading.choose("window.preset", "window")
    reading.draw((-20, -20), (30, 30))
    state = reading.wait("a window", lambda one: one["window"] != before["window"])
    width, center = state["window"]["width"], state["window"]["center"]
    expect(reading.corner("right")).to_contain_text(f"W {round(width)} L {round(center)}")
    reading.press("window.preset", "[data-command='window.preset'][data-args*='bone']")
    reading.wait("a preset", lambda one: one["preset"] == "bone")
    expect(reading.corner("right")).to_contain_text("W 1500 L 300")
    assert (reading.state["zoom"], reading.state["pan"]) == (before["zoom"], before["pan"])

    reading.choose("", "zoom")
    reading.draw((0, 40), (0, -40))
    zoomed = reading.wait("enlarged", lambda one: one["zoom"] > before["zoom"])
    reading.fingers.pinch(reading.at(0, 0), 60, 120)
    pinched = reading.wait("a pinch", lambda one: one["zoom"] > 1.5 * zoomed["zoom"])
    assert pinched["window"] == reading.state["window"]

    reading.choose("", "pan")
    reading.draw((-20, 0), (40, 30))
    panned = reading.wait("moved", lambda one: one["pan"] != pinched["pan"])
    assert panned["zoom"] == pinched["zoom"]
    assert panned["frame_index"] == before["frame_index"]  # one finger never pages by itself

    reading.press("", "[data-command='viewport.reset']")
    reading.wait("reset", lambda one: one["zoom"] == 1)
    command(page, "tool.choose", tool="stack")
    reading.draw((0, -40), (0, 50))
    paged = reading.wait("paged", lambda one: one["frame_index"] != before["frame_index"])
    number = f"{paged['frame_index'] + 1} / {paged['frame_count']}"
    expect(reading.corner("left")).to_contain_text(number)
    page.locator(".viewer-pager [data-command='stack.scroll']").first.tap()
    reading.wait("one back", lambda one: one["frame_index"] == paged["frame_index"] - 1)


def takes_a_begun_mark_back(reading: Reading) -> None:
    """Put a second finger down late: what was begun is gone, and the picture grows."""
    reading.choose("measure", "ellipse")
    start, way = reading.at(-60, 0), reading.at(-20, 20)
    reading.fingers.drag_then_pinch(start, way, other=reading.at(60, 0), apart=60)
    state = reading.wait("enlarged", lambda one: one["zoom"] > 1.2)
    assert state["annotations"]["items"] == [] and state["annotations"]["draft"] is None
    assert state["tool"] == "ellipse"
    reading.draw((-30, -20), (30, 20))
    measured(reading)
    reading.clear()


def marks_what_it_points_at(reading: Reading) -> None:
    """Draw an arrow and a text, undo and redo: all with a finger."""
    page = reading.page
    reading.choose("mark", "arrow")
    reading.draw((-50, 30), (20, -10))
    assert measured(reading) == {}
    reading.choose("mark", "text")
    reading.draw((-30, -60), (40, -90))
    dialog = page.locator("[data-mark-dialog]")
    dialog.locator("input").fill("右肺结节")
    dialog.locator("[value='ok']").tap()
    state = reading.wait("words", lambda one: one["annotations"]["items"][-1]["text"] == "右肺结节")
    assert [one["kind"] for one in state["annotations"]["items"]] == ["arrow", "text"]
    expect(page.locator("[data-marks-live]")).to_contain_text("右肺结节")
    reading.press("mark", "[data-command='annotation.undo']")
    reading.wait("no words", lambda one: one["annotations"]["items"][-1]["text"] == "")
    reading.press("mark", "[data-command='annotation.redo']")
    reading.wait("words", lambda one: one["annotations"]["items"][-1]["text"] == "右肺结节")
    reading.clear()


def tells_the_width_of_the_heart(reading: Reading) -> None:
    """Set the six places of a cardiothoracic ratio one by one, as the page asks for them."""
    reading.choose("measure", "cardiothoracic")
    for place in ((0, -60), (0, 60), (-20, 0), (28, 5), (-50, 20), (46, 25)):
        reading.draw(place, place)
    assert measured(reading)["ratio"] == pytest.approx(48 / 96, abs=0.02)
    expect(reading.page.locator("[data-marks-live]")).to_contain_text("0.5")
    reading.clear()


@pytest.mark.requirement("C-04", "C-08", "C-09", "C-10", "C-13", "C-15", "C-19", "C-43", "C-47")
@pytest.mark.parametrize(
    ("size", "extra"), [("tablet", {}), ("phone", SIDEWAYS)], ids=("tablet", "sideways")
)
def test_a_doctors_tools_obey_a_finger(visits: Visits, size: str, extra: dict[str, Any]) -> None:
    page, _ = visits.open(size, OWN, **extra)
    reading = Reading(page, f"/doctor/studies/{visits.product.studies['ct']}/dicom")
    windows_moves_enlarges_and_pages(reading)
    measures_what_it_draws(reading)
    marks_what_it_points_at(reading)
    takes_a_begun_mark_back(reading)


@pytest.mark.requirement("C-14", "C-43")
@pytest.mark.parametrize(
    ("size", "extra"), [("tablet", {}), ("phone", SIDEWAYS)], ids=("tablet", "sideways")
)
def test_a_finger_measures_the_heart(visits: Visits, size: str, extra: dict[str, Any]) -> None:
    page, _ = visits.open(size, OWN, **extra)
    reading = Reading(page, f"/doctor/studies/{visits.product.studies['emergency']}/dicom")
    tells_the_width_of_the_heart(reading)
