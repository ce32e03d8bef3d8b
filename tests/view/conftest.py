"""The state that most tests start from; the browser, its pages and the site that they look at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright

from server.assets.bundle import build_viewer_bundle
from server.assets.catalog import AssetCatalog
from tests.assets.conftest import built_assets as built_assets
from tests.view.reading import DESKTOP, PHONE, SOFTWARE_GL
from tests.view.samples import make_series, open_state
from tests.view.site import Site
from viewer_py.view.state import ViewerState


@pytest.fixture
def state() -> ViewerState:
    """A CT of 20 frames and an MR of 5, the CT open on its middle frame."""
    return open_state(make_series(), make_series("b", frames=5, modality="MR"))


@pytest.fixture(scope="module")
def catalog(built_assets: Path) -> AssetCatalog:
    """The built assets, with today's viewer_py among them."""
    build_viewer_bundle(built_assets, built_assets.parent / "cache")
    return AssetCatalog(built_assets)


@pytest.fixture(scope="module")
def site(catalog: AssetCatalog) -> Iterator[Site]:
    """The viewer page with its usual series."""
    with Site(catalog).serving() as served:
        yield served


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium, whose WebGL is software."""
    executable = shutil.which("chromium")
    assert executable, "chromium is missing: run `make system`"
    opened = playwright.chromium.launch(
        executable_path=executable, args=["--no-sandbox", *SOFTWARE_GL]
    )
    yield opened
    opened.close()


@pytest.fixture
def desktop(browser: Browser) -> Iterator[Page]:
    """A page of a desktop's size that remembers nothing."""
    page = browser.new_page(viewport=DESKTOP)
    yield page
    page.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page of a phone's size, for fingers."""
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    yield context.new_page()
    context.close()
