"""Every button of both toolbars is pressed: it has a tip and a name, says whether it is on, and
does something; one that cannot be used says why (C-05, C-43, B-20…B-47)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from server.assets.catalog import AssetCatalog
from tests.view.phantom import HOT, body, uptake
from tests.view.reading import command, open_viewer, state_of, until
from tests.view.site import Site
from viewer_py.view.command import Kind
from viewer_py.view.commands import find

Button = dict[str, Any]

BUTTONS = """() => [...document.querySelectorAll(
    ".viewer-tools .tool:not([data-tools-all]), .viewer-tools .menu-sheet .chip")]
  .map((one, place) => ({
    place,
    command: one.dataset.command ?? "",
    choice: one.dataset.choice ?? "",
    menu: one.dataset.menu ?? "",
    link: one.getAttribute("href") ?? "",
    reformats: Boolean(one.closest(".toolbar-reformats") || document.querySelector(
      `.toolbar-reformats [aria-controls="${one.closest(".menu-sheet")?.id}"]`)),
    name: (one.getAttribute("aria-label") ?? one.innerText ?? one.textContent).trim(),
    tip: one.title,
    pressed: one.getAttribute("aria-pressed"),
    expanded: one.getAttribute("aria-expanded"),
  }))"""

# Presses a button where a reader would, its sheet opened first; tells whether the state changed.
PRESS = """async (place) => {
  const one = document.querySelectorAll(
    ".viewer-tools .tool:not([data-tools-all]), .viewer-tools .menu-sheet .chip")[place];
  const sheet = one.closest(".menu-sheet");
  const opener = sheet && document.querySelector(`[aria-controls="${sheet.id}"]`);
  if (one.disabled || opener?.disabled || one.hidden) {
    return { disabled: true, reason: (one.disabled ? one : opener ?? one).title };
  }
  if (sheet?.hidden) opener.click();
  const seen = one.offsetParent !== null;
  const told = async () => {
    const { loading, measured, shown, reformat, ...state } = await window.yingyun.state();
    return JSON.stringify([state, reformat && { ...reformat, volumes: 0 }]);
  };
  const notice = document.querySelector("[data-notice]");
  notice.hidden = true;
  const before = await told();
  one.click();
  const after = await told();
  const opens = one.getAttribute("aria-controls");
  return { disabled: false, seen, changed: before !== after,
    refused: notice.hidden ? "" : notice.textContent,
    opened: Boolean(opens) && !document.getElementById(opens).hidden };
}"""
CLOSE = """() => document.querySelectorAll(".viewer-tools [data-menu][aria-expanded='true']")
  .forEach((one) => one.click())"""
ALL_CALLS = """async (calls) => {
  for (const [name, args] of calls) await window.yingyun.command(name, args);
}"""

Calls = list[tuple[str, dict[str, Any]]]
# What a button needs to have something to do.
BEFORE: dict[str, Calls] = {
    "viewport.reset": [("viewport.zoom", {"factor": 2})],
    "viewport.upright": [("viewport.rotate", {"degrees": 90})],
    "mpr.reset": [("mpr.turn", {"degrees": 20})],
    "cine.begin": [("stack.go", {"frame": 40})],
    "cine.end": [("stack.go", {"frame": 20})],
    "cine.whole": [("cine.range", {"first": 5, "last": 9})],
    "annotation.redo": [("annotation.undo", {})],
    "tool.choose": [("tool.choose", {"tool": "pan"})],
    "opens fusion": [("fusion.toggle", {})],
    **{f"fusion.{name}": [("fusion.toggle", {})] for name in ("opacity", "color_map", "upper")},
}
# What a chest CT and a PET beside each other leave out, and a page that has no priors.
NEVER_HERE = {
    "annotation.measure/8",  # 心胸比: radiographs only
    "window.own",  # the objects bring one window each
    "image.overlays/0",  # they have no overlay planes
    "image.overlays/1",
}


@pytest.fixture(scope="module")
def site(catalog: AssetCatalog) -> Iterator[Site]:
    with Site(catalog, series={one[0].series_id: one for one in (body(), uptake())}).serving() as s:
        yield s


def begin(page: Page, *, reformats: bool) -> None:
    """Bring the page to two panes with a mark in the first, or to reformats with a course drawn."""
    state = state_of(page)
    calls: Calls = [("mpr.toggle", {})] if state["reformat"] is not None else []
    calls += [("cine.toggle", {})] if state["playing"] else []
    calls += [
        ("annotation.clear", {}),
        ("layout.tiles", {"columns": 1, "rows": 1}),
        ("layout.set", {"columns": 2, "rows": 1}),
        ("pane.activate", {"pane": 0}),
        ("series.open", {"series_id": "body"}),
        ("viewport.reset", {}),
        ("stack.go", {"frame": 30}),
        ("tool.choose", {"tool": "zoom" if state["tool"] != "zoom" else "pan"}),
    ]
    if reformats:
        calls += [("mpr.toggle", {}), ("mpr.cursor", dict(zip("xyz", HOT, strict=True)))]
        calls += [("curve.draw", {}), *(("curve.add", {"x": x, "y": 150}) for x in (60, 90, 130))]
    else:
        points = "[[30, 30], [70, 50]]"
        calls += [("annotation.create", {"kind": "length", "points": points})]
    page.evaluate(CLOSE)
    page.evaluate(ALL_CALLS, calls)
    until(page, "painted, and told to the page", lambda state: state["shown"])
    page.locator(".reformat-bar").wait_for(state="visible" if reformats else "hidden")


def walk(page: Page, *, reformats: bool) -> tuple[set[str], set[str]]:
    """Press every button of a state of the page; return which did something, which could not."""
    groups: dict[str, list[Button]] = {}
    for one in page.evaluate(BUTTONS):
        if one["reformats"] == reformats and not one["link"]:
            groups.setdefault(one["command"] or f"opens {one['menu']}", []).append(one)
    did: set[str] = set()
    could_not: set[str] = set()
    for name, buttons in groups.items():
        begin(page, reformats=reformats)
        if name in BEFORE:
            page.evaluate(ALL_CALLS, BEFORE[name])
            until(page, "painted, and told to the page", lambda state: state["shown"])
        # What is in force already changes nothing: it is pressed again after the others.
        left = [*((one, True) for one in buttons)]
        while left:
            one, may_be_in_force = left.pop(0)
            key = f"{name}/{one['choice']}" if one["choice"] else name
            told = page.evaluate(PRESS, one["place"])
            if told["disabled"]:
                assert told["reason"], f"{key} does not say why it cannot be used"
                could_not.add(key)
                continue
            assert told["seen"], f"{key} cannot be seen"
            if told["changed"] or told["opened"]:
                did.add(key)
            elif may_be_in_force and len(buttons) > 1:
                left.append((one, False))
            else:
                # Whether series make up a hanging rule is known when it is tried: it says so then.
                assert name == "hanging.apply" and told["refused"], (f"{key} does nothing", told)
    return did, could_not


@pytest.mark.requirement("C-05", "C-43")
@pytest.mark.parametrize("reader", ["patient", "doctor"])
def test_every_button_has_a_tip_a_name_and_does_something(
    browser: Browser, site: Site, reader: str
) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(60_000)
    open_viewer(page, site, f"renderer=numpy&reader={reader}")
    until(page, "all frames", lambda state: state["loading"]["complete"])
    command(page, "layout.set", columns=2, rows=1)
    buttons: list[Button] = page.evaluate(BUTTONS)
    assert len(buttons) > 90
    for one in buttons:
        assert one["name"] and one["tip"], one
        if one["menu"]:
            assert one["expanded"] == "false", one
        elif one["command"] and find(one["command"]).kind in (Kind.TOGGLE, Kind.RADIO, Kind.MENU):
            assert one["pressed"] in ("true", "false"), one
    did, could_not = walk(page, reformats=False)
    more, not_in_reformats = walk(page, reformats=True)
    never = (could_not | not_in_reformats) - did - more - NEVER_HERE
    # Most hanging rules are for other modalities than these.
    assert {one for one in never if not one.startswith("hanging.apply/")} == set()
    assert len(did | more) > 90
    page.close()
