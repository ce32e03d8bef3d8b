"""What is kept of how someone works: by account, for known names and values only."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server import preferences
from server.cloud import ImageCloud
from server.model import AccountPreference, Role
from tests.factories import SignInFacts, make_account
from tests.visitor import Visitor

ADDRESS = "/account/preferences"


@pytest.fixture
def facts(app: Flask, cloud: ImageCloud) -> SignInFacts:
    app.config["WTF_CSRF_ENABLED"] = False
    return make_account(cloud, "dr.own", role=Role.DOCTOR)


@pytest.fixture
def own(app: Flask, cloud: ImageCloud, facts: SignInFacts) -> FlaskClient:
    return Visitor(app).be(cloud, facts).client


def kept(cloud: ImageCloud, facts: SignInFacts) -> dict[str, str | bool]:
    with cloud.database.session() as session:
        return preferences.preferences_of(session, facts.account_id)


@pytest.mark.requirement("C-28")
def test_what_is_kept_is_found_again_by_its_owner_alone(
    app: Flask, cloud: ImageCloud, facts: SignInFacts, own: FlaskClient
) -> None:
    assert own.put(ADDRESS, json={"toolbar": "bottom", "linked_zoom": True}).status_code == 204
    assert own.put(ADDRESS, json={"toolbar": "top", "mouse": "common"}).status_code == 204
    assert kept(cloud, facts) == {"toolbar": "top", "linked_zoom": True, "mouse": "common"}
    other = make_account(cloud, "dr.other", role=Role.DOCTOR)
    assert Visitor(app).be(cloud, other).client.put(ADDRESS, json={}).status_code == 204
    assert kept(cloud, other) == {}


@pytest.mark.parametrize(
    "values",
    [
        {"toolbar": "left"},
        {"toolbar": "bottom", "else": True},
        {"keys": "no"},
        {"reader": "doctor"},
        {"mouse": ["common"]},
        {"toolbar": {}},
        [1],
        "top",
    ],
)
def test_what_nobody_can_have_is_refused_as_a_whole(
    cloud: ImageCloud, facts: SignInFacts, own: FlaskClient, values: object
) -> None:
    assert own.put(ADDRESS, json=values).status_code == 400
    assert kept(cloud, facts) == {}


def test_what_is_no_longer_known_is_passed_over(cloud: ImageCloud, facts: SignInFacts) -> None:
    with cloud.database.session() as session:
        for name, value in (("toolbar", "bottom"), ("of_old", True), ("mouse", "five buttons")):
            session.add(AccountPreference(account_id=facts.account_id, name=name, value=value))
    assert kept(cloud, facts) == {"toolbar": "bottom"}


def test_strangers_keep_nothing(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    assert app.test_client().put(ADDRESS, json={"toolbar": "bottom"}).status_code == 401
