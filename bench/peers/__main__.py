"""Measure cornerstone3D and the product side by side, print the table, write docs/performance.md.

    python -m bench.peers [--repeats 1] [--only loopback-4x] [--steps 1.0] [--dry]

The same series, 512 x 512 x 200, goes through both in the same Chromium: over loopback for loading,
steps and memory, over 20 Mbit/s + 40 ms for the first image; with the whole processor and with a
quarter of it (all the browser's processes are stopped three quarters of the time, workers and GPU
process included). The peer is built from pinned packages into var/peers.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from bench import document
from bench.first_image import Condition
from bench.peers import peer, reading, table, viewers
from bench.peers.reading import Readings
from bench.peers.viewers import Viewer

ROOT = Path(__file__).resolve().parent.parent.parent
LINE = "line"
LOOPBACK = "loopback"
# A slow processor takes so much longer for a step that fewer of them say as much.
SHARE_WHEN_SLOW = 0.3


def conditions(options: argparse.Namespace) -> list[Condition]:
    """Return the conditions that were asked for."""
    line = (options.mbit, options.latency_ms / 1000)
    every = [
        Condition(f"{name}-{cpu:g}x", megabits, latency, cpu)
        for name, (megabits, latency) in ((LINE, line), (LOOPBACK, (None, 0.0)))
        for cpu in (1.0, options.cpu)
    ]
    return [one for one in every if not options.only or one.name in options.only]


def title(condition: Condition) -> str:
    """Return the words for a condition."""
    processor = "CPU 1×" if condition.cpu == 1 else f"CPU ÷{condition.cpu:g}"
    if condition.megabits is None:
        return f"Loopback, {processor}"
    delay = condition.latency_seconds * 1000
    return f"{condition.megabits:g} Mbit/s + {delay:g} ms, {processor}"


def take(viewer: Viewer, condition: Condition, options: argparse.Namespace) -> Readings:
    """Take each reading of a condition once."""
    loopback = condition.megabits is None
    load = condition.cpu == 1 and not loopback
    readings = reading.opening(viewer, condition, options.chromium, load=load)
    if not loopback:
        return readings
    share = options.steps * (1.0 if condition.cpu == 1 else SHARE_WHEN_SLOW)
    return readings | reading.story(viewer, condition, options.chromium, share)


def measure(options: argparse.Namespace) -> dict[str, dict[str, list[Readings]]]:
    """Return the readings by condition and viewer; the viewers take turns."""
    results: dict[str, dict[str, list[Readings]]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="yingyun-bench-") as home,
        viewers.side_by_side(Path(home), options.folder, options.chromium) as both,
    ):
        for condition in conditions(options):
            runs: dict[str, list[Readings]] = {viewer.name: [] for viewer in both}
            for _ in range(options.repeats):
                for viewer in both:
                    runs[viewer.name].append(take(viewer, condition, options))
            results[condition.name] = runs
            print(_table(condition, runs), end="\n\n", flush=True)
    return results


def _rows(runs: table.Runs) -> list[table.Row]:
    return table.rows(table.FIGURES, runs[table.OURS], runs[table.THEIRS])


def _table(condition: Condition, runs: table.Runs) -> str:
    return table.markdown(title(condition), _rows(runs))


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--only", action="append", help="a condition, for example loopback-4x")
    parser.add_argument("--steps", type=float, default=1.0, help="share of the usual number")
    parser.add_argument("--mbit", type=float, default=20.0)
    parser.add_argument("--latency-ms", type=float, default=40.0)
    parser.add_argument("--cpu", type=float, default=4.0, help="how many times slower")
    parser.add_argument("--dry", action="store_true", help="leave docs/performance.md alone")
    parser.add_argument("--chromium", default="chromium")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "peers")
    parser.add_argument("--json", type=Path, default=ROOT / "var" / "bench" / "peers.json")
    parser.add_argument("--document", type=Path, default=document.PERFORMANCE)
    return parser.parse_args(arguments)


def main() -> None:
    """Measure, print, write."""
    options = parse()
    load = os.getloadavg()[0]
    results = measure(options)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, indent=1))
    head = document.heading(options.chromium, load, f"cornerstone3D {peer.version()}")
    asked = [(one, results[one.name]) for one in conditions(options)]
    for condition, runs in asked:
        for words in table.lost(_rows(runs)):
            print(f"behind: {title(condition)}: {words}")
    if not options.dry:
        tables = "\n\n".join(_table(condition, runs) for condition, runs in asked)
        document.write(options.document, "bench-peers", f"{head}\n\n{tables}")


if __name__ == "__main__":
    main()
