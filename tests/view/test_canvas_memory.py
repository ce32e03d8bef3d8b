"""What the page keeps in memory for a picture: one canvas of its size, and not the first one."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.view.reading import open_viewer, until
from tests.view.site import Site

CANVASES = """() => Object.fromEntries([...document.querySelectorAll("[data-canvas]")].map(
  (canvas) => [canvas.dataset.canvas, canvas.width * canvas.height]))"""
ONE_HAS_A_SIZE = f"""() => {{
  const pixels = Object.values(({CANVASES})());
  return pixels.filter((count) => count > 1).length === 1;
}}"""


def test_only_the_canvas_that_is_seen_has_a_size(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site)
    until(desktop, "the painters compared", lambda state: "stack" in state["measured"])
    desktop.wait_for_function(ONE_HAS_A_SIZE)
    seen = desktop.locator("[data-canvas]:not([hidden])")
    expect(seen).to_have_count(1)
    pixels = desktop.evaluate(CANVASES)
    assert pixels[seen.get_attribute("data-canvas") or ""] > 1, pixels


def test_the_servers_first_picture_is_given_up_once_python_has_drawn(
    desktop: Page, site: Site
) -> None:
    site.release.clear()
    desktop.goto(f"{site.address}/x/dicom")
    expect(desktop.locator("[data-first-image]")).to_have_count(1)
    site.release.set()
    expect(desktop.locator("[data-first-image]")).to_have_count(0, timeout=60_000)
