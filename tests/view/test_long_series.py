"""A series longer than a phone has memory for, in a real browser: no slice is lost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from server.assets.catalog import AssetCatalog
from tests.view.reading import command, open_viewer, state_of, until
from tests.view.samples import make_series
from tests.view.site import Site
from viewer_py.browser.budget import PHONE

SIDE = 512
SLICES = 80  # 40 MiB
STOPS = (0, 20, 50, 79, 60, 30, 0)
# Counts how often the words are put over the picture.
WATCH = """
window.announced = 0;
const words = document.querySelector("[data-waiting]");
const count = () => (window.announced += !words.hidden);
new MutationObserver(count).observe(words, { attributes: true });"""


@pytest.fixture(scope="module")
def long_site(catalog: AssetCatalog) -> Iterator[Site]:
    served = Site(catalog)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    stored = np.stack([(x + y) // 8 + 10 * k - 600 for k in range(SLICES)]).astype(np.int16)
    series = make_series("long", frames=SLICES, rows=SIDE, columns=SIDE)
    served.series["long"] = (series, stored)
    with served.serving():
        yield served


@pytest.mark.requirement("D-47")
def test_a_phone_scrolls_through_more_slices_than_it_can_hold(phone: Page, long_site: Site) -> None:
    state = open_viewer(phone, long_site, "series=long&renderer=numpy")
    phone.evaluate("window.still = true")
    capacity = state["loading"]["capacity"]
    assert 0 < capacity < SLICES and PHONE.frames < SIDE * SIDE * 2 * SLICES
    for stop in STOPS:
        command(phone, "stack.go", frame=stop)
        expect(phone.locator("[data-stage]")).to_have_attribute("aria-busy", "false")
        loading = state_of(phone)["loading"]
        assert loading["loaded"] <= loading["capacity"] == capacity
        assert loading["allocated_bytes"] <= PHONE.frames
        assert state_of(phone)["frame_index"] == stop and not loading["failed"]
    until(phone, "loaded", lambda state: state["loading"]["complete"])
    # What lies around the reader is in the cache: no request is needed to go on reading.
    asked = len(long_site.asked)
    for _ in range(8):
        command(phone, "stack.scroll", by=1)
        expect(phone.locator("[data-stage]")).to_have_attribute("aria-busy", "false", timeout=1)
    assert len(long_site.asked) == asked
    assert phone.evaluate("window.still")  # the page was never loaded anew


def test_waiting_is_announced_when_it_is_long(
    phone: Page, long_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(series_id: str, wanted: list[int]) -> Iterator[bytes]:
        long_site.release.wait(20)
        yield from Site.stream(long_site, series_id, wanted)

    stage, words = phone.locator("[data-stage]"), phone.locator("[data-waiting]")
    open_viewer(phone, long_site, "series=long&renderer=numpy")
    until(phone, "loaded", lambda state: state["loading"]["complete"])
    phone.evaluate(f"(() => {{ {WATCH} }})()")
    for _ in range(8):
        command(phone, "stack.scroll", by=1)
        expect(stage).to_have_attribute("aria-busy", "false")
    assert phone.evaluate("window.announced") == 0
    monkeypatch.setattr(long_site, "stream", held)
    long_site.release.clear()
    command(phone, "stack.go", frame=SLICES - 1)
    expect(words).to_be_visible()
    expect(stage).to_have_attribute("aria-busy", "true")
    long_site.release.set()
    expect(stage).to_have_attribute("aria-busy", "false")
    expect(words).to_be_hidden()


def test_no_frame_is_asked_for_twice_while_it_is_in_memory(phone: Page, long_site: Site) -> None:
    long_site.asked.clear()
    open_viewer(phone, long_site, "series=long&renderer=numpy")
    until(phone, "loaded", lambda state: state["loading"]["complete"])
    wanted = [
        index
        for query in long_site.asked
        for part in query.split("wanted=")[1].split("&")[0].split(",")
        for index in range(int(part.split("-")[0]), int(part.split("-")[1]) + 1)
    ]
    assert len(wanted) == len(set(wanted)) == state_of(phone)["loading"]["capacity"]
