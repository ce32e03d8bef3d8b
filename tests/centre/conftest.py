"""One visitor of each role of the console, and a hospital."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask

from server.centre.acting import Actor
from server.cloud import ImageCloud
from server.model import Institution, Role
from tests.factories import SignInFacts, make_account, make_institution
from tests.visitor import Visitor


@dataclass(frozen=True)
class Console:
    """Who works in it: `own` runs `hospital`; `other` is a second administrator."""

    cloud: ImageCloud
    hospital: Institution
    elsewhere: Institution
    facts: dict[str, SignInFacts]
    visitors: dict[str, Visitor]

    def __getitem__(self, name: str) -> Visitor:
        return self.visitors[name]

    def actor(self, name: str) -> Actor:
        roles = {"own": Role.INSTITUTION_ADMINISTRATOR, "auditor": Role.AUDITOR}
        return Actor(
            self.facts[name].account_id,
            roles.get(name, Role.ADMINISTRATOR),
            self.hospital.id if name == "own" else None,
        )


PEOPLE = (
    ("administrator", Role.ADMINISTRATOR),
    ("other", Role.ADMINISTRATOR),
    ("own", Role.INSTITUTION_ADMINISTRATOR),
    ("auditor", Role.AUDITOR),
    ("supervisor", Role.SUPERVISOR),
    ("doctor", Role.DOCTOR),
)


@pytest.fixture
def console(app: Flask, cloud: ImageCloud) -> Console:
    hospital = make_institution(cloud, name="第一示范医院", settings={"hospital_level": "三级甲等"})
    elsewhere = make_institution(
        cloud, name="第二示范医院", settings={"hospital_level": "二级甲等"}
    )
    facts = {
        name: make_account(
            cloud,
            f"c.{name}",
            role=role,
            institution=hospital if name in {"own", "doctor"} else None,
        )
        for name, role in PEOPLE
    }
    visitors = {name: Visitor(app).be(cloud, one) for name, one in facts.items()}
    return Console(cloud, hospital, elsewhere, facts, visitors)
