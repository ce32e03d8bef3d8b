"""The patient's DICOM page in one hand: how many taps, how sheets go away, what fingers undo."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.browser import command, settled, state_of, until
from e2e.conftest import Visits
from e2e.touch import Fingers, middle_of
from viewer_py.view.command import Command, Kind
from viewer_py.view.toolbar import Link, Picked, Sheet, Toolbar, toolbar

# Functions of B-20…B-45 (and what stands beside them) to the command of the table that does each.
FUNCTIONS = {
    "B-22": ("cine.toggle", "cine.rate", "cine.direction/backward"),
    "B-23": ("tool.choose/zoom", "viewport.zoom/1.25", "viewport.zoom/0.8"),
    "B-24": ("tool.choose/pan",),
    "B-25": ("tool.choose/window", "window.set"),
    "B-26": ("tool.choose/magnifier", "magnifier.factor/3.0"),
    "B-27": ("image.invert",),
    "B-28": tuple(
        f"annotation.measure/{kind}" for kind in ("length", "rectangle", "ellipse", "angle")
    ),
    "B-29": tuple(
        f"annotation.measure/{kind}" for kind in ("cobb", "freehand", "probe", "cardiothoracic")
    ),
    "B-30": ("annotation.mark/text", "annotation.mark/arrow"),
    "B-31": ("reference.toggle",),
    "B-32": ("viewport.flip/horizontal", "viewport.flip/vertical"),
    "B-33": ("viewport.rotate/90.0", "viewport.rotate/-90.0"),
    "B-34": ("cine.toggle",),
    "B-35": ("image.color_map/hot_iron", "image.color_map/rainbow"),
    "B-36": ("mpr.toggle",),
    "B-37": ("mpr.projection/MIP",),
    "B-38": ("mpr.projection/MinIP",),
    "B-39": tuple(
        f"window.preset/{name}"
        for name in ("default", "head", "lung", "chest", "heart", "abdomen", "liver", "bone")
    ),
    "B-41": tuple(f"mpr.direction/{name}" for name in ("axial", "coronal", "sagittal")),
    "B-42": tuple(f"mpr.thickness/{mm}" for mm in (0.1, 0.5, 1.0, 20.0, 40.0, 80.0, 160.0)),
    "B-43": ("layout.set/1,1", "layout.set/2,1", "layout.set/2,2"),
    "B-45": ("viewport.reset", "tool.choose/stack", "stack.scroll", "series.open"),
}  # fmt: skip
VISIBLE_AND_HIT = """(one) => {
  one.scrollIntoView({ block: "nearest", inline: "center" });
  const box = one.getBoundingClientRect();
  const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const inside = box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
  const large = Math.min(box.width, box.height) >= 43.5;
  return (one.contains(hit) && inside && large)
    || `${one.title} ${JSON.stringify(box)} ${hit?.outerHTML.slice(0, 80)}`;
}"""


def open_dicom(visits: Visits, size: str = "phone", study: str = "ct", **extra: Any) -> Page:
    """Open a study's DICOM page, wait until all of it is there, and let the mark fold away."""
    page, _ = visits.open(size, "zhang.shifan", **extra)
    page.goto(f"/studies/{visits.product.studies[study]}/dicom?confirmed=1")
    page.evaluate("window.yingyun.ready")
    until(page, "all frames loaded", lambda state: state["loading"]["complete"])
    stage = page.locator("[data-stage]")
    stage.tap(position={"x": 180, "y": 60})
    expect(page.locator("[data-identity]")).to_have_class("identity identity-collapsed")
    page.evaluate(
        "() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {})))"
        ".then(() => true)"
    )
    settled(page)
    return page


# --- how many taps ----------------------------------------------------------------------------


