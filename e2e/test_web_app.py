"""The portal as an installed app: Chromium would install it, and it keeps nothing of a person."""

from __future__ import annotations

from playwright.sync_api import expect

from e2e.conftest import Visits
from e2e.test_service_worker import KEPT, KEYS, warmed_pictures


def test_chromium_would_install_it(visits: Visits) -> None:
    page, _ = visits.open("phone")
    page.goto("/login")
    browser = page.context.new_cdp_session(page)
    manifest = browser.send("Page.getAppManifest")
    assert manifest["url"].endswith("/app.webmanifest")
    assert manifest["errors"] == []
    found = browser.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {one["errorId"] for one in found} <= {"in-incognito"}


def test_a_walk_leaves_only_files_that_are_the_same_for_everyone(visits: Visits) -> None:
    """Without a network nothing of a person is left to be shown."""
    page = warmed_pictures(visits, "ERR_INTERNET_DISCONNECTED")
    for address in ("/studies", "/account", "/shares", "/authorisations"):
        page.goto(address)
        expect(page.locator("h1").first).to_be_visible()
    page.goto(f"/studies/{visits.product.studies['ct']}/report")
    kept = page.evaluate(KEYS)
    paths = [url.partition("://")[2].partition("/")[2] for url in kept]
    assert len(paths) > 3
    assert [path for path in paths if not KEPT.match(f"/{path}")] == []
    page.context.set_offline(True)
    page.goto("/studies")
    expect(page.get_by_role("heading", name="没有网络，无法打开页面")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("张")
