"""The product as it is run: real processes on a free port, a small demo, its jobs done."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from server import accounts, consent
from server import settings as settings_module
from server.assets.catalog import MANIFEST_NAME
from server.cloud import ImageCloud, open_cloud, upgrade_database
from server.demo import catalogue, load_demo, samples
from server.demo.catalogue import DemoStudy
from server.demo.dicom.ct import CtSeries
from server.demo.dicom.dx import DxSeries
from server.demo.dicom.identity import unique_id
from server.demo.people import ABROAD, CITY, LOGINS, PATIENT, PROVINCIAL
from server.model import Account, Institution, Person, Role, Study

ROOT = Path(__file__).resolve().parents[1]
WORKERS = 2
SECONDS_TO_START = 180.0
# Where doctors may send to; nobody listens there.
NODES = [
    {"name": "会诊工作站", "ae_title": "READER", "host": "127.0.0.1", "port": 4},
    {"name": "上级医院 PACS", "ae_title": "PACS", "host": "127.0.0.1", "port": 5, "tls": True},
]
# Each way of signing in gets an account of its own, because an authenticator's code counts once.
TRAVELLERS = (
    "journey.phone",
    "journey.desktop",
    "journey.plain",
    "journey.webkit-webgl2",
    "journey.webkit-numpy",
    "journey.firefox-webgl2",
    "journey.firefox-numpy",
)
# Who reviews what the doctors of the city hospital opened without their patients' answer.
REVIEWER = "reviewer.city"
TRAVELLER_PASSWORD = "Kx7!blaue-Wolke"


@dataclass(frozen=True)
class Login:
    """What one account signs in with."""

    login: str
    password: str
    totp_secret: str


@dataclass(frozen=True)
class Product:
    """A running product and what is in it; `cloud` is a second door to the same data home.

    `studies` gives study ids: ct, dx, us, draft are the patient's own, mr the spouse's, pet the
    parent's, with slices enough for planes; stranger is nobody's family, nor is emergency.
    """

    base_url: str
    cloud: ImageCloud
    logins: Mapping[str, Login]
    studies: Mapping[str, str]


def asset_folder() -> Path:
    """Return the built assets. Raises RuntimeError when they are missing."""
    folder = Path(os.environ.get("YINGYUN_ASSETS_DIR", ROOT / "var" / "assets")).resolve()
    if not (folder / MANIFEST_NAME).exists():
        raise RuntimeError(f"{folder} has no assets: run `make assets` first")
    return folder


def free_port() -> int:
    """Return a port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(home: Path, port: int) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("YINGYUN_")}
    return kept | {
        "YINGYUN_HOME": str(home),
        "YINGYUN_ASSETS_DIR": str(asset_folder()),
        "YINGYUN_BASE_URL": f"http://127.0.0.1:{port}",
        "YINGYUN_REGION_CODE": PROVINCIAL.province_code,
        "YINGYUN_DEVELOPMENT": "1",
        "YINGYUN_DICOM_NODES_FILE": str(home / "nodes.json"),
        "PYTHONPATH": str(ROOT),
    }


def open_home(environ: Mapping[str, str]) -> ImageCloud:
    """Open the cloud so that jobs are done before the call that enqueues them returns."""
    settings = settings_module.load(environ)
    settings.home.mkdir(parents=True, exist_ok=True)
    if settings.dicom_nodes_file is not None:
        settings.dicom_nodes_file.write_text(json.dumps(NODES), encoding="utf-8")
    upgrade_database(settings)
    return open_cloud(settings, immediate=True)


def _add_travellers(cloud: ImageCloud) -> dict[str, Login]:
    made = {}
    with cloud.database.session() as session:
        wanted = select(Person).where(Person.person_code == PATIENT.person_code)
        person = session.scalars(wanted).one()
        for login in TRAVELLERS:
            new = accounts.create_account(
                cloud,
                session,
                login=login,
                password=TRAVELLER_PASSWORD,
                role=Role.PATIENT,
                person=person,
            )
            made[login] = Login(login, TRAVELLER_PASSWORD, new.totp_secret)
    return made