def taps_of(bar: Toolbar) -> dict[str, int]:
    """Return every command and choice of the table that a patient is shown, to its taps."""
    found: dict[str, int] = {}
    for group in (*bar.strip, *bar.reformats):
        for item in group:
            if isinstance(item, Picked):
                found[_key(item.command, item.choice)] = 1
            elif isinstance(item, Sheet):
                for one in item.commands:
                    _add(found, one, 2)
            elif not isinstance(item, Link):
                _add(found, item, 1)
    return found


def _add(found: dict[str, int], one: Command, taps: int) -> None:
    found[one.name] = min(taps, found.get(one.name, taps))
    for number in range(len(one.choices)):
        key = _key(one, number)
        found[key] = min(taps, found.get(key, taps))


def _key(one: Command, choice: int) -> str:
    return f"{one.name}/{','.join(str(value) for value in one.choices[choice].args.values())}"


def hit(page: Page, one: Locator) -> None:
    """Check that a control can be met by a thumb: shown, large enough, nothing over it."""
    assert one.evaluate(VISIBLE_AND_HIT) is True


def walk(page: Page, area: str) -> set[str]:
    """Tap every opener of a toolbar; return the commands and choices met in at most two taps."""
    met: set[str] = set()
    bar = page.locator(f"{area} [role='toolbar']")
    for button in bar.locator("[data-command]:visible").all():
        hit(page, button)
        met.add(_met(button))
    for opener in bar.locator("[data-menu]:visible").all():
        if opener.is_disabled():
            continue
        hit(page, opener)
        opener.tap()
        sheet = page.locator(f"#{opener.get_attribute('aria-controls')}")
        expect(sheet).to_be_visible()
        for one in sheet.locator("[data-command]:visible, [data-entry]:visible").all():
            if one.get_attribute("data-command"):
                hit(page, one)
            met.add(_met(one))
        page.keyboard.press("Escape")
        expect(sheet).to_be_hidden()
        expect(opener).to_be_focused()
    return met


def _met(control: Locator) -> str:
    name = control.get_attribute("data-command") or control.get_attribute("data-entry")
    values = control.evaluate(
        "({ dataset }) => 'choice' in dataset ? Object.values(JSON.parse(dataset.args)).join() : ''"
    )
    return f"{name}/{values}" if control.get_attribute("data-choice") else str(name)


def _shown(key: str) -> str:
    """Return a key of the table as JavaScript writes its numbers."""
    name, _, values = key.partition("/")
    parts = [part.removesuffix(".0") for part in values.split(",")]
    return f"{name}/{','.join(parts)}" if values else name


def test_no_function_of_the_table_is_further_than_two_taps() -> None:
    taps = taps_of(toolbar())
    assert max(taps.values()) == 2
    beside_the_slider = {"cine.toggle", "stack.scroll", "series.open"}
    wanted = {key for keys in FUNCTIONS.values() for key in keys} - beside_the_slider
    assert not sorted(wanted - set(taps))
    # What a patient has no word for is not in his sheets.
    assert not any(key.startswith("hanging.") for key in taps)


@pytest.mark.requirement(
    "B-17", "B-23", "B-24", "B-25", "B-26", "B-27", "B-28", "B-29", "B-30", "B-31", "B-32",
    "B-33", "B-34", "B-35", "B-36", "B-37", "B-38", "B-39", "B-41", "B-42", "B-43", "B-45",
)  # fmt: skip
def test_every_function_is_met_within_two_taps_of_a_thumb(visits: Visits) -> None:
    page = open_dicom(visits, study="pet")
    met = walk(page, ".viewer-tools > .tool-row")
    page.locator("[data-command='mpr.toggle']").first.tap()
    until(page, "reformats", lambda state: state["reformat"] is not None)
    page.locator(".reformat-bar").wait_for(state="visible")
    settled(page)
    met |= walk(page, ".reformat-bar")
    page.locator(".series-toggle").tap()
    for one in page.locator(".viewer-pager [data-command], .series-entry[data-command]").all():
        hit(page, one)
        met.add(str(one.get_attribute("data-command")))
    offered = {_shown(key) for key in taps_of(toolbar())}
    kinds = {
        one.name: one.kind for group in toolbar().strip for one in group if isinstance(one, Command)
    }
    wanted = {_shown(key) for keys in FUNCTIONS.values() for key in keys}
    assert not sorted(wanted - met)
    assert not sorted(key for key in offered - met if kinds.get(key) is Kind.TOGGLE)


