"""A patient with a prepared CT at one hospital, a doctor of another one, and both at work."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select

from server.cloud import ImageCloud
from server.model import Account, AuditEvent, Authorisation, OutboxEntry, Role
from tests.factories import (
    PHONE,
    SignInFacts,
    make_account,
    make_institution,
    make_person,
)
from tests.portal.share_case import ShareCase, make_case
from tests.visitor import Visitor

ID_NUMBER = "110101199003070011"
DATA = {"Sec-Fetch-Dest": "empty"}
REQUESTS = "/doctor/requests"


@dataclass(frozen=True)
class AuthorisationCase:
    """`doctor` is of another hospital than the one that made the study; `patient` is pictured."""

    app: Flask
    cloud: ImageCloud
    shared: ShareCase
    patient: Visitor
    patient_facts: SignInFacts
    doctor: Visitor
    doctor_facts: SignInFacts
    administrator: Visitor

    @property
    def study_id(self) -> str:
        return self.shared.study_id

    @property
    def frames(self) -> str:
        """The address of the frames of the first series, by the doctor's door."""
        return f"/doctor/studies/{self.study_id}/series/{self.shared.series_ids[0]}/frames"

    def status(self) -> int:
        """What the doctor's program gets that asks for frames now."""
        return self.doctor.client.get(self.frames, headers=DATA).status_code

    def ask(self, **fields: str) -> str:
        """Fill in the doctor's form; returns the id of the request it leads to."""
        self.doctor.get(REQUESTS)
        form = next(one for one in self.doctor.forms() if one.action == REQUESTS)
        known = {"id_number": ID_NUMBER, "purpose": "outpatient", "body_part": ""}
        answer = self.doctor.client.post(REQUESTS, data=form.fields | known | fields)
        assert answer.status_code == 303
        return answer.headers["Location"].rsplit("/", 1)[1]

    def accept(self, authorisation_id: str) -> None:
        """Accept the warning, as the doctor."""
        address = f"{REQUESTS}/{authorisation_id}"
        self.doctor.get(address)
        self.doctor.submit(f"{address}/accept")

    def answer(self, authorisation_id: str, **fields: str) -> None:
        """Approve, as the patient on his phone."""
        address = f"/authorisations/{authorisation_id}"
        self.patient.get(address)
        self.patient.submit(f"{address}/approve", **({"hours": "24"} | fields))

    def authorisation(self, authorisation_id: str) -> Authorisation:
        with self.cloud.database.session() as session:
            return session.get_one(Authorisation, authorisation_id)

    def events(self, event: str) -> list[AuditEvent]:
        with self.cloud.database.session() as session:
            return [*session.scalars(select(AuditEvent).where(AuditEvent.event == event))]

    def records(self, kind: str) -> list[OutboxEntry]:
        with self.cloud.database.session() as session:
            return [*session.scalars(select(OutboxEntry).where(OutboxEntry.kind == kind))]

    def account(self, facts: SignInFacts) -> Account:
        with self.cloud.database.session() as session:
            return session.get_one(Account, facts.account_id)


def make_authorisation_case(app: Flask, cloud: ImageCloud) -> AuthorisationCase:
    """Store the study at one hospital; sign in the patient, and a doctor of another."""
    person = make_person(cloud, "张三丰", id_number=ID_NUMBER, phone=PHONE)
    patient = make_account(cloud, "zhangsan", person=person)
    shared = make_case(app, cloud, patient)
    other = make_institution(cloud, name="第二示范医院")
    doctor = make_account(cloud, "dr.other", role=Role.DOCTOR, institution=other)
    administrator = make_account(
        cloud, "admin.other", role=Role.INSTITUTION_ADMINISTRATOR, institution=other
    )
    return AuthorisationCase(
        app=app,
        cloud=cloud,
        shared=shared,
        patient=Visitor(app).be(cloud, patient),
        patient_facts=patient,
        doctor=Visitor(app).be(cloud, doctor),
        doctor_facts=doctor,
        administrator=Visitor(app).be(cloud, administrator),
    )


def code_in(text: str, digits: int) -> str:
    """Return the only number of so many digits in a text."""
    (found,) = set(re.findall(rf"(?<!\d)\d{{{digits}}}(?!\d)", text))
    return str(found)
