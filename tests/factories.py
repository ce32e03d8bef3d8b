"""People, accounts and studies for tests, made by the same services that make real ones."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyotp

from server import accounts, consent, people
from server.accounts.sessions import EntryKind, open_session
from server.cloud import ImageCloud
from server.model import (
    Account,
    Institution,
    Person,
    ProcessingState,
    Report,
    ReportStatus,
    Role,
    Series,
    Study,
)

PASSWORD = "Kx7!blaue-Wolke"
PHONE = "13800138000"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class SignInFacts:
    """What someone needs to sign in, and who it is."""

    account_id: int
    person_id: int | None
    login: str
    password: str
    totp_secret: str
    name: str

    def code(self, shift: int = 0) -> str:
        """Return the authenticator's code, `shift` steps of 30 s from now."""
        now = datetime.now(UTC).timestamp()
        return pyotp.TOTP(self.totp_secret).at(int(now) + 30 * shift)


def make_institution(cloud: ImageCloud, **extra: Any) -> Institution:
    """Add a designated institution."""
    number = next(_numbers)
    facts = {
        "code": f"{number:018d}",
        "name": "第一示范医院",
        "province_code": "500000",
        "province_name": "重庆市",
    }
    with cloud.database.session() as session:
        institution = Institution(**(facts | extra))
        session.add(institution)
    return institution


def make_person(cloud: ImageCloud, name: str = "张三丰", **extra: Any) -> Person:
    """Add an insured person."""
    with cloud.database.session() as session:
        return people.create_person(
            cloud, session, person_code=f"{next(_numbers):026d}", name=name, **extra
        )


def make_account(
    cloud: ImageCloud,
    login: str = "zhangsan",
    *,
    role: Role = Role.PATIENT,
    person: Person | None = None,
    institution: Institution | None = None,
    consented: bool = True,
) -> SignInFacts:
    """Add an account that can sign in; a patient gets a person with a phone of his own."""
    if person is None and role is Role.PATIENT:
        person = make_person(cloud, phone=PHONE)
    with cloud.database.session() as session:
        new = accounts.create_account(
            cloud,
            session,
            login=login,
            password=PASSWORD,
            role=role,
            person=person,
            institution=institution,
        )
        if consented:
            version = consent.current_policy().version
            consent.give(session, new.account, version=version)
    return SignInFacts(
        account_id=new.account.id,
        person_id=person.id if person else None,
        login=login,
        password=PASSWORD,
        totp_secret=new.totp_secret,
        name=person.name if person else login,
    )


def make_session(cloud: ImageCloud, facts: SignInFacts) -> str:
    """Sign someone in without the pages; returns the cookie's token."""
    with cloud.database.session() as session:
        account = session.get_one(Account, facts.account_id)
        return open_session(
            cloud, session, account, source="192.0.2.1", device="test", entry_kind=EntryKind.WEB
        )


def make_study(
    cloud: ImageCloud,
    *,
    person_id: int | None,
    institution: Institution | None = None,
    report: ReportStatus | None = ReportStatus.REVIEWED,
    series: int = 1,
    **extra: Any,
) -> Study:
    """Add a study with series and report, without objects in the store."""
    institution = institution or make_institution(cloud)
    number = next(_numbers)
    facts: dict[str, Any] = {
        "study_uid": f"2.25.{number}",
        "cloud_index": f"index-{number}",
        "study_datetime": datetime(2026, 3, 1, 2, 30, tzinfo=UTC),
        "modality": "CT",
        "state": ProcessingState.READY,
    }
    with cloud.database.session() as session:
        key = cloud.vault.new_data_key(session)
        session.flush()
        study = Study(
            person_id=person_id,
            institution_id=institution.id,
            data_key_id=key.id,
            **(facts | extra),
        )
        session.add(study)
        session.flush()
        for index in range(series):
            uid = f"2.25.{number}.{index}"
            session.add(Series(series_uid=uid, study_id=study.study_id, modality=study.modality))
        if report is not None:
            session.add(Report(study_id=study.study_id, status=report, findings="肺纹理清晰"))
    return study