# --- sheets -----------------------------------------------------------------------------------


@pytest.mark.requirement("B-17", "B-19", "A-38")
def test_sheets_go_by_a_tap_beside_a_finger_that_draws_them_down_and_escape(
    visits: Visits,
) -> None:
    page = open_dicom(visits)
    fingers = Fingers(page)
    opener, sheet = page.locator("[data-menu='measure']"), page.locator("#menu-measure")
    series, listed = page.locator(".series-toggle"), page.locator("#series-list")
    expect(series).to_have_attribute("aria-expanded", "false")
    expect(listed).to_be_hidden()

    opener.tap()
    page.locator("[data-stage]").tap(position={"x": 100, "y": 60})
    expect(sheet).to_be_hidden()
    opener.tap()
    page.locator(".viewer-heading").tap()
    expect(sheet).to_be_hidden()
    expect(opener).to_have_attribute("aria-expanded", "false")

    opener.tap()
    x, y = middle_of(sheet)
    fingers.drag((x, y), (x, y + 20), (x, y + 30))  # not far enough: it comes back
    expect(sheet).to_be_visible()
    fingers.drag((x, y), (x, y + 30), (x, y + 90))
    expect(sheet).to_be_hidden()
    assert state_of(page)["tool"] == "pan"  # the finger on a button did not press it

    opener.tap()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(opener).to_be_focused()

    series.tap()
    x, y = middle_of(listed)
    fingers.drag((x, y), (x, y + 30), (x, y + 90))
    expect(listed).to_be_hidden()
    expect(series).to_have_attribute("aria-expanded", "false")

    page.locator("[data-tools-all]").tap()
    tools = page.locator("#all-tools")
    reset = tools.locator("[data-command='viewport.reset']")
    hit(page, reset)
    lowest = tools.locator(".tool:visible").last
    hit(page, lowest)
    page.locator("[data-stage]").tap(position={"x": 100, "y": 60})
    expect(page.locator("[data-tools-all]")).to_have_attribute("aria-expanded", "false")
    page.locator("[data-tools-all]").tap()
    command(page, "viewport.zoom", factor=2)
    reset.tap()
    until(page, "reset", lambda state: state["zoom"] == 1)
    expect(page.locator("[data-tools-all]")).to_have_attribute("aria-expanded", "false")


@pytest.mark.requirement("A-38")
def test_what_a_button_does_is_seen_and_heard(visits: Visits) -> None:
    page = open_dicom(visits)
    invert, spoken = page.locator("[data-command='image.invert']"), page.locator("[data-live]")
    invert.tap()
    expect(invert).to_have_attribute("aria-pressed", "true")
    expect(spoken).to_have_text("反像：已选用")
    invert.tap()
    expect(spoken).to_have_text("反像：已关闭")
    page.locator("[data-menu='measure']").tap()
    page.locator("#menu-measure").get_by_role("button", name="直线").tap()
    opener = page.locator("[data-menu='measure']")
    expect(opener).to_contain_text("测量·直线")
    expect(spoken).to_have_text("直线：已选用")
    plain = page.locator("[data-menu='mark']")
    ground = "(one) => getComputedStyle(one).backgroundColor"
    assert opener.evaluate(ground) != plain.evaluate(ground)


# --- fingers ----------------------------------------------------------------------------------


