"""What a long series takes of a phone's memory: python -m bench.memory [--home H] [--slices 1000].

The real product, opened as a phone opens it (390 × 844, touch, three device pixels a CSS pixel), in
a real browser that is driven by its own protocol alone. Memory is the proportional set size of all
renderers and the GPU process (/proc/*/smaps), looked at four times a second, less that of an empty
tab: the median of several browsers started alike. Without a graphics card the GPU process holds
what the card would, and SwiftShader's own memory besides. Another browser of the same program on
this machine shares its pages, and makes a tab look lighter: close it, or measure a copy
(--chromium).

The reader goes through every slice to the end, then back in steps, then opens the planes through
the volume. A slice that does not come is lost; the page must stay the one that was opened. Several
variants of the same reading are compared in one run.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import product
from bench.browser import SOFTWARE_GL, chromium
from bench.devtools import Tab, tab
from bench.footprint import CLASSES, KINDS, Footprint, Peak, footprint, resident, watched
from bench.synthetic import STUDY, add_ct

CEILING = 300.0  # megabytes above an empty tab (design §4)
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 3, "mobile": True}
GIGABYTES = 2
PATIENCE = 60.0  # seconds for one slice
SECONDS_TO_SETTLE = 3.0
IDLE_SECONDS = 10.0  # after which a page at rest has cleaned up
# The page finds what it remembers of browsers whose snapshot could not be restored.
WITHOUT_SNAPSHOT = """
const kept = Storage.prototype.getItem;
Storage.prototype.getItem = function (key) {
  if (key !== "yingyun:slow-start") return kept.call(this, key);
  const { runtime } = JSON.parse(document.querySelector("[data-viewer]").dataset.viewer);
  return `${new Date().toDateString()} ${runtime.python.url} ${runtime.viewer.url}`;
};"""
SMALL_DEVICE = (
    f"Object.defineProperty(Navigator.prototype, 'deviceMemory', {{get: () => {GIGABYTES}}});"
)


@dataclass(frozen=True)
class Variant:
    """A way to open the same series."""

    name: str
    renderer: str = "auto"
    script: str = ""


VARIANTS = (
    Variant("automatic"),
    Variant("numpy", renderer="numpy"),
    Variant("without-snapshot", script=WITHOUT_SNAPSHOT),
)


@dataclass(frozen=True)
class Moment:
    """A reading: the highest megabytes above the empty tab since the last, and what is held now."""

    name: str
    peak: float
    held: Footprint


def state_of(page: Tab) -> dict[str, Any]:
    """Return the viewer's state."""
    return dict(page.evaluate("window.yingyun.state()"))


# As a finger does: nothing is asked of the worker but the slice, and what is there is seen.
SLIDE = """
const slider = document.querySelector("[data-slider]");
slider.value = {frame};
slider.dispatchEvent(new Event("input", {{ bubbles: true }}));"""
THERE = """
document.querySelector("[data-frame-number]").textContent === "{number}" &&
document.querySelector("[data-stage]").getAttribute("aria-busy") === "false" """


def go(page: Tab, frame: int) -> bool:
    """Go to a slice; tell whether its picture was painted."""
    page.evaluate(f"{{{SLIDE.format(frame=frame)}}}")
    try:
        page.wait_for(THERE.format(number=frame + 1), PATIENCE)
    except TimeoutError:
        return False
    return True


def settle(page: Tab) -> None:
    """Wait until all that is worth having is there. Raises TimeoutError."""
    page.wait_for("window.yingyun.state().then((state) => state.loading.complete)", PATIENCE * 5)


def reformat(page: Tab) -> None:
    """Open the planes through the volume and wait until it is whole."""
    page.evaluate("window.yingyun.command('mpr.open', {})")
    settle(page)
    time.sleep(SECONDS_TO_SETTLE)


@contextlib.contextmanager
def phone(options: argparse.Namespace) -> Iterator[tuple[Tab, int]]:
    """Start a browser with an empty tab of a phone's; yields it and the process group."""
    flags = [*SOFTWARE_GL, *options.flag]
    with chromium(options.chromium, flags) as (debugging, group), tab(debugging) as page:
        page.call("Emulation.setDeviceMetricsOverride", **PHONE)
        page.call("Emulation.setTouchEmulationEnabled", enabled=True)
        time.sleep(SECONDS_TO_SETTLE)
        yield page, group


def empty_tabs(options: argparse.Namespace) -> list[float]:
    """Return the megabytes of empty tabs, each of a browser of its own, ascending."""
    found = []
    for _ in range(options.baselines):
        with phone(options) as (_page, group):
            found.append(resident(group))
    return sorted(found)


@dataclass
class Reading:
    """One variant, read from end to end."""

    page: Tab
    group: int
    empty: float
    seen: int = 0
    lost: int = 0

    def moment(self, name: str, peak: Peak, act: Callable[[], None]) -> Moment:
        """Act, then look."""
        act()
        most = peak.take() - self.empty
        return Moment(name, most, footprint(self.group))

    def scroll(self, frames: range) -> None:
        """Go to these slices one after the other."""
        for frame in frames:
            came = go(self.page, frame)
            self.seen += came
            self.lost += not came


