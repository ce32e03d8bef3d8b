"""A slow line for measurements: a rate shared by all connections, and a time on the way."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

CHUNK_BYTES = 16 * 1024


class Line:
    """One line shared by all connections: so many bits a second, so long until the first byte."""

    def __init__(self, megabits: float | None, latency_seconds: float) -> None:
        self._rate = megabits * 1e6 / 8 if megabits else None
        self._latency = latency_seconds
        self._free_at = 0.0
        self._lock = threading.Lock()
        self._log: list[tuple[float, int]] = []
        self.sent_bytes = 0

    def first_byte(self) -> None:
        """Wait as long as a request and its answer travel."""
        time.sleep(self._latency)

    def pass_through(self, size: int) -> None:
        """Wait until the line has carried so many bytes."""
        wait = 0.0
        with self._lock:
            if self._rate is not None:
                self._free_at = max(self._free_at, time.monotonic()) + size / self._rate
                wait = self._free_at - time.monotonic()
            self.sent_bytes += size
            self._log.append((time.time() + max(wait, 0.0), self.sent_bytes))
        time.sleep(max(0.0, wait))

    def sent_until(self, moment: float) -> int:
        """Return how many bytes had been carried at a moment (seconds since the epoch)."""
        with self._lock:
            return max((sent for at, sent in self._log if at <= moment), default=0)


@contextlib.contextmanager
def slow_way(line: Line, port: int) -> Iterator[str]:
    """Carry TCP connections to a port of this machine over a line; yields the address to use.

    The line's rate holds towards the browser, its time on the way for each request; a new
    connection costs one journey more, as its handshake does.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    threading.Thread(target=_accept, args=(listener, line, port), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def _accept(listener: socket.socket, line: Line, port: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            browser, _ = listener.accept()
            threading.Thread(target=_carry, args=(browser, line, port), daemon=True).start()


def _carry(browser: socket.socket, line: Line, port: int) -> None:
    line.first_byte()
    with contextlib.suppress(OSError), browser:
        browser.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_upwards, args=(browser, server, line), daemon=True).start()
            _downwards(server, browser, line)


def _upwards(browser: socket.socket, server: socket.socket, line: Line) -> None:
    with contextlib.suppress(OSError):
        while data := browser.recv(CHUNK_BYTES):
            line.first_byte()
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)


def _downwards(server: socket.socket, browser: socket.socket, line: Line) -> None:
    while data := server.recv(CHUNK_BYTES):
        line.pass_through(len(data))
        browser.sendall(data)
    browser.shutdown(socket.SHUT_WR)
