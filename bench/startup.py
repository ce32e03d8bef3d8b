"""Measure how long Python takes to start in a browser worker: stock Pyodide against ours.

Both sides in one run, alternated, each sample in a fresh browser profile: cold, then warm. Times
are seconds from just before the worker is made. Usage:

    python -m bench.startup [--repeats 3] [--throttle-mbit 20 --latency-ms 40] [--cpu 4]

`--cpu 4` stops the browser's processes three quarters of the time, workers included, which the
debugging protocol's own throttle does not do.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.browser import chromium, slowed
from bench.line import Line
from bench.startup_server import Page, Server
from server import settings as settings_module
from server.assets import AssetCatalog, build
from server.assets.archives import package_members, write_zip
from server.assets.bundle import VIEWER_DIR
from server.assets.compress import compress_all
from server.assets.fetch import fetch_packages, fetch_pyodide_wheel
from server.assets.pins import load_pins

ROOT = Path(__file__).resolve().parent.parent
SIDES = ("stock", "ours")
STATES = ("cold", "warm")
# What host.js asks Python for; with it comes all that the viewer begins with.
IMPORTS = "import viewer_py.browser.worker"
STEPS = ("core", "numpy", "viewer")
STOCK_PARTS = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "pyodide-lock.json",
)
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
}

Figures = dict[str, float]
Runs = dict[str, list[Figures]]


def viewer_sources() -> dict[str, bytes]:
    """Return the viewer's modules as they are in the tree."""
    return {
        f"viewer_py/{path.relative_to(VIEWER_DIR).as_posix()}": path.read_bytes()
        for path in sorted(VIEWER_DIR.rglob("*.py"))
    }


def stock_pages(cache_dir: Path, sources: dict[str, bytes]) -> dict[str, Page]:
    """Return the pages of the stock side: the official files as they are."""
    pins = load_pins()
    pyodide = fetch_packages([pins.packages["pyodide"]], cache_dir, print)["pyodide"]
    files = package_members(pyodide, STOCK_PARTS)
    lock = json.loads(files["pyodide-lock.json"])
    wheel = lock["packages"]["numpy"]["file_name"]
    files[wheel] = fetch_pyodide_wheel("numpy", pyodide, pins.wheel_carrier, cache_dir, print)
    files["viewer_py.zip"] = write_zip(sources)
    coded = compress_all(files, cache_dir)
    return {
        f"/stock/{name}": Page(
            coded[name].get("br", data),
            MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream"),
            "br" if "br" in coded[name] else None,
        )
        for name, data in files.items()
    }


def our_pages(catalog: AssetCatalog) -> dict[str, Page]:
    """Return the pages of our side: the asset folder."""
    pages = {}
    for name in catalog.names():
        file = catalog.find(name)
        path, coding = file.variant({"br"})
        pages[catalog.url(name)] = Page(path.read_bytes(), file.media_type, coding)
    return pages


def measuring_pages(plan: dict[str, object]) -> dict[str, Page]:
    """Return the page that measures, and its plan."""
    folder = ROOT / "bench" / "startup_page"
    pages = {
        f"/{path.name}": Page(path.read_bytes(), MEDIA_TYPES[path.suffix], immutable=False)
        for path in folder.iterdir()
    }
    pages["/plan.json"] = Page(json.dumps(plan).encode(), "application/json", immutable=False)
    for name in ("runtime.js", "snapshot.js", "sure-start.js"):
        script = (ROOT / "static" / "viewer" / name).read_bytes()
        pages[f"/static/viewer/{name}"] = Page(script, "text/javascript")
    return pages


def sample(server: Server, side: str, cpu: float, executable: str) -> list[Figures]:
    """Load the page twice in one fresh profile: what a cold and a warm start took, and received."""
    runs = []
    with sync_playwright() as playwright, chromium(executable) as (address, group):
        browser = playwright.chromium.connect_over_cdp(address)
        for _ in STATES:
            page = browser.contexts[0].new_page()
            before = server.line.sent_bytes
            with slowed(group, cpu):
                page.goto(f"{server.address}/index.html?side={side}")
                page.wait_for_selector("html[data-started]", state="attached")
                times: Figures = page.evaluate("window.result")
            runs.append({**times, "bytes": server.line.sent_bytes - before})
            page.close()
    return runs


def measure(line: Line, *, repeats: int, cpu: float, executable: str) -> dict[str, Runs]:
    """Start Python over a line, `repeats` times on each side; return {side: {state: runs}}."""
    settings = settings_module.load()
    cache_dir = settings.assets_dir.parent / "asset-cache"
    build(settings.assets_dir, cache_dir, print)
    catalog = AssetCatalog(settings.assets_dir)
    sources = viewer_sources()
    plan: dict[str, object] = {
        "stock": "/stock/",
        "ours": catalog.runtime(),
        "imports": IMPORTS,
    }
    pages = stock_pages(cache_dir, sources) | our_pages(catalog) | measuring_pages(plan)
    server = Server(pages, line)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    runs: dict[str, Runs] = {side: {state: [] for state in STATES} for side in SIDES}
    try:
        for _ in range(repeats):
            for side in SIDES:
                figures = sample(server, side, cpu, executable)
                for state, found in zip(STATES, figures, strict=True):
                    runs[side][state].append(found)
    finally:
        server.shutdown()
        server.server_close()
    return runs


def medians(runs: dict[str, Runs]) -> dict[str, dict[str, Figures]]:
    """Return the median of each figure, by side and state."""
    return {
        side: {
            state: {key: statistics.median(run[key] for run in found) for key in found[0]}
            for state, found in states.items()
        }
        for side, states in runs.items()
    }


def table(results: dict[str, dict[str, Figures]]) -> str:
    """Return the medians for people to read."""
    rows = [f"{'':12}{'MB':>7}" + "".join(f"{step + ' s':>11}" for step in STEPS)]
    for side in SIDES:
        for state, figures in results[side].items():
            times = "".join(f"{figures[step]:11.2f}" for step in STEPS)
            rows.append(f"{side + ' ' + state:12}{figures['bytes'] / 1e6:7.2f}{times}")
    for state in STATES:
        ratio = results["stock"][state]["viewer"] / results["ours"][state]["viewer"]
        rows.append(f"{state}: ours is ready {ratio:.1f} times as fast")
    return "\n".join(rows)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--throttle-mbit", type=float)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--cpu", type=float, default=1.0, help="how many times slower")
    parser.add_argument("--chromium", default="chromium")
    parser.add_argument("--json", type=Path, default=Path("var/bench/startup.json"))
    return parser.parse_args(arguments)


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = parse()
    line = Line(options.throttle_mbit, options.latency_ms / 1000)
    runs = measure(line, repeats=options.repeats, cpu=options.cpu, executable=options.chromium)
    results = medians(runs)
    print(table(results))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    conditions = {key: str(value) for key, value in vars(options).items()}
    record = {"conditions": conditions, "medians": results, "runs": runs}
    options.json.write_text(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
