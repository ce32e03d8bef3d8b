"""Two provinces' centres and the index module as they run: processes, homes, keys of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from e2e.product import ROOT, Login, _wait_until_ready, asset_folder, open_home
from portal.app import create_app
from server.jobs.queue import JobQueue
from server.model import CacheRequest
from tests.provinces.case import PROVINCES, Centre, free_port, write_files

SECONDS = 90.0  # a machine that does much besides starts workers slowly


@dataclass
class RunningCentre:
    """A centre as a test sees it: its data home, its address, its processes."""

    centre: Centre
    environ: dict[str, str]
    web: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None

    @property
    def queue(self) -> JobQueue:
        """The queue that the worker works off."""
        queue = JobQueue(self.centre.cloud.settings)
        queue.attach(self.centre.cloud)
        return queue

    @property
    def login(self) -> Login:
        """What the patient signs in with."""
        assert self.centre.patient is not None
        facts = self.centre.patient
        return Login(facts.login, facts.password, facts.totp_secret)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `yingyun` with these arguments in a process group of its own."""
        home = Path(self.environ["YINGYUN_HOME"])
        with (home / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "portal", *arguments],
                env=self.environ, cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill_worker(self) -> None:
        """End the worker and its children without a word of warning."""
        assert self.worker is not None
        os.killpg(self.worker.pid, signal.SIGKILL)
        self.worker.wait()

    def request(self, remote_study_id: str) -> CacheRequest | None:
        """Return how far a copy is."""
        with self.centre.cloud.database.session() as session:
            return session.scalar(
                select(CacheRequest).where(CacheRequest.remote_study_id == remote_study_id)
            )


@dataclass
class RunningCountry:
    """All of them, running."""

    east: RunningCentre
    west: RunningCentre
    index: RunningCentre


def until(what: str, condition: Callable[[], bool], pause: float = 0.02) -> None:
    """Wait until something holds. Raises AssertionError."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(pause)


def _environment(name: str, home: Path, file: Path, port: int) -> dict[str, str]:
    kept = {key: text for key, text in os.environ.items() if not key.startswith("YINGYUN_")}
    return kept | {
        "YINGYUN_HOME": str(home),
        "YINGYUN_ASSETS_DIR": str(asset_folder()),
        "YINGYUN_BASE_URL": f"http://127.0.0.1:{port}",
        "YINGYUN_REGION_CODE": PROVINCES.get(name, ("000000", ""))[0],
        "YINGYUN_PROVINCES_FILE": str(file),
        "PYTHONPATH": str(ROOT),
    }


def _open(name: str, environ: dict[str, str]) -> RunningCentre:
    """Make a home; what this process does in it is done at once."""
    cloud = open_home(environ)
    centre = Centre(name, cloud, cloud.settings.base_url, create_app(cloud))
    return RunningCentre(centre, environ)


def _start_web(one: RunningCentre, command: str, port: int) -> None:
    one.web = one.start(command, "--bind", f"127.0.0.1:{port}", "--workers", "1")


def _wait_for(one: RunningCentre) -> None:
    assert one.web is not None
    _wait_until_ready(one.centre.url, one.web)


@contextlib.contextmanager
def running_country(
    folder: Path, fill: Callable[[RunningCountry], None]
) -> Iterator[RunningCountry]:
    """Make the homes, fill them, serve all, and stop all at the end."""
    ports = {name: free_port() for name in ("east", "west", "index")}
    files = write_files(folder, ports)
    made = {
        name: _open(name, _environment(name, folder / name, files[name], port))
        for name, port in ports.items()
    }
    country = RunningCountry(**made)
    fill(country)
    try:
        _start_web(country.index, "index", ports["index"])
        for one in (country.east, country.west):
            _start_web(one, "serve", ports[one.centre.name])
        _wait_for(country.index)
        for one in (country.east, country.west):
            one.worker = one.start("worker")
        for one in (country.east, country.west):
            _wait_for(one)
        yield country
    finally:
        for one in made.values():
            for child in (one.web, one.worker):
                if child is not None and child.poll() is None:
                    os.killpg(child.pid, signal.SIGTERM)
        for one in made.values():
            for child in (one.web, one.worker):
                if child is not None:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        child.wait(15)
                    if child.poll() is None:
                        os.killpg(child.pid, signal.SIGKILL)
                        child.wait()
