"""The viewer page where Python cannot come back from its snapshot: slower, and all is there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route

from server.assets.catalog import LATER_NAMES
from tests.assets.conftest import ROOT
from tests.view.reading import DESKTOP, open_viewer, still
from tests.view.site import Site
from tests.view.test_browser import expected, wait_for_frame

SLOWLY = "快速启动在此浏览器中不可用"
WORDS_SHOWN = """
window.words = [];
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  window.words.push(document.querySelector("[data-viewer]").innerText);
}).observe(document.body, { subtree: true, childList: true, characterData: true }));
"""


@pytest.fixture
def desktop(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=DESKTOP)  # one that has remembered nothing
    page = context.new_page()
    page.add_init_script(WORDS_SHOWN)
    yield page
    context.close()


def spoil(page: Page, *, table: bool) -> None:
    """Make the restore fail: at the function table, or with one wrong byte of the snapshot."""
    if table:
        old, new = "table.length > length", "true"
        script = (ROOT / "static" / "viewer" / "snapshot.js").read_text()
        assert script.count(old) == 1
        body = script.replace(old, new)
        page.context.route(
            "**/viewer/snapshot.js",
            lambda route: route.fulfill(body=body, content_type="text/javascript"),
        )
        return

    def wrong_byte(route: Route) -> None:
        response = route.fetch()
        body = bytearray(response.body())
        body[len(body) // 2] ^= 1
        route.fulfill(body=bytes(body))

    page.context.route("**/viewer-*.snapshot", wrong_byte)


def loaded(page: Page) -> set[str]:
    """Return the paths that the page's workers have asked for."""
    names = "performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname)"
    return {name for worker in page.workers for name in worker.evaluate(names)}


def archives(site: Site) -> set[str]:
    return {site.catalog.url(name) for name in LATER_NAMES.values()}


def assert_right_picture(page: Page, site: Site) -> None:
    wait_for_frame(page)
    state = page.evaluate("window.yingyun.state()")
    picture = still(page)
    difference = np.abs(picture - expected(site, state, *picture.shape[:2]))
    assert difference.max() <= 1


@pytest.mark.requirement("B-16", "G-05")
@pytest.mark.parametrize("table", [True, False], ids=["another table", "a wrong byte"])
def test_the_picture_is_right_without_the_snapshot_and_it_is_remembered(
    desktop: Page, site: Site, table: bool
) -> None:
    said: list[str] = []
    desktop.on("console", lambda message: said.append(message.text))
    spoil(desktop, table=table)
    open_viewer(desktop, site, "renderer=numpy")
    assert_right_picture(desktop, site)
    assert archives(site) <= loaded(desktop)
    assert any(SLOWLY in words for words in desktop.evaluate("window.words"))
    reason = "another function table" if table else "is damaged"
    assert any("snapshot" in words and reason in words for words in said)

    desktop.reload()
    desktop.evaluate("window.yingyun.ready")
    assert_right_picture(desktop, site)
    assert not {name for name in loaded(desktop) if name.endswith(".snapshot")}


def test_another_version_of_the_snapshots_is_tried(desktop: Page, site: Site) -> None:
    old = "localStorage.setItem('yingyun:slow-start', new Date().toDateString() + ' /assets/old')"
    desktop.add_init_script(old)
    open_viewer(desktop, site, "renderer=numpy")
    assert not archives(site) & loaded(desktop)
    assert not any(SLOWLY in words for words in desktop.evaluate("window.words"))
