"""Alive, ready, and what the log says."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from structlog.testing import capture_logs

from server.cloud import ImageCloud
from server.model import Base
from tests.factories import SignInFacts, make_study
from tests.visitor import Visitor


def test_alive(app: Flask) -> None:
    answer = app.test_client().get("/healthz")
    assert answer.json == {"status": "ok"}


def test_not_ready_without_assets(app: Flask) -> None:
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"] == {
        "database": "ok",
        "schema": "ok",
        "store": "ok",
        "queue": "ok",
        "assets": "failed",
    }


def test_not_ready_without_the_newest_schema(app: Flask, cloud: ImageCloud) -> None:
    with cloud.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    assert app.test_client().get("/readyz").json["checks"]["schema"] == "failed"


def test_readiness_tells_strangers_no_details(app: Flask, cloud: ImageCloud) -> None:
    Base.metadata.drop_all(cloud.database.engine)
    text = app.test_client().get("/readyz").get_data(as_text=True)
    assert str(cloud.settings.home) not in text


@pytest.mark.requirement("F-22")
def test_the_log_names_neither_people_nor_tokens_nor_queries(
    visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    study = make_study(cloud, person_id=patient.person_id)
    with capture_logs() as lines:
        visitor.get("/login?next=/account&entry=app&name=张三丰")
        visitor.submit("/login", login=patient.login, password=patient.password)
        visitor.submit("/login/code", code=patient.code())
        visitor.get(f"/studies/{study.study_id}?secret=hidden")
        visitor.get("/nowhere/张三丰")
    written = json.dumps(lines, default=str, ensure_ascii=False)
    token = visitor.client.get_cookie("yingyun")
    assert token
    for secret in (
        patient.name,
        patient.login,
        patient.password,
        token.value,
        study.study_id,
        "secret=",
        "name=",
    ):
        assert secret not in written
    requests = [line for line in lines if line["event"] == "request"]
    assert {"/login", "/login/code", "/studies/<study_id>"} <= {one["route"] for one in requests}
    assert requests[-2]["account"] == patient.account_id
    assert all(one["entry"] == "app" for one in requests)


def test_a_number_of_the_request_is_believed_from_a_proxy_only(visitor: Visitor) -> None:
    answer = visitor.get("/healthz", headers={"X-Request-ID": "forged-number-1"})
    assert answer.headers["X-Request-ID"] != "forged-number-1"


def test_the_address_of_a_client_is_believed_from_a_proxy_only(
    app: Flask, visitor: Visitor, patient: SignInFacts
) -> None:
    """Whoever writes X-Forwarded-For himself does not get round the counters of tries."""
    for number in range(5):
        visitor.get("/login")
        form = next(form for form in visitor.forms() if form.action == "/login")
        data = form.fields | {"login": "nobody", "password": "Wrong-9!password"}
        forged = {"X-Forwarded-For": f"198.51.100.{number}"}
        visitor.client.post("/login", data=data, headers=forged)
    answer = visitor.client.post("/login", data=data, headers={"X-Forwarded-For": "198.51.100.99"})
    assert answer.status_code == 429
