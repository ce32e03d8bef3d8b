"""Measure a busy hour: people who read and front machines that upload, at the same time (G-11).

    python -m bench.load [--readers 100] [--uploaders 4] [--seconds 300] [--home DIR]

Portal (two workers) and job worker run as they are, on the embedded engines. Each reader has a
session of his own; again and again he asks for something and looks at it for a second: the time
line, a study's page, or (mostly) another picture of it. Each uploader sends new DICOM objects of
one study after the other by STOW-RS, as fast as they are taken. The clients run on the same
machine and take part of its processors. Prints the figures; `--write` puts them into
docs/performance.md.
"""

from __future__ import annotations

import argparse
import http.client
import io
import itertools
import os
import random
import secrets
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid
from sqlalchemy import func, select

from bench.document import PERFORMANCE, write
from bench.product import ROOT, data_home, fill, free_port, wait_for_health
from portal.sessions import SESSION
from server import clients, consent
from server import settings as settings_module
from server.accounts.sessions import EntryKind, open_session
from server.clients import Scope, tokens
from server.cloud import ImageCloud, open_cloud
from server.demo.people import PATIENT, PROVINCIAL
from server.model import Account, Instance, Institution, Person, Series

STUDY = "胸部CT平扫"
THINKING_SECONDS = 1.0
OBJECTS_A_STUDY = 20
SHARES = (("timeline", 1), ("study", 2), ("picture", 12))


@dataclass
class Tally:
    """What one kind of request came to. Seconds of the answers, and how many were none."""

    seconds: list[float] = field(default_factory=list)
    size: int = 0
    refused: int = 0

    def line(self, name: str, duration: float) -> str:
        """Return the row of a table."""
        if not self.seconds:
            return f"| {name} | 0 | – | – | – | – | {self.refused} |"
        cuts = statistics.quantiles(self.seconds, n=100)
        rate = len(self.seconds) / duration
        return (
            f"| {name} | {len(self.seconds)} | {rate:.1f} | {cuts[49] * 1000:.0f} | "
            f"{cuts[94] * 1000:.0f} | {cuts[98] * 1000:.0f} | {self.refused} |"
        )


class Busy:
    """Clients in threads, until told to stop."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.tallies: dict[str, Tally] = {}
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def ask(
        self, connection: http.client.HTTPConnection, name: str, method: str, path: str,
        body: bytes | None = None, headers: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Ask, read all of the answer, and count it."""
        began = time.perf_counter()
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            size = len(answer.read())
            fine = answer.status == http.client.OK
        except (OSError, http.client.HTTPException):
            connection.close()
            fine, size = False, 0
        seconds = time.perf_counter() - began
        with self._lock:
            tally = self.tallies.setdefault(name, Tally())
            if fine:
                tally.seconds.append(seconds)
                tally.size += size
            else:
                tally.refused += 1

    def read(self, token: str, paths: dict[str, list[str]]) -> None:
        """Be one reader."""
        chance = random.Random(token)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        kinds, weights = zip(*SHARES, strict=True)
        self._stop.wait(chance.random() * THINKING_SECONDS)
        while not self._stop.is_set():
            kind = chance.choices(kinds, weights)[0]
            self.ask(connection, kind, "GET", chance.choice(paths[kind]),
                     headers={"Cookie": f"{SESSION}={token}"})  # fmt: skip
            self._stop.wait(THINKING_SECONDS)

    def upload(self, token: str) -> None:
        """Be one front machine."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        source = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
        boundary = secrets.token_hex(16)
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Accept": "application/dicom+json",
        }
        for number in itertools.count():
            if self._stop.is_set():
                return
            if number % OBJECTS_A_STUDY == 0:
                source.StudyInstanceUID, source.SeriesInstanceUID = generate_uid(), generate_uid()
                source.PatientID = secrets.token_hex(6)
            source.SOPInstanceUID = source.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            source.InstanceNumber = number % OBJECTS_A_STUDY + 1
            data = io.BytesIO()
            source.save_as(data)
            body = (
                f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
                + data.getvalue()
                + f"\r\n--{boundary}--\r\n".encode()
            )
            self.ask(connection, "upload", "POST", "/dicom-web/studies", body, headers)

    def run(self, jobs: list[Callable[[], None]], seconds: float) -> float:
        """Do all jobs at once for so long; return how long it was."""
        threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self._stop.set()
        duration = time.perf_counter() - began
        for thread in threads:
            thread.join()
        return duration


def reader_tokens(cloud: ImageCloud, count: int) -> list[str]:
    """Sign the demo's patient in so many times."""
    with cloud.database.session() as session:
        account = session.scalars(
            select(Account)
            .join(Person, Person.id == Account.person_id)
            .where(Person.person_code == PATIENT.person_code)
        ).one()
        if consent.needs_consent(session, account):
            consent.give(session, account, version=consent.current_policy().version)
        return [
            open_session(cloud, session, account, source="127.0.0.1", device="bench",
                         entry_kind=EntryKind.WEB)
            for _ in range(count)
        ]  # fmt: skip


