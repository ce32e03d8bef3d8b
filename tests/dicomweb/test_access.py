"""Who may use DICOMweb, and who sees what: nothing by default (F-07, F-36)."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from server import access, clients, clock, staff
from server.access import AccessDenied, DenialReason, Grant, GrantKind
from server.accounts.credentials import end_other_sessions
from server.clients import Scope
from server.cloud import ImageCloud
from server.dicomweb import handoffs
from server.model import (
    Account,
    AuditEvent,
    Launch,
    OutboxEntry,
    Role,
    Series,
    Study,
)
from tests.dicomweb.case import (
    BASE,
    DICOM_PARTS,
    DicomwebCase,
    client_id_of,
    files_of,
    make_dicomweb_case,
    path_of,
    running_launch,
    slices,
)
from tests.factories import make_account


def stored_study(case: DicomwebCase, count: int = 2) -> tuple[str, str]:
    """Store a study; its UID and the path of its first object."""
    datasets = slices(count)
    assert case.stow(*files_of(datasets)).status_code == 200
    return str(datasets[0].StudyInstanceUID), path_of(datasets[0])


def events(cloud: ImageCloud, event: str, actor: str = "") -> list[AuditEvent]:
    with cloud.database.session() as session:
        query = select(AuditEvent).where(AuditEvent.event == event)
        return [one for one in session.scalars(query) if actor in one.actor]


@pytest.mark.requirement("F-07", "F-36")
def test_without_a_live_token_of_the_scope_nothing_is_told(
    portal: Flask, centre: ImageCloud, case: DicomwebCase
) -> None:
    uid, path = stored_study(case)
    addresses = ("/studies", f"/studies/{uid}", f"{path}/metadata", f"{path}/frames/1")
    storing = make_dicomweb_case(portal, centre, scopes=[Scope.DICOMWEB_STORE])
    reading = make_dicomweb_case(portal, centre, scopes=[Scope.DICOMWEB_READ])
    launching = make_dicomweb_case(portal, centre, scopes=[Scope.LAUNCH])
    for address in addresses:
        assert case.http.get(f"{BASE}{address}").status_code == 401
        wrong = {"Authorization": "Bearer nonsense"}
        refused = case.http.get(f"{BASE}{address}", headers=wrong)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert " / " in refused.get_json()["detail"]
        assert storing.get(address).status_code == 403
        assert launching.get(address).status_code == 403
    assert reading.stow(*files_of(slices(1))).status_code == 403
    assert case.http.post(f"{BASE}/studies", data=b"x").status_code == 401
    with centre.database.session() as session:
        clients.revoke(session, client_id_of(centre, case), case.token, source="")
    assert case.get("/studies").status_code == 401


@pytest.mark.requirement("F-07")
def test_a_hospital_sees_its_own_and_no_other(
    portal: Flask, centre: ImageCloud, case: DicomwebCase
) -> None:
    uid, path = stored_study(case)
    stranger = make_dicomweb_case(portal, centre)
    assert stranger.get("/studies").get_json(force=True) == []
    assert stranger.get(f"/studies/{uid}/series").get_json(force=True) == []
    assert stranger.get("/instances").get_json(force=True) == []
    for address in (f"/studies/{uid}", f"{path}/metadata", f"{path}/frames/1", f"{path}/rendered"):
        assert stranger.get(address).status_code == 404
    denied = events(centre, "access.denied", client_id_of(centre, stranger))
    assert [one.reason for one in denied] == ["not_found"] * 4


@pytest.mark.requirement("F-10")
def test_every_search_and_retrieval_is_on_record_without_names(
    centre: ImageCloud, case: DicomwebCase
) -> None:
    uid, path = stored_study(case)
    case.get("/studies?PatientName=Zhang*")
    case.get(f"/studies/{uid}", accept=DICOM_PARTS)
    case.get(f"{path}/frames/1")
    case.get(f"{path}/rendered", accept="image/png")
    actor = client_id_of(centre, case)
    (searched,) = events(centre, "dicomweb.search", actor)
    assert searched.detail == {"level": "STUDY", "rows": 1}
    (fetched,) = events(centre, "dicomweb.dicom", actor)
    assert fetched.detail["objects"] == 2
    assert len(events(centre, "dicomweb.frames", actor)) == 1
    assert len(events(centre, "dicomweb.rendered", actor)) == 1
    with centre.database.session() as session:
        told = session.query(OutboxEntry).filter_by(kind="retrieval", about=fetched.object_id).all()
    assert [one.content["event"] for one in told] == ["dicomweb.dicom"]


def test_another_hospitals_study_opens_in_a_launch_that_the_patient_authorised(
    portal: Flask, centre: ImageCloud, case: DicomwebCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid, path = stored_study(case)
    patient = make_account(centre, login="dicomweb-patient")
    asking = make_dicomweb_case(portal, centre)
    doctor = make_account(
        centre, login="dicomweb-doctor", role=Role.DOCTOR, institution=asking.institution
    )
    with centre.database.session() as session:
        session.query(Study).filter_by(study_uid=uid).one().person_id = patient.person_id
    assert patient.person_id is not None
    launch = running_launch(centre, asking, doctor.account_id, patient.person_id)
    within = {"Yingyun-Launch": launch}
    assert asking.get("/studies", **within).get_json(force=True) == []
    assert asking.get(f"{path}/metadata", **within).status_code == 404
    # The patient authorises: the one place that decides is made to say so.
    authorised = Study.person_id == patient.person_id
    monkeypatch.setattr(staff.live, "opens", lambda *_given: authorised)
    assert len(asking.get("/studies", **within).get_json(force=True)) == 1
    assert asking.get(f"{path}/metadata", **within).status_code == 200
    assert asking.get(f"{path}/metadata").status_code == 404  # outside the launch: never
    assert case.get("/studies", **within).status_code == 404  # the launch is another client's
    with centre.database.session() as session:
        session.get_one(Launch, launch).ended_at = clock.now()
    assert asking.get(f"{path}/metadata", **within).status_code == 404


@pytest.mark.requirement("F-64")
def test_a_handed_off_study_opens_alone_and_as_long_as_its_giver_may(
    centre: ImageCloud, case: DicomwebCase
) -> None:
    uid, path = stored_study(case)
    other_uid, other_path = stored_study(case)
    doctor = make_account(
        centre, login="handing-doctor", role=Role.DOCTOR, institution=case.institution
    )
    with centre.database.session() as session:
        account = session.get_one(Account, doctor.account_id)
        grant = access.doctor_grant(centre, session, account)
        study = session.query(Study).filter_by(study_uid=uid).one()
        made = handoffs.mint(centre, session, grant, study)
        nobody = Grant(
            GrantKind.STAFF,
            "x",
            None,
            frozenset(),
            frozenset(),
            None,
            frozenset(),
            grant.expires_at,
        )
        with pytest.raises(AccessDenied):
            handoffs.mint(centre, session, nobody, study)
    viewer = DicomwebCase(case.app, centre, case.institution, made.token)
    assert (made.study_uid, made.dicomweb_url[-10:]) == (uid, "/dicom-web")
    (row,) = viewer.get("/studies").get_json(force=True)
    assert row["0020000D"]["Value"] == [uid]
    assert viewer.get(f"{path}/metadata").status_code == 200
    assert viewer.get(f"/studies/{uid}", accept=DICOM_PARTS).status_code == 200
    assert viewer.get(f"{other_path}/metadata").status_code == 404
    assert viewer.get(f"/studies/{other_uid}/series").get_json(force=True) == []
    assert viewer.stow(*files_of(slices(1))).status_code == 401
    assert viewer.http.get("/api/v1/studies", headers=viewer.headers()).status_code in {401, 404}
    assert {one.actor for one in events(centre, "dicomweb.dicom")} >= {f"account:{account.id}"}
    with centre.database.session() as session:
        session.get_one(Account, doctor.account_id).active = False
    assert viewer.get(f"{path}/metadata").status_code in {403, 410}
    with centre.database.session() as session:
        session.get_one(Account, doctor.account_id).active = True
        handoffs.revoke(session, made.token)
    assert viewer.get(f"{path}/metadata").status_code == 401
    with centre.database.session() as session:
        study = session.query(Study).filter_by(study_uid=uid).one()
        made = handoffs.mint(centre, session, grant, study)
    viewer = DicomwebCase(case.app, centre, case.institution, made.token)
    assert viewer.get(f"{path}/metadata").status_code == 200
    with centre.database.session() as session:
        # A stolen session is thrown out with what it handed to a viewer.
        end_other_sessions(session, session.get_one(Account, doctor.account_id), "")
    assert viewer.get(f"{path}/metadata").status_code == 401


def test_a_handed_off_series_opens_alone(centre: ImageCloud, case: DicomwebCase) -> None:
    first = slices(1)
    second = slices(1, StudyInstanceUID=first[0].StudyInstanceUID, SeriesNumber=3)
    assert case.stow(*files_of([*first, *second])).status_code == 200
    doctor = make_account(
        centre, login="series-doctor", role=Role.DOCTOR, institution=case.institution
    )
    with centre.database.session() as session:
        account = session.get_one(Account, doctor.account_id)
        grant = access.doctor_grant(centre, session, account)
        series = session.query(Series).filter_by(series_uid=first[0].SeriesInstanceUID).one()
        made = handoffs.mint(
            centre, session, grant, series.study, series_ids=frozenset({series.series_id})
        )
    viewer = DicomwebCase(case.app, centre, case.institution, made.token)
    uid = first[0].StudyInstanceUID
    assert len(viewer.get(f"/studies/{uid}/series").get_json(force=True)) == 1
    assert len(viewer.get(f"/studies/{uid}/metadata").get_json(force=True)) == 1
    assert viewer.get(f"{path_of(second[0])}/metadata").status_code == 404
    with centre.database.session() as session, pytest.raises(AccessDenied) as refused:
        handoffs.mint(
            centre, session, grant, series.study, series_ids=frozenset({"of another study"})
        )
    assert refused.value.reason is DenialReason.NOT_YOURS


def test_capabilities_are_for_anyone(case: DicomwebCase) -> None:
    for answer in (case.http.get(f"{BASE}/"), case.http.options(f"{BASE}/")):
        assert answer.status_code == 200
        assert answer.get_json()["search"]["fuzzymatching"] is False
