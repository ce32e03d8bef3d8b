"""Measure how long Python takes to start in a browser worker: stock Pyodide against ours.

Both sides in one run, alternated, each sample in a fresh browser profile: cold, then warm. Times
are seconds from just before the worker is made. Usage:

    python -m bench.startup [--repeats 3] [--throttle-mbit 20 --latency-ms 40] [--cpu 4]

`--cpu 4` stops the browser's processes three quarters of the time, workers included, which the
debugging protocol's own throttle does not do.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.startup_server import Line, Page, Server
from server import settings as settings_module
from server.assets import AssetCatalog, build
from server.assets.archives import package_members, write_zip
from server.assets.bundle import VIEWER_DIR
from server.assets.compress import compress_all
from server.assets.fetch import fetch_packages, fetch_pyodide_wheel
from server.assets.pins import load_pins

ROOT = Path(__file__).resolve().parent.parent
SIDES = ("stock", "ours")
STEPS = ("core", "numpy", "viewer")
DUTY_SECONDS = 0.04
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


def viewer_sources() -> dict[str, bytes]:
    """Return the viewer's modules as they are in the tree."""
    return {
        f"viewer_py/{path.relative_to(VIEWER_DIR).as_posix()}": path.read_bytes()
        for path in sorted(VIEWER_DIR.rglob("*.py"))
    }


def import_statement(sources: dict[str, bytes]) -> str:
    """Import every module of the viewer that runs without a page around it."""
    names = [name.removesuffix(".py").replace("/", ".") for name in sources]
    wanted = [name for name in names if ".browser" not in name and "webgl" not in name]
    return "import " + ", ".join(name.removesuffix(".__init__") for name in wanted)


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
    runtime = (ROOT / "static" / "viewer" / "runtime.js").read_bytes()
    pages["/static/viewer/runtime.js"] = Page(runtime, "text/javascript")
    return pages


@contextlib.contextmanager
def chromium(executable: str) -> Iterator[tuple[str, int]]:
    """Start a browser with a fresh profile; yields its debugging address and its process group."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [executable, "--headless=new", "--no-sandbox", "--no-first-run"]
        command += ["--disable-background-networking", "--disable-component-update"]
        command += ["--disable-sync", "--remote-debugging-port=0"]
        command += [f"--user-data-dir={profile}", "about:blank"]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, start_new_session=True, stdout=quiet, stderr=quiet) as child:
            try:
                yield debugging_address(Path(profile)), child.pid
            finally:
                os.killpg(child.pid, signal.SIGKILL)


def debugging_address(profile: Path) -> str:
    """Wait until the browser has said which port it listens on."""
    note = profile / "DevToolsActivePort"
    for _ in range(300):
        if note.exists() and "\n" in note.read_text():
            return f"http://127.0.0.1:{note.read_text().splitlines()[0]}"
        time.sleep(0.1)
    raise RuntimeError("the browser did not start")


@contextlib.contextmanager
def slowed(group: int, factor: float) -> Iterator[None]:
    """Let a process group run only one `factor`-th of the time."""
    stop = threading.Event()

    def duty() -> None:
        while not stop.is_set():
            os.killpg(group, signal.SIGSTOP)
            time.sleep(DUTY_SECONDS * (1 - 1 / factor))
            os.killpg(group, signal.SIGCONT)
            time.sleep(DUTY_SECONDS / factor)

    thread = threading.Thread(target=duty)
    if factor > 1:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if factor > 1:
            thread.join()


def sample(server: Server, side: str, options: argparse.Namespace) -> list[dict[str, float]]:
    """Load the page twice in one fresh profile: what a cold and a warm start took, and received."""
    runs = []
    with (
        sync_playwright() as playwright,
        chromium(options.chromium) as (address, group),
    ):
        browser = playwright.chromium.connect_over_cdp(address)
        for _ in ("cold", "warm"):
            page = browser.contexts[0].new_page()
            before = server.line.sent_bytes
            with slowed(group, options.cpu):
                page.goto(f"{server.address}/index.html?side={side}")
                page.wait_for_selector("html[data-started]", state="attached")
                times: dict[str, float] = page.evaluate("window.result")
            runs.append({**times, "bytes": server.line.sent_bytes - before})
            page.close()
    return runs


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def table(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return the results for people to read."""
    rows = [f"{'':12}{'MB':>7}" + "".join(f"{step + ' s':>11}" for step in STEPS)]
    for side in SIDES:
        for state, figures in results[side].items():
            times = "".join(f"{figures[step]:11.2f}" for step in STEPS)
            rows.append(f"{side + ' ' + state:12}{figures['bytes'] / 1e6:7.2f}{times}")
    for state in ("cold", "warm"):
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
    settings = settings_module.load()
    cache_dir = settings.assets_dir.parent / "asset-cache"
    build(settings.assets_dir, cache_dir, print)
    catalog = AssetCatalog(settings.assets_dir)
    sources = viewer_sources()
    plan = {
        "stock": "/stock/",
        "ours": catalog.runtime(),
        "imports": import_statement(sources),
    }
    pages = stock_pages(cache_dir, sources) | our_pages(catalog) | measuring_pages(plan)
    server = Server(pages, Line(options.throttle_mbit, options.latency_ms / 1000))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    runs: dict[str, dict[str, list[dict[str, float]]]] = {
        side: {"cold": [], "warm": []} for side in SIDES
    }
    for _ in range(options.repeats):
        for side in SIDES:
            cold, warm = sample(server, side, options)
            runs[side]["cold"].append(cold)
            runs[side]["warm"].append(warm)
    results = {
        side: {state: medians(found) for state, found in states.items()}
        for side, states in runs.items()
    }
    print(table(results))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    conditions = {key: str(value) for key, value in vars(options).items()}
    record = {"conditions": conditions, "medians": results, "runs": runs}
    options.json.write_text(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
