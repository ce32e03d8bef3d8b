"""Who may see which study, looked up afresh each time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from server import access, accounts, clock, people
from server.access import AccessDenied, Action, DenialReason, Grant, GrantKind
from server.cloud import ImageCloud
from server.model import Account, Person, Report, ReportStatus, Role, Series, Study
from tests.services.conftest import MakeStudy, make_person

PASSWORD = "Kx7!blaue-Wolke"


def add_account(
    cloud: ImageCloud, login: str, person: Person | None, role: Role = Role.PATIENT
) -> Account:
    with cloud.database.session() as session:
        return accounts.create_account(
            cloud, session, login=login, password=PASSWORD, role=role, person=person
        ).account


def grant_of(cloud: ImageCloud, account: Account) -> Grant:
    with cloud.database.session() as session:
        return access.patient_grant(cloud, session, account)


def denial(
    cloud: ImageCloud,
    grant: Grant,
    study: Study,
    action: Action = Action.VIEW_PICTURES,
    series_id: str | None = None,
) -> DenialReason | None:
    with cloud.database.session() as session:
        try:
            access.authorize(cloud, session, grant, action, study, series_id)
        except AccessDenied as denied:
            return denied.reason
    return None


@pytest.mark.requirement("A-09", "F-07")
def test_patients_reach_their_own_and_linked_studies_and_nobody_elses(
    cloud: ImageCloud, make_study: MakeStudy
) -> None:
    mother, child, stranger = (make_person(cloud, name) for name in ("母", "子", "他"))
    studies = {person.name: make_study(person) for person in (mother, child, stranger)}
    studies["nobody"] = make_study(None)
    with cloud.database.session() as session:
        people.link_family(session, guardian=mother, member=child, relation="子女")
    reach = {
        "母": {"母", "子"},
        "子": {"子"},
        "他": {"他"},
    }
    for number, person in enumerate((mother, child, stranger)):
        grant = grant_of(cloud, add_account(cloud, f"user-{number}", person))
        for action in Action:
            opened = {
                name
                for name, study in studies.items()
                if denial(cloud, grant, study, action) is None
            }
            assert opened == reach[person.name], (person.name, action)


@pytest.mark.requirement("F-07")
@pytest.mark.parametrize("role", [role for role in Role if role != Role.PATIENT])
def test_other_roles_are_no_patients(cloud: ImageCloud, make_study: MakeStudy, role: Role) -> None:
    person = make_person(cloud)
    study = make_study(person)
    grant = grant_of(cloud, add_account(cloud, "staff", person, role))
    assert grant.person_ids == grant.actions == frozenset()
    forged = replace(grant, person_ids=frozenset({person.id}), actions=frozenset(Action))
    assert denial(cloud, grant, study) is DenialReason.SCOPE
    assert denial(cloud, forged, study) is DenialReason.UNLINKED


def test_a_staff_grant_opens_the_studies_it_names(cloud: ImageCloud, make_study: MakeStudy) -> None:
    named, other = make_study(make_person(cloud), report=None), make_study(make_person(cloud))
    doctor = add_account(cloud, "doctor", None, Role.DOCTOR)
    grant = Grant(
        kind=GrantKind.STAFF,
        subject=f"account:{doctor.id}",
        account_id=doctor.id,
        person_ids=frozenset(),
        study_ids=frozenset({named.study_id}),
        series_ids=None,
        actions=frozenset({Action.VIEW_DICOM}),
        expires_at=clock.now() + timedelta(hours=1),
    )
    assert denial(cloud, grant, named, Action.VIEW_DICOM) is None
    assert denial(cloud, grant, named, Action.SHARE) is DenialReason.SCOPE
    assert denial(cloud, grant, other, Action.VIEW_DICOM) is DenialReason.NOT_YOURS
    late = replace(grant, expires_at=clock.now())
    assert denial(cloud, late, named, Action.VIEW_DICOM) is DenialReason.EXPIRED
    nobody = replace(grant, account_id=None)
    assert denial(cloud, nobody, named, Action.VIEW_DICOM) is DenialReason.NOT_YOURS


@pytest.mark.requirement("A-09")
def test_withdrawing_a_family_link_bites_on_a_grant_already_given(
    cloud: ImageCloud, make_study: MakeStudy
) -> None:
    mother, child = make_person(cloud), make_person(cloud)
    study = make_study(child)
    with cloud.database.session() as session:
        link = people.link_family(session, guardian=mother, member=child, relation="子女")
    grant = grant_of(cloud, add_account(cloud, "mother", mother))
    assert denial(cloud, grant, study) is None
    with cloud.database.session() as session:
        people.withdraw_link(session.merge(link))
    assert denial(cloud, grant, study) is DenialReason.UNLINKED


@pytest.mark.requirement("F-02")
def test_disabling_an_account_bites_on_a_grant_already_given(
    cloud: ImageCloud, make_study: MakeStudy
) -> None:
    person = make_person(cloud)
    study, account = make_study(person), add_account(cloud, "zhang", person)
    grant = grant_of(cloud, account)
    with cloud.database.session() as session:
        accounts.disable_account(
            session, session.get_one(Account, account.id), actor_kind="system", actor="t"
        )
    assert denial(cloud, grant, study) is DenialReason.REVOKED


REVIEW = [
    ([], False),
    ([ReportStatus.DRAFT], False),
    ([ReportStatus.REVIEWED], True),
    ([ReportStatus.REVIEWED, ReportStatus.DRAFT], True),
    ([ReportStatus.REVIEWED, ReportStatus.WITHDRAWN], False),
    ([ReportStatus.REVIEWED, ReportStatus.WITHDRAWN, ReportStatus.DRAFT], False),
    ([ReportStatus.WITHDRAWN, ReportStatus.REVIEWED], True),
]


@pytest.mark.requirement("A-16")
@pytest.mark.parametrize(("versions", "opens"), REVIEW)
@pytest.mark.parametrize("gate", [True, False])
def test_pictures_open_once_the_report_is_reviewed(
    cloud: ImageCloud,
    make_study: MakeStudy,
    versions: list[ReportStatus],
    opens: bool,
    gate: bool,
) -> None:
    cloud = replace(cloud, settings=replace(cloud.settings, review_gate=gate))
    person = make_person(cloud)
    study = make_study(person, report=None)
    with cloud.database.session() as session:
        for number, status in enumerate(versions, 1):
            session.add(Report(study_id=study.study_id, version=number, status=status))
    grant = grant_of(cloud, add_account(cloud, "zhang", person))
    refused = None if opens else DenialReason.NOT_REVIEWED
    assert denial(cloud, grant, study, Action.VIEW_REPORT) is refused
    for action in (Action.VIEW_PICTURES, Action.VIEW_DICOM):
        assert denial(cloud, grant, study, action) is (refused if gate else None)


def test_a_series_of_another_study_does_not_open(cloud: ImageCloud, make_study: MakeStudy) -> None:
    person = make_person(cloud)
    study, other = make_study(person), make_study(person)
    grant = grant_of(cloud, add_account(cloud, "zhang", person))
    with cloud.database.session() as session:
        rows = session.execute(select(Series.study_id, Series.series_id))
        series = {row.study_id: row.series_id for row in rows}
    assert denial(cloud, grant, study, series_id=series[study.study_id]) is None
    wrong = denial(cloud, grant, study, series_id=series[other.study_id])
    assert wrong is DenialReason.NOT_YOURS
    assert denial(cloud, grant, study, series_id="none") is DenialReason.NOT_YOURS
