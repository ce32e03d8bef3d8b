"""What a launch and a hand-off may take over DICOMweb: counted, marked, bounded, never erased."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from pydicom.uid import generate_uid

from server import access, clock, staff
from server.archive import erasure
from server.centre import retrievals
from server.cloud import ImageCloud
from server.dicomweb import handoffs
from server.model import (
    Account,
    AuditEvent,
    Institution,
    Person,
    Report,
    ReportStatus,
    Role,
    Study,
    ViewerHandoff,
)
from server.sensitivity import Marked, Sensitivity, set_marks
from tests.dicomweb.case import (
    DICOM_PARTS,
    DicomwebCase,
    files_of,
    make_dicomweb_case,
    path_of,
    running_launch,
    slices,
)
from tests.factories import make_account


@dataclass(frozen=True)
class Launched:
    """A hospital's system in a launch that shows another hospital's studies of one person."""

    asking: DicomwebCase
    launch_id: str
    doctor_id: int
    person_id: int

    def get(self, path: str, accept: str = "*/*") -> object:
        return self.asking.get(path, accept, **{"Yingyun-Launch": self.launch_id})

    def listed(self) -> int:
        return len(self.get("/studies").get_json(force=True))  # type: ignore[attr-defined]

    def status(self, path: str) -> int:
        answer = self.get(path, DICOM_PARTS if path.count("/") == 2 else "*/*")
        return int(answer.status_code)  # type: ignore[attr-defined]


@pytest.fixture
def launched(
    portal: Flask, centre: ImageCloud, case: DicomwebCase, monkeypatch: pytest.MonkeyPatch
) -> Launched:
    person = make_account(centre, generate_uid()).person_id
    assert person is not None
    asking = make_dicomweb_case(portal, centre)
    doctor = make_account(centre, generate_uid(), role=Role.DOCTOR, institution=asking.institution)
    launch = running_launch(centre, asking, doctor.account_id, person)
    monkeypatch.setattr(staff.live, "opens", lambda *_given: Study.person_id == person)
    return Launched(asking, launch, doctor.account_id, person)


def stored(case: DicomwebCase, person_id: int | None = None) -> tuple[str, str]:
    """Store a study of a person; its UID, and the path of its first object."""
    datasets = slices(1)
    assert case.stow(*files_of(datasets)).status_code == 200
    uid = str(datasets[0].StudyInstanceUID)
    with case.cloud.database.session() as session:
        session.query(Study).filter_by(study_uid=uid).one().person_id = person_id
    return uid, path_of(datasets[0])


@pytest.mark.requirement("D-17")
def test_openings_in_a_launch_count_in_the_limit_of_the_day(
    centre: ImageCloud, case: DicomwebCase, launched: Launched
) -> None:
    (first, path), (second, _) = stored(case, launched.person_id), stored(case, launched.person_id)
    with centre.database.session() as session:
        hospital = session.get_one(Institution, launched.asking.institution.id)
        hospital.settings = {**hospital.settings, retrievals.DAILY_LIMIT: 1}
    assert launched.status(f"/studies/{first}") == 200
    assert launched.status(f"{path}/frames/1") == 200  # what is open stays open
    refused = launched.get(f"/studies/{second}", DICOM_PARTS)
    assert refused.status_code == 403  # type: ignore[attr-defined]
    assert " / " in refused.get_json()["detail"]  # type: ignore[attr-defined]
    own, _ = stored(launched.asking)
    assert launched.status(f"/studies/{own}") == 200  # the hospital's own are never refused
    with centre.database.session() as session:
        actor = f"account:{launched.doctor_id}"
        opened = session.query(AuditEvent).filter_by(event="dicom.view", actor=actor).all()
        assert [one.detail["launch"] for one in opened] == [launched.launch_id]


@pytest.mark.requirement("F-09")
def test_a_search_in_a_launch_tells_of_nothing_that_a_mark_closes(
    centre: ImageCloud, case: DicomwebCase, launched: Launched
) -> None:
    uid, path = stored(case, launched.person_id)
    with centre.database.session() as session:
        study = session.query(Study).filter_by(study_uid=uid).one()
        for version, status in ((1, ReportStatus.REVIEWED), (2, ReportStatus.DRAFT)):
            session.add(Report(study_id=study.study_id, version=version, status=status))
    assert launched.listed() == 1
    for marked in Marked:
        for mark, listed in ((Sensitivity.SPECIAL, 0), (Sensitivity.PERSONAL, 1)):
            with centre.database.session() as session:
                study = session.query(Study).filter_by(study_uid=uid).one()
                assert set_marks(session, study, {marked: mark}, actor="test") == ()
            assert launched.listed() == listed, marked
            assert launched.status(f"{path}/metadata") == (200 if listed else 403), marked
    with centre.database.session() as session:
        session.get_one(Person, launched.person_id).sensitivity = Sensitivity.SPECIAL
    own, _ = stored(launched.asking, launched.person_id)
    assert launched.listed() == 1  # the hospital's own system sees what it made, as ever
    assert launched.status(f"/studies/{own}") == 200


@pytest.mark.requirement("F-32")
def test_an_erased_study_is_told_to_nobody_who_asks_for_images(
    centre: ImageCloud, case: DicomwebCase
) -> None:
    uid, path = stored(case)
    assert len(case.get(f"/studies?StudyInstanceUID={uid}").get_json(force=True)) == 1
    with centre.database.session() as session:
        study = session.query(Study).filter_by(study_uid=uid).one()
        erasure.erase_study(session, study, actor_kind="system", actor="test", reason="test")
    for level in ("studies", "series", "instances"):
        answer = case.get(f"/{level}?StudyInstanceUID={uid}")
        assert answer.get_json(force=True) == []
        assert answer.headers["X-Total-Count"] == "0"
    for address in (f"/studies/{uid}", f"{path}/metadata", f"{path}/rendered"):
        assert case.get(address).status_code == 404


@pytest.mark.requirement("F-64")
def test_a_giver_has_only_so_many_tokens_in_use_at_once(
    centre: ImageCloud, case: DicomwebCase
) -> None:
    uid, path = stored(case)
    doctors = [
        make_account(centre, generate_uid(), role=Role.DOCTOR, institution=case.institution)
        for _ in range(2)
    ]

    def mint(account_id: int) -> DicomwebCase:
        with centre.database.session() as session:
            grant = access.doctor_grant(centre, session, session.get_one(Account, account_id))
            study = session.query(Study).filter_by(study_uid=uid).one()
            token = handoffs.mint(centre, session, grant, study).token
        return DicomwebCase(case.app, centre, case.institution, token)

    other = mint(doctors[1].account_id)
    viewers = [mint(doctors[0].account_id) for _ in range(handoffs.MOST_AT_ONCE + 2)]
    statuses = [one.get(f"{path}/metadata").status_code for one in (other, *viewers)]
    assert statuses == [200, 401, 401, *[200] * handoffs.MOST_AT_ONCE]
    with centre.database.session() as session:
        kept = session.query(ViewerHandoff).filter_by(account_id=doctors[0].account_id)
        live = [one for one in kept if one.revoked_at is None and one.expires_at > clock.now()]
    assert len(live) == handoffs.MOST_AT_ONCE
