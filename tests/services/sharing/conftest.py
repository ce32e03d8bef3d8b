"""A patient with a study to share, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from server import sharing
from server.cloud import ImageCloud
from server.model import Account, Person, Study
from server.sharing import NewShare
from tests.services.conftest import MakeStudy, make_person
from tests.services.sharing.case import Give, add_account


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 5, 1, 1, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def person(cloud: ImageCloud) -> Person:
    return make_person(cloud, phone="13800138000")


@pytest.fixture
def account(cloud: ImageCloud, person: Person) -> Account:
    return add_account(cloud, "zhang", person)


@pytest.fixture
def study(person: Person, make_study: MakeStudy) -> Study:
    return make_study(person, series=2)


@pytest.fixture
def give(cloud: ImageCloud, account: Account, study: Study) -> Give:
    def create(**terms: object) -> NewShare:
        chosen = {"account": account, "study": study, "lifetime": timedelta(hours=1)} | terms
        with cloud.database.session() as session:
            return sharing.create(cloud, session, **chosen)  # type: ignore[arg-type]

    return create
