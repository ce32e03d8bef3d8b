"""WebKit as Debian has it: GTK's small browser, driven by its own WebDriver on a screen of air."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from e2e.engines import air
from e2e.engines.reader import SECONDS, WINDOW, NotYetError

DRIVER = "WebKitWebDriver"
BROWSERS = "/usr/lib"
ANSWER = """const answer = arguments[arguments.length - 1];
(async () => [await (%s)])().then(
  (value) => answer(JSON.stringify(value)), (error) => answer({ error: String(error) }));"""


def executable() -> Path | None:
    """Return the small browser that comes with the driver, wherever this processor has it."""
    return next(Path(BROWSERS).glob("*/webkit2gtk-4.*/MiniBrowser"), None)


def available() -> bool:
    """Tell whether all that is needed is installed."""
    return bool(shutil.which(DRIVER)) and executable() is not None and air.available()


class WebKit:
    """One tab of a WebKit."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        driver.set_script_timeout(SECONDS)
        driver.set_window_size(*WINDOW)

    def open(self, address: str) -> None:
        """Go to an address and wait until its document is read."""
        self._driver.get(address)

    def evaluate(self, expression: str) -> Any:
        """Return what an expression comes to. Raises NotYetError, RuntimeError."""
        try:
            answer = self._driver.execute_async_script(ANSWER % expression)
        except JavascriptException as error:
            raise RuntimeError(str(error)) from error
        except WebDriverException as error:
            raise NotYetError(str(error)) from error
        if isinstance(answer, dict):
            raise RuntimeError(answer["error"])
        return json.loads(answer)[0]

    def click(self, selector: str) -> None:
        """Click an element."""
        self._driver.find_element(By.CSS_SELECTOR, selector).click()

    def write(self, selector: str, text: str) -> None:
        """Type into a field."""
        self._driver.find_element(By.CSS_SELECTOR, selector).send_keys(text)

    def press(self, key: str) -> None:
        """Press a key."""
        ActionChains(self._driver).send_keys(key).perform()

    def screenshot(self) -> bytes:
        """Return what the window shows, as PNG."""
        return bytes(self._driver.get_screenshot_as_png())


@contextmanager
def running(webgl: bool) -> Iterator[WebKit]:
    """Start a WebKit with or without WebGL, on a screen of its own; end both afterwards."""
    with air.screen() as display:
        options = Options()
        options.binary_location = str(executable())
        options.add_argument("--automation")
        options.add_argument(f"--enable-webgl={str(webgl).lower()}")
        environ = os.environ | {"DISPLAY": display, "LANG": "zh_CN.UTF-8"}
        service = Service(shutil.which(DRIVER), env=environ)
        driver = webdriver.WebKitGTK(options=options, service=service)
        try:
            yield WebKit(driver)
        finally:
            driver.quit()
