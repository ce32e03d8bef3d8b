"""What a long series takes of a phone's memory: python -m bench.memory [--home H] [--slices 1000].

The real product, opened as a phone opens it (390 × 844, touch), in a real browser. Memory is the
proportional set size of all renderers and the GPU process (/proc/*/smaps_rollup), less that of an
empty tab: the median of several browsers started alike, as one and the same tab takes 150 MB one
time and 230 MB the next. Without a graphics card the GPU process holds what the card would, and
SwiftShader's own memory besides. The reader goes from end to end and back; at every tenth slice the
picture must be there, and the page must still be the one that was opened.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from bench import product
from bench.browser import SOFTWARE_GL, chromium
from bench.synthetic import STUDY, add_ct

MEGABYTE = 1e6
CEILING = 300.0  # megabytes above an empty tab (design §4)
PHONE = {"width": 390, "height": 844}
KINDS = ("renderer", "gpu-process")
PATIENCE = 60.0  # seconds for one slice
SECONDS_TO_SETTLE = 3.0


def resident(group: int) -> float:
    """Return the megabytes of the renderers and the GPU process of a browser."""
    return sum(_proportional(entry) for entry in _processes(group)) / MEGABYTE


def by_kind(group: int) -> str:
    """Return the megabytes of each process, for the reader of the table."""
    found = [f"{_kind(entry)} {_proportional(entry) / MEGABYTE:.0f}" for entry in _processes(group)]
    return ", ".join(sorted(found))


def _kind(entry: Path) -> str:
    command = (entry / "cmdline").read_bytes().decode(errors="replace")
    return next(kind for kind in KINDS if f"--type={kind}" in command)


def _processes(group: int) -> Iterator[Path]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if int(fields[2]) == group and any(f"--type={kind}" in command for kind in KINDS):
            yield entry


def _proportional(entry: Path) -> float:
    try:
        lines = (entry / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(float(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def state_of(page: Page) -> dict[str, Any]:
    """Return the viewer's state."""
    return dict(page.evaluate("window.yingyun.state()"))


def go(page: Page, frame: int) -> None:
    """Go to a slice and wait until its picture is painted. Raises TimeoutError."""
    call = "(frame) => window.yingyun.command('stack.go', { frame })"
    page.evaluate(call, frame)
    deadline = time.monotonic() + PATIENCE
    while page.locator("[data-waiting]").is_visible():
        if time.monotonic() > deadline:
            raise TimeoutError(f"slice {frame} did not come")
        time.sleep(0.02)


def scroll(page: Page, slices: int, step: int) -> float:
    """Go from end to end and back; return the seconds. Raises TimeoutError."""
    begun = time.monotonic()
    for frame in [*range(0, slices, step), *range(slices - 1, -1, -step)]:
        go(page, frame)
    return time.monotonic() - begun


def settle(page: Page) -> None:
    """Wait until all that is worth having is there."""
    deadline = time.monotonic() + PATIENCE * 5
    while not state_of(page)["loading"]["complete"]:
        if time.monotonic() > deadline:
            raise TimeoutError("the series was not loaded")
        time.sleep(0.2)


@contextlib.contextmanager
def phone(
    playwright: Playwright, options: argparse.Namespace
) -> Iterator[tuple[Page, BrowserContext, int]]:
    """Start a browser with an empty tab of a phone's; yields it, its context, the process group."""
    with chromium(options.chromium, [*SOFTWARE_GL, *options.flag]) as (debugging, group):
        browser = playwright.chromium.connect_over_cdp(debugging)
        context = browser.contexts[0]
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send(
            "Emulation.setDeviceMetricsOverride",
            {**PHONE, "deviceScaleFactor": options.ratio, "mobile": True},
        )
        session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
        page.goto("about:blank")
        time.sleep(SECONDS_TO_SETTLE)
        yield page, context, group
        browser.close()


def empty_tabs(playwright: Playwright, options: argparse.Namespace) -> list[float]:
    """Return the megabytes of empty tabs, each of a browser of its own, ascending."""
    found = []
    for _ in range(options.baselines):
        with phone(playwright, options) as (_page, _context, group):
            found.append(resident(group))
    return sorted(found)


def measure(running: product.Product, series_id: str, options: argparse.Namespace) -> None:
    """Open, wait, scroll; print a line a moment."""
    with sync_playwright() as playwright:
        tabs = empty_tabs(playwright, options)
        empty = statistics.median(tabs)
        print(f"{'':28}{'MB above':>9}{'slices':>8}{'frames':>8}{'heap':>7}")
        print(f"{'an empty tab':28}{empty:>9.0f} in all, median of {[round(one) for one in tabs]}")
        with phone(playwright, options) as (page, context, group):
            context.add_cookies(running.cookies)
            address = f"{running.address}/studies/{running.study_id}/dicom"
            query = f"confirmed=1&series={series_id}&renderer={options.renderer}"
            read(page, group, empty, f"{address}?{query}", options)


def read(page: Page, group: int, empty: float, address: str, options: argparse.Namespace) -> None:
    """Open the series and read it; print a line a moment."""
    page.goto(address)
    page.evaluate("window.yingyun.ready")
    page.evaluate("window.yingyunOpened = true")
    highest = 0.0
    moments: list[tuple[str, Callable[[], object]]] = [
        ("first picture", lambda: None),
        ("the window is loaded", lambda: settle(page)),
        ("end to end and back", lambda: scroll(page, options.slices, options.step)),
        ("at rest again", lambda: settle(page)),
    ]
    if options.reformat:
        moments.append(("planes through the volume", lambda: reformat(page)))
    for name, act in moments:
        act()
        time.sleep(1)
        above = resident(group) - empty
        highest = max(highest, above)
        loading = state_of(page)["loading"]
        mib = loading["allocated_bytes"] / MEGABYTE
        print(f"{name:28}{above:>9.0f}{loading['loaded']:>8}{loading['capacity']:>8}{mib:>7.0f}")
        print(f"    {by_kind(group)}")
    kept = page.evaluate("window.yingyunOpened === true")
    print(f"highest {highest:.0f} MB of {CEILING:.0f}; page {'kept' if kept else 'RELOADED'}")


def reformat(page: Page) -> None:
    """Open the planes through the volume and wait until it is whole."""
    page.evaluate("window.yingyun.command('mpr.open', {})")
    settle(page)


def main() -> None:
    """Measure one profile."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--home", type=Path, help="a data home with the demo in it")
    parser.add_argument("--slices", type=int, default=1000)
    parser.add_argument("--step", type=int, default=10, help="slices from picture to picture")
    parser.add_argument("--ratio", type=float, default=3.0, help="device pixels a CSS pixel")
    parser.add_argument("--renderer", default="auto")
    parser.add_argument("--baselines", type=int, default=3, help="empty tabs to measure")
    parser.add_argument("--reformat", action="store_true", help="then open the volume")
    parser.add_argument("--chromium", default="chromium")
    parser.add_argument("--flag", action="append", default=[], help="a switch of the browser's")
    options = parser.parse_args()
    with product.data_home(options.home) as home:
        series_id = add_ct(home, options.slices)
        with product.running(home, STUDY, options.chromium) as running:
            measure(running, series_id, options)


if __name__ == "__main__":
    main()
