"""Two provinces' centres and the index module, each with a home, a key and an address."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from pydicom.uid import generate_uid
from sqlalchemy import select
from werkzeug.serving import make_server

from portal.app import create_app
from portal.index import create_index_app
from server.cloud import ImageCloud
from server.demo.people import id_number
from server.ingest import ingest_paths
from server.model import Account, RemoteStudy, Report, ReportStatus, Study
from server.outbox import delivery
from server.provinces import announcing, applying, elsewhere
from server.provinces.peers import new_key_pair
from server.settings import Settings
from tests.factories import SignInFacts, make_account, make_institution, make_person
from tests.imaging.conftest import as_file, ct_slice, phantom

ID_NUMBER = id_number(date(1980, 2, 3), 7)
PROVINCES = {"east": ("310000", "东海省"), "west": ("540000", "西山省")}
OpenCloud = Callable[[Settings], ImageCloud]


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_files(folder: Path, ports: dict[str, int]) -> dict[str, Path]:
    """Write keys and files of provinces, so that east, west and index know each other."""
    for name in ports:
        private, public = new_key_pair()
        (folder / f"{name}.key").write_bytes(private)
        (folder / f"{name}.key").chmod(0o600)
        (folder / f"{name}.pub").write_bytes(public)

    def peer(name: str) -> dict[str, Any]:
        code, words = PROVINCES.get(name, ("", ""))
        return {
            "name": name,
            "url": f"http://127.0.0.1:{ports[name]}",
            "public_key_file": f"{name}.pub",
            "province_code": code,
            "province_name": words,
        }

    files = {}
    for name in ports:
        content = {
            "name": name,
            "private_key_file": f"{name}.key",
            "centres": [peer(one) for one in PROVINCES if one != name],
        }
        if name != "index":
            content["index"] = peer("index")
        files[name] = folder / f"{name}.json"
        files[name].write_text(json.dumps(content), encoding="utf-8")
    return files


@dataclass
class Centre:
    """A province's centre (or the index module), as a test sees it."""

    name: str
    cloud: ImageCloud
    url: str
    app: Flask
    patient: SignInFacts | None = None

    def empty_outbox(self) -> int:
        """Do what the worker does every minute."""
        announcing.announce_news(self.cloud)
        return delivery.deliver(self.cloud)

    def make_patient(self) -> SignInFacts:
        """Add the one insured person whom every province knows by the same ID number."""
        person = make_person(self.cloud, "张三丰", id_number=ID_NUMBER)
        self.patient = make_account(self.cloud, person=person)
        return self.patient

    def take_study(
        self,
        folder: Path,
        *,
        slices: int = 3,
        reviewed: bool = True,
        description: str = "胸部CT",
        id_number: str = ID_NUMBER,
        study_date: str = "20260504",
    ) -> str:
        """Receive a CT of that person, with a report; return its study_id."""
        code, words = PROVINCES[self.name]
        hospital = make_institution(
            self.cloud, name=f"{words}人民医院", province_code=code, province_name=words
        )
        write_ct(
            folder,
            slices=slices,
            description=description,
            id_number=id_number,
            study_date=study_date,
        )
        summary = ingest_paths(self.cloud, [folder], institution_code=hospital.code)
        assert not summary.rejected, summary.rejected
        with self.cloud.database.session() as session:
            study = session.get_one(Study, summary.study_ids[0])
            session.add(
                Report(
                    study_id=study.study_id,
                    status=ReportStatus.REVIEWED if reviewed else ReportStatus.DRAFT,
                    findings="双肺纹理清晰",
                    impression="未见异常",
                    exam_item=description,
                )
            )
        return study.study_id

    def ask_elsewhere(self) -> list[RemoteStudy]:
        """Ask what other provinces hold of the person."""
        assert self.patient is not None and self.patient.person_id is not None
        elsewhere.refresh(self.cloud, {self.patient.person_id})
        with self.cloud.database.session() as session:
            return list(elsewhere.studies_elsewhere(session, {self.patient.person_id}))

    def apply(self, remote_study_id: str) -> None:
        """Apply for a study as the page does, without starting the job."""
        assert self.patient is not None
        with self.cloud.database.session() as session:
            account = session.get_one(Account, self.patient.account_id)
            remote = session.get_one(RemoteStudy, remote_study_id)
            applying.apply(session, account, remote)

    def study(self, description: str = "胸部CT") -> Study | None:
        with self.cloud.database.session() as session:
            return session.scalar(select(Study).where(Study.description == description))


def write_ct(
    folder: Path,
    *,
    slices: int,
    description: str,
    id_number: str = ID_NUMBER,
    study_date: str = "20260504",
) -> None:
    """Write the DICOM files of one series of that person."""
    folder.mkdir(parents=True, exist_ok=True)
    study_uid, series_uid = generate_uid(), generate_uid()
    for number in range(1, slices + 1):
        dataset = ct_slice(
            phantom(number),
            number,
            series_uid,
            StudyInstanceUID=study_uid,
            StudyDate=study_date,
            StudyTime="101500",
            StudyDescription=description,
            SpecificCharacterSet="ISO_IR 192",
            PatientID=id_number,
            PatientName="张三丰",
            PatientSex="M",
            BodyPartExamined="CHEST",
            Manufacturer="样例医疗",
            ManufacturerModelName="CT-1",
        )
        (folder / f"{number}.dcm").write_bytes(as_file(dataset))


@dataclass
class Country:
    """All of them, running."""

    east: Centre
    west: Centre
    index: Centre


@contextmanager
def listening(app: Flask, port: int) -> Iterator[None]:
    """Serve an application over HTTP until the end of the block."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running_country(folder: Path, settings: Settings, open_cloud: OpenCloud) -> Iterator[Country]:
    """Serve east, west and the index module, each knowing the others, to the end of the block."""
    ports = {name: free_port() for name in ("east", "west", "index")}
    files = write_files(folder, ports)
    centres = {
        name: open_centre(name, settings, files[name], ports[name], open_cloud) for name in ports
    }
    with ExitStack() as stack:
        for name, centre in centres.items():
            stack.enter_context(listening(centre.app, ports[name]))
        yield Country(**centres)


def open_centre(
    name: str, settings: Settings, file: Path, port: int, open_cloud: OpenCloud
) -> Centre:
    """Open one centre, or the index module, in a home of its own."""
    url = f"http://127.0.0.1:{port}"
    own = settings_of(name, settings, file, url)
    cloud = open_cloud(own)
    app = create_index_app(cloud) if name == "index" else create_app(cloud)
    return Centre(name, cloud, url, app)


def settings_of(name: str, settings: Settings, file: Path, url: str) -> Settings:
    home = settings.home / name
    return replace(
        settings,
        home=home,
        database_url=f"sqlite:///{home / 'yingyun.db'}",
        object_store_url=(home / "objects").as_uri(),
        master_key_file=home / "secrets" / "master.key",
        base_url=url,
        region_code=PROVINCES.get(name, ("000000", ""))[0],
        provinces_file=file,
    )
