"""The regional platform's index of an examination: asked for, kept, and used to call images."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask, Response, request
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.serving import make_server

from portal.app import create_app
from server import alarms, clock, outbox
from server.clients import Scope
from server.cloud import ImageCloud, open_cloud
from server.master_index import PlatformFileError, assign, delivery, load_platform
from server.master_index.client import PlatformClient, PlatformUnavailableError
from server.model import (
    Authorisation,
    AuthorisationMethod,
    AuthorisationState,
    CarePurpose,
    MasterIndex,
    OutboxEntry,
    OutboxState,
    Role,
    Study,
)
from server.outbox import ledger
from server.settings import Settings
from tests.certificates import certificate
from tests.dicomweb.case import DICOM_PARTS, parts_of, read, running_launch
from tests.factories import make_account
from tests.provinces.case import free_port
from tests.records.case import ACCESSION, ID_NUMBER, RecordsCase, chest, exam, make_records_case
from tests.records.platform import HealthPlatform, running, write_file

OpenCloud = Callable[[Settings], ImageCloud]
SCOPES = (Scope.RECORDS_WRITE, Scope.MASTER_INDEX_WRITE)


@pytest.fixture
def platform() -> HealthPlatform:
    """A platform that is not running yet."""
    return HealthPlatform(port=free_port())


@pytest.fixture
def configured(settings: Settings, platform: HealthPlatform) -> Settings:
    """Settings that name the platform."""
    return replace(settings, health_platform_file=write_file(settings.home, platform.port))


@pytest.fixture
def region(configured: Settings, open_test_cloud: OpenCloud) -> RecordsCase:
    """A hospital whose one examination of a known person is stored."""
    cloud = open_test_cloud(configured)
    case = make_records_case(create_app(cloud), cloud, SCOPES)
    case.send(chest())
    assert case.post("/exams", exam()).status_code == 200
    return case


def entries(cloud: ImageCloud) -> list[MasterIndex]:
    with cloud.database.session() as session:
        return list(session.scalars(select(MasterIndex).order_by(MasterIndex.entered_at)))


def waiting(cloud: ImageCloud) -> list[OutboxEntry]:
    with cloud.database.session() as session:
        return list(
            session.scalars(
                select(OutboxEntry).where(
                    OutboxEntry.kind == outbox.MASTER_INDEX,
                    OutboxEntry.state != OutboxState.ACCEPTED,
                )
            )
        )


def open_alarms(cloud: ImageCloud) -> int:
    with cloud.database.session() as session:
        return len(alarms.open_alarms(session, delivery.SILENT_ALARM))


@pytest.mark.requirement("D-36")
def test_an_examination_gets_its_index_whatever_happens_on_the_way(
    region: RecordsCase, configured: Settings, platform: HealthPlatform
) -> None:
    now = clock.now()
    assert delivery.tend(region.cloud) == 0, "the platform is down"
    assert len(waiting(region.cloud)) == 1
    again = open_cloud(configured, immediate=True)  # the process was started anew
    with running(platform):
        assert delivery.tend(again) == 0, "it waits its time"
        with time_machine.travel(now + ledger.FIRST_PAUSE + timedelta(seconds=5)):
            platform.status = 503
            assert delivery.tend(again) == 0
        platform.status, platform.loses_answers = 200, 1
        assert open_alarms(again) == 0, "it may be a short fault"
        with time_machine.travel(now + timedelta(minutes=5)):
            assert delivery.tend(again) == 0, "the answer is lost"
        assert open_alarms(again) == 1
        with time_machine.travel(now + timedelta(minutes=10)):
            assert delivery.tend(again) == 1
            assert delivery.tend(again) == 0, "nothing is left"
    assert open_alarms(again) == 0
    (entry,) = entries(again)
    assert platform.indexes == {entry.entry_id: entry.platform_index}
    assert set(platform.keys) == {entry.entry_id}, "a repetition is known as one"
    assert platform.asked[-1] == {
        "entry_id": entry.entry_id,
        "institution_code": region.institution.code,
        "certificate_type": "01",
        "certificate_number": ID_NUMBER,
        "accession_number": ACCESSION,
        "image_access_address": "http://127.0.0.1:8000/api/v1/master-index/"
        f"{entry.entry_id}/images",
    }
    assert waiting(again) == []
    told = region.post(
        "/master-index/assignments",
        {"entry_id": entry.entry_id, "master_index": entry.platform_index},
    )
    assert told.get_json() == {"result": "same"}, "the platform may tell it twice"


@pytest.mark.requirement("D-36")
def test_the_platform_may_tell_the_index_later_and_it_never_changes(
    region: RecordsCase, platform: HealthPlatform
) -> None:
    platform.status = 202
    with running(platform):
        assert delivery.tend(region.cloud) == 1
    (entry,) = entries(region.cloud)
    assert entry.platform_index is None

    def tell(index: str, entry_id: str = entry.entry_id) -> tuple[int, str]:
        body = {"entry_id": entry_id, "master_index": index}
        answer = region.post("/master-index/assignments", body)
        said = answer.get_json()
        return answer.status_code, said.get("result") or said["type"]

    assert tell("QY1", "unknown")[0] == 404
    assert tell("QY1") == (200, "assigned")
    assert tell("QY1") == (200, "same")
    assert tell("QY2") == (409, "urn:yingyun:master-index-other")
    (kept,) = entries(region.cloud)
    assert (kept.platform_index, kept.assigned_at is not None) == ("QY1", True)
    with region.cloud.database.session() as session:
        other = MasterIndex(
            institution_id=kept.institution_id,
            id_number_hash=kept.id_number_hash,
            accession_number="another",
            person_id=kept.person_id,
        )
        session.add(other)
        session.flush()
        assert assign(session, other.entry_id, "QY1", actor_kind="x", actor="x") == "taken"


@pytest.mark.requirement("D-36")
def test_a_refusal_for_good_is_kept_and_on_record(
    region: RecordsCase, platform: HealthPlatform
) -> None:
    platform.status = 422
    with running(platform):
        assert delivery.tend(region.cloud) == 0
    (kept,) = waiting(region.cloud)
    assert (kept.state, kept.failure) == (OutboxState.REFUSED, "status_422")


@pytest.mark.requirement("D-36")
def test_institution_identity_and_accession_are_one_examination(
    region: RecordsCase, platform: HealthPlatform
) -> None:
    region.send(chest(StudyDescription="三维重建"))  # a second study of the same examination
    region.send(chest(AccessionNumber="A101"))
    with region.cloud.database.session() as session:
        person_id = session.scalars(select(Study.person_id).where(Study.person_id.is_not(None)))
        known = next(iter(person_id))
        for study in session.scalars(select(Study)):
            study.person_id = known
    with running(platform):
        assert delivery.tend(region.cloud) == 2
    kept = entries(region.cloud)
    assert {one.accession_number for one in kept} == {ACCESSION, "A101"}
    assert ID_NUMBER not in {value for one in kept for value in vars(one).values()}
    twin = {
        name: getattr(kept[0], name)
        for name in ("institution_id", "id_number_hash", "accession_number", "person_id")
    }
    with pytest.raises(IntegrityError), region.cloud.database.session() as session:
        session.add(MasterIndex(**twin))
    index = next(one.platform_index for one in kept if one.accession_number == ACCESSION)
    found = region.post("/master-index/images", {"master_index": index}).get_json()
    assert len(found["studies"]) == 2


@pytest.mark.requirement("D-36", "A-35")
def test_images_are_called_by_the_index_and_no_byte_without_the_patient(
    region: RecordsCase, platform: HealthPlatform
) -> None:
    with running(platform):
        delivery.tend(region.cloud)
    (entry,) = entries(region.cloud)
    by_index = {"master_index": entry.platform_index}
    own = region.post("/master-index/images", by_index).get_json()
    assert own["studies"][0]["image_count"] == 2
    other = make_records_case(region.pacs.app, region.cloud, [])
    assert other.post("/master-index/images", by_index).status_code == 404
    doctor = make_account(region.cloud, "dr.other", role=Role.DOCTOR, institution=other.institution)
    launch_id = running_launch(region.cloud, other.pacs, doctor.account_id, entry.person_id)
    in_launch = {"Yingyun-Launch": launch_id}
    address = f"/master-index/{entry.entry_id}/images"
    images = f"/studies/{own['studies'][0]['study_uid']}"

    def statuses() -> tuple[int, int]:
        told = other.get(address, **in_launch).status_code
        return told, other.pacs.get(images, DICOM_PARTS, **in_launch).status_code

    assert statuses() == (404, 404), "no consent, no bytes"
    given = authorise(other, doctor.account_id, entry.person_id)
    assert statuses() == (200, 200)
    sent = other.pacs.get(images, DICOM_PARTS, **in_launch)
    assert {read(one).StudyInstanceUID for one in parts_of(sent)} == {images.rpartition("/")[2]}
    assert other.get(address).status_code == 404, "outside the launch there is no consent"
    with region.cloud.database.session() as session:
        session.get_one(Authorisation, given).state = AuthorisationState.WITHDRAWN
    assert statuses() == (404, 404)


def authorise(case: RecordsCase, account_id: int, person_id: int) -> str:
    """Let a doctor read a person's history, as a written form does; the notice is accepted."""
    now = clock.now()
    with case.cloud.database.session() as session:
        made = Authorisation(
            person_id=person_id,
            institution_id=case.institution.id,
            account_id=account_id,
            encounter="V1",
            purpose=CarePurpose.OUTPATIENT,
            method=AuthorisationMethod.WRITTEN,
            state=AuthorisationState.APPROVED,
            answer_by=now,
            decided_at=now,
            expires_at=now + timedelta(hours=1),
            notice_accepted_at=now,
        )
        session.add(made)
        session.flush()
        return made.authorisation_id


