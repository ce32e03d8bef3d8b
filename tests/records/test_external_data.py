"""Sensors' and health AI's ways in: checked, once each, apart from records, own to read."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from server import clock
from server.clients import Scope
from server.cloud import ImageCloud
from server.external_data import UNITS, Measure
from server.model import AuditEvent, ExternalRecord, Person, Report, Study
from tests.factories import SignInFacts, make_account, make_person, make_study
from tests.records.case import ID_NUMBER, RecordsCase, make_records_case
from tests.visitor import Visitor

SENSORS, AI = "/health-sensors/observations", "/health-ai/results"


@pytest.fixture
def provider(app: Flask, cloud: ImageCloud) -> RecordsCase:
    """A provider of both kinds, as an institution of its own."""
    return make_records_case(app, cloud, [Scope.SENSOR_WRITE, Scope.HEALTH_AI_WRITE])


@pytest.fixture
def owner(cloud: ImageCloud) -> SignInFacts:
    """The person whom the data are of."""
    return make_account(cloud, person=make_person(cloud, id_number=ID_NUMBER))


def observations(*more: dict[str, Any], **changes: Any) -> dict[str, Any]:
    one = {
        "observation_id": "O1",
        "measure": "heart_rate",
        "value": 72,
        "unit": "/min",
        "observed_at": "2026-03-01T08:00:00+08:00",
        "device": "手环 B2",
    }
    return {"person": {"id_number": ID_NUMBER}, "observations": [one | changes, *more]}


def results(**changes: Any) -> dict[str, Any]:
    one = {
        "result_id": "R1",
        "model_name": "结节检出",
        "model_version": "2.1",
        "conclusion": "右肺上叶可疑小结节。",
        "findings": [{"label": "结节", "code": "RID3875", "probability": 0.83}],
        "produced_at": "2026-03-01T09:00:00+08:00",
    }
    return {"person": {"id_number": ID_NUMBER}, "results": [one | changes]}


def kept(cloud: ImageCloud) -> int:
    with cloud.database.session() as session:
        return session.scalar(select(func.count(ExternalRecord.record_id))) or 0


@pytest.mark.requirement("D-34")
def test_both_kinds_are_taken_once_sealed_and_apart_and_read_by_the_person_alone(
    app: Flask, cloud: ImageCloud, provider: RecordsCase, owner: SignInFacts
) -> None:
    study = make_study(cloud, person_id=owner.person_id)
    for path, body in ((SENSORS, observations()), (AI, results(study_uid=study.study_uid))):
        first = provider.post(path, body)
        assert first.get_json() == {"stored": 1, "duplicate": 0}, first.get_data(as_text=True)
        assert provider.post(path, body).get_json() == {"stored": 0, "duplicate": 1}
    assert kept(cloud) == 2
    with cloud.database.session() as session:
        rows = session.scalars(select(ExternalRecord)).all()
        assert all("结节".encode() not in one.content_sealed for one in rows)
        assert session.scalar(select(func.count(Study.study_id))) == 1
        assert session.scalars(select(Report.findings)).all() == ["肺纹理清晰"]
        told = session.scalars(select(AuditEvent).where(AuditEvent.event.like("external.%"))).all()
        assert [one.event for one in told] == ["external.sensor"] * 2 + ["external.ai"] * 2
        assert "72" not in str([one.detail for one in told])
    reader = Visitor(app).be(cloud, owner)
    page = reader.get("/account/health-data").get_data(as_text=True)
    for words in ("心率", "72", "手环 B2", "右肺上叶可疑小结节", "83.0%", "结节检出 2.1"):
        assert words in page, words
    stranger = Visitor(app).be(cloud, make_account(cloud, "stranger"))
    assert "结节" not in stranger.get("/account/health-data").get_data(as_text=True)
    gone = next(form for form in reader.forms() if form.action.endswith("/delete"))
    csrf = {"csrf_token": next(iter(stranger.forms())).fields["csrf_token"]}
    assert stranger.client.post(gone.action, data=csrf).status_code == 404
    reader.submit(gone.action)
    assert kept(cloud) == 1


@pytest.mark.requirement("D-34")
@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        (SENSORS, observations() | {"person": {"person_code": "9" * 26}}, 404, "external-person"),
        (SENSORS, observations() | {"person": {"id_number": "1" * 18}}, 409, "external-numbers"),
        (SENSORS, observations(observed_at="2999-01-01T00:00:00Z"), 409, "external-future"),
        (AI, results(study_uid="1.2.3"), 404, "external-study"),
        (SENSORS, observations(unit="bpm"), 422, None),
        (SENSORS, observations(value=900), 422, None),
        (SENSORS, observations(value="NaN"), 422, None),
        (SENSORS, observations(measure="mood"), 422, None),
        (SENSORS, observations(observed_at="2026-03-01T08:00:00"), 422, None),
        (SENSORS, observations() | {"person": {}}, 422, None),
        (SENSORS, observations(unknown=1), 422, None),
        (SENSORS, observations() | {"observations": []}, 422, None),
        (SENSORS, observations(*observations()["observations"] * 200), 422, None),
        (AI, results(conclusion="长" * 4001), 422, None),
        (AI, results(findings=[{"label": "x", "probability": 1.5}]), 422, None),
    ],
)
def test_what_is_not_right_is_refused_whole_and_says_why(
    cloud: ImageCloud,
    provider: RecordsCase,
    owner: SignInFacts,
    path: str,
    body: dict[str, Any],
    status: int,
    kind: str | None,
) -> None:
    answer = provider.post(path, body)
    assert answer.status_code == status, answer.get_data(as_text=True)
    if kind is not None:
        assert answer.get_json()["type"] == f"urn:yingyun:{kind}"
        assert answer.get_json()["detail"]
    assert kept(cloud) == 0


@pytest.mark.requirement("D-34")
def test_a_number_keeps_its_content_and_each_client_has_numbers_of_its_own(
    app: Flask, cloud: ImageCloud, provider: RecordsCase, owner: SignInFacts
) -> None:
    provider.post(SENSORS, observations())
    later = {"observation_id": "O2", "observed_at": clock.now().isoformat()}
    other = observations(observations(**later)["observations"][0], value=180)
    answer = provider.post(SENSORS, other)
    assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:yingyun:external-conflict")
    assert kept(cloud) == 1, "all of a request or nothing"
    second = make_records_case(app, cloud, [Scope.SENSOR_WRITE])
    assert second.post(SENSORS, observations(value=180)).get_json()["stored"] == 1
    huge = observations(device="x" * (2 << 20))
    assert provider.post(SENSORS, huge).status_code == 413
    assert set(UNITS) == set(Measure)
    with cloud.database.session() as session:
        assert session.scalar(select(func.count(Person.id))) == 1