def open_series(page: Tab, address: str) -> None:
    """Open the page and wait until Python answers."""
    page.call("Page.navigate", url=address)
    page.wait_for("typeof window.yingyun === 'object'", PATIENCE)
    page.evaluate("window.yingyun.ready.then(() => { window.yingyunOpened = true; })")


def measure(
    running: product.Product,
    variant: Variant,
    series_id: str,
    empty: float,
    options: argparse.Namespace,
) -> float:
    """Read a variant; print a line a moment, then where the memory is. Returns the peak."""
    query = f"confirmed=1&series={series_id}&renderer={variant.renderer}"
    address = f"{running.address}/studies/{running.study_id}/dicom?{query}"
    with phone(options) as (page, group), watched(group) as peak:
        reading = Reading(page, group, empty)
        page.set_cookies(running.cookies)
        page.call("Page.enable")
        page.call("Page.addScriptToEvaluateOnNewDocument", source=SMALL_DEVICE + variant.script)
        slices = options.slices
        acts: list[tuple[str, Callable[[], None]]] = [
            ("start, first picture", lambda: open_series(page, address)),
            ("window loaded", lambda: settle(page)),
            ("every slice to the end", lambda: reading.scroll(range(0, slices, options.step))),
            ("and back", lambda: reading.scroll(range(slices - 1, -1, -options.back))),
            ("at rest", lambda: time.sleep(IDLE_SECONDS)),
            ("planes, volume whole", lambda: reformat(page)),
            ("at rest ", lambda: time.sleep(IDLE_SECONDS)),
        ]
        print(f"\n{variant.name}: MB above an empty tab")
        print(f"{'':24}{'peak':>6}{'now':>6}{'frames':>8}{'lent':>6}   {per_kind_head()}")
        moments = []
        for name, act in acts:
            moments.append(reading.moment(name, peak, act))
            print(line_of(moments[-1], empty, state_of(page)["loading"]))
        kept = page.evaluate("window.yingyunOpened === true")
        print(f"peak {peak.highest - empty:.0f}, at rest {moments[-1].held.total - empty:.0f} MB")
        print(
            f"slices seen {reading.seen}, lost {reading.lost}; "
            f"page {'kept' if kept else 'RELOADED'}"
        )
        print(f"canvases {page.evaluate(CANVASES)}; painted by {page.evaluate(PAINTED_BY)}")
        print_classes(moments)
        return peak.highest - empty


CANVASES = """[...document.querySelectorAll("canvas")]
  .map(({ width, height }) => `${width} × ${height}`).join(", ")"""
PAINTED_BY = "window.yingyun.state().then((state) => state.renderer)"


def per_kind_head() -> str:
    """Return the heads of the columns of processes."""
    return "".join(f"{kind:>14}" for kind in KINDS)


def line_of(moment: Moment, empty: float, loading: dict[str, Any]) -> str:
    """Return a moment as a line."""
    now = moment.held.total - empty
    lent = loading["allocated_bytes"] / 1e6
    kinds = "".join(f"{moment.held.of_kind(kind):>14.0f}" for kind in KINDS)
    frames = f"{loading['loaded']}/{loading['capacity']}"
    return f"{moment.name:24}{moment.peak:>6.0f}{now:>6.0f}{frames:>8}{lent:>6.0f}   {kinds}"


def print_classes(moments: list[Moment]) -> None:
    """Print each process at the moments, by class (not less the empty tab)."""
    for process in sorted({key for moment in moments for key in moment.held.processes}):
        rows = [moment.held.processes.get(process) for moment in moments]
        print(f"  {process[0]} {process[1]}")
        for name in CLASSES:
            values = [0.0 if row is None else row[name] for row in rows]
            if max(values) >= 1:
                print(f"    {name:30}" + "".join(f"{value:>7.0f}" for value in values))


def main() -> None:
    """Measure the variants."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--home", type=Path, help="a data home with the demo in it")
    parser.add_argument("--slices", type=int, default=1000)
    parser.add_argument("--step", type=int, default=1, help="slices from picture to picture")
    parser.add_argument("--back", type=int, default=10, help="the same on the way back")
    parser.add_argument("--baselines", type=int, default=3, help="empty tabs to measure")
    parser.add_argument("--variant", action="append", choices=[one.name for one in VARIANTS])
    parser.add_argument("--chromium", default="chromium")
    parser.add_argument("--flag", action="append", default=[], help="a switch of the browser's")
    options = parser.parse_args()
    names = options.variant or [one.name for one in VARIANTS]
    with product.data_home(options.home) as home:
        series_id = add_ct(home, options.slices)
        with product.running(home, STUDY, options.chromium) as running:
            now = datetime.datetime.now(datetime.UTC)
            print(f"{now:%Y-%m-%d %H:%M} UTC, load of the machine {os.getloadavg()[0]:.1f}")
            tabs = empty_tabs(options)
            empty = statistics.median(tabs)
            print(f"empty tab {empty:.0f} MB, median of {[round(one) for one in tabs]}")
            peaks = {
                one.name: measure(running, one, series_id, empty, options)
                for one in VARIANTS
                if one.name in names
            }
            found = ", ".join(f"{name} {peak:.0f}" for name, peak in peaks.items())
            print(f"\nhighest: {found} MB of {CEILING:.0f}")


if __name__ == "__main__":
    main()
