"""The API by its own document: no address without a token, without the scope, or with a fault."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from portal.api.callers import EXTENSION, Running
from server.clients import Scope
from server.model import Account, AuditEvent, InstitutionClient, Launch, Study
from tests.launches.asking import body, call, token_of
from tests.launches.case import OTHER_ID, PATIENT_ID, LaunchCase

SCOPES = {"launch", "index.read"}


def operations(case: LaunchCase) -> list[tuple[str, str, set[str]]]:
    """Every operation of the document, with the scopes that it asks for."""
    document = case.app.test_client().get("/api/v1/openapi.json").get_json()
    return [
        (
            method.upper(),
            path.removeprefix("/api/v1").replace("{", "").replace("}", ""),
            {scope for one in facts["security"] for scopes in one.values() for scope in scopes},
        )
        for path, methods in document["paths"].items()
        for method, facts in methods.items()
    ]


@pytest.mark.requirement("F-36")
def test_no_operation_without_a_token_or_with_another_scope(case: LaunchCase) -> None:
    found = operations(case)
    assert len(found) >= 3
    for method, path, scopes in found:
        for token in (None, "", "invented"):
            answer = call(case, method, path, token, {})
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert len(scopes) == 1
        wrong = token_of(case, scope=" ".join(SCOPES - scopes))
        assert call(case, method, path, wrong, {}).status_code == 403, (method, path)
    with case.cloud.database.session() as session:
        wanted = select(AuditEvent).where(AuditEvent.event == "access.denied")
        assert {one.actor for one in session.scalars(wanted)} == {f"client:{case.client_id}"}


@pytest.mark.requirement("D-19")
def test_every_change_that_a_client_asks_for_is_on_record(case: LaunchCase) -> None:
    changing = [one for one in operations(case) if one[0] != "GET" and one[2] <= SCOPES]
    assert len(changing) >= 3
    for method, path, scopes in changing:
        token = token_of(case, scope=" ".join(scopes))
        with case.cloud.database.session() as session:
            before = session.scalar(select(func.max(AuditEvent.sequence))) or 0
        call(case, method, path, token, {})
        with case.cloud.database.session() as session:
            told = session.scalars(select(AuditEvent).where(AuditEvent.sequence > before)).all()
        assert {one.actor for one in told} == {f"client:{case.client_id}"}, (method, path)


@pytest.mark.requirement("F-36")
def test_every_address_below_the_api_of_hospitals_is_in_the_document(case: LaunchCase) -> None:
    rules = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in case.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        and not rule.rule.startswith(("/api/v1/provinces/", "/api/v1/openapi.json"))
    }
    document = case.app.test_client().get("/api/v1/openapi.json").get_json()
    assert set(document["paths"]) == rules


@pytest.mark.requirement("F-36")
def test_nothing_that_is_sent_breaks_it(case: LaunchCase) -> None:
    """Schemathesis makes requests from the document, valid ones and others."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", case.app)
    with case.cloud.database.session() as session:
        session.get_one(InstitutionClient, case.client_id).scopes = [str(one) for one in Scope]
    headers = {"Authorization": f"Bearer {token_of(case)}"}
    statuses: set[int] = set()

    def try_it(operation: Any, mode: GenerationMode) -> None:
        @settings(max_examples=15, deadline=None, database=None, derandomize=True)
        @given(operation.as_strategy(generation_mode=mode))
        def send(made: Any) -> None:
            answer = made.call(headers=headers)
            statuses.add(answer.status_code)
            made.validate_response(answer, checks=[not_a_server_error])

        send()

    for result in schema.get_all_operations():
        operation = result.ok()
        try_it(operation, GenerationMode.POSITIVE)
        if operation.body:
            try_it(operation, GenerationMode.NEGATIVE)
    assert 404 in statuses, "requests of the right shape have been tried"
    token = token_of(case, scope="launch")
    assert call(case, "POST", "/launches", token, {"patient": 5}).status_code == 422


