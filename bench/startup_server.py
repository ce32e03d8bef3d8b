"""A web server for the start-up measurement: precompressed files, a slow line if wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from bench.line import CHUNK_BYTES, Line

# The policy of the product's own pages, so that what is measured is what runs there.
POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'"


@dataclass(frozen=True)
class Page:
    """A body ready to be sent, in the smallest content coding there is."""

    body: bytes
    media_type: str
    coding: str | None = None
    immutable: bool = True


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
