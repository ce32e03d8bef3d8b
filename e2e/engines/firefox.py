"""Firefox through WebDriver BiDi, which it speaks without a driver in between."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

from e2e.engines import air
from e2e.engines.reader import SECONDS, WINDOW, NotYetError

EXECUTABLE = "firefox-esr"
LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
# No updates, no start page, nothing that asks the network for anything of its own.
PREFERENCES: dict[str, Any] = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "intl.accept_languages": "zh-CN,zh",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.server": "",
}
GONE = ("no such frame", "unknown error", "no such node")


def available() -> bool:
    """Tell whether Firefox is installed."""
    return shutil.which(EXECUTABLE) is not None and air.available()


class Firefox:
    """One tab of a Firefox."""

    def __init__(self, address: str) -> None:
        # Firefox refuses connections that come from a page, which the header would say.
        self._socket = websocket.create_connection(
            f"{address}/session", suppress_origin=True, timeout=SECONDS
        )
        self._numbers = itertools.count(1)
        self._ask("session.new", capabilities={})
        self._tab = self._ask("browsingContext.getTree")["contexts"][0]["context"]
        width, height = WINDOW
        viewport = {"width": width, "height": height}
        self._ask("browsingContext.setViewport", context=self._tab, viewport=viewport)

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") != number:
                continue  # an event, or what nobody waits for any more
            if answer["type"] == "error":
                broken = f"{answer['error']}: {answer['message']}"
                raise NotYetError(broken) if answer["error"] in GONE else RuntimeError(broken)
            return dict(answer["result"])

    def open(self, address: str) -> None:
        """Go to an address and wait until its document is read."""
        self._ask("browsingContext.navigate", context=self._tab, url=address, wait="interactive")

    def evaluate(self, expression: str) -> Any:
        """Return what an expression comes to. Raises NotYetError, RuntimeError."""
        answer = self._ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify([await ({expression})]))()",
            target={"context": self._tab},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])[0]

    def _act(self, kind: str, *actions: dict[str, Any]) -> None:
        source = {"type": kind, "id": kind, "actions": list(actions)}
        self._ask("input.performActions", context=self._tab, actions=[source])

    def click(self, selector: str) -> None:
        """Click the middle of an element."""
        x, y = self.evaluate(
            f"((one) => {{ one.scrollIntoView({{ block: 'nearest' }});"
            " const box = one.getBoundingClientRect();"
            " return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]; })"
            f"(document.querySelector({json.dumps(selector)}))"
        )
        self._act(
            "pointer",
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        )

    def write(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.click(selector)
        for key in text:
            self.press(key)

    def press(self, key: str) -> None:
        """Press a key."""
        self._act("key", {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})

    def screenshot(self) -> bytes:
        """Return what the window shows, as PNG."""
        shot = self._ask("browsingContext.captureScreenshot", context=self._tab)["data"]
        return base64.b64decode(shot)

    def close(self) -> None:
        """End the session."""
        self._socket.close()


@contextmanager
def running(webgl: bool) -> Iterator[Firefox]:
    """Start a Firefox with a fresh profile, with or without WebGL; end it afterwards."""
    wanted = PREFERENCES | {"webgl.disabled": not webgl, "webgl.force-enabled": webgl}
    with (
        air.screen() as display,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
    ):
        lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in wanted.items())
        (Path(folder) / "user.js").write_text("\n".join(lines))
        log = Path(folder) / "said"
        command = [EXECUTABLE, "--headless", "--no-remote", "--profile", folder]
        with log.open("wb") as said:
            child = subprocess.Popen(
                [*command, "--remote-debugging-port=0"],
                env=os.environ | {"DISPLAY": display},
                stdout=said,
                stderr=said,
            )
        try:
            browser = Firefox(_address(log, child))
            try:
                yield browser
            finally:
                browser.close()
        finally:
            child.kill()
            child.wait()


def _address(log: Path, child: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        if found := LISTENING.search(log.read_bytes()):
            return found[1].decode()
        time.sleep(0.1)
    raise RuntimeError(f"Firefox did not start: {log.read_text(errors='replace')[-2000:]}")
