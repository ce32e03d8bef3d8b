"""The viewers side by side: where each answers, and how large a window gives it equal views."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from bench.browser import SOFTWARE_GL, chromium
from bench.peers import peer, series
from bench.product import Product, running

PAGE = Path(__file__).with_name("page")
DETECTOR = PAGE / "first_image.js"
VIEW = 768  # CSS pixels each way, the stack's view of every viewer
SEVERAL = 804  # the same for three views of 400 with a line between them
PEER_WINDOW = (1280, 900)
STAGE_BOX = """() => {
  const { width, height } = document.querySelector("[data-stage]").getBoundingClientRect();
  return [width, height];
}"""
TRIES = 4
SECONDS_TO_OPEN = 120


@dataclass(frozen=True)
class Viewer:
    """A viewer that is served: its page, what a visitor brings, and the scripts that drive it."""

    name: str
    port: int
    path: str
    cookies: tuple[Any, ...] = ()
    scripts: tuple[Path, ...] = (PAGE / "steps.js",)
    window: tuple[int, int] = PEER_WINDOW
    window_of_three: tuple[int, int] = PEER_WINDOW


def dicom_page(product: Product) -> str:
    """Return the address of the study's DICOM page, as it is after the confirmation."""
    return f"/studies/{product.study_id}/dicom?confirmed=1"


def window_for(product: Product, side: int, executable: str, command: str = "") -> tuple[int, int]:
    """Return the window in which the stage of our page is a square of `side` CSS pixels.

    `command` is carried out first: some bring more controls, which take room.
    """
    wide, high = PEER_WINDOW
    with sync_playwright() as playwright, chromium(executable, SOFTWARE_GL) as (debugging, _):
        context = playwright.chromium.connect_over_cdp(debugging).contexts[0]
        context.add_cookies(list(product.cookies))
        page = context.new_page()
        page.goto(product.address + dicom_page(product), wait_until="domcontentloaded")
        if command:
            page.set_default_timeout(SECONDS_TO_OPEN * 1000)
            page.evaluate("(name) => yingyun.command(name).then(() => true)", command)
        for _try in range(TRIES):
            page.set_viewport_size({"width": wide, "height": high})
            width, height = page.evaluate(STAGE_BOX)
            wide, high = wide + side - round(width), high + side - round(height)
    return wide, high


@contextmanager
def side_by_side(home: Path, folder: Path, executable: str) -> Iterator[tuple[Viewer, Viewer]]:
    """Serve the product and cornerstone3D with the same series; yields both viewers, ours first."""
    code, lies = peer.build(folder), series.write_files(folder / "series")
    series.fill_home(home)
    with ExitStack() as stack:
        product = stack.enter_context(running(home, series.DESCRIPTION, executable))
        port = stack.enter_context(peer.serving(code, lies))
        ours = Viewer(
            "Yingyun",
            product.port,
            dicom_page(product),
            tuple(product.cookies),
            (PAGE / "steps.js", PAGE / "ours.js"),
            window_for(product, VIEW, executable),
            window_for(product, SEVERAL, executable, "mpr.open"),
        )
        yield ours, Viewer("cornerstone3D", port, "/index.html")
