"""The service worker in the product: keeps files, never anything of a study, and may be absent."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from e2e.browser import state_of, until
from e2e.conftest import Visits

KEPT = re.compile(r"/(assets/|static/v-[0-9a-f]+/|offline$)")
WARMED = "() => performance.getEntriesByName('yingyun:runtime-warmed').length > 0"
KEYS = """async () => {
  const found = [];
  for (const name of await caches.keys())
    for (const { url } of await (await caches.open(name)).keys()) found.push(url);
  return found;
}"""
REPLACE = """async () => {
  await (await caches.open("yingyun-files-before")).put("/assets/old.js", new Response("old"));
  const registration = await navigator.serviceWorker.register("/service-worker.js?v=next");
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  while (worker.state !== "activated") await new Promise((done) => setTimeout(done, 50));
  return await caches.keys();
}"""


def warmed_pictures(visits: Visits, *expected: str, **extra: str) -> Page:
    """Open the JPG page of the CT and wait until it has warmed the viewer."""
    page, watch = visits.open("desktop", "zhang.shifan", **extra)
    watch.expect(*expected)
    page.goto(f"/studies/{visits.product.studies['ct']}", wait_until="load")
    page.locator("[data-dicom]").hover()  # who is about to press it does not wait for quiet
    page.wait_for_function(WARMED, timeout=60_000)
    return page


def read_dicom(page: Page) -> None:
    """Go on to DICOM and wait until all of the series is there."""
    page.locator("[data-dicom]").click()
    page.get_by_role("dialog").get_by_role("link", name="继续调阅").click()
    page.wait_for_url("**/dicom?**")
    page.evaluate("window.yingyun.ready")
    until(page, "all frames loaded", lambda one: one["loading"]["complete"])


@pytest.mark.requirement("G-05")
def test_only_files_without_people_are_kept(visits: Visits) -> None:
    page = warmed_pictures(visits)
    read_dicom(page)
    assert page.evaluate("Boolean(navigator.serviceWorker.controller)")
    kept = [urlsplit(url).path for url in page.evaluate(KEYS)]
    assert any(path.endswith(".snapshot") for path in kept)
    assert "/offline" in kept
    assert [path for path in kept if not KEPT.match(path)] == []
    assert visits.product.studies["ct"] not in " ".join(kept)


def test_a_new_version_takes_the_place_of_the_old(visits: Visits) -> None:
    page = warmed_pictures(visits)
    assert page.evaluate(REPLACE) == ["yingyun-files-next"]


def test_without_a_network_the_page_says_so(visits: Visits) -> None:
    page = warmed_pictures(visits, "ERR_INTERNET_DISCONNECTED")
    page.wait_for_function("() => Boolean(navigator.serviceWorker.controller)")
    page.context.set_offline(True)
    page.goto("/studies")
    expect(page.get_by_role("heading", name="没有网络，无法打开页面")).to_be_visible()
    expect(page.get_by_text("There is no network.")).to_be_visible()
    page.context.set_offline(False)
    page.reload()
    expect(page.get_by_role("heading", name="没有网络，无法打开页面")).to_have_count(0)


def test_all_works_where_no_service_worker_may_be(visits: Visits) -> None:
    page = warmed_pictures(visits, service_workers="block")
    read_dicom(page)
    assert page.evaluate("navigator.serviceWorker.controller") is None
    assert state_of(page)["python"].startswith("3.")


@pytest.mark.requirement("G-05")
def test_nothing_needs_cross_origin_isolation(visits: Visits) -> None:
    page = warmed_pictures(visits)
    read_dicom(page)
    assert page.evaluate("crossOriginIsolated") is False
    assert page.evaluate("typeof SharedArrayBuffer") == "undefined"
