"""A hospital whose system is registered, its patient's prepared CT, and another patient's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import Flask

from server import clients, launches
from server.clients import CallingClient, Scope
from server.cloud import ImageCloud
from server.launches import LaunchRequest, NewLaunch, Opens, PatientNumbers
from server.model import CarePurpose, Institution, Study
from tests.factories import SignInFacts, make_study
from tests.portal.share_case import ShareCase, make_case
from tests.visitor import Visitor

HIS = "https://his.example.org"
PATIENT_ID = "P100"
OTHER_ID = "P200"


@dataclass(frozen=True)
class LaunchCase:
    """`study_id` is the patient's; `other_id` the same hospital's, of another patient."""

    app: Flask
    cloud: ImageCloud
    shared: ShareCase
    institution: Institution
    client_id: str
    secret: str
    other_study_id: str

    @property
    def study_id(self) -> str:
        return self.shared.study_id

    def caller(self) -> CallingClient:
        return CallingClient(
            self.client_id,
            self.institution.id,
            frozenset({HIS}),
            frozenset({Scope.LAUNCH, Scope.INDEX_READ}),
        )

    def request(self, **changes: Any) -> LaunchRequest:
        asked = LaunchRequest(
            patient=PatientNumbers(PATIENT_ID),
            physician_code="D001",
            physician_name="王医生",
            encounter="V1",
            visit_type=CarePurpose.OUTPATIENT,
            purpose=CarePurpose.OUTPATIENT,
            outside=False,
            frame_origin=HIS,
            opens=Opens.LIST,
        )
        return replace(asked, **changes)

    def ask(self, **changes: Any) -> NewLaunch:
        """Make a launch as the API does."""
        with self.cloud.database.session() as session:
            return launches.create(
                self.cloud, session, self.caller(), self.request(**changes), source="192.0.2.9"
            )

    def open(self, visitor: Visitor, **changes: Any) -> str:
        """Let a browser's frame redeem a fresh ticket; returns the launch's address."""
        made = self.ask(**changes)
        answer = visitor.client.get(
            f"/launch/{made.ticket}",
            headers={"Sec-Fetch-Dest": "iframe", "Referer": f"{HIS}/orders"},
        )
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return str(answer.headers["Location"])


def make_launch_case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> LaunchCase:
    """Store both studies and register the hospital's system."""
    shared = make_case(app, cloud, patient)
    with cloud.database.session() as session:
        study = session.get_one(Study, shared.study_id)
        study.patient_id = PATIENT_ID
        institution = study.institution
    other = make_study(cloud, person_id=None, institution=institution, patient_id=OTHER_ID)
    with cloud.database.session() as session:
        made = clients.register(
            session,
            institution=session.merge(institution, load=False),
            name="HIS",
            origins=[HIS],
            scopes=[Scope.LAUNCH, Scope.INDEX_READ],
        )
        client_id = made.client.client_id
    return LaunchCase(app, cloud, shared, institution, client_id, made.secret, other.study_id)
