"""cornerstone3D as a site: pinned packages, one build, code compressed, served by gunicorn."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import brotli

from server.assets.node import run_node, run_npm

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = Path(__file__).with_name("cornerstone")
TEXT = (".js", ".html", ".wasm", ".css", ".json")
SECONDS_TO_START = 30


def version() -> str:
    """Return the pinned version of cornerstone3D."""
    pinned = json.loads((SOURCE / "package.json").read_text())["dependencies"]
    return str(pinned["@cornerstonejs/core"])


def build(folder: Path) -> Path:
    """Install and build the peer below `folder`, where that is not done; return its site."""
    made, source = folder / "cornerstone", {one.name: one.read_bytes() for one in SOURCE.iterdir()}
    done = made / "dist" / "index.html.br"
    if done.exists() and all((made / name).read_bytes() == text for name, text in source.items()):
        return done.parent
    fresh = (made / "package-lock.json").exists() and (
        (made / "package-lock.json").read_bytes() == source["package-lock.json"]
    )
    made.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(made / "dist", ignore_errors=True)
    for name, text in source.items():
        (made / name).write_bytes(text)
    if not (fresh and (made / "node_modules" / ".package-lock.json").exists()):
        run_npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], made)
    run_node([made / "build.mjs"])
    for file in (made / "dist").rglob("*"):
        if file.suffix in TEXT and file != done:
            packed = brotli.compress(file.read_bytes(), quality=11)
            file.with_name(f"{file.name}.br").write_bytes(packed)
    return done.parent


@contextlib.contextmanager
def serving(code: Path, series: Path) -> Iterator[int]:
    """Serve the peer's code and the series on a free port; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environ = os.environ | {"BENCH_PEER_CODE": str(code), "BENCH_PEER_SERIES": str(series)}
    command = [sys.executable, "-m", "gunicorn", "bench.peers.site:application"]
    command += ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    command += ["--workers", "2", "--threads", "8", "--log-level", "error"]
    with subprocess.Popen(command, env=environ, cwd=ROOT) as child:
        try:
            _wait(port, child)
            yield port
        finally:
            child.terminate()


def _wait(port: int, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and child.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/index.html", timeout=2).close()
            return
        time.sleep(0.1)
    raise RuntimeError("the peer's site did not start")
