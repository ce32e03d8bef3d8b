"""Measure how soon a patient sees an image on a phone: the real product in a real browser.

    python -m bench.first_image [--repeats 3] [--home DIR] [--only line-4x] [--stock] [--peer DIR]

A phone of 390 x 844 points opens the JPG page and the DICOM page, on loopback and over a slow
line, with the whole processor and with a quarter of it (the browser's processes are stopped three
quarters of the time, workers included). Seconds count from the navigation or, where the page's own
button was pressed, from that click (requirements B-06, G-01, G-05, G-08):

    cold    nothing in the browser's cache; the DICOM page is opened by its address
    warm    the second visit of that browser
    warmed  first visit; the JPG page had loaded the runtime, started it once in the background and
            given it to the service worker before DICOM was asked for

`--stock` adds the start of Pyodide as its makers ship it, `--peer DIR` the first image of
cornerstone3D from a peer benchmark that is built in DIR (its own series, and processor throttling
that does not reach its workers).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

from bench import startup
from bench.browser import SOFTWARE_GL, chromium, slowed
from bench.line import Line, slow_way
from bench.product import Product, data_home, running

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 3, "mobile": True}
SECONDS_TO_WAIT = 120
SECONDS_BETWEEN_LOOKS = 0.25
PREVIEW, FIRST, INTERACTIVE, LOADED = (
    "preview-image",
    "dicom-first-image",
    "interactive",
    "series-loaded",
)
COLUMNS = (PREVIEW, FIRST, INTERACTIVE, LOADED)
STATES = ("cold", "warm", "warmed")
WARMED = "runtime-warmed"
READ_MARKS = """() => ({
  origin: performance.timeOrigin,
  clicked: Number(sessionStorage.getItem("yingyun:dicom-confirmed")),
  marks: Object.fromEntries(performance.getEntriesByType("mark")
    .filter((one) => one.name.startsWith("yingyun:"))
    .map((one) => [one.name.slice("yingyun:".length), one.startTime])),
})"""
READ_RESOURCES = """() => performance.getEntriesByType("resource").map((one) => [
  one.name.replace(/^[a-z]+:..[^/]*/, "").slice(0, 80), Math.round(one.startTime),
  Math.round(one.responseStart), Math.round(one.responseEnd), one.transferSize])"""

Figures = dict[str, float]


@dataclass(frozen=True)
class Condition:
    """How slow line and processor are."""

    name: str
    megabits: float | None
    latency_seconds: float
    cpu: float


@dataclass(frozen=True)
class Visit:
    """A browser that is on its way to the product."""

    context: BrowserContext
    group: int
    line: Line
    address: str
    condition: Condition

    def page(self) -> Page:
        """Open a page as a phone has it."""
        page = self.context.new_page()
        page.set_default_timeout(SECONDS_TO_WAIT * 1000)
        session = self.context.new_cdp_session(page)
        session.send("Emulation.setDeviceMetricsOverride", PHONE)
        session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
        return page


def conditions(options: argparse.Namespace) -> list[Condition]:
    """Return the conditions that were asked for."""
    line = (options.mbit, options.latency_ms / 1000)
    every = [
        Condition(f"{name}-{cpu:g}x", megabits, latency, cpu)
        for name, (megabits, latency) in (("loopback", (None, 0.0)), ("line", line))
        for cpu in (1.0, options.cpu)
    ]
    return [one for one in every if not options.only or one.name in options.only]


@contextmanager
def visit(product: Product, condition: Condition, executable: str) -> Iterator[Visit]:
    """Start a browser that has never been here and is signed in."""
    line = Line(condition.megabits, condition.latency_seconds)
    with (
        slow_way(line, product.port) as address,
        sync_playwright() as playwright,
        chromium(executable, SOFTWARE_GL) as (debugging, group),
    ):
        context = playwright.chromium.connect_over_cdp(debugging).contexts[0]
        context.add_cookies(product.cookies)
        yield Visit(context, group, line, address, condition)


def wait_for_mark(page: Page, name: str) -> dict[str, Any]:
    """Return the page's marks once the named one is there. Raises TimeoutError."""
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while time.monotonic() < deadline:
        found: dict[str, Any] = page.evaluate(READ_MARKS)
        if name in found["marks"]:
            return found
        time.sleep(SECONDS_BETWEEN_LOOKS)
    raise TimeoutError(f"{name} did not come; there are {sorted(found['marks'])}")


def _figures(visitor: Visit, found: dict[str, Any], begun: float, sent_before: int) -> Figures:
    """Return seconds since `begun` (milliseconds since the epoch) and bytes, mark by mark."""
    figures: Figures = {}
    for name in COLUMNS:
        if name in found["marks"]:
            moment = found["origin"] + found["marks"][name]
            figures[name] = (moment - begun) / 1000
            sent = visitor.line.sent_until(moment / 1000)
            figures[f"{name}-bytes"] = max(sent - sent_before, 0)
    return figures


def open_pictures(visitor: Visit, study_id: str, until: str) -> tuple[Page, Figures]:
    """Open the JPG page and wait for a mark."""
    page = visitor.page()
    before = visitor.line.sent_bytes
    page.goto(f"{visitor.address}/studies/{study_id}", wait_until="commit")
    found = wait_for_mark(page, until)
    return page, _figures(visitor, found, found["origin"], before)


