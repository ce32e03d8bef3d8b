"""Who makes the workers behind the viewer page, and what is said when one of them fails."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.assets.conftest import ROOT
from tests.view.reading import open_viewer, until
from tests.view.site import Site
from tests.view.test_browser import wait_for_frame

SILENCE = 75  # seconds, as in static/viewer/page.js


def names(page: Page) -> list[str]:
    return sorted(one.url.rsplit("/", 1)[1] for one in page.workers)


def test_the_viewers_worker_makes_none_itself(desktop: Page, site: Site) -> None:
    # Firefox has let a worker that makes another wait for ever.
    def without(route: Route) -> None:
        text = (ROOT / "static" / "viewer" / "worker.js").read_text()
        route.fulfill(body="delete self.Worker;" + text, content_type="text/javascript")

    desktop.route("**/viewer/worker.js", without)
    open_viewer(desktop, site, "series=ct")
    wait_for_frame(desktop)
    assert names(desktop) == ["decode-worker.js", "worker.js"]
    assert desktop.workers[0].evaluate("typeof Worker") == "undefined"
    expect(desktop.locator("[data-unshown]")).to_be_hidden()


@pytest.mark.requirement("B-50")
def test_without_a_decoder_each_image_is_named_as_not_shown(desktop: Page, site: Site) -> None:
    desktop.route("**/viewer/decode-worker.js", lambda route: route.abort())
    open_viewer(desktop, site, "series=ct")
    until(desktop, "all tried", lambda state: bool(state["loading"]["complete"]))
    count = len(site.series["ct"][1])
    expect(desktop.locator("[data-unshown]")).to_have_accessible_name(f"{count} 项无法显示")


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
