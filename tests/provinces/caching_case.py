"""A hospital of the east with its system and its front machine, and patients of both provinces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import requests
from pydicom import Dataset
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context
from sqlalchemy import select

from server import clients, clock
from server.alarms import open_alarms
from server.authorisations.caching import TEXT_VERSION
from server.cache_applications import searching
from server.clients import Scope
from server.demo.people import id_number
from server.dimse.contexts import STUDY_ROOT_FIND, STUDY_ROOT_MOVE
from server.gateway.clearing import clear_away
from server.gateway.configuration import GatewaySettings
from server.gateway.service import Gateway
from server.ingest import ingest_paths
from server.model import (
    AuditEvent,
    Authorisation,
    AuthorisationMethod,
    AuthorisationState,
    CacheApplication,
    CacheItem,
    CachingConsent,
    CarePurpose,
    IndexAnswer,
    Instance,
    Institution,
    Role,
    Series,
    Study,
)
from server.provinces import elsewhere
from tests.factories import make_account, make_institution, make_person
from tests.provinces.case import PROVINCES, Centre, Country, write_ct

CT = "1.2.840.10008.5.1.4.1.1.2"
STATION = "WS1"
_people = count(1)


@dataclass(frozen=True)
class Insured:
    """One insured person: his number everywhere, and who he is in the east."""

    number: str
    east_id: int


@dataclass
class Hospital:
    """The hospital, as its system and its front machine act for it."""

    country: Country
    folder: Path
    machine: Gateway
    settings: GatewaySettings
    institution_id: int
    doctor_id: int
    credentials: tuple[str, str]
    searches: list[str] = field(default_factory=list)

    @property
    def east(self) -> Centre:
        return self.country.east

    def insure(self) -> Insured:
        """Add somebody whom both provinces know by the same number."""
        number = id_number(date(1980, 2, 3), 2 * next(_people) + 1)
        person = make_person(self.east.cloud, "张三丰", id_number=number)
        make_person(self.country.west.cloud, "张三丰", id_number=number)
        return Insured(number, person.id)

    def studies(self, insured: Insured, **of: str) -> dict[str, str]:
        """Let centres have studies of somebody, day by centre's name; return their UIDs."""
        uids = {}
        for name, day in of.items():
            centre: Centre = getattr(self.country, name)
            made = centre.take_study(
                self.folder / f"{name}-{insured.east_id}",
                description=f"{name}检查",
                id_number=insured.number,
                study_date=day,
            )
            with centre.cloud.database.session() as session:
                uids[name] = session.get_one(Study, made).study_uid
        self.country.west.empty_outbox()
        return uids

    def own_study(self, insured: Insured) -> str:
        """Let the hospital itself have examined somebody, under its own number; return the UID."""
        folder = self.folder / f"own-{insured.east_id}"
        write_ct(folder, slices=3, description="本院检查", id_number=f"P{insured.east_id}")
        with self.east.cloud.database.session() as session:
            code = session.get_one(Institution, self.institution_id).code
        made = ingest_paths(
            self.east.cloud, [folder], institution_code=code, person_id=insured.east_id
        )
        with self.east.cloud.database.session() as session:
            return session.get_one(Study, made.study_ids[0]).study_uid

    def call(self, path: str, sent: dict[str, Any], status: int = 200) -> dict[str, Any]:
        """Call the centre's API as the hospital's system does."""
        token = requests.post(
            f"{self.east.url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=self.credentials,
            timeout=30,
        ).json()["access_token"]
        answer = requests.post(
            f"{self.east.url}/api/v1{path}",
            json=sent,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def confirm(self, insured: Insured, encounter: str = "V1") -> None:
        """Let somebody confirm at the desk that his history may be cached."""
        who = {"patient_id": f"P{insured.east_id}", "id_number": insured.number}
        sent = {"patient": who, "encounter": encounter, "version": TEXT_VERSION}
        self.call("/caching-consents", sent, 201)

    def register(
        self, insured: Insured, visit_at: datetime, encounter: str = "V1"
    ) -> dict[str, Any]:
        """Register a visit."""
        return self.call(
            "/registrations",
            {
                "patient_id": f"P{insured.east_id}",
                "name": "张三丰",
                "certificate": {"certificate_type": "01", "certificate_number": insured.number},
                "encounter": encounter,
                "department": "呼吸内科",
                "visit_type": "outpatient",
                "visit_at": visit_at.isoformat(),
            },
        )

    def authorise(self, insured: Insured, hours: int = 24) -> str:
        """Let somebody authorise the hospital's doctor, who accepts the notice."""
        with self.east.cloud.database.session() as session:
            given = Authorisation(
                person_id=insured.east_id,
                institution_id=self.institution_id,
                account_id=self.doctor_id,
                purpose=CarePurpose.OUTPATIENT,
                method=AuthorisationMethod.SMS_CODE,
                state=AuthorisationState.APPROVED,
                answer_by=clock.now(),
                decided_at=clock.now(),
                expires_at=clock.now() + timedelta(hours=hours),
                notice_accepted_at=clock.now(),
            )
            session.add(given)
        return given.authorisation_id

    def end_periods(self) -> None:
        """Do what the front machine does every ten minutes."""
        clear_away(self.machine.spool, self.machine.spool.rules()[0])
        self.machine.caching.end_periods()

    def application(self, told: dict[str, Any]) -> CacheApplication:
        with self.east.cloud.database.session() as session:
            return session.get_one(CacheApplication, told["application_id"])

    def items(self, told: dict[str, Any]) -> list[CacheItem]:
        with self.east.cloud.database.session() as session:
            return list(
                session.scalars(
                    select(CacheItem).where(CacheItem.application_id == told["application_id"])
                )
            )

    def held(self, uid: str) -> int:
        """Return how many objects of a study lie at the front machine."""
        return len(self.machine.spool.of_study(uid))


def stored(centre: Centre, uid: str) -> int:
    """Return how many objects of a study a centre keeps."""
    with centre.cloud.database.session() as session:
        wanted = select(Instance).join(Series).join(Study).where(Study.study_uid == uid)
        return len(session.scalars(wanted).all())


def asked_of_index(country: Country) -> int:
    """Return how often the index module was asked for a person."""
    return events(country.index, "index.query")


def events(centre: Centre, event: str) -> int:
    with centre.cloud.database.session() as session:
        return len(session.scalars(select(AuditEvent).where(AuditEvent.event == event)).all())


def forget_answers(centre: Centre) -> None:
    """Let the next question to the index be asked, however fresh the last answer is."""
    with centre.cloud.database.session() as session:
        for one in session.scalars(select(IndexAnswer)):
            one.asked_at -= elsewhere.FRESH


def alarms(hospital: Hospital) -> set[str]:
    with hospital.east.cloud.database.session() as session:
        return {one.subject for one in open_alarms(session, "caching_failed")}


def search(hospital: Hospital, *, last: bool = False) -> None:
    """Do the search that the last registration ordered."""
    searching.attempt(hospital.east.cloud, hospital.searches[-1], last=last)


def withdraw(hospital: Hospital, person_id: int) -> None:
    """End what a person agreed to for front machines."""
    with hospital.east.cloud.database.session() as session:
        for one in session.scalars(
            select(CachingConsent).where(CachingConsent.person_id == person_id)
        ):
            one.withdrawn_at = clock.now()


def make_hospital(country: Country, folder: Path) -> Hospital:
    """Register the hospital's system and its front machine; jobs wait until a test does them."""
    east = country.east
    code, words = PROVINCES["east"]
    institution = make_institution(
        east.cloud, name="接诊医院", province_code=code, province_name=words
    )
    doctor = make_account(east.cloud, "dr", role=Role.DOCTOR, institution=institution)
    with east.cloud.database.session() as session:
        made = [
            clients.register(
                session,
                institution=session.merge(institution, load=False),
                name=name,
                origins=[],
                scopes=scopes,
            )
            for name, scopes in (
                ("HIS", [Scope.REGISTRATION, Scope.CONSENT_WRITE]),
                ("前置机", [Scope.DICOMWEB_STORE, Scope.DICOMWEB_READ, Scope.GATEWAY]),
            )
        ]
        his, (machine, secret) = [(one.client.client_id, one.secret) for one in made]
    settings = GatewaySettings(
        folder / "gateway", east.url, machine, secret, pacs_file=folder / "nodes.json"
    )
    gateway = Gateway(settings)
    gateway.spool.keep_rules({"least_free_megabytes": 1}, 0)
    return Hospital(country, folder, gateway, settings, institution.id, doctor.account_id, his)


@dataclass
class Station:
    """A doctor's station: it asks the front machine, and receives what it sends."""

    port: int
    title: str
    received: list[str] = field(default_factory=list)

    def find(self, patient_id: str) -> set[str]:
        """Return the studies of a patient that the front machine shows."""
        wanted = Dataset()
        wanted.QueryRetrieveLevel, wanted.PatientID = "STUDY", patient_id
        wanted.StudyInstanceUID = ""
        with self._asking(STUDY_ROOT_FIND) as association:
            answers = list(association.send_c_find(wanted, STUDY_ROOT_FIND))
        assert answers[-1][0].Status == 0, answers[-1]
        return {str(one.StudyInstanceUID) for _, one in answers if one is not None}

    def move(self, study_uid: str) -> int:
        """Have a study sent here; return how many objects came."""
        before = len(self.received)
        wanted = Dataset()
        wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", study_uid
        with self._asking(STUDY_ROOT_MOVE) as association:
            answers = list(association.send_c_move(wanted, STATION, STUDY_ROOT_MOVE))
        assert answers[-1][0].Status == 0, answers[-1]
        return len(self.received) - before

    @contextmanager
    def _asking(self, sop_class: str) -> Iterator[Any]:
        association = AE(STATION).associate(
            "127.0.0.1", self.port, contexts=[build_context(sop_class)], ae_title=self.title
        )
        assert association.is_established
        try:
            yield association
        finally:
            association.release()


@contextmanager
def station(hospital: Hospital, port: int) -> Iterator[Station]:
    """Start a station that the front machine, listening at a port, knows."""
    found = Station(port, "YINGYUNGW")

    def keep(event: evt.Event) -> int:
        found.received.append(str(event.request.AffectedSOPInstanceUID))
        return 0

    entity = AE(STATION)
    entity.add_supported_context(CT)
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)]
    )
    assert server is not None
    node = {
        "name": "诊室", "ae_title": STATION, "host": "127.0.0.1",
        "port": server.server_address[1],
    }  # fmt: skip
    (hospital.folder / "nodes.json").write_text(json.dumps([node]), encoding="utf-8")
    try:
        yield found
    finally:
        server.shutdown()
