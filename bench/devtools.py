"""A browser's tab driven by its own protocol, and by nothing that would take memory beside it.

Playwright lets the browser record the network of every page it drives, and with it the bodies of
all answers; a reading of a thousand slices then weighs a hundred megabytes more than it does.
"""

from __future__ import annotations

import contextlib
import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import websocket

ANSWER_SECONDS = 120.0
COOKIE_FIELDS = ("name", "value", "domain", "path", "httpOnly", "secure")


class DevToolsError(RuntimeError):
    """The browser refused a command, or a script threw."""


class Tab:
    """One tab."""

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._connection = connection
        self._number = 0

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command, return its result. Raises DevToolsError."""
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters}
        self._connection.send(json.dumps(order))
        while True:
            answer = json.loads(self._connection.recv())
            if answer.get("id") == self._number:
                break
        if "error" in answer:
            raise DevToolsError(f"{method}: {answer['error']}")
        return dict(answer["result"])

    def evaluate(self, script: str) -> Any:
        """Return what a script of the page comes to, promises awaited. Raises DevToolsError."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise DevToolsError(f"{script}: {answer['exceptionDetails'].get('exception')}")
        return answer["result"].get("value")

    def wait_for(self, script: str, seconds: float) -> None:
        """Wait until a script of the page comes to true. Raises TimeoutError."""
        until(lambda: self.evaluate(script) is True, seconds, script)

    def set_cookies(self, cookies: Sequence[Mapping[str, Any]]) -> None:
        """Put cookies, as Playwright gives them, into the browser."""
        for cookie in cookies:
            kept = {name: cookie[name] for name in COOKIE_FIELDS if name in cookie}
            self.call("Network.setCookie", **kept)


def until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until something holds. Raises TimeoutError with the words for it."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


@contextlib.contextmanager
def tab(debugging: str) -> Iterator[Tab]:
    """Take the first tab of a browser, by its debugging address."""
    with urllib.request.urlopen(f"{debugging}/json") as answer:
        pages = [one for one in json.load(answer) if one["type"] == "page"]
    connection = websocket.create_connection(
        pages[0]["webSocketDebuggerUrl"], suppress_origin=True, timeout=ANSWER_SECONDS
    )
    try:
        yield Tab(connection)
    finally:
        connection.close()
