"""What a story needs of a browser, whichever engine it has."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SECONDS = 45.0
WINDOW = (1280, 900)  # CSS pixels
STAGE = "[data-stage]"


class Browser(Protocol):
    """A browser with one tab."""

    def open(self, address: str) -> None: ...

    def evaluate(self, expression: str) -> Any:
        """Return what an expression comes to, awaited, as JSON carries it."""
        ...

    def click(self, selector: str) -> None: ...

    def write(self, selector: str, text: str) -> None: ...

    def press(self, key: str) -> None:
        """Press a key, named by its character."""
        ...

    def screenshot(self) -> bytes:
        """Return what the window shows, as PNG."""
        ...


class NotYetError(Exception):
    """The page is on its way to another, and cannot be asked just now."""


def until(browser: Browser, what: str, expression: str) -> Any:
    """Return an expression's value as soon as it is true. Raises AssertionError."""
    deadline = time.monotonic() + SECONDS
    value = None
    while time.monotonic() < deadline:
        try:
            if value := browser.evaluate(expression):
                return value
        except NotYetError:
            pass
        time.sleep(0.1)
    seen = browser.evaluate("location.pathname + ' ' + document.body.innerText.slice(0, 600)")
    raise AssertionError(f"this did not come: {what}; {value}; {seen}")


def command(browser: Browser, name: str, **args: Any) -> dict[str, Any]:
    """Do a viewer command through the public contract; returns the state after it."""
    given = f"{json.dumps(name)}, {json.dumps(args)}"
    return dict(browser.evaluate(f"window.yingyun.command({given})"))


def state_when(
    browser: Browser, what: str, condition: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Return the viewer's state once it is shown and fulfils a condition. Raises AssertionError."""
    deadline = time.monotonic() + SECONDS
    state: dict[str, Any] = {}
    while time.monotonic() < deadline:
        state = dict(browser.evaluate("window.yingyun.state()"))
        if state["shown"] and condition(state):
            return state
        time.sleep(0.1)
    raise AssertionError(f"the viewer did not come to this: {what}; {state}")


def stage_picture(browser: Browser) -> NDArray[np.int16]:
    """Return the reading area as the screen shows it, RGB, without the words that lie over it."""
    browser.evaluate(_visibility("hidden"))
    # Two frames bring the canvas to the screen, a third the page without its words.
    for _ in range(3):
        browser.evaluate("new Promise((done) => requestAnimationFrame(() => done(1)))")
    time.sleep(0.3)
    left, top, width, height = browser.evaluate(
        f"(({{ x, y, width, height }}) => [x, y, width, height])"
        f"(document.querySelector('{STAGE}').getBoundingClientRect())"
    )
    shot = Image.open(io.BytesIO(browser.screenshot())).convert("RGB")
    browser.evaluate(_visibility(""))
    box = (round(left), round(top), round(left + width), round(top + height))
    return np.asarray(shot.crop(box)).astype(np.int16)


def _visibility(word: str) -> str:
    return (
        f'document.querySelectorAll("{STAGE} > :not(canvas):not(img)")'
        f".forEach((one) => {{ one.style.visibility = '{word}'; }})"
    )


def picture_when(
    browser: Browser, what: str, condition: Callable[[NDArray[np.int16]], bool]
) -> NDArray[np.int16]:
    """Return the reading area as soon as it fulfils a condition. Raises AssertionError."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        picture = stage_picture(browser)
        if condition(picture):
            return picture
    raise AssertionError(f"the screen did not come to this: {what}")