@pytest.mark.requirement("D-36")
def test_mutual_tls(tmp_path: Path) -> None:
    ours, our_key = certificate(tmp_path, "ours")
    theirs, their_key = certificate(tmp_path, "theirs")
    app = Flask("platform")

    @app.post("/indexes")
    def give() -> Response:
        number = request.get_json()["entry_id"]
        return Response(json.dumps({"entry_id": number, "master_index": "QY9"}), 201)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(ours))
    context.load_cert_chain(theirs, their_key)
    context.verify_mode = ssl.CERT_REQUIRED
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=context)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    facts: dict[str, Any] = {
        "url": f"https://127.0.0.1:{server.server_port}/indexes",
        "mutual_tls": {"certificate_file": ours.name, "key_file": our_key.name},
        "authorities_file": theirs.name,
    }
    (tmp_path / "platform.json").write_text(json.dumps(facts), encoding="utf-8")
    found = load_platform(tmp_path / "platform.json")
    assert found is not None
    try:
        assert PlatformClient(found).tell("E1", {"entry_id": "E1"}) == "QY9"
        with pytest.raises(PlatformUnavailableError):
            PlatformClient(replace(found, certificate=None)).tell("E1", {"entry_id": "E1"})
        with pytest.raises(PlatformUnavailableError):
            PlatformClient(replace(found, authorities=None)).tell("E1", {"entry_id": "E1"})
    finally:
        server.shutdown()


@pytest.mark.parametrize(
    "facts",
    [
        [],
        {"url": "https://platform.example"},
        {"url": "http://platform.example", "mutual_tls": {}},
        {"url": "https://platform.example", "oauth2": {"client_id": "x"}},
        {"url": "https://platform.example", "oauth2": {}, "unknown": 1},
        {"url": "https://platform.example", "mutual_tls": [], "authorities_file": 5},
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, facts: object) -> None:
    path = tmp_path / "platform.json"
    path.write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(PlatformFileError, match=r"platform\.json"):
        load_platform(path)
    assert load_platform(None) is None
