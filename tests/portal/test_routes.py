"""Every view carries a decision; strangers get nothing."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import Rule

from portal.decisions import Decision, decision_of
from server.cloud import ImageCloud
from server.model import Role
from tests.factories import make_account
from tests.visitor import Visitor

# What may be used by anyone; a new public address must be added here knowingly.
PUBLIC = {
    "/api/v1/openapi.json",
    "/app.webmanifest",
    "/dicom-web/",
    "/oauth/token",
    "/oauth/revoke",
    "/offline",
    "/service-worker.js",
    "/",
    "/assets/<path:path>",
    "/authorisations/evidence",
    "/cds-services",
    "/dev/mailbox",
    "/healthz",
    "/language",
    "/IHEInvokeImageDisplay",
    "/launch",
    "/launch/<ticket>",
    "/launch/session",
    "/login",
    "/login/code",
    "/login/passkey",
    "/login/passkey/options",
    "/login/sms",
    "/login/with/<name>",
    "/login/with/<name>/done",
    "/logout",
    "/metrics",
    "/privacy",
    "/readyz",
    "/recover",
    "/recover/code",
    "/recover/password",
    "/recover/wait",
    "/d/<download_id>",
    "/d/<download_id>/open",
    "/s/<share_id>",
    "/s/<share_id>/open",
    "/static/<path:path>",
    "/text-size",
}


def address(rule: Rule) -> str:
    """An address of the rule with invented values."""
    values = dict.fromkeys(rule.arguments, "0" * 22)
    for name, converter in rule._converters.items():
        if type(converter).__name__ == "IntegerConverter":
            values[name] = "0"
        if type(converter).__name__ == "AnyConverter":
            values[name] = sorted(converter.items)[0]
    built = rule.build(values)
    assert built is not None
    return built[1]


def walk(app: Flask) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.mark.requirement("F-07")
def test_every_view_carries_a_decision(app: Flask) -> None:
    rules = list(app.url_map.iter_rules())
    assert len(rules) > 10
    for rule in rules:
        view = app.view_functions[rule.endpoint]
        assert isinstance(decision_of(view), Decision), rule.rule


def test_the_public_addresses_are_the_known_ones(app: Flask) -> None:
    public = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if (decision := decision_of(app.view_functions[rule.endpoint]))
        and decision.words in {"public", "development only"}
    }
    assert public <= PUBLIC


@pytest.mark.requirement("A-06", "D-52")
def test_strangers_get_nothing_but_the_way_in(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    for rule, method in walk(app):
        if rule.rule in PUBLIC:
            continue
        client = app.test_client()
        page = client.open(address(rule), method=method)
        way_in = page.headers.get("Location", "")
        assert page.status_code in {303, 401, 410}, f"{method} {rule.rule} {page.status_code}"
        assert page.status_code != 303 or way_in.startswith(("/login", "/s/"))
        program = client.open(address(rule), method=method, headers={"Sec-Fetch-Dest": "empty"})
        assert program.status_code in {401, 410}, f"{method} {rule.rule} {program.status_code}"
        assert program.content_type == "application/problem+json"


@pytest.mark.requirement("F-07")
def test_a_view_without_a_decision_is_refused(app: Flask) -> None:
    @app.get("/forgotten")
    def forgotten() -> str:
        return "secret"

    answer = app.test_client().get("/forgotten")
    assert answer.status_code == 403
    assert b"secret" not in answer.data


@pytest.mark.requirement("F-07")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PATIENT])
def test_other_roles_see_no_study(app: Flask, cloud: ImageCloud, role: Role) -> None:
    """Nobody but a patient and whom he shares with reaches study pages by these doors."""
    app.config["WTF_CSRF_ENABLED"] = False
    staff = Visitor(app).be(cloud, make_account(cloud, "staff", role=role))
    for rule, method in walk(app):
        if not rule.rule.startswith("/studies/<study_id>"):
            continue
        answer = staff.client.open(address(rule), method=method)
        assert answer.status_code in {403, 404}, f"{method} {rule.rule} {answer.status_code}"