def _add_reviewer(cloud: ImageCloud) -> Login:
    with cloud.database.session() as session:
        hospital = session.scalars(select(Institution).where(Institution.code == CITY.code)).one()
        new = accounts.create_account(
            cloud,
            session,
            login=REVIEWER,
            password=TRAVELLER_PASSWORD,
            role=Role.INSTITUTION_ADMINISTRATOR,
            institution=hospital,
        )
        consent.give(session, new.account, version=consent.current_policy().version)
    return Login(REVIEWER, TRAVELLER_PASSWORD, new.totp_secret)


def _consent(cloud: ImageCloud) -> None:
    """Let the demo's own accounts have consented; the travellers do so on their way."""
    version = consent.current_policy().version
    with cloud.database.session() as session:
        for one in LOGINS:
            account = session.scalars(select(Account).where(Account.login == one.login)).one()
            consent.give(session, account, version=version)


def _ct_of_two_series() -> DemoStudy:
    study = samples.small_ct()
    plain = next(plan for plan in study.series if isinstance(plan, CtSeries))
    series = catalogue.ct_header("contrast", 3, "胸部增强", "CHEST", "胸部增强")
    contrast = dataclasses.replace(plain, series=series, contrast=True, count=8)
    return dataclasses.replace(study, series=(plain, contrast))


def _from_elsewhere(study: DemoStudy) -> DemoStudy:
    """Return the study as if made in another province (A-10)."""
    header = dataclasses.replace(study.header, hospital=ABROAD)
    plans = tuple(
        dataclasses.replace(plan, study=header)
        for plan in study.series
        if isinstance(plan, DxSeries)
    )
    return dataclasses.replace(study, header=header, series=plans)


def _fill(cloud: ImageCloud) -> tuple[dict[str, Login], dict[str, str]]:
    small = {
        "ct": _ct_of_two_series(),
        "mr": samples.small_mr(),
        "dx": _from_elsewhere(samples.small_dx()),
        "us": samples.small_us(),
        "pet": samples.small_pet_ct(slices=56),
        "draft": samples.small_draft(),
        "stranger": samples.small_stranger(),
        "emergency": samples.small_emergency(),
    }
    summary = load_demo(cloud, studies=tuple(small.values()), shipped=False)
    logins = {
        one.login: Login(one.login, one.password, one.totp_secret) for one in summary.accounts
    }
    with cloud.database.session() as session:
        by_uid = {one.study_uid: one.study_id for one in session.scalars(select(Study))}
    studies = {name: by_uid[str(unique_id(one.header.key))] for name, one in small.items()}
    _consent(cloud)
    logins |= _add_travellers(cloud) | {REVIEWER: _add_reviewer(cloud)}
    return logins, studies


def _wait_until_ready(base_url: str, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise RuntimeError(f"the portal ended by itself with {child.returncode}")
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{base_url}/readyz", timeout=5).close()
            return
        time.sleep(0.2)
    raise RuntimeError("the portal did not become ready")


@contextlib.contextmanager
def running_product(home: Path) -> Iterator[Product]:
    """Fill a data home with the small demo, serve it with gunicorn, and stop it at the end."""
    port = free_port()
    environ = _environment(home, port)
    cloud = open_home(environ)
    logins, studies = _fill(cloud)
    command = [
        sys.executable, "-m", "portal", "serve",
        "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS),
    ]  # fmt: skip
    with (home / "portal.log").open("wb") as log:
        child = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=log, stderr=log)
        try:
            base_url = environ["YINGYUN_BASE_URL"]
            _wait_until_ready(base_url, child)
            yield Product(base_url, cloud, logins, studies)
        finally:
            child.terminate()
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
