"""Whatever goes wrong is said in Chinese with a next step, or as problem+json to programs."""

from __future__ import annotations

import json

import pytest
from flask import Flask, abort
from werkzeug.exceptions import HTTPException

from portal.app import create_app
from portal.decisions import public, public_data
from portal.problems import DENIAL_STATUS
from server.access import AccessDenied, DenialReason
from server.cloud import ImageCloud
from tests.visitor import Visitor

CODES = [400, 401, 403, 404, 405, 410, 413, 415, 429, 500, 503]


class SecretError(RuntimeError):
    """Carries what must not reach anybody."""


@pytest.fixture
def faulty(app: Flask) -> Flask:
    @app.get("/fault/<int:code>")
    @public
    def fault(code: int) -> str:
        abort(code)

    @app.get("/data-fault/<int:code>")
    @public_data
    def data_fault(code: int) -> str:
        abort(code)

    @app.get("/crash")
    @public
    def crash() -> str:
        raise SecretError("张三丰 13800138000")

    @app.get("/denied/<reason>")
    @public
    def denied(reason: str) -> str:
        raise AccessDenied(DenialReason(reason))

    return app


@pytest.mark.requirement("A-49")
@pytest.mark.parametrize("code", CODES)
def test_people_read_chinese_words_and_a_next_step(faulty: Flask, code: int) -> None:
    visitor = Visitor(faulty)
    answer = visitor.get(f"/fault/{code}")
    assert answer.status_code == code
    assert answer.content_type == "text/html; charset=utf-8"
    assert '<html lang="zh-CN"' in visitor.text
    for raw in ("Traceback", "Werkzeug", "Not Found", "Forbidden", "Internal Server"):
        assert raw not in visitor.text
    assert 'class="button button-primary" href="/' in visitor.text


@pytest.mark.parametrize("code", CODES)
def test_programs_get_problem_json(faulty: Flask, code: int) -> None:
    answer = faulty.test_client().get(f"/data-fault/{code}")
    assert answer.content_type == "application/problem+json"
    problem = json.loads(answer.data)
    assert problem["status"] == answer.status_code == code
    assert problem["title"]
    assert problem["detail"]


@pytest.mark.parametrize(
    "headers",
    [{"HX-Request": "true"}, {"Sec-Fetch-Dest": "empty"}, {"Accept": "application/json"}],
)
def test_fetch_and_htmx_are_programs(faulty: Flask, headers: dict[str, str]) -> None:
    answer = faulty.test_client().get("/fault/410", headers=headers)
    assert answer.content_type == "application/problem+json"


def test_htmx_is_led_to_the_sign_in(faulty: Flask) -> None:
    answer = faulty.test_client().get("/account", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/login")


@pytest.mark.requirement("A-49")
def test_a_crash_tells_nothing(faulty: Flask) -> None:
    visitor = Visitor(faulty)
    answer = visitor.get("/crash")
    assert answer.status_code == 500
    assert "系统出现故障" in visitor.text
    assert answer.headers["X-Request-ID"] in visitor.text
    for secret in ("张三丰", "13800138000", "SecretError"):
        assert secret not in visitor.text


@pytest.mark.parametrize("reason", DenialReason)
def test_denials_have_their_status(faulty: Flask, reason: DenialReason) -> None:
    answer = faulty.test_client().get(f"/denied/{reason.value}")
    assert answer.status_code == DENIAL_STATUS[reason]


def test_a_study_of_others_looks_like_none(faulty: Flask) -> None:
    client = faulty.test_client()
    denied = client.get("/denied/not_yours", headers={"Accept": "application/json"})
    missing = client.get("/fault/404", headers={"Accept": "application/json"})
    first, second = json.loads(denied.data), json.loads(missing.data)
    first.pop("instance"), second.pop("instance")
    assert first == second


def test_unknown_addresses_and_methods(visitor: Visitor) -> None:
    assert visitor.get("/nowhere").status_code == 404
    answer = visitor.get("/logout")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_request_that_is_too_large_is_refused(visitor: Visitor) -> None:
    answer = visitor.client.post("/login", data={"login": "x" * 2_000_000})
    assert answer.status_code == 413


@pytest.mark.requirement("A-49")
def test_too_many_requests_are_refused_with_a_time(cloud: ImageCloud) -> None:
    app = create_app(cloud, {"YINGYUN_PER_CLIENT": "5 per minute"})
    client = app.test_client()
    codes = [client.get("/login").status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    answer = client.get("/login")
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert "操作过于频繁" in answer.get_data(as_text=True)


def test_one_client_does_not_use_up_the_share_of_another(cloud: ImageCloud) -> None:
    app = create_app(cloud, {"YINGYUN_PER_CLIENT": "2 per minute"})
    client = app.test_client()
    for _ in range(3):
        client.get("/login", environ_base={"REMOTE_ADDR": "192.0.2.1"})
    other = client.get("/login", environ_base={"REMOTE_ADDR": "192.0.2.2"})
    assert other.status_code == 200


def test_errors_keep_the_headers_of_their_kind(faulty: Flask) -> None:
    with pytest.raises(HTTPException):
        abort(404)
    answer = faulty.test_client().post("/fault/404")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_invented_tokens_do_not_evade_the_limit(cloud: ImageCloud) -> None:
    app = create_app(cloud, {"YINGYUN_PER_ADDRESS": "3 per minute"})
    codes = []
    for number in range(4):
        client = app.test_client()
        client.set_cookie("yingyun", f"{number:043d}")
        codes.append(client.get("/login").status_code)
    assert codes == [200, 200, 200, 429]


def test_the_sign_in_has_a_limit_of_its_own(visitor: Visitor) -> None:
    visitor.get("/login")
    token = visitor.forms()[0].fields["csrf_token"]
    codes = [
        visitor.client.post("/login", data={"csrf_token": token}).status_code for _ in range(41)
    ]
    assert codes == [422] * 40 + [429]


@pytest.mark.parametrize("address", ["/s/%00", "/studies/a%00b", "/login?next=%00"])
def test_what_no_database_can_look_for_is_refused(visitor: Visitor, address: str) -> None:
    assert visitor.get(address).status_code == 400
    visitor.get("/login")
    assert visitor.submit("/login", login="a\0b", password="x").status_code == 400
