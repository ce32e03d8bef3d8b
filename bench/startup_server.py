"""A web server for the start-up measurement: precompressed files, a slow line if wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

CHUNK_BYTES = 16 * 1024
# The policy of the product's own pages, so that what is measured is what runs there.
POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'"


@dataclass(frozen=True)
class Page:
    """A body ready to be sent, in the smallest content coding there is."""

    body: bytes
    media_type: str
    coding: str | None = None
    immutable: bool = True


class Line:
    """One line shared by all connections: so many bits a second, so long until the first byte."""

    def __init__(self, megabits: float | None, latency_seconds: float) -> None:
        self._rate = megabits * 1e6 / 8 if megabits else None
        self._latency = latency_seconds
        self._free_at = 0.0
        self._lock = threading.Lock()
        self.sent_bytes = 0

    def first_byte(self) -> None:
        """Wait as long as a request and its answer travel."""
        time.sleep(self._latency)

    def pass_through(self, size: int) -> None:
        """Wait until the line has carried so many bytes."""
        with self._lock:
            self.sent_bytes += size
            if self._rate is None:
                return
            self._free_at = max(self._free_at, time.monotonic()) + size / self._rate
            wait = self._free_at - time.monotonic()
        time.sleep(max(0.0, wait))


class Server(ThreadingHTTPServer):
    """Serves the pages over the line; addresses are exact paths."""

    daemon_threads = True

    def __init__(self, pages: Mapping[str, Page], line: Line) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages = pages
        self.line = line

    @property
    def address(self) -> str:
        """Where the server answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about connections that the browser drops when it ends."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        page = self.server.pages.get(urlsplit(self.path).path)
        self.server.line.first_byte()
        if page is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", page.media_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Content-Security-Policy", POLICY)
        life = "max-age=31536000, immutable" if page.immutable else "no-store"
        self.send_header("Cache-Control", life)
        if page.coding:
            self.send_header("Content-Encoding", page.coding)
        self.end_headers()
        for start in range(0, len(page.body), CHUNK_BYTES):
            chunk = page.body[start : start + CHUNK_BYTES]
            self.server.line.pass_through(len(chunk))
            self.wfile.write(chunk)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: the table is the output."""
