"""Readings of one viewer under one condition; seconds, milliseconds a step, MB (10^6 bytes)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

from bench.browser import SOFTWARE_GL, chromium, slowed
from bench.first_image import Condition
from bench.line import Line, slow_way
from bench.peers.processes import Peak, processor_time, watched
from bench.peers.viewers import DETECTOR, Viewer

SECONDS_TO_WAIT = 180
SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_AT_REST = 3.0  # what a viewer does by itself after loading is over then
STEPS = (("scroll", 100), ("windowing", 100))
STEPS_OF_VOLUME = (("mprOne", 60), ("mprThree", 60), ("mip", 30))

Readings = dict[str, float]


@dataclass(frozen=True)
class Visit:
    """A browser with a page that is on its way to a viewer."""

    context: BrowserContext
    viewer: Viewer
    address: str
    line: Line | None
    group: int
    peak: Peak
    errors: list[str] = field(default_factory=list)

    def open(self, *scripts: Path) -> tuple[Page, float]:
        """Open the viewer in a tab; returns it, and the bytes that the line had carried (MB)."""
        page = self.context.new_page()
        page.set_default_timeout(SECONDS_TO_WAIT * 1000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        width, height = self.viewer.window
        page.set_viewport_size({"width": width, "height": height})
        for script in (*self.viewer.scripts, *scripts):
            page.add_init_script(path=script)
        sent = self.line.sent_bytes if self.line else 0
        page.goto(self.address + self.viewer.path, wait_until="commit")
        return page, sent / 1e6


@contextmanager
def visit(viewer: Viewer, condition: Condition, executable: str) -> Iterator[Visit]:
    """Start a browser that has never been there, on the condition's line and processor."""
    with sync_playwright() as playwright, chromium(executable, SOFTWARE_GL) as started:
        debugging, group = started
        context = playwright.chromium.connect_over_cdp(debugging).contexts[0]
        context.add_cookies(list(viewer.cookies))
        with (
            _way(viewer, condition) as (address, line),
            slowed(group, condition.cpu),
            watched(group) as peak,
        ):
            yield Visit(context, viewer, address, line, group, peak)


@contextmanager
def _way(viewer: Viewer, condition: Condition) -> Iterator[tuple[str, Line | None]]:
    """Yield the address to use: straight on loopback, where a line between would cost the most."""
    if condition.megabits is None:
        yield f"http://127.0.0.1:{viewer.port}", None
        return
    line = Line(condition.megabits, condition.latency_seconds)
    with slow_way(line, viewer.port) as address:
        yield address, line


def _until(page: Page, question: str, errors: list[str]) -> Any:
    """Return the page's answer once it is neither null nor false.

    Raises RuntimeError when the page failed, TimeoutError when it went on without an answer.
    """
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while time.monotonic() < deadline:
        if errors:
            raise RuntimeError(errors[0])
        if answer := page.evaluate(question):
            return answer
        time.sleep(SECONDS_BETWEEN_LOOKS)
    raise TimeoutError(question)


def _first_image(page: Page, seen: Visit, before: float) -> Readings:
    """Return when a picture was on the screen, and when the viewer's own canvas had it."""
    own = _until(page, "window.firstImage?.canvas", seen.errors)
    first = page.evaluate("firstImage.any")
    readings = {"first": first / 1000, "own": own / 1000}
    if seen.line is not None:
        origin = page.evaluate("performance.timeOrigin")
        for name, moment in (("first", first), ("own", own)):
            readings[f"{name}_mb"] = seen.line.sent_until((origin + moment) / 1000) / 1e6 - before
    return readings


def _load_all(page: Page, seen: Visit) -> Readings:
    """Let all slices come; returns how long that took, alone and since the navigation."""
    _until(page, "Boolean(window.viewer)", seen.errors)
    page.evaluate("() => viewer.ready.then(() => true)")
    loaded: Mapping[str, float] = page.evaluate("() => viewer.loadAll()")
    begun = loaded.get("begun")
    if begun is None:
        begun = _streaming_since(page)
    return {
        "all": loaded["ended"] / 1000,
        "load": (loaded["ended"] - begun) / 1000,
        "images_per_second": 1000 * loaded["images"] / (loaded["ended"] - begun),
    }


def _streaming_since(page: Page) -> float:
    """Return when the product's worker asked for the series, in ms since the page's navigation.

    The request for the one frame to open with goes before it, while Python starts.
    """
    asked = """() => performance.getEntriesByType("resource")
      .filter((one) => one.name.includes("/frames?") && !/wanted=(\\d+)-\\1(&|$)/.test(one.name))
      .map((one) => performance.timeOrigin + one.startTime)"""
    moments = [moment for worker in page.workers for moment in worker.evaluate(asked)]
    return float(min(moments) - page.evaluate("performance.timeOrigin"))


def opening(viewer: Viewer, condition: Condition, executable: str, load: bool) -> Readings:
    """Return the first image, cold and on the second visit, and with `load` all slices' coming."""
    with visit(viewer, condition, executable) as seen:
        page, before = seen.open(DETECTOR)
        readings = _first_image(page, seen, before)
        if load:
            readings |= _load_all(page, seen)
            if seen.line is not None:
                readings["all_mb"] = seen.line.sent_bytes / 1e6 - before
        page.close()
        again, before = seen.open(DETECTOR)
        warm = _first_image(again, seen, before)
        return readings | {f"warm_{name}": value for name, value in warm.items()}


def story(viewer: Viewer, condition: Condition, executable: str, share: float) -> Readings:
    """Return loading, steps and memory; `share` is the part of the usual number of steps."""
    with visit(viewer, condition, executable) as seen:
        page, _ = seen.open()
        readings = _load_all(page, seen)
        time.sleep(SECONDS_AT_REST)
        readings["loaded_peak_mb"] = seen.peak.megabytes
        for name, count in STEPS:
            readings |= _steps(page, seen, name, round(count * share))
        if page.evaluate("() => Boolean(viewer.mpr)"):
            width, height = viewer.window_of_three
            page.set_viewport_size({"width": width, "height": height})
            readings["mpr"] = page.evaluate("() => viewer.mpr()")["ms"] / 1000
            for name, count in STEPS_OF_VOLUME:
                readings |= _steps(page, seen, name, round(count * share))
        readings["peak_mb"] = seen.peak.megabytes
        return readings


def _steps(page: Page, seen: Visit, name: str, count: int) -> Readings:
    """Return milliseconds a step, and of processor time; all processes of the browser counted.

    Raises RuntimeError when the steps left the picture alone.
    """
    before = processor_time(seen.group)
    taken = page.evaluate(f"() => viewer.{name}({count})")
    spent = processor_time(seen.group) - before
    if not taken["changed"]:
        raise RuntimeError(f"{name} changed nothing on the screen")
    return {name: taken["ms"], f"{name}_cpu": 1000 * spent / taken["all_steps"]}
