"""Answers given at once are one answer, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from server import audit, authorisations, clock, settings, staff
from server.authorisations import AuthorisationRefused, patient_code, visits
from server.cloud import ImageCloud, open_cloud
from server.model import Account, Authorisation, Person, Role, ScopeKind, Study
from tests.factories import (
    SignInFacts,
    make_account,
    make_institution,
    make_person,
    make_study,
)
from tests.shared_database import database_url, emptied

__all__ = ["database_url"]  # a fixture of this module

CLIENTS = 8


@dataclass(frozen=True)
class Both:
    """A patient with a study, and a doctor of another hospital."""

    cloud: ImageCloud
    patient: SignInFacts
    doctor: SignInFacts
    study_id: str

    def at_once(self, act: Callable[[int], str]) -> list[str]:
        """Let eight clients act at once; return the words of those that were not refused."""

        def one(number: int) -> str:
            try:
                return act(number)
            except AuthorisationRefused:
                return ""

        with ThreadPoolExecutor(CLIENTS) as pool:
            return [word for word in pool.map(one, range(CLIENTS)) if word]

    def reads(self) -> bool:
        with self.cloud.database.session() as session:
            study = session.get_one(Study, self.study_id)
            return staff.may_read(session, self.doctor.account_id, study)


@pytest.fixture
def both(database_url: str, tmp_path: Path) -> Iterator[Both]:
    environ = {"YINGYUN_HOME": str(tmp_path / "home"), "YINGYUN_DATABASE_URL": database_url}
    for cloud in emptied(open_cloud(settings.load(environ))):
        patient = make_account(cloud, "zhangsan", person=make_person(cloud))
        study = make_study(cloud, person_id=patient.person_id, body_part="chest")
        hospital = make_institution(cloud)
        doctor = make_account(cloud, "dr.other", role=Role.DOCTOR, institution=hospital)
        yield Both(cloud, patient, doctor, study.study_id)


def ask(both: Both) -> str:
    with both.cloud.database.session() as session:
        made = authorisations.request(
            both.cloud,
            session,
            account=session.get_one(Account, both.doctor.account_id),
            person=session.get_one(Person, both.patient.person_id),
        )
        return made.authorisation_id


def test_of_answers_given_at_once_one_counts(both: Both) -> None:
    asked = ask(both)

    def answer(number: int) -> str:
        with both.cloud.database.session() as session:
            account = session.get_one(Account, both.patient.account_id)
            decide = authorisations.approve if number % 2 else authorisations.refuse
            return str(decide(session, account=account, authorisation_id=asked).state)

    counted = both.at_once(answer)
    assert len(counted) == 1
    with both.cloud.database.session() as session:
        assert [session.get_one(Authorisation, asked).state] == counted
        assert audit.verify(session).ok


def test_a_code_shown_to_eight_doctors_serves_one(both: Both) -> None:
    with both.cloud.database.session() as session:
        account = session.get_one(Account, both.patient.account_id)
        code = patient_code.new_code(
            both.cloud, session, account=account, person_id=both.patient.person_id or 0
        )
    doctors = [
        make_account(
            both.cloud, f"dr.{number}", role=Role.DOCTOR, institution=make_institution(both.cloud)
        )
        for number in range(CLIENTS)
    ]

    def redeem(number: int) -> str:
        with both.cloud.database.session() as session:
            account = session.get_one(Account, doctors[number].account_id)
            made = patient_code.redeem(both.cloud, session, account=account, code=code.digits)
            return made.authorisation_id

    assert len(both.at_once(redeem)) == 1


def test_what_holds_is_asked_alike_of_both_databases(both: Both) -> None:
    asked = ask(both)
    with both.cloud.database.session() as session:
        patient = session.get_one(Account, both.patient.account_id)
        scope = authorisations.Scope(ScopeKind.BODY_PART, "CHEST")
        authorisations.approve(session, account=patient, authorisation_id=asked, scope=scope)
    assert not both.reads()
    with both.cloud.database.session() as session:
        doctor = session.get_one(Account, both.doctor.account_id)
        authorisations.accept_notice(session, account=doctor, authorisation_id=asked)
    assert both.reads()
    for whom in visits.Whom:
        with both.cloud.database.session() as session:
            audit.record(
                session,
                actor_kind="account",
                actor=f"account:{both.doctor.account_id}",
                event="report.view",
                object_kind="study",
                object_id=both.study_id,
                detail={"at": clock.now().isoformat()},
            )
            patient = session.get_one(Account, both.patient.account_id)
            found = visits.visits_page(session, patient, whom=whom).visits
            expected = whom in {visits.Whom.ALL, visits.Whom.DOCTORS}
            assert bool(found) is expected, whom
            assert {one.way for one in found} <= {visits.Way.AUTHORISED}
    with both.cloud.database.session() as session:
        patient = session.get_one(Account, both.patient.account_id)
        authorisations.withdraw(session, account=patient, authorisation_id=asked)
    assert not both.reads()
