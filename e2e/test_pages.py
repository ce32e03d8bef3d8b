"""Every page at five widths, in both lights, with large text, zoomed in and in English: nothing
sticks out, nothing is too small to hit, and axe-core (WCAG 2.2 A and AA and its best practices) has
nothing to say of any impact. One visit a page; the English page is its address opened once more.

All of axe-core's rules look at each layout: the phone, the desktop, the desktop at 200 %, and the
English phone. Where only the light, the size of text or the words in a layout differ, those rules
look again whose answer may change; colours know no language.

The rule for targets: on a phone every control is at least 44 × 44 CSS pixels; a link in running
text, which WCAG 2.5.8 exempts, need not be; and one of at least 24 × 24 may be, when no other
control lies within 44 pixels around its middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from e2e.browser import settled
from e2e.conftest import Visits
from e2e.site_map import REFUSALS, SEEN_ONCE, STOPS, Stop

# Besides the windows of the modes.
WIDTHS = ((360, 780), (820, 1180))
# Rules whose answer changes with the room there is, and with the light.
ROOM = ("scrollable-region-focusable",)
LIGHT = ("color-contrast", "link-in-text-block", *ROOM)


@dataclass(frozen=True)
class Mode:
    """How a page is looked at: its window, the light, the size of its text; `rules` are those that
    judge what differs from the modes before, all when there are none."""

    words: str
    width: int
    height: int
    light: str = "light"
    text: str = "normal"
    rules: tuple[str, ...] = ()


# In an order that changes the window as seldom as can be.
MODES = (
    Mode("phone", 390, 844),
    Mode("phone in the dark, large text", 390, 844, "dark", "large", LIGHT),
    Mode("desktop at 200 %", 720, 450),
    Mode("desktop, large text", 1440, 900, "light", "large", LIGHT),
    Mode("desktop in the dark", 1440, 900, "dark"),
)
ENGLISH = (
    Mode("phone in English", 390, 844),
    Mode("desktop in English", 1440, 900, "dark", rules=ROOM),
)
ALL = pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)

# Colours glide from one light to the other; what is judged is where they come to rest.
AT_REST = """() => document.getAnimations()
  .filter((one) => one instanceof CSSTransition).forEach((one) => one.finish())"""
SMALL_TARGETS = """() => {
  const shown = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const inText = (one) => one.matches("a") && getComputedStyle(one).display === "inline"
    && one.closest("p, li, dd, td, h2, h3") !== null;
  // A box or dot is hit through its label too.
  const hitBox = (one) => {
    const boxes = [one, ...(one.labels ?? [])].map((each) => each.getBoundingClientRect());
    const left = Math.min(...boxes.map((box) => box.left));
    const top = Math.min(...boxes.map((box) => box.top));
    const right = Math.max(...boxes.map((box) => box.right));
    const bottom = Math.max(...boxes.map((box) => box.bottom));
    return { left, top, width: right - left, height: bottom - top };
  };
  const modal = document.querySelector("dialog:modal");
  const controls = [...(modal ?? document).querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, summary, [role=button]")]
    .filter((one) => shown(one) && !one.disabled && !one.matches(".skip-link"))
    .map((one) => ({ one, box: hitBox(one), middle: null }))
    .filter(({ box }) => box.width && box.height);
  for (const each of controls) {
    each.middle = [each.box.left + each.box.width / 2, each.box.top + each.box.height / 2];
  }
  const alone = (each) => controls.every((other) => other === each
    || Math.abs(other.middle[0] - each.middle[0]) >= 44
    || Math.abs(other.middle[1] - each.middle[1]) >= 44);
  return controls
    .filter((each) => Math.min(each.box.width, each.box.height) < 43.5)
    .filter((each) => !inText(each.one))
    .filter((each) => Math.min(each.box.width, each.box.height) < 24 || !alone(each))
    .map(({ one, box }) => `${one.outerHTML.slice(0, 110)} ${box.width} × ${box.height}`);
}"""
STICKING_OUT = """() => {
  const room = document.documentElement.clientWidth;
  const page = document.documentElement.scrollWidth;
  if (page <= room) return [];
  const wide = [...document.body.querySelectorAll("*")]
    .filter((one) => one.getBoundingClientRect().right > room + 1)
    .map((one) => one.outerHTML.slice(0, 90));
  return [`${page} > ${room}`, ...wide.slice(0, 4)];
}"""


TEXT_SIZE = "(size) => document.documentElement.setAttribute('data-text-size', size)"
SPEAK_ENGLISH = """() => fetch("/language", {
  method: "POST",
  redirect: "manual",
  body: new URLSearchParams({
    csrf_token: document.querySelector("meta[name=csrf-token]").content,
    language: "en",
    next: "/",
  }),
}).then(() => true)"""


HAS_AXE = "() => 'axe' in window"
RUN_AXE = """(rules) => axe.run({
  resultTypes: ["violations"],
  ...(rules.length ? { runOnly: { type: "rule", values: rules } } : {}),
})"""


def axe_findings(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """Return what axe-core says of the page by these rules, by all when none is named."""
    if not page.evaluate(HAS_AXE):
        page.evaluate(AXE_SCRIPT)
    found: dict[str, Any] = page.evaluate(RUN_AXE, list(rules))
    return [
        f"{one['impact']} {one['id']}: {[node['target'] for node in one['nodes']][:4]}"
        for one in found["violations"]
    ]


def look(page: Page, mode: Mode) -> None:
    """Let the page be seen in a mode."""
    page.emulate_media(color_scheme=mode.light)
    page.set_viewport_size({"width": mode.width, "height": mode.height})
    page.evaluate(TEXT_SIZE, mode.text)
    settled(page)
    page.evaluate(AT_REST)


def seen_in(page: Page, modes: tuple[Mode, ...]) -> list[str]:
    """Return what axe-core says of the page in each mode, and what does not fit its window."""
    findings = []
    for mode in modes:
        look(page, mode)
        found = page.evaluate(STICKING_OUT) + axe_findings(page, mode.rules)
        findings += [f"{mode.words}: {one}" for one in found]
    return findings


def too_small(page: Page) -> list[str]:
    """Return what a finger does not hit on the phone before it."""
    return [f"{page.viewport_size}: {one}" for one in page.evaluate(SMALL_TARGETS)]


@pytest.mark.requirement("A-03", "A-38", "A-49")
@ALL
def test_a_page_fits_every_screen_and_everybody(visits: Visits, stop: Stop) -> None:
    page, watch = visits.open("phone", stop.who)
    if stop.name in REFUSALS:
        watch.expect("status 4(01|03|04|10|22)", "Failed to load resource")
    stop.go(page, visits.product)
    settled(page)
    findings = too_small(page)
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        settled(page)
        findings += [f"{width}: {one}" for one in page.evaluate(STICKING_OUT)]
        if width < 500:
            findings += too_small(page)
    findings += seen_in(page, MODES)
    if stop.name not in SEEN_ONCE:
        page.evaluate(SPEAK_ENGLISH)
        page.goto(page.url)
        findings += seen_in(page, ENGLISH)
    assert not findings, "\n".join(findings)
