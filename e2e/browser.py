"""Chromium as people hold it: three sizes, and a watch that reports whatever goes wrong."""

from __future__ import annotations

import asyncio
import re
import shutil
import warnings
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    Response,
    expect,
)

ARGUMENTS = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # Pages are put together without the emulated graphics card, which costs a third of the time;
    # WebGL still has it.
    "--disable-gpu-compositing",
]
SIZES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "tablet": {"viewport": {"width": 820, "height": 1180}, "has_touch": True, "is_mobile": True},
    "desktop": {"viewport": {"width": 1440, "height": 900}},
}
# Ample: a busy machine is slow, and only what fails waits this long.
SECONDS = 30
CLOSING_SECONDS = 60.0


def launch(playwright: Playwright) -> Browser:
    """Start the machine's own Chromium. Raises RuntimeError when there is none."""
    executable = shutil.which("chromium")
    if executable is None:
        raise RuntimeError("chromium is missing: run `make system`")
    expect.set_options(timeout=SECONDS * 1000)
    return playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)


def open_context(browser: Browser, base_url: str, size: str, **extra: Any) -> BrowserContext:
    """Open a fresh browser of one size, in Chinese, with bounded waits."""
    context = browser.new_context(base_url=base_url, locale="zh-CN", **(SIZES[size] | extra))
    context.set_default_timeout(SECONDS * 1000)
    return context


def close_context(context: BrowserContext) -> None:
    """Close a browser; one that does not end is left behind with a warning.

    Chromium has once not ended one within five minutes. That says nothing about the pages, and the
    synchronous interface has no bound for it.
    """
    closing = asyncio.wait_for(context._impl_obj.close(reason=None), CLOSING_SECONDS)
    try:
        context._sync(closing)
    except TimeoutError:
        warnings.warn(f"a browser did not end in {CLOSING_SECONDS:.0f} s", stacklevel=2)


@dataclass
class Watch:
    """What a context asked for and what went wrong in it.

    `expected` are patterns of troubles that a test brings about on purpose.
    """

    asked: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        """Look at every page and request of the context from now on."""
        context.on("request", lambda request: self.asked.append(request.url))
        context.on("console", self._console)
        context.on("weberror", lambda error: self.troubles.append(f"page error: {error.error}"))
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def expect(self, *patterns: str) -> None:
        """Let troubles that match one of these be."""
        self.expected += patterns

    def unexpected(self) -> list[str]:
        """Return the troubles that no pattern announces."""
        return [
            one for one in self.troubles if not any(re.search(each, one) for each in self.expected)
        ]

    def dicom_requests(self) -> list[str]:
        """Return the requests for DICOM pages, manifests, frames or renderings (B-04)."""
        wanted = r"/dicom(\?|$)|/manifest\.json|/frames(\?|/|$)|/viewer\.json"
        return [url for url in self.asked if re.search(wanted, url)]

    def _console(self, message: ConsoleMessage) -> None:
        # Broken policies are errors too; warnings are about hints, such as preloads not used.
        if message.type == "error":
            where = message.location.get("url", "")
            self.troubles.append(f"console error: {message.text} {where}")

    def _failed(self, request: Request) -> None:
        # Leaving a page, or exchanging a picture for the next, ends requests on purpose.
        if request.failure != "net::ERR_ABORTED":
            self.troubles.append(f"request failed: {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"status {response.status}: {response.url}")


def settled(page: Page) -> None:
    """Wait until two frames have been painted."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def state_of(page: Page) -> dict[str, Any]:
    """Return the viewer's state (`window.yingyun.state()`)."""
    return dict(page.evaluate("window.yingyun.state()"))


def command(page: Page, command_name: str, **args: Any) -> dict[str, Any]:
    """Do a viewer command through the public contract."""
    return dict(
        page.evaluate("([name, args]) => window.yingyun.command(name, args)", [command_name, args])
    )


def until(page: Page, what: str, condition: Any, seconds: float = SECONDS) -> dict[str, Any]:
    """Return the viewer's state as soon as it fulfils a condition. Raises AssertionError."""
    for _ in range(int(seconds * 10)):
        state = state_of(page)
        if condition(state):
            return state
        page.wait_for_timeout(100)
    raise AssertionError(f"the viewer did not come to this: {what}; {state}")
