"""Who makes the workers behind the viewer page, and what is said when one of them fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.assets.conftest import ROOT
from tests.view.reading import open_viewer, until
from tests.view.site import Site
from tests.view.test_browser import wait_for_frame

SILENCE = 75  # seconds, as in static/viewer/page.js
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"
PYTHON_STARTED = '[data-viewer][data-python="started"]'
NOTE_WORKERS = """
window.made = [];
window.Worker = class extends Worker {
  constructor(address, options) {
    super(address, options);
    window.made.push(String(address));
  }
};
"""


def names(page: Page) -> list[str]:
    return sorted(one.url.rsplit("/", 1)[1] for one in page.workers)


@pytest.fixture
def firefox_by_name(browser: Browser) -> Iterator[Page]:
    """Chromium under Firefox's name."""
    page = browser.new_page(user_agent=FIREFOX)
    yield page
    page.close()


def shown(page: Page, site: Site) -> list[str]:
    """Open the viewer, wait for all images; return the workers that the page itself has made."""
    page.add_init_script(NOTE_WORKERS)
    open_viewer(page, site, "series=ct")
    wait_for_frame(page)
    expect(page.locator("[data-unshown]")).to_be_hidden()
    return [one.rsplit("/", 1)[1] for one in page.evaluate("window.made")]


def test_the_worker_makes_its_decoders_itself(desktop: Page, site: Site) -> None:
    assert shown(desktop, site) == ["worker.js"]


def test_firefox_where_that_can_take_for_ever_has_the_page_make_them(
    firefox_by_name: Page, site: Site
) -> None:
    assert shown(firefox_by_name, site) == ["worker.js", "decode-worker.js"]


def test_where_workers_cannot_make_workers_the_page_does(desktop: Page, site: Site) -> None:
    def without(route: Route) -> None:
        text = (ROOT / "static" / "viewer" / "worker.js").read_text()
        route.fulfill(body="delete self.Worker;" + text, content_type="text/javascript")

    desktop.route("**/viewer/worker.js", without)
    assert shown(desktop, site) == ["worker.js", "decode-worker.js"]
    assert desktop.workers[0].evaluate("typeof Worker") == "undefined"


@pytest.mark.requirement("B-50")
def test_without_a_decoder_each_image_is_named_as_not_shown(
    firefox_by_name: Page, site: Site
) -> None:
    page = firefox_by_name  # whose decoders can be held back here
    page.route("**/viewer/decode-worker.js", lambda route: route.abort())
    open_viewer(page, site, "series=ct")
    until(page, "all tried", lambda state: bool(state["loading"]["complete"]))
    count = len(site.series["ct"][1])
    expect(page.locator("[data-unshown]")).to_have_accessible_name(f"{count} 项无法显示")


def test_images_are_waited_for_longer_than_python(desktop: Page, site: Site) -> None:
    desktop.route("**/frames?**", lambda route: None)  # no network, as in a lift
    desktop.clock.install()
    desktop.goto(f"{site.address}/x/dicom?series=ct")
    for _ in range(300):
        desktop.clock.run_for(100)
        if desktop.locator(PYTHON_STARTED).count():
            break
        desktop.wait_for_timeout(100)
    expect(desktop.locator(PYTHON_STARTED)).to_have_count(1)
    desktop.clock.run_for((SILENCE + 5) * 1000)
    expect(desktop.locator("[data-failure]")).to_be_hidden()
    expect(desktop.locator("[data-viewer]")).not_to_have_attribute("data-interactive", "true")
    assert "worker.js" in names(desktop)


@pytest.mark.requirement("A-49")
def test_a_worker_that_hangs_is_said_and_ended(desktop: Page, site: Site) -> None:
    desktop.route(
        "**/viewer/worker.js",
        lambda route: route.fulfill(body="for (;;);", content_type="text/javascript"),
    )
    desktop.clock.install()
    desktop.goto(f"{site.address}/x/dicom")
    assert names(desktop) == ["worker.js"]
    failure = desktop.locator("[data-failure]")
    desktop.clock.run_for((SILENCE - 1) * 1000)
    expect(failure).to_be_hidden()
    desktop.clock.run_for(5000)
    expect(failure).to_contain_text("长时间没有响应")
    expect(failure).to_contain_text("does not answer")
    expect(failure.locator("a")).to_have_attribute("href", "/x")
    expect(desktop.locator("[data-progress]")).to_be_hidden()
    for _ in range(100):  # what does not listen is ended after a while
        if not names(desktop):
            break
        desktop.wait_for_timeout(100)
    assert not names(desktop)
