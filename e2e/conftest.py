"""One running product for all browser tests, and browsers that must not see anything go wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from e2e import browser as browsers
from e2e.browser import Watch, close_context, open_context
from e2e.product import Product, running_product
from e2e.signing_in import sign_in

# A session that nobody used ends after twenty minutes; a whole run takes longer.
SECONDS_UNUSED = 600


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product, with the small demo in it."""
    with running_product(tmp_path_factory.mktemp("product")) as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium, started once."""
    opened = browsers.launch(playwright)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def states(browser: Browser, product: Product) -> Callable[[str], Any]:
    """Gives the cookies of an account that signed in with both factors, as long as it lives."""
    kept: dict[str, Any] = {}
    used: dict[str, float] = {}

    def state(login: str) -> Any:
        now = time.monotonic()
        if login not in kept or now - used[login] > SECONDS_UNUSED:
            context = open_context(browser, product.base_url, "desktop")
            sign_in(context.new_page(), product.logins[login])
            kept[login] = context.storage_state()
            close_context(context)
        used[login] = now
        return kept[login]

    return state


@dataclass
class Visits:
    """Opens browsers for a test, watches them all, and closes them after it."""

    browser: Browser
    product: Product
    states: Callable[[str], Any]
    opened: list[tuple[BrowserContext, Watch]] = field(default_factory=list)

    def open(self, size: str, login: str | None = None, **extra: Any) -> tuple[Page, Watch]:
        """Open a page of a fresh browser, signed in as `login` when one is named."""
        if login is not None:
            extra["storage_state"] = self.states(login)
        context = open_context(self.browser, self.product.base_url, size, **extra)
        watch = Watch()
        watch.follow(context)
        self.opened.append((context, watch))
        return context.new_page(), watch

    def close(self) -> list[str]:
        """Close all, and return what went wrong without being expected."""
        for context, _ in self.opened:
            close_context(context)
        return [one for _, watch in self.opened for one in watch.unexpected()]


@pytest.fixture
def visits(browser: Browser, product: Product, states: Callable[[str], Any]) -> Iterator[Visits]:
    """Browsers of this test; it fails when one of them saw an error that was not expected."""
    opened = Visits(browser, product, states)
    yield opened
    troubles = opened.close()
    assert not troubles, "\n".join(troubles)


@pytest.fixture
def phone(visits: Visits) -> Page:
    """A patient's phone, signed in."""
    return visits.open("phone", "zhang.shifan")[0]


@pytest.fixture
def tablet(visits: Visits) -> Page:
    """A patient's tablet, signed in."""
    return visits.open("tablet", "zhang.shifan")[0]


@pytest.fixture
def desktop(visits: Visits) -> Page:
    """A patient's desktop, signed in."""
    return visits.open("desktop", "zhang.shifan")[0]
