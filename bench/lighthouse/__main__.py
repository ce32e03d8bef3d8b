"""Score the portal's pages with Lighthouse, as a phone sees them, and write docs/performance.md.

    python -m bench.lighthouse [--repeats 3] [--home DIR] [--only "JPG page"] [--dry]

Lighthouse reckons with a line of 1.6 Mbit/s and 150 ms and a processor four times slower. Each run
has a browser of its own that was never here. Medians of all runs; behind them what cost points.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench import document
from bench.browser import chromium
from bench.lighthouse import runner
from bench.lighthouse.runner import Run
from bench.lighthouse.visits import Visited, visits
from bench.product import ROOT, Product, data_home, running

MARKS = "bench-lighthouse"
DESCRIPTION = "胸部CT平扫"
SCORES = ("performance", "accessibility", "best-practices")
LIMITS = {"performance": 95, "accessibility": 100, "best-practices": 95}
FIGURES = {"lcp": "{:.1f} s", "tbt": "{:.0f} ms", "cls": "{:.2f}", "bytes": "{:.0f} KB"}
# These pages draw nothing with WebGL. A graphics card that is emulated takes the processor from the
# page: a second after each load Chromium waits for it with the page before, up to 200 ms (× 4).
FLAGS = ("--disable-gpu",)
SPEED = "speed"  # Lighthouse's own measure of the machine during the run

HEAD = (
    "| page | performance | accessibility | best practices | largest paint | blocked | shift "
    "| bytes | what cost points | machine | load |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---|---:|---:|"
)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--home", type=Path, help="a data home with the demo in it")
    parser.add_argument("--only", action="append", help="a page, for example 'JPG page'")
    parser.add_argument("--dry", action="store_true", help="leave docs/performance.md alone")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--document", type=Path, default=document.PERFORMANCE)
    return parser.parse_args(arguments)


def runs_of(
    product: Product, visited: Visited, script: Path, options: argparse.Namespace
) -> list[Run]:
    """Score one page as often as asked for, each time in a browser that was never here."""
    found = []
    for _ in range(options.repeats):
        with (
            sync_playwright() as playwright,
            chromium(options.chromium, FLAGS) as (debugging, _group),
        ):
            visited.enter(playwright.chromium.connect_over_cdp(debugging).contexts[0])
            found.append(runner.run(script, debugging, product.address + visited.path))
    return found


def row(name: str, runs: Sequence[Run], load: float) -> str:
    """Return a line of the table; a score below its limit is bold."""
    scores = {one: statistics.median(run.scores[one] for run in runs) for one in SCORES}
    told = [f"{scores[one]:.0f}" for one in SCORES]
    marked = [
        text if scores[one] >= LIMITS[one] else f"**{text}**"
        for one, text in zip(SCORES, told, strict=True)
    ]
    figures = [
        words.format(statistics.median(run.figures[one] for run in runs))
        for one, words in FIGURES.items()
    ]
    costing = Counter(failure for run in runs for failure in run.failures)
    held = ", ".join(name for name, _ in costing.most_common(4)) or "–"
    speed = statistics.median(run.figures[SPEED] for run in runs)
    return f"| {' | '.join([name, *marked, *figures, held, f'{speed:.0f}', f'{load:.1f}'])} |"


def main() -> None:
    """Measure, print, write."""
    options = parse()
    load = os.getloadavg()[0]
    script = runner.installed(ROOT / "var")
    rows = [HEAD]
    print(HEAD)
    with (
        data_home(options.home) as home,
        running(home, DESCRIPTION, options.chromium) as product,
    ):
        for visited in visits(product, home):
            if options.only and visited.name not in options.only:
                continue
            found = runs_of(product, visited, script, options)
            rows.append(row(visited.name, found, os.getloadavg()[0]))
            print(rows[-1], flush=True)
    if not options.dry:
        head = document.heading(options.chromium, load, f"Lighthouse {runner.version()}")
        note = (
            f"Medians of {options.repeats}. “Machine” is Lighthouse's own measure of it during the "
            "runs, the load that after a page's runs."
        )
        document.write(options.document, MARKS, "\n\n".join([head, note, "\n".join(rows)]))


if __name__ == "__main__":
    main()