@pytest.mark.requirement("C-38", "E-43")
def test_a_launch_by_the_api(case: LaunchCase) -> None:
    token = token_of(case, scope="launch")
    answer = call(case, "POST", "/launches", token, body())
    assert answer.status_code == 201, answer.get_data(as_text=True)
    made = answer.get_json()
    assert made["expires_in"] == 60
    assert made["url"].endswith(f"/launch/{made['ticket']}")
    with case.cloud.database.session() as session:
        launch = session.get_one(Launch, made["launch_id"])
        assert made["ticket"] not in launch.ticket_hash
    assert call(case, "DELETE", f"/launches/{made['launch_id']}", token).status_code == 204
    gone = case.app.test_client().get(f"/launch/{made['ticket']}")
    assert gone.status_code == 410


@pytest.mark.requirement("C-46")
@pytest.mark.parametrize("visit_type", ["outpatient", "inpatient", "emergency", "other"])
def test_each_kind_of_visit_is_kept(case: LaunchCase, visit_type: str) -> None:
    asked = body(visit_type=visit_type, purpose=visit_type, network="outside")
    made = call(case, "POST", "/launches", token_of(case), asked).get_json()
    with case.cloud.database.session() as session:
        launch = session.get_one(Launch, made["launch_id"])
    assert (launch.visit_type, launch.purpose, launch.outside) == (visit_type, visit_type, True)


def uid_of(case: LaunchCase) -> str:
    with case.cloud.database.session() as session:
        return session.get_one(Study, case.study_id).study_uid


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"frame_origin": "https://evil.example"}, "origin"),
        ({"frame_origin": "nonsense"}, "origin"),
        ({"study_uid": "1.2.3"}, "study"),
        ({"accession_number": "nothing"}, "study"),
        ({"invoke_image_display": {"requestType": "STUDY"}}, "study"),
        ({"invoke_image_display": {"requestType": "PATIENT", "patientID": OTHER_ID}}, "patient"),
        ({"patient": {"patient_id": PATIENT_ID, "id_number": "1" * 18}}, "certificate"),
    ],
)
def test_refusals_say_which_part_does_not_fit(
    case: LaunchCase, changes: dict[str, Any], reason: str
) -> None:
    answer = call(case, "POST", "/launches", token_of(case), body(**changes))
    assert answer.status_code == 409
    assert answer.get_json()["type"] == f"urn:yingyun:launch-{reason}"
    with case.cloud.database.session() as session:
        assert session.scalars(select(Launch)).all() == []
        made = select(Account).where(Account.login.startswith("his-"))
        assert session.scalars(made).all() == [], "a refused launch leaves no account behind"


@pytest.mark.requirement("C-44")
def test_the_index_of_a_patient(case: LaunchCase) -> None:
    token = token_of(case, scope="index.read")
    found = call(case, "POST", "/studies/search", token, {"patient": {"patient_id": PATIENT_ID}})
    assert [one["study_uid"] for one in found.get_json()["studies"]] == [uid_of(case)]
    nobody = call(case, "POST", "/studies/search", token, {"patient": {"patient_id": "P999"}})
    assert nobody.get_json() == {"studies": []}


@pytest.mark.requirement("F-37")
def test_a_client_may_not_ask_too_often_or_too_much_at_once(case: LaunchCase) -> None:
    token = token_of(case)
    running: Running = case.app.extensions[EXTENSION]
    while running.enter(case.client_id):
        pass
    answer = call(case, "DELETE", "/launches/x", token)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    while case.client_id in running._counts:
        running.leave(case.client_id)
    answers: list[TestResponse] = []
    while len(answers) < 700 and (not answers or answers[-1].status_code != 429):
        answers.append(call(case, "DELETE", "/launches/x", token))
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert {one.status_code for one in answers[:-1]} == {404}
    assert case.client_id not in running._counts, "every request is counted out"


def test_a_launch_of_another_client_is_not_there(case: LaunchCase) -> None:
    from server import clients

    made = case.ask()
    with case.cloud.database.session() as session:
        launch = session.get_one(Launch, made.launch.launch_id)
        other = clients.register(
            session,
            institution=launch.client.institution,
            name="PACS",
            origins=[],
            scopes=[clients.Scope.LAUNCH],
        )
        client_id = other.client.client_id
    answer = case.app.test_client().post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, other.secret)
    )
    token = answer.get_json()["access_token"]
    path = f"/launches/{made.launch.launch_id}"
    assert call(case, "DELETE", path, token).status_code == 404