def uploader_tokens(cloud: ImageCloud, count: int) -> list[str]:
    """Register so many front machines of one hospital; return a token for each."""
    made = []
    with cloud.database.session() as session:
        hospital = session.scalars(
            select(Institution).where(Institution.code == PROVINCIAL.code)
        ).one()
        for number in range(count):
            machine = clients.register(
                session, institution=hospital, name=f"bench {number}", origins=[],
                scopes=[Scope.DICOMWEB_STORE],
            )  # fmt: skip
            token = secrets.token_urlsafe(32)
            tokens.issue(session, machine.client.client_id, token, [Scope.DICOMWEB_STORE],
                         source="127.0.0.1")  # fmt: skip
            made.append(token)
    return made


def paths_of(cloud: ImageCloud, study_id: str) -> dict[str, list[str]]:
    """Return what readers look at."""
    with cloud.database.session() as session:
        series = session.scalars(select(Series).where(Series.study_id == study_id)).first()
        if series is None:
            raise SystemExit("the study has no series")
        frames = range(series.frame_count or 1)
        base = f"/studies/{study_id}"
        return {
            "timeline": ["/studies"],
            "study": [base],
            "picture": [f"{base}/series/{series.series_id}/pictures/{one}/full" for one in frames],
        }


@contextmanager
def served(home: Path, port: int) -> Iterator[None]:
    """Run portal and job worker."""
    environ = os.environ | {
        "YINGYUN_HOME": str(home),
        "YINGYUN_BASE_URL": f"http://127.0.0.1:{port}",
        "YINGYUN_ASSETS_DIR": str(settings_module.load().assets_dir),
    }
    start = [sys.executable, "-m", "portal"]
    serve = [*start, "serve", "--bind", f"127.0.0.1:{port}", "--workers", "2"]
    quiet = {"cwd": ROOT, "env": environ, "stderr": subprocess.DEVNULL}
    with (
        subprocess.Popen(serve, **quiet) as portal,  # type: ignore[call-overload]
        subprocess.Popen([*start, "worker"], **quiet) as worker,  # type: ignore[call-overload]
    ):
        try:
            wait_for_health(port, portal)
            yield
        finally:
            portal.terminate()
            worker.terminate()


def main() -> None:
    """Run the measurement and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--uploaders", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with data_home(options.home) as home:
        study_id = fill(home, STUDY)
        settings = replace(
            settings_module.load({"YINGYUN_HOME": str(home)}),
            assets_dir=settings_module.load().assets_dir,
        )
        cloud = open_cloud(settings)
        readers = reader_tokens(cloud, options.readers)
        machines = uploader_tokens(cloud, options.uploaders)
        paths = paths_of(cloud, study_id)
        before = _instances(cloud)
        port = free_port()
        busy = Busy(port)
        with served(home, port):
            duration = busy.run(
                [*(lambda one=one: busy.read(one, paths) for one in readers),
                 *(lambda one=one: busy.upload(one) for one in machines)],
                options.seconds,
            )  # fmt: skip
        stored = _instances(cloud) - before
    text = table(busy, duration, options, stored, load)
    print(text)
    if options.write:
        write(PERFORMANCE, "load", text)


def table(
    busy: Busy, duration: float, options: argparse.Namespace, stored: int, load: float
) -> str:
    """Return the figures as Markdown."""
    acknowledged = len(busy.tallies.get("upload", Tally()).seconds)
    lines = [
        f"{options.readers} readers, {options.uploaders} uploaders, {duration:.0f} s, "
        f"{os.cpu_count()} cores for server and clients together, load before {load:.1f}. "
        f"Acknowledged objects: {acknowledged}; found in the database afterwards: {stored}.",
        "",
        "| request | answered | a second | median ms | 95 % ms | 99 % ms | not answered |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(tally.line(name, duration) for name, tally in sorted(busy.tallies.items())),
    ]
    return "\n".join(lines)


def _instances(cloud: ImageCloud) -> int:
    with cloud.database.session() as session:
        return session.scalar(select(func.count()).select_from(Instance)) or 0


if __name__ == "__main__":
    main()