def open_dicom(visitor: Visit, go: Callable[[], None], page: Page, record: list[Any]) -> Figures:
    """Go to the DICOM page and wait until its series is loaded."""
    before = visitor.line.sent_bytes
    go()
    found = wait_for_mark(page, LOADED)
    workers = [worker.evaluate(READ_RESOURCES) for worker in page.workers]
    record.append({"page": page.evaluate(READ_RESOURCES), "workers": workers, **found})
    return _figures(visitor, found, found["clicked"] or found["origin"], before)


def sample(
    product: Product, condition: Condition, executable: str, record: list[Any]
) -> dict[str, Figures]:
    """Take each figure once: two browsers, one that comes twice, one that warms the runtime."""
    confirmed = f"/studies/{product.study_id}/dicom?confirmed=1"
    with visit(product, condition, executable) as visitor, slowed(visitor.group, condition.cpu):
        page = visitor.page()
        cold = open_dicom(
            visitor,
            lambda: _ignore(page.goto(visitor.address + confirmed, wait_until="commit")),
            page,
            record,
        )
        page.close()
        pictures, warm = open_pictures(visitor, product.study_id, PREVIEW)
        pictures.close()
        again = visitor.page()
        warm |= open_dicom(
            visitor,
            lambda: _ignore(again.goto(visitor.address + confirmed, wait_until="commit")),
            again,
            record,
        )
    with visit(product, condition, executable) as visitor, slowed(visitor.group, condition.cpu):
        pictures, preview = open_pictures(visitor, product.study_id, WARMED)

        def click() -> None:
            pictures.click("[data-dicom]")
            with pictures.expect_navigation(wait_until="commit"):
                pictures.click("[data-dicom-confirm]")

        warmed = open_dicom(visitor, click, pictures, record)
    return {"cold": cold | preview, "warm": warm, "warmed": warmed}


def _ignore(_: object) -> None:
    """Take what a step returns and forget it."""


def table(name: str, figures: dict[str, Figures], load: float) -> str:
    """Return the medians of a condition for people to read."""
    head = "".join(f"{column:>24}" for column in COLUMNS)
    rows = [f"{name} (load {load:.1f})", f"{'':8}{head}"]
    for state in STATES:
        cells = (_cell(figures[state], column) for column in COLUMNS)
        rows.append(f"{state:8}" + "".join(f"{cell:>24}" for cell in cells))
    return "\n".join(rows)


def _cell(figures: Figures, column: str) -> str:
    if column not in figures:
        return "-"
    return f"{figures[column]:.2f} s {figures[f'{column}-bytes'] / 1e6:6.2f} MB"


def medians(runs: list[dict[str, Figures]]) -> dict[str, Figures]:
    """Return the median of each figure in each state."""
    return {
        state: {key: statistics.median(run[state][key] for run in runs) for key in runs[0][state]}
        for state in STATES
    }


def peer_first_image(folder: Path, condition: Condition) -> float:
    """Return the seconds to cornerstone3D's first image under the same condition, cold."""
    command = [sys.executable, "run.py", "--peer", "cornerstone", "--series", "series/evrle"]
    command += ["--runs", "1", "--only", "first", "--throttle", str(condition.cpu)]
    if condition.megabits:
        command += ["--mbps", str(condition.megabits)]
        command += ["--rtt", str(condition.latency_seconds * 1000)]
    done = subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True, timeout=300
    )
    return float(json.loads(done.stdout.splitlines()[-1])["first_image_ms"]) / 1000


def stock_start(condition: Condition, executable: str) -> dict[str, dict[str, Figures]]:
    """Return what Pyodide as it is shipped and ours take to start under the same condition."""
    line = Line(condition.megabits, condition.latency_seconds)
    runs = startup.measure(line, repeats=1, cpu=condition.cpu, executable=executable)
    return startup.medians(runs)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--home", type=Path, help="a data home with the demo in it")
    parser.add_argument("--study", default="胸部CT平扫", help="which of the demo's studies")
    parser.add_argument("--mbit", type=float, default=20.0)
    parser.add_argument("--latency-ms", type=float, default=40.0)
    parser.add_argument("--cpu", type=float, default=4.0, help="how many times slower")
    parser.add_argument("--only", action="append", help="a condition, for example line-4x")
    parser.add_argument("--stock", action="store_true")
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--chromium", default="chromium")
    parser.add_argument("--json", type=Path, default=Path("var/bench/first_image.json"))
    return parser.parse_args(arguments)


def main() -> None:
    """Measure, print the tables, write the JSON."""
    options = parse()
    results: dict[str, Any] = {}
    with (
        data_home(options.home) as home,
        running(home, options.study, options.chromium) as product,
    ):
        for condition in conditions(options):
            record: list[Any] = []
            runs = [
                sample(product, condition, options.chromium, record) for _ in range(options.repeats)
            ]
            found = medians(runs)
            load = os.getloadavg()[0]
            result: dict[str, Any] = {"load": load, "medians": found, "runs": runs}
            print(table(condition.name, found, load), flush=True)
            if options.stock:
                result["start"] = stock_start(condition, options.chromium)
                print(startup.table(result["start"]), flush=True)
            if options.peer:
                result["cornerstone3D"] = peer_first_image(options.peer, condition)
                print(f"cornerstone3D first image {result['cornerstone3D']:.2f} s", flush=True)
            results[condition.name] = result | {"record": record}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, indent=1, default=str))


if __name__ == "__main__":
    main()
