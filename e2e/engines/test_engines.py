"""The reader's way in WebKit and Firefox, with WebGL 2 and without it, judged by numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pyotp
import pytest
from numpy.typing import NDArray

from e2e.engines import firefox, webkit
from e2e.engines.reader import (
    Browser,
    command,
    picture_when,
    state_when,
    until,
)
from e2e.product import Product
from e2e.reference import expected_canvas

Starter = Callable[[bool], AbstractContextManager[Browser]]
ENGINES: dict[str, tuple[Callable[[], bool], Starter]] = {
    "webkit": (webkit.available, webkit.running),
    "firefox": (firefox.available, firefox.running),
}
WEBGL, NUMPY = "webgl2", "numpy"
# Debian's WebKit has WebGL in pages but not in workers: there numpy draws in either case.
RENDERERS = {("firefox", WEBGL): WEBGL}
INTERACTIVE = "document.querySelector('[data-interactive]') !== null"
HAS_WEBGL = "Boolean(document.createElement('canvas').getContext('webgl2'))"


@pytest.fixture(params=[(name, kind) for name in ENGINES for kind in (WEBGL, NUMPY)], ids="-".join)
def reading(request: pytest.FixtureRequest) -> Iterator[tuple[Browser, str, str]]:
    """A browser, the name of its engine, and whether it has WebGL."""
    name, kind = request.param
    available, start = ENGINES[name]
    if not available():
        pytest.skip(f"{name} is not installed: run `make system`")
    with start(kind == WEBGL) as browser:
        yield browser, name, kind


def sign_in(browser: Browser, product: Product, account: str) -> None:
    login = product.logins[account]
    browser.open(f"{product.base_url}/login")
    browser.write("[name=login]", login.login)
    browser.write("[name=password]", login.password)
    browser.click("form:has([name=password]) button[type=submit]")
    until(browser, "the second factor", "Boolean(document.querySelector('[name=code]'))")
    browser.write("[name=code]", pyotp.TOTP(login.totp_secret).now())
    browser.click("form:has([name=code]) button[type=submit]")
    until(browser, "the consent", "Boolean(document.querySelector('button[value=agree]'))")
    browser.click("button[value=agree]")
    until(browser, "the time line", "location.pathname === '/studies'")


def judged(browser: Browser, product: Product, state: dict[str, Any]) -> None:
    """The screen shows what numpy draws under CPython, to a grey level."""

    def right(seen: NDArray[np.int16]) -> bool:
        wanted = expected_canvas(product.cloud, state, *seen.shape[:2])
        assert int(wanted.max()) > 200
        apart = np.abs(seen - wanted).max(axis=2) > 1
        # An edge of the image that falls on the middle of a pixel belongs to either side of it:
        # then all that differs is one line of pixels.
        return min(int(apart.any(axis=0).sum()), int(apart.any(axis=1).sum())) <= 1

    picture_when(browser, f"frame {state['frame_index']} as numpy draws it", right)


@pytest.mark.requirement("A-04")
def test_from_signing_in_to_the_window(product: Product, reading: tuple[Browser, str, str]) -> None:
    browser, engine, kind = reading
    sign_in(browser, product, f"journey.{engine}-{kind}")
    study = f"{product.base_url}/studies/{product.studies['ct']}"
    browser.open(study)
    until(browser, "the page of pictures", "Boolean(document.querySelector('[data-dicom]'))")
    until(browser, "the JPG image", "[...document.images].some((one) => one.naturalWidth >= 128)")
    until(browser, "the scripts", "document.readyState === 'complete'")
    assert browser.evaluate(HAS_WEBGL) is (kind == WEBGL)
    browser.click("[data-dicom]")
    until(browser, "the question", "document.querySelector('[data-dicom-dialog]').open")
    browser.click("[data-dicom-confirm]")
    until(browser, "Python", INTERACTIVE)
    until(browser, "all frames", "window.yingyun.state().then((one) => one.loading.complete)")
    renderer = RENDERERS.get((engine, kind), NUMPY)
    if renderer == WEBGL:  # where it is software, numpy would be chosen as the faster one
        browser.open(f"{study}/dicom?confirmed=1&renderer=webgl2")
        until(browser, "Python again", INTERACTIVE)
    state = state_when(browser, "all loaded", lambda one: bool(one["loading"]["complete"]))
    assert state["renderer"] == renderer
    judged(browser, product, state)
    before = state["frame_index"]
    browser.press("\ue015")  # the down arrow
    state = state_when(browser, "one further", lambda one: one["frame_index"] == before + 1)
    judged(browser, product, state)
    browser.press("3")
    state = state_when(browser, "the lung window", lambda one: one["preset"] == "lung")
    judged(browser, product, state)
    command(browser, "window.set", center=-200, width=900)
    state = command(browser, "image.invert")
    judged(browser, product, state)
    command(browser, "image.invert")
    measured(browser)
    reformatted(browser)


def measured(browser: Browser) -> None:
    """A measurement is drawn over the picture, and gone when it is taken back."""
    points = "[[20, 20], [90, 20], [90, 90], [20, 90]]"
    state = command(browser, "annotation.create", kind="rectangle", points=points)
    (row,) = state["annotations"]["items"]
    assert {one["name"] for one in row["results"]} >= {"area", "mean"}
    command(browser, "annotation.select", id="")
    yellow = np.array((255, 224, 102))

    def lit(seen: NDArray[np.int16]) -> int:
        return int((np.abs(seen[..., :3] - yellow).max(axis=2) < 40).sum())

    picture_when(browser, "a yellow line", lambda seen: lit(seen) > 100)
    command(browser, "annotation.undo")
    picture_when(browser, "no yellow line", lambda seen: lit(seen) == 0)


def reformatted(browser: Browser) -> None:
    """The three planes are drawn, and go along with the cross-hair."""
    command(browser, "mpr.open")
    state_when(browser, "the planes", lambda one: bool(one["reformat"]))
    first = picture_when(browser, "lit planes", lambda seen: int(seen.max()) > 200)
    command(browser, "stack.scroll", by=2)
    picture_when(browser, "another plane", lambda seen: int(np.abs(seen - first).max()) > 50)
