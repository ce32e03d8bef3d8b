"""Every action of the pages and of the API writes an entry (D-19)."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import Rule

from portal.operation_log import CHANGING
from server.cloud import ImageCloud
from server.model import AuditEvent, Role
from tests.factories import SignInFacts, make_account, make_institution
from tests.visitor import Visitor

# They end the session with which the others are tried.
LAST = {"/logout", "/account/devices/sign-out-others"}


def entries(cloud: ImageCloud) -> int:
    with cloud.database.session() as session:
        return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


def changing(app: Flask) -> list[tuple[Rule, str]]:
    """Every route that changes something, with its methods; those that sign out last."""
    found = [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) & CHANGING)
    ]
    return sorted(found, key=lambda one: one[0].rule in LAST)


@pytest.mark.requirement("D-19", "F-10")
@pytest.mark.parametrize("role", [Role.PATIENT, Role.DOCTOR, Role.ADMINISTRATOR])
def test_whatever_somebody_does_is_on_record(app: Flask, cloud: ImageCloud, role: Role) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    hospital = make_institution(cloud) if role == Role.DOCTOR else None
    facts = make_account(cloud, f"one.{role}", role=role, institution=hospital)
    visitor = Visitor(app)
    silent = []
    routes = changing(app)
    assert len(routes) > 80
    for rule, method in routes:
        visitor.be(cloud, facts)
        values = dict.fromkeys(rule.arguments, "1")
        built = rule.build(values | dict(rule.defaults or {}), append_unknown=False)
        assert built is not None, rule.rule
        before = entries(cloud)
        with visitor.client.open(built[1], method=method) as answer:
            told = entries(cloud) - before
            # Without a credential of that door he is a stranger there.
            if told == 0 and answer.status_code not in {401, 429}:
                silent.append((rule.rule, method, answer.status_code))
    assert silent == []


@pytest.mark.requirement("D-19")
def test_an_entry_says_who_did_what_when_and_how_it_ended(
    app: Flask, cloud: ImageCloud, patient: SignInFacts
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    visitor = Visitor(app).be(cloud, patient)
    visitor.client.post("/language", data={"language": "en"})
    visitor.client.post("/studies/nowhere/shares/new")
    with cloud.database.session() as session:
        done = session.scalars(select(AuditEvent).order_by(AuditEvent.sequence.desc())).all()
    told = {(one.object_id, one.result): one for one in done if one.object_kind == "route"}
    assert ("/language", "success") in told
    assert told["/language", "success"].actor == f"account:{patient.account_id}"
    refused = told["/studies/<study_id>/shares/new", "failure"]
    assert refused.reason == "404" and refused.time is not None and refused.source


@pytest.mark.requirement("D-19")
def test_strangers_cannot_fill_the_log(app: Flask, cloud: ImageCloud) -> None:
    before = entries(cloud)
    client = app.test_client()
    for _ in range(3):
        assert client.post("/account/devices/sign-out").status_code >= 300
        assert client.post("/nowhere").status_code == 404
    assert entries(cloud) == before
