"""What tests do with the viewer page in a browser: open it, steer it, look at it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, ViewportSize

from tests.view.site import Site

SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
DESKTOP: ViewportSize = {"width": 1100, "height": 720}
PHONE: ViewportSize = {"width": 390, "height": 844}
HIDE_WORDS = """() => document.querySelectorAll(
    "[data-stage] > :not(canvas):not(img), [data-shapes], [data-messages]")
  .forEach((element) => { element.style.visibility = "hidden"; })"""
# Half a minute and more: a busy machine is slow, and only what fails waits this long.
TRIES = 300
SHOW_WORDS = HIDE_WORDS.replace('"hidden"', '""')


def open_viewer(page: Page, site: Site, query: str = "") -> dict[str, Any]:
    """Open the DICOM page and wait for Python; return the state."""
    page.goto(f"{site.address}/x/dicom?{query}")
    page.evaluate("window.yingyun.ready")
    return state_of(page)


def state_of(page: Page) -> dict[str, Any]:
    """Return `window.yingyun.state()`."""
    return dict(page.evaluate("window.yingyun.state()"))


def command(page: Page, name: str, /, **args: Any) -> dict[str, Any]:
    """Carry out a command; return the state after it."""
    call = "([name, args]) => window.yingyun.command(name, args)"
    return dict(page.evaluate(call, [name, args]))


def until(page: Page, what: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until the state is as `condition` says, and return it."""
    for _ in range(TRIES):
        state = state_of(page)
        if condition(state):
            return state
        page.wait_for_timeout(100)
    pytest.fail(f"the viewer did not come to this: {what}")


def stage_shot(page: Page) -> tuple[bytes, NDArray[np.int16]]:
    """Return what the reading area shows, as PNG and as (height, width, 3)."""
    shot = page.locator("[data-stage]").screenshot()
    return shot, np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(np.int16)


def still(page: Page) -> NDArray[np.int16]:
    """Return the reading area without words and lines, once what the state says is on the screen.

    The worker has painted then; the screen follows in its own time, and shows the same twice.
    """
    until(page, "painted", lambda state: state["shown"])
    page.evaluate(HIDE_WORDS)
    last, picture = stage_shot(page)
    for _ in range(60):
        page.wait_for_timeout(150)
        before = last
        last, picture = stage_shot(page)
        if last == before:
            break
    page.evaluate(SHOW_WORDS)
    return picture
