"""Screenshots of every page at three sizes: `python -m e2e.shots OUT`.

They are taken of a small product of their own; with YINGYUN_SHOTS_HOME set to the data home of a
running `yingyun demo`, of the full demo.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, sync_playwright

from e2e.browser import SIZES, launch, open_context, settled
from e2e.full_demo import full_demo
from e2e.product import Product, running_product
from e2e.signing_in import sign_in
from e2e.site_map import STOPS, Stop

FULL_DEMO = "YINGYUN_SHOTS_HOME"


@contextmanager
def _product() -> Iterator[Product]:
    home = os.environ.get(FULL_DEMO)
    if home:
        yield full_demo(Path(home))
        return
    with tempfile.TemporaryDirectory() as folder, running_product(Path(folder)) as product:
        yield product


def _states(browser: Browser, product: Product) -> dict[str | None, str]:
    """Sign everybody in once; an authenticator's code counts once in 30 s."""
    states: dict[str | None, str] = {}
    for who in sorted({stop.who for stop in STOPS if stop.who}):
        context = open_context(browser, product.base_url, "desktop")
        sign_in(context.new_page(), product.logins[who])
        states[who] = json.dumps(context.storage_state())
        context.close()
    return states


def _take(browser: Browser, product: Product, size: str, stop: Stop, state: str, out: Path) -> None:
    extra = {"storage_state": json.loads(state)} if state else {}
    scale = 1 if size == "desktop" else 2
    context = open_context(browser, product.base_url, size, device_scale_factor=scale, **extra)
    try:
        page = context.new_page()
        stop.go(page, product)
        settled(page)
        page.screenshot(path=out / f"{stop.name}-{size}.png")
    finally:
        context.close()


def main(out: Path) -> int:
    """Take all screenshots; returns how many pages could not be shown."""
    out.mkdir(parents=True, exist_ok=True)
    missed = 0
    with _product() as product, sync_playwright() as playwright:
        browser = launch(playwright)
        states = _states(browser, product)
        for size in SIZES:
            for stop in STOPS:
                try:
                    _take(browser, product, size, stop, states.get(stop.who, ""), out)
                except (Error, AssertionError) as error:
                    missed += 1
                    sys.stderr.write(f"{stop.name}-{size}: {error}\n")
        browser.close()
    return missed


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1])) else 0)
