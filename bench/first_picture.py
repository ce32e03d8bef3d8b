"""Measure G-01: from the navigation to the first JPG picture, complete, on a phone's line.

    python -m bench.first_picture [--repeats 20] [--home DIR] [--only 4g-4x]

Each visit is a browser that was never here and is signed in, on a phone of 390 x 844 points, over
one line for all connections, with a processor four times slower where the name says so (the
browser's processes are stopped three quarters of the time). The time ends when the picture has
been loaded whole; the limit of G-01 is 3 s. Median and 95th percentile of all visits.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
from pathlib import Path

from bench.browser import slowed
from bench.first_image import PREVIEW, Condition, open_pictures, visit
from bench.product import Product, data_home, running

LIMIT_SECONDS = 3.0
CONDITIONS = (
    Condition("loopback-1x", None, 0.0, 1.0),
    Condition("wlan-4x", 20.0, 0.04, 4.0),
    Condition("4g-4x", 9.0, 0.085, 4.0),
    Condition("slow-4g-4x", 1.6, 0.15, 4.0),
)


def seconds(product: Product, condition: Condition, executable: str) -> tuple[float, float]:
    """Return the seconds and megabytes of one first visit."""
    with visit(product, condition, executable) as visitor, slowed(visitor.group, condition.cpu):
        _, figures = open_pictures(visitor, product.study_id, PREVIEW)
        return figures[PREVIEW], figures[f"{PREVIEW}-bytes"] / 1e6


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that this share of all does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--home", type=Path, help="a data home with the demo in it")
    parser.add_argument("--study", default="胸部CT平扫", help="which of the demo's studies")
    parser.add_argument("--only", action="append", help="a condition, for example 4g-4x")
    parser.add_argument("--chromium", default="chromium")
    return parser.parse_args(arguments)


def main() -> None:
    """Measure, print the table."""
    options = parse()
    with (
        data_home(options.home) as home,
        running(home, options.study, options.chromium) as product,
    ):
        print(f"{'':12}{'median':>9}{'p95':>9}{'worst':>9}{'MB':>7}  load")
        for condition in CONDITIONS:
            if options.only and condition.name not in options.only:
                continue
            runs = [seconds(product, condition, options.chromium) for _ in range(options.repeats)]
            taken, carried = [run[0] for run in runs], [run[1] for run in runs]
            print(
                f"{condition.name:12}{statistics.median(taken):7.2f} s"
                f"{percentile(taken, 0.95):7.2f} s{max(taken):7.2f} s"
                f"{statistics.median(carried):7.2f}  {os.getloadavg()[0]:.1f}"
                f"{'' if percentile(taken, 0.95) <= LIMIT_SECONDS else '  over the limit'}",
                flush=True,
            )


if __name__ == "__main__":
    main()
