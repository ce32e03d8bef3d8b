"""The product as people get it, started to be measured: data home, web process, cookies."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyotp
from playwright.sync_api import sync_playwright
from sqlalchemy import select

from bench.browser import chromium
from server import settings as settings_module
from server.assets import build
from server.cloud import open_cloud, upgrade_database
from server.demo import load_demo
from server.demo.people import PATIENT
from server.imaging.prepare import prepare_study
from server.model import Person, Study

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_HEALTH = 60
ACCOUNTS = Path("secrets") / "demo-accounts.json"


@dataclass(frozen=True)
class Product:
    """A running product and what a visitor needs."""

    port: int
    study_id: str
    cookies: list[Any]

    @property
    def address(self) -> str:
        """Where it answers, without a slow line before it."""
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def data_home(given: Path | None) -> Iterator[Path]:
    """Yield the data home that was given, or one that is removed afterwards."""
    if given is not None:
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="yingyun-bench-") as made:
        yield Path(made)


def fill(home: Path, description: str) -> str:
    """Load the demo where there is none, prepare a study of its patient, return its study_id."""
    settings = replace(
        settings_module.load({"YINGYUN_HOME": str(home)}),
        assets_dir=settings_module.load().assets_dir,
    )
    build(settings.assets_dir, settings.assets_dir.parent / "asset-cache", print)
    upgrade_database(settings)
    cloud = open_cloud(settings)
    if not (home / ACCOUNTS).exists():
        load_demo(cloud)
    with cloud.database.session() as session:
        wanted = (
            select(Study.study_id)
            .join(Person, Person.id == Study.person_id)
            .where(Study.description == description, Person.person_code == PATIENT.person_code)
        )
        study_id = session.scalars(wanted).first()
    if study_id is None:
        raise SystemExit(f"the demo's patient has no study called {description}")
    prepare_study(cloud, study_id)
    return study_id


@contextlib.contextmanager
def running(home: Path, description: str, chromium_path: str) -> Iterator[Product]:
    """Serve the portal on a free port, sign the first patient in, stop it at the end."""
    study_id = fill(home, description)
    port = free_port()
    environ = os.environ | {
        "YINGYUN_HOME": str(home),
        "YINGYUN_BASE_URL": f"http://127.0.0.1:{port}",
        "YINGYUN_ASSETS_DIR": str(settings_module.load().assets_dir),
        "YINGYUN_LOGIN_TRIES": "50",
    }
    command = [sys.executable, "-m", "portal", "serve", "--bind", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, env=environ, cwd=ROOT, stderr=subprocess.DEVNULL) as child:
        try:
            wait_for_health(port, child)
            account = json.loads((home / ACCOUNTS).read_text())[0]
            cookies = _sign_in(f"http://127.0.0.1:{port}", account, chromium_path)
            yield Product(port, study_id, cookies)
        finally:
            child.terminate()


def free_port() -> int:
    """Return a port that nobody uses just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for_health(port: int, child: subprocess.Popen[bytes]) -> None:
    """Wait until the portal answers. Raises RuntimeError when it does not start."""
    deadline = time.monotonic() + SECONDS_TO_HEALTH
    while time.monotonic() < deadline and child.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2)
            return
        time.sleep(0.2)
    raise RuntimeError("the portal did not start")


def _sign_in(address: str, account: dict[str, str], executable: str) -> list[Any]:
    """Sign in as a person does, in a browser of its own; return the cookies."""
    with sync_playwright() as playwright, chromium(executable) as (debugging, _):
        context = playwright.chromium.connect_over_cdp(debugging).contexts[0]
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.goto(f"{address}/login")
        page.fill("[name=login]", account["login"])
        page.fill("[name=password]", account["password"])
        page.click("form:has([name=password]) button[type=submit]")
        page.wait_for_selector("[name=code]")
        page.fill("[name=code]", pyotp.TOTP(account["totp_secret"]).now())
        with page.expect_navigation():
            page.click("form:has([name=code]) button[type=submit]")
        if "/consent" in page.url:
            with page.expect_navigation():
                page.click("button[value=agree]")
        return list(context.cookies())
