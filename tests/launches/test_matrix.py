"""Role × scope × endpoint (F-36): who may what is a table; an endpoint without a row fails.

The rows are compared with the addresses of the application and with its OpenAPI document; then
every address is asked with a token of each scope, and as each role, and answers as its row says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.decisions import decision_of
from server.clients import Scope
from server.cloud import ImageCloud
from server.model import InstitutionClient, Role
from tests.factories import make_account
from tests.launches.asking import token_of
from tests.launches.case import LaunchCase
from tests.visitor import Visitor

PREFIXES = ("/api/", "/dicom-web/", "/oauth/", "/cds-services")
EVERYBODY, CENTRES = "everybody", "centres"
DICOMWEB, CDS = "/dicom-web", "/cds-services"
STUDY = f"{DICOMWEB}/studies/<study_uid>"
SERIES = f"{STUDY}/series/<series_uid>"
INSTANCE = f"{SERIES}/instances/<sop_instance_uid>"
FRAMES = f"{INSTANCE}/frames/<numbers>"
READ = (
    f"{DICOMWEB}/studies", f"{DICOMWEB}/series", f"{DICOMWEB}/instances",
    STUDY, f"{STUDY}/instances", f"{STUDY}/series", SERIES, f"{SERIES}/instances", INSTANCE,
    f"{INSTANCE}/bulkdata/<path:path>", FRAMES, f"{FRAMES}/rendered", f"{FRAMES}/thumbnail",
    *(f"{base}/{what}" for base in (STUDY, SERIES, INSTANCE)
      for what in ("metadata", "rendered", "thumbnail")),
)  # fmt: skip
ROWS: dict[tuple[str, str], str] = {
    ("POST", "/api/v1/launches"): Scope.LAUNCH,
    ("DELETE", "/api/v1/launches/<launch_id>"): Scope.LAUNCH,
    ("POST", "/api/v1/studies/search"): Scope.INDEX_READ,
    ("GET", "/api/v1/caching-consents/text"): Scope.CONSENT_WRITE,
    ("POST", "/api/v1/caching-consents"): Scope.CONSENT_WRITE,
    ("POST", "/api/v1/registrations"): Scope.REGISTRATION,
    ("GET", "/api/v1/registrations/<application_id>"): Scope.REGISTRATION,
    ("POST", "/api/v1/receptions"): Scope.REMINDER,
    ("POST", "/api/v1/orders/check"): Scope.REMINDER,
    ("POST", "/api/v1/reminders/<reminder_id>/decision"): Scope.REMINDER,
    ("GET", "/api/v1/citations/<citation_id>"): Scope.CITATION_READ,
    ("POST", "/api/v1/recognition-counts"): Scope.CITATION_READ,
    ("POST", "/api/v1/gateway/heartbeat"): Scope.GATEWAY,
    ("GET", "/api/v1/gateway/releases/<version>"): Scope.GATEWAY,
    ("GET", "/api/v1/gateway/cache"): Scope.GATEWAY,
    ("GET", "/api/v1/gateway/cache/<item_id>"): Scope.GATEWAY,
    ("GET", "/api/v1/gateway/cache/<item_id>/objects"): Scope.GATEWAY,
    ("POST", "/api/v1/gateway/cache/<item_id>/outcome"): Scope.GATEWAY,
    ("POST", "/api/v1/gateway/retrievals"): Scope.GATEWAY,
    **{
        ("POST", f"/api/v1/{name}"): Scope.RECORDS_WRITE
        for name in (
            "settlement-events",
            "settlements",
            "exam-steps",
            "exam-lists",
            "exam-uploads/search",
        )
    },
    ("GET", "/api/v1/quality/tasks"): Scope.DICOMWEB_STORE,
    ("POST", "/api/v1/master-index/assignments"): Scope.MASTER_INDEX_WRITE,
    ("POST", "/api/v1/master-index/images"): Scope.DICOMWEB_READ,
    ("GET", "/api/v1/master-index/<entry_id>/images"): Scope.DICOMWEB_READ,
    ("POST", "/api/v1/data-sets"): Scope.DATA_SETS_READ,
    ("POST", "/api/v1/health-sensors/observations"): Scope.SENSOR_WRITE,
    ("POST", "/api/v1/health-ai/results"): Scope.HEALTH_AI_WRITE,
    ("POST", "/api/v1/exams"): Scope.RECORDS_WRITE,
    ("POST", "/api/v1/reports"): Scope.RECORDS_WRITE,
    ("POST", "/api/v1/reports/withdrawal"): Scope.RECORDS_WRITE,
    ("POST", f"{DICOMWEB}/studies"): Scope.DICOMWEB_STORE,
    ("POST", STUDY): Scope.DICOMWEB_STORE,
    **{("GET", rule): Scope.DICOMWEB_READ for rule in READ},
    ("POST", "/api/v1/provinces/index-queries"): CENTRES,
    ("POST", "/api/v1/provinces/cache-requests"): CENTRES,
    ("GET", "/api/v1/provinces/cache-requests/<release_id>/objects"): CENTRES,
    ("POST", f"{CDS}/<service_id>"): Scope.REMINDER,  # or a JWT that the client signed
    ("POST", f"{CDS}/<service_id>/feedback"): Scope.REMINDER,
    ("GET", CDS): EVERYBODY,
    ("GET", "/api/v1/openapi.json"): EVERYBODY,
    ("GET", f"{DICOMWEB}/"): EVERYBODY,
    ("POST", "/oauth/token"): EVERYBODY,  # it takes the client's own credentials
    ("POST", "/oauth/revoke"): EVERYBODY,
}
SCOPED = [(method, rule, row) for (method, rule), row in ROWS.items() if row in set(Scope)]


def addresses(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(PREFIXES):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield method, rule.rule


def ask(client: FlaskClient, method: str, rule: str, token: str = "") -> int:
    path = re.sub(r"<[^>]+>", "1", rule)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.open(path, method=method, headers=headers, json={}).status_code


@pytest.mark.requirement("F-36")
def test_every_endpoint_has_a_row_and_every_row_an_endpoint(app: Flask) -> None:
    assert set(addresses(app)) == set(ROWS)


@pytest.mark.requirement("F-36")
def test_the_document_asks_for_the_scope_of_the_row(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    for path, methods in document["paths"].items():
        for method, facts in methods.items():
            (scope,) = [one for way in facts["security"] for got in way.values() for one in got]
            rule = path.replace("{", "<").replace("}", ">")
            assert ROWS[method.upper(), rule] == scope, (method, path)
    documented = {path.replace("{", "<").replace("}", ">") for path in document["paths"]}
    undocumented = {rule for _method, rule, _scope in SCOPED} - documented
    elsewhere = (DICOMWEB, CDS)  # PS3.18 and CDS Hooks document those
    assert all(rule.startswith(elsewhere) for rule in undocumented)


@pytest.mark.requirement("F-36")
@pytest.mark.parametrize("scope", list(Scope))
def test_a_scope_opens_its_own_endpoints_and_no_other(case: LaunchCase, scope: Scope) -> None:
    with case.cloud.database.session() as session:
        session.get_one(InstitutionClient, case.client_id).scopes = [str(one) for one in Scope]
    token, client = token_of(case, scope=str(scope)), case.app.test_client(use_cookies=False)
    for method, rule, row in SCOPED:
        status = ask(client, method, rule, token)
        if row == scope:
            assert status not in {401, 403}, (method, rule)
        else:
            assert status == 403, (method, rule)
    for (method, rule), row in ROWS.items():
        if row == CENTRES:
            # 404: this centre has no neighbours, so there is nothing to ask.
            assert ask(client, method, rule, token) in {401, 404}, (method, rule)


@pytest.mark.requirement("F-36", "F-07")
@pytest.mark.parametrize("role", [None, *Role])
def test_no_role_of_the_portal_opens_an_endpoint_of_the_api(
    app: Flask, cloud: ImageCloud, role: Role | None
) -> None:
    """A browser that is signed in is no hospital's system, whoever sits before it."""
    visitor = Visitor(app)
    if role is not None:
        visitor.be(cloud, make_account(cloud, f"role.{role}", role=role))
    for (method, rule), row in ROWS.items():
        if row != EVERYBODY:
            assert ask(visitor.client, method, rule) == 401, (role, method, rule)


@pytest.mark.requirement("F-36")
def test_every_view_behind_a_row_carries_the_decision_of_the_row(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            row = ROWS.get((method, rule.rule))
            decision = decision_of(app.view_functions[rule.endpoint])
            if row is None or decision is None:
                continue
            assert (decision.words == "public") == (row == EVERYBODY), rule.rule