@pytest.mark.requirement("B-20", "B-21", "B-28")
def test_a_late_second_finger_takes_a_begun_measurement_back(visits: Visits) -> None:
    page = open_dicom(visits)
    fingers = Fingers(page)
    command(page, "annotation.measure", kind="length")
    x, y = middle_of(page.locator("[data-stage]"))
    fingers.drag_then_pinch((x - 60, y), (x - 20, y), other=(x + 60, y), apart=60)
    state = until(page, "enlarged", lambda one: one["zoom"] > 1.2)
    assert state["annotations"]["items"] == [] and state["annotations"]["draft"] is None
    assert state["tool"] == "length"
    # And a line that one finger draws stands.
    fingers.drag((x - 60, y), (x - 20, y + 20), (x + 40, y + 40))
    until(page, "measured", lambda one: len(one["annotations"]["items"]) == 1)


@pytest.mark.requirement("B-20", "B-21", "B-43")
def test_a_double_tap_shows_one_pane_and_a_drawn_slider_pages(visits: Visits) -> None:
    page = open_dicom(visits)
    command(page, "layout.set", columns=1, rows=2)
    x, y = middle_of(page.locator("[data-stage]"))
    Fingers(page).double_tap((x, y - 60))
    until(page, "one pane", lambda state: state["layout"]["maximized"])
    before = state_of(page)["frame_index"]
    slider = page.locator("[data-slider]").bounding_box()
    assert slider is not None
    middle = slider["y"] + slider["height"] / 2
    start = slider["x"] + slider["width"] * (0.5 + before) / 12
    Fingers(page).drag((start, middle), (start - 20, middle), (slider["x"] + 4, middle))
    until(page, "paged by the slider", lambda state: state["frame_index"] < before)


# --- what is told -----------------------------------------------------------------------------


@pytest.mark.requirement("A-38")
def test_a_tool_is_explained_once_on_a_device(visits: Visits) -> None:
    page = open_dicom(visits)
    hint = page.locator("[data-hint]")
    expect(hint).to_contain_text("拖动移动图像")
    hint.get_by_role("button", name="知道了，不再提示").tap()
    expect(hint).to_be_hidden()
    page.locator("[data-command='tool.choose'][data-args*='window']").tap()
    expect(hint).to_contain_text("拖动调节明暗")
    x, y = middle_of(page.locator("[data-stage]"))
    Fingers(page).drag((x, y + 60), (x + 30, y + 60), (x + 60, y + 60))
    expect(hint).to_be_hidden()  # who uses it has understood
    page.locator("[data-command='tool.choose'][data-args*='pan']").tap()
    page.locator("[data-command='tool.choose'][data-args*='window']").tap()
    until(page, "window again", lambda state: state["tool"] == "window")
    settled(page)
    expect(hint).to_be_hidden()
    page.reload()
    page.evaluate("window.yingyun.ready")
    settled(page)
    expect(hint).to_be_hidden()


@pytest.mark.requirement("B-44")
def test_fast_reading_is_offered_and_explained_on_both_pages(visits: Visits) -> None:
    page = open_dicom(visits)
    command(page, "stack.go", frame=3)
    page.locator("[data-fast]").tap()
    dialog = page.get_by_role("dialog", name="切换到极速阅片？")
    expect(dialog).to_contain_text("打开快、省流量")
    dialog.get_by_role("button", name="取消").tap()
    expect(dialog).to_be_hidden()
    page.locator("[data-fast]").tap()
    dialog.get_by_role("link", name="切换到极速").tap()
    page.wait_for_url("**fast=1**")
    expect(page.locator(".study-note")).to_contain_text("极速模式")
    picture = page.locator("[data-picture]")
    size = "(one) => fetch(one.src).then((answer) => answer.blob()).then(({ size }) => size)"
    fast = picture.evaluate(size)
    toggle = page.get_by_role("button", name="极速")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    toggle.tap()
    page.wait_for_url(lambda address: "fast=1" not in address)
    expect(page.locator(".study-note")).to_have_count(0)
    assert fast < picture.evaluate(size)
