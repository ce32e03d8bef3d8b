"""Pages of refusals: Chinese first, English second, and a next step that works (A-49)."""

from __future__ import annotations

import re

import pytest
from flask import Flask, abort
from sqlalchemy.exc import OperationalError

from portal.decisions import public, public_data
from portal.problems import STATUS_WORDS
from server.cloud import ImageCloud
from tests.factories import SignInFacts
from tests.visitor import Visitor

CODES = [400, 401, 403, 404, 405, 410, 413, 415, 429, 500, 503]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
STEP = re.compile(r'class="button button-primary" href="([^"]+)"')


@pytest.fixture
def faulty(app: Flask) -> Flask:
    app.config["WORKS_AGAIN"] = False

    @app.get("/fault/<int:code>")
    @public
    def fault(code: int) -> str:
        if not app.config["WORKS_AGAIN"]:
            abort(code)
        return "works again"

    @app.get("/no-database")
    @public
    def no_database() -> str:
        raise OperationalError("SELECT name = 'secret-name'", {}, Exception("secret-host"))

    @app.get("/no-database/data")
    @public_data
    def no_database_data() -> str:
        raise OperationalError("SELECT 1", {}, Exception("secret-host"))

    return app


def section(text: str) -> str:
    found = re.search(r'<section class="problem card">(.*?)</section>', text, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.requirement("A-49")
@pytest.mark.parametrize("code", CODES)
def test_chinese_comes_first_and_english_second(faulty: Flask, code: int) -> None:
    visitor = Visitor(faulty)
    visitor.get(f"/fault/{code}")
    words = section(visitor.text)
    heading = re.search(r'<h1 class="problem-title">([^<]+)</h1>', words)
    english = re.search(r'<p class="problem-second" lang="en">([^<]+)</p>', words)
    assert heading is not None
    assert english is not None
    assert CHINESE.search(heading[1])
    assert CHINESE.search(english[1]) is None
    assert len(english[1].split()) >= 6
    assert words.index(heading[0]) < words.index(english[0])
    if code in STATUS_WORDS:
        assert "系统出现故障" not in words


@pytest.mark.parametrize("code", CODES)
def test_who_chose_english_reads_only_english(faulty: Flask, code: int) -> None:
    visitor = Visitor(faulty)
    visitor.get("/login")
    visitor.submit("/language", language="en")
    visitor.get(f"/fault/{code}")
    assert CHINESE.findall(section(visitor.text)) == []
    assert 'class="problem-second"' not in visitor.text


@pytest.mark.requirement("A-49")
@pytest.mark.parametrize("code", CODES)
def test_the_next_step_works(
    faulty: Flask, cloud: ImageCloud, patient: SignInFacts, code: int
) -> None:
    for visitor in (Visitor(faulty), Visitor(faulty).be(cloud, patient)):
        faulty.config["WORKS_AGAIN"] = False
        visitor.get(f"/fault/{code}?show=images")
        step = STEP.search(visitor.text)
        assert step is not None
        faulty.config["WORKS_AGAIN"] = True
        assert visitor.get(step[1].replace("&amp;", "&")).status_code == 200
        assert "problem-title" not in visitor.text


@pytest.mark.parametrize("code", [429, 500, 503])
def test_what_passes_is_tried_again_in_place(faulty: Flask, code: int) -> None:
    visitor = Visitor(faulty)
    visitor.get(f"/fault/{code}?show=images")
    assert f'href="/fault/{code}?show=images">重新打开此页' in visitor.text


@pytest.mark.parametrize("address", ["//evil.example/%2e%2e", "/\\evil.example"])
def test_no_step_leads_to_another_site(visitor: Visitor, address: str) -> None:
    visitor.client.get(address)
    visitor.get(address)
    steps = STEP.findall(visitor.text)
    assert [step for step in steps if step.startswith(("//", "/\\"))] == []


@pytest.mark.requirement("A-49")
def test_a_database_that_is_away_is_a_page_too(faulty: Flask) -> None:
    visitor = Visitor(faulty)
    answer = visitor.get("/no-database")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "服务暂时不可用" in visitor.text
    assert "Service" in section(visitor.text)
    for raw in ("SELECT", "secret", "sqlalchemy", "Traceback"):
        assert raw not in visitor.text
    data = faulty.test_client().get("/no-database/data")
    assert data.content_type == "application/problem+json"
    assert data.get_json()["status"] == 503


@pytest.mark.requirement("A-49")
def test_who_is_signed_in_reads_of_it_though_nobody_can_look_him_up(
    app: Flask, cloud: ImageCloud, patient: SignInFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's own heading would ask the database again."""
    visitor = Visitor(app).be(cloud, patient)

    def away() -> None:
        raise OperationalError("SELECT 1", {}, Exception("away"))

    monkeypatch.setattr(cloud.database, "session", away)
    answer = visitor.get("/account")
    assert answer.status_code == 503
    assert "服务暂时不可用" in visitor.text
    assert STEP.findall(visitor.text) == ["/account"]
