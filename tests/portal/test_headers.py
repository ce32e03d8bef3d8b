"""What every answer says about security, read as browsers read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal.app import create_app
from server.cloud import ImageCloud
from server.settings import Settings
from tests.factories import SignInFacts
from tests.visitor import Visitor

OPEN_PAGES = ["/login", "/privacy", "/dev/mailbox", "/nowhere"]
SIGNED_IN_PAGES = ["/account", "/studies", "/shares"]


def policy(answer: TestResponse) -> dict[str, list[str]]:
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


class Inline(HTMLParser):
    """Finds what the policy would stop: inline styles, handlers, scripts without the nonce."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.nonces: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        self.found += [f"{tag} {name}" for name in facts if name.startswith("on")]
        if "style" in facts or tag == "style":
            self.found.append(f"{tag} style")
        if (facts.get("href") or "").startswith("javascript:"):
            self.found.append("javascript:")
        if tag == "script" and facts.get("type") != "application/json":
            self.nonces.append(facts.get("nonce"))
        if facts.get("target") == "_blank":
            self.found.append("new tab")


def check_page(answer: TestResponse) -> None:
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "private, no-store"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    rules = policy(answer)
    assert rules["default-src"] == ["'none'"]
    assert rules["frame-ancestors"] == ["'none'"]
    assert rules["base-uri"] == ["'none'"]
    assert rules["object-src"] == ["'none'"]
    assert rules["form-action"] == ["'self'"]
    assert rules["style-src"] == ["'self'"]
    everything = {value for values in rules.values() for value in values}
    assert not everything & {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"}
    assert not any("://" in value for value in everything)


@pytest.mark.parametrize("path", OPEN_PAGES + SIGNED_IN_PAGES)
def test_every_page_is_strict(
    visitor: Visitor, patient: SignInFacts, cloud: ImageCloud, path: str
) -> None:
    if path in SIGNED_IN_PAGES:
        visitor.be(cloud, patient)
    answer = visitor.get(path, follow_redirects=False)
    check_page(answer)
    assert "'wasm-unsafe-eval'" not in policy(answer)["script-src"]
    inline = Inline()
    inline.feed(visitor.text)
    assert inline.found == []
    allowed = [f"'nonce-{nonce}'" for nonce in inline.nonces]
    assert allowed
    assert set(allowed) <= set(policy(answer)["script-src"])


def test_the_nonce_is_new_on_each_answer(visitor: Visitor) -> None:
    first, second = (policy(visitor.get("/login"))["script-src"] for _ in range(2))
    assert first != second


def test_only_scripts_and_viewer_pages_may_compile(app: Flask) -> None:
    allowed = {
        endpoint
        for endpoint, view in app.view_functions.items()
        if getattr(view, "runs_python", False)
    }
    assert {"files.static_file", "files.asset_file"} <= allowed
    others = allowed - {"files.static_file", "files.asset_file"}
    assert all("dicom" in name for name in others), others


def test_over_https_cookies_are_bound_to_the_host(
    settings: Settings, open_test_cloud: Callable[[Settings], ImageCloud]
) -> None:
    from tests.factories import make_account

    cloud = open_test_cloud(replace(settings, base_url="https://images.example"))
    visitor = Visitor(create_app(cloud), "https://images.example")
    facts = make_account(cloud)
    visitor.get("/login")
    visitor.submit("/login", login=facts.login, password=facts.password)
    answer = visitor.submit("/login/code", follow_redirects=False, code=facts.code())
    cookies = [value for name, value in answer.headers if name == "Set-Cookie"]
    assert {cookie.split("=")[0] for cookie in cookies} == {
        "__Host-yingyun",
        "__Host-yingyun-device",
        "__Host-yingyun-forms",
    }
    for cookie in cookies:
        flags = {flag.strip() for flag in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= flags
        assert not any(flag.startswith("Domain") for flag in flags)
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert visitor.get("/account").status_code == 200


def test_cookies_hold_a_token_and_nothing_else(visitor: Visitor, patient: SignInFacts) -> None:
    visitor.sign_in(patient)
    cookie = visitor.client.get_cookie("yingyun")
    assert cookie
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", cookie.value)
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert cookie.expires is None  # gone when the browser closes


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
        ({"Origin": "https://evil.example"}, 400),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({}, 303),
    ],
)
def test_changes_come_from_our_own_pages(
    visitor: Visitor, patient: SignInFacts, headers: dict[str, str], status: int
) -> None:
    visitor.get("/login")
    form = next(form for form in visitor.forms() if form.action == "/login")
    data = form.fields | {"login": patient.login, "password": patient.password}
    answer = visitor.client.post("/login", data=data, headers=headers)
    assert answer.status_code == status


def test_a_form_without_its_token_is_refused_in_words(
    visitor: Visitor, patient: SignInFacts
) -> None:
    visitor.get("/login")
    answer = visitor.client.post(
        "/login", data={"login": patient.login, "password": patient.password}
    )
    assert answer.status_code == 400
    assert "页面已过期" in answer.get_data(as_text=True)


def test_the_token_of_another_browser_is_refused(app: Flask, patient: SignInFacts) -> None:
    mine, theirs = Visitor(app), Visitor(app)
    mine.get("/login")
    theirs.get("/login")
    stolen = theirs.forms()[0].fields["csrf_token"]
    answer = mine.submit(
        "/login", csrf_token=stolen, login=patient.login, password=patient.password
    )
    assert answer.status_code == 400


@pytest.fixture
def behind_proxy(settings: Settings, open_test_cloud: Callable[[Settings], ImageCloud]) -> Flask:
    """The portal behind one proxy that people reach over HTTPS."""
    chosen = replace(settings, base_url="https://cloud.example.org", trusted_proxies=1)
    return create_app(open_test_cloud(chosen))


@pytest.mark.requirement("F-15")
def test_plain_http_leads_to_https(behind_proxy: Flask) -> None:
    client = behind_proxy.test_client()
    plain = client.get("/studies?person=1", headers={"X-Forwarded-Proto": "http"})
    assert plain.status_code == 308
    assert plain.headers["Location"] == "https://cloud.example.org/studies?person=1"
    assert "Set-Cookie" not in plain.headers
    odd = client.get("/s/%0d%0aSet-Cookie:x", headers={"X-Forwarded-Host": "evil.example"})
    assert odd.headers["Location"].startswith("https://cloud.example.org/s/%0D%0A")
    assert client.post("/login", data={"password": "x"}).status_code == 400
    assert client.get("/healthz").status_code == 200
    encrypted = client.get("/login", headers={"X-Forwarded-Proto": "https"})
    assert encrypted.status_code == 200
    assert "max-age=31536000" in encrypted.headers["Strict-Transport-Security"]
