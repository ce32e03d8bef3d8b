"""A hospital with a prepared CT, a doctor of it, and a doctor of another hospital."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask

from server.cloud import ImageCloud
from server.model import Account, Role, Series, Study
from tests.factories import SignInFacts, make_account, make_institution
from tests.portal.share_case import ShareCase, make_case
from tests.visitor import Visitor


@dataclass(frozen=True)
class DoctorCase:
    """`doctor` is of the hospital that made the study, `stranger` of another one."""

    app: Flask
    cloud: ImageCloud
    shared: ShareCase
    doctor: Visitor
    facts: SignInFacts
    stranger: Visitor

    @property
    def base(self) -> str:
        return f"/doctor/studies/{self.shared.study_id}"

    def addresses(self, method: str = "GET") -> list[str]:
        """Every address below the doctor's door, from the application's own map."""
        with self.cloud.database.session() as session:
            series = session.get_one(Series, self.shared.series_ids[0]).series_id
        values: dict[str, Any] = {"study_id": self.shared.study_id, "series_id": series}
        found = []
        for rule in self.app.url_map.iter_rules():
            if not rule.rule.startswith("/doctor/studies/<study_id>/"):
                continue
            if method not in (rule.methods or ()):
                continue
            rest = {name: "full" if name == "kind" else 0 for name in rule.arguments}
            built = rule.build(rest | values | (rule.defaults or {}), append_unknown=False)
            assert built is not None
            found.append(built[1])
        return found


def make_doctor_case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> DoctorCase:
    """Store the study and sign both doctors in."""
    shared = make_case(app, cloud, patient)
    with cloud.database.session() as session:
        hospital = session.get_one(Study, shared.study_id).institution
    other = make_institution(cloud, name="第二示范医院")
    facts = make_account(cloud, "dr.own", role=Role.DOCTOR, institution=hospital)
    stranger = make_account(cloud, "dr.other", role=Role.DOCTOR, institution=other)
    return DoctorCase(
        app, cloud, shared, Visitor(app).be(cloud, facts), facts, Visitor(app).be(cloud, stranger)
    )


def shut(case: DoctorCase) -> None:
    """Shut the doctor's account in the database alone, leaving his session as it is."""
    with case.cloud.database.session() as session:
        session.get_one(Account, case.facts.account_id).active = False
