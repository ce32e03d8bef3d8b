"""DICOM elements and other studies through the doors: what is sent, to whom, what is recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.cloud import ImageCloud
from server.model import AuditEvent, FamilyLink, Institution, Study
from server.people import link_family, withdraw_link
from tests.factories import (
    SignInFacts,
    make_account,
    make_institution,
    make_person,
    make_study,
)
from tests.portal.share_case import ACCESSION_NUMBER, ShareCase, first_instance, make_case
from tests.visitor import Visitor

DATA = {"Sec-Fetch-Dest": "empty"}


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> ShareCase:
    return make_case(app, cloud, patient)


def tags_address(case: ShareCase, door: str, sop: str = "") -> str:
    return f"{door}/series/{case.series_ids[0]}/instances/{sop or first_instance(case)}/tags.json"


def values(table: dict[str, Any]) -> dict[str, str]:
    return {row["keyword"]: row["value"] for row in table["rows"]}


@pytest.mark.requirement("C-27", "F-10")
def test_the_elements_of_the_current_image_are_sent_and_that_is_on_record(case: ShareCase) -> None:
    answer = case.giver.get(tags_address(case, f"/studies/{case.study_id}"), headers=DATA)
    assert answer.status_code == 200
    table = answer.json
    assert not table["masked"] and values(table)["Modality"] == "CT"
    assert {"group", "element", "vr", "name", "name_en", "value", "length"} <= table["rows"][
        0
    ].keys()
    with case.cloud.database.session() as session:
        wanted = select(AuditEvent).where(AuditEvent.event == "dicom.tags")
        (seen,) = session.scalars(wanted)
    assert seen.object_id == case.series_ids[0]


@pytest.mark.requirement("F-22")
@pytest.mark.parametrize("shown", [False, True])
def test_a_recipient_is_told_of_the_person_what_the_corners_tell(
    case: ShareCase, shown: bool
) -> None:
    given = case.give(dicom="y", **({"show_identity": "y"} if shown else {}))
    recipient = case.recipient(given)
    answer = recipient.get(tags_address(case, f"/s/{given.share_id}"), headers=DATA)
    assert answer.status_code == 200
    manifest = recipient.get(
        f"/s/{given.share_id}/series/{case.series_ids[0]}/manifest.json", headers=DATA
    ).json
    masked = "*" in manifest["heading"]["patient_name"]
    assert answer.json["masked"] is masked is not shown


@pytest.mark.requirement("F-22", "A-26")
@pytest.mark.parametrize("identity", [False, True])
@pytest.mark.parametrize("report", [False, True])
def test_a_recipient_sees_the_accession_number_where_the_report_is_shared(
    case: ShareCase, report: bool, identity: bool
) -> None:
    named = {"show_identity": "y"} if identity else {}
    given = case.give(without=() if report else ("report",), dicom="y", **named)
    recipient = case.recipient(given)
    door = f"/s/{given.share_id}"
    series = f"{door}/series/{case.series_ids[0]}"
    table = recipient.get(tags_address(case, door), headers=DATA).json
    heading = recipient.get(f"{series}/manifest.json", headers=DATA).json["heading"]
    corners = recipient.get(f"{series}/captions.json", headers=DATA).json[0]["wide"]
    shown = ACCESSION_NUMBER if report else "***"
    assert values(table)["AccessionNumber"] == shown == heading["accession_number"]
    assert f"检查号 {shown}" in corners["top_left"]


def test_another_series_instance_or_person_gets_nothing(
    case: ShareCase, app: Flask, cloud: ImageCloud
) -> None:
    door = f"/studies/{case.study_id}"
    assert case.giver.get(tags_address(case, door, "1.2.3.4"), headers=DATA).status_code == 404
    stranger = Visitor(app).be(cloud, make_account(cloud, "lisi"))
    for address in (tags_address(case, door), f"{door}/priors.json"):
        assert stranger.get(address, headers=DATA).status_code == 403
        assert Visitor(app).get(address, headers=DATA).status_code == 401


# --- other studies ----------------------------------------------------------------------------


def other_study(case: ShareCase, person_id: int | None, **extra: Any) -> Study:
    """Another study at another hospital."""
    hospital = make_institution(case.cloud, name="示范市第一人民医院")
    facts = {"study_datetime": datetime(2025, 3, 2, 1, 0, tzinfo=UTC), "description": "胸部CT"}
    return make_study(
        case.cloud, person_id=person_id, institution=hospital, series=2, **(facts | extra)
    )


def listed(visitor: Visitor, door: str) -> list[dict[str, Any]]:
    answer = visitor.get(f"{door}/priors.json", headers=DATA)
    assert answer.status_code == 200
    return list(answer.json["studies"])


@pytest.mark.requirement("C-25")
def test_the_person_s_other_studies_are_listed_with_hospital_and_date(case: ShareCase) -> None:
    with case.cloud.database.session() as session:
        person_id = session.get_one(Study, case.study_id).person_id
    prior = other_study(case, person_id)
    (found,) = listed(case.giver, f"/studies/{case.study_id}")
    assert found["study_id"] == prior.study_id
    assert (found["institution"], found["study_date"]) == ("示范市第一人民医院", "2025-03-02")
    assert found["base"] == f"/studies/{prior.study_id}"


@pytest.mark.requirement("C-25", "F-07")
def test_nobody_else_s_study_is_ever_listed(case: ShareCase, cloud: ImageCloud) -> None:
    with cloud.database.session() as session:
        name = session.get_one(Study, case.study_id).patient_name
    namesake = make_person(cloud, name)
    other_study(case, namesake.id, patient_name=name, patient_id="P20260001")
    other_study(case, None, patient_name=name, patient_id="P20260001")
    assert listed(case.giver, f"/studies/{case.study_id}") == []


def test_a_study_of_nobody_known_has_none_beside_it(cloud: ImageCloud, case: ShareCase) -> None:
    with cloud.database.session() as session:
        session.get_one(Study, case.study_id).person_id = None
    other_study(case, None)
    from server import priors
    from server.access import patient_grant
    from server.model import Account

    with cloud.database.session() as session:
        account = session.scalars(select(Account)).first()
        assert account is not None
        grant = patient_grant(cloud, session, account)
        study = session.get_one(Study, case.study_id)
        assert priors.studies_beside(cloud, session, grant, study) == ()


@pytest.mark.requirement("C-25", "A-16")
def test_a_study_that_may_not_be_opened_is_not_listed(case: ShareCase) -> None:
    with case.cloud.database.session() as session:
        person_id = session.get_one(Study, case.study_id).person_id
    other_study(case, person_id, report=None)
    assert listed(case.giver, f"/studies/{case.study_id}") == []


@pytest.mark.requirement("C-25", "A-09")
def test_a_family_member_s_studies_stand_beside_his_own_only(
    case: ShareCase, cloud: ImageCloud
) -> None:
    mother = make_person(cloud, "王母")
    with cloud.database.session() as session:
        from server.model import Person

        child_id = session.get_one(Study, case.study_id).person_id
        child = session.get_one(Person, child_id)
        link: FamilyLink = link_family(
            session, guardian=child, member=session.get_one(Person, mother.id), relation="母亲"
        )
    first, second = other_study(case, mother.id), other_study(case, mother.id)
    assert listed(case.giver, f"/studies/{case.study_id}") == []
    (found,) = listed(case.giver, f"/studies/{first.study_id}")
    assert found["study_id"] == second.study_id
    with cloud.database.session() as session:
        withdraw_link(session.get_one(FamilyLink, link.id))
    refused = case.giver.get(f"/studies/{first.study_id}/priors.json", headers=DATA)
    assert refused.status_code == 403


@pytest.mark.requirement("C-25", "A-31")
def test_a_share_has_nothing_beside_it(case: ShareCase) -> None:
    with case.cloud.database.session() as session:
        person_id = session.get_one(Study, case.study_id).person_id
    prior = other_study(case, person_id)
    given = case.give(dicom="y")
    recipient = case.recipient(given)
    assert listed(recipient, f"/s/{given.share_id}") == []
    refused = recipient.get(f"/studies/{prior.study_id}/viewer.json", headers=DATA)
    assert refused.status_code == 401


def test_a_doctor_is_shown_what_his_hospital_may_read(case: ShareCase, app: Flask) -> None:
    from server.model import Account, Role

    cloud = case.cloud
    doctor = make_account(cloud, "yisheng", role=Role.DOCTOR)
    with cloud.database.session() as session:
        study = session.get_one(Study, case.study_id)
        session.get_one(Account, doctor.account_id).institution_id = study.institution_id
        person_id, hospital = study.person_id, session.get_one(Institution, study.institution_id)
    own = make_study(cloud, person_id=person_id, institution=hospital)
    other_study(case, person_id)
    found = listed(Visitor(app).be(cloud, doctor), f"/doctor/studies/{case.study_id}")
    assert [one["study_id"] for one in found] == [own.study_id]
    assert found[0]["base"] == f"/doctor/studies/{own.study_id}"
