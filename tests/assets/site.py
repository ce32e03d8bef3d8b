"""A small web server for the browser tests: the built assets, one worker, policies to choose."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from server.assets.catalog import AssetCatalog
from tests.assets.conftest import ROOT

# By the first part of the worker's address: the product's policy, and one that forbids WebAssembly.
POLICIES = {
    "allowed": "default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
    "forbidden": "default-src 'none'; connect-src 'self'; script-src 'self'",
}
PAGE_POLICY = "default-src 'none'; connect-src 'self'; script-src 'self'; worker-src 'self'"
SCRIPTS = {
    **{
        f"/static/viewer/{name}": ROOT / "static" / "viewer" / name
        for name in ("runtime.js", "snapshot.js", "sure-start.js", "warm-worker.js")
    },
    **{f"/{policy}/worker.js": Path(__file__).with_name("worker.js") for policy in POLICIES},
}


class Site(ThreadingHTTPServer):
    """Serves on a free port; `asked` lists the paths of the requests."""

    daemon_threads = True

    def __init__(self, catalog: AssetCatalog) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.catalog = catalog
        self.asked: list[str] = []
        self.closing = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def body(self, path: str) -> tuple[bytes, str] | None:
        if path == "/":
            return b"<!doctype html><title>test</title>", "text/html"
        if path in SCRIPTS:
            return SCRIPTS[path].read_bytes(), "text/javascript"
        file = self.catalog.resolve(path.removeprefix("/assets/"))
        return (file.path.read_bytes(), file.media_type) if file else None

    def handle_error(self, request: object, client_address: object) -> None:
        """The browser may drop a connection at any time."""


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path == "/never":
            self.server.closing.wait()
            return
        found = self.server.body(self.path)
        if found is None:
            self.send_error(404)
            return
        body, media_type = found
        part = self.path.split("/")[1]
        policy = POLICIES.get("allowed" if part == "static" else part, PAGE_POLICY)
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests print nothing."""
