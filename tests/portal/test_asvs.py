"""OWASP ASVS 5.0 at every address there is: headers, methods, cookies, caches, tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal.app import create_app
from server.cloud import ImageCloud
from tests.factories import SignInFacts
from tests.portal.test_routes import address, walk
from tests.visitor import Visitor

HTTPS = "https://images.example.org"


@pytest.fixture
def secure(cloud: ImageCloud) -> Flask:
    """The portal as people reach it, behind a proxy that speaks HTTPS."""
    settings = replace(cloud.settings, base_url=HTTPS, trusted_proxies=1)
    return create_app(replace(cloud, settings=settings))


def answers(app: Flask) -> list[tuple[str, TestResponse]]:
    """What a stranger is answered at each address, by each method."""
    app.config["WTF_CSRF_ENABLED"] = False
    headers = {"X-Forwarded-Proto": "https", "Origin": "https://evil.example"}
    return [
        (
            f"{method} {rule.rule}",
            app.test_client().open(address(rule), method=method, base_url=HTTPS, headers=headers),
        )
        for rule, method in walk(app)
    ]


@pytest.mark.requirement("F-40")
def test_headers_of_every_answer(secure: Flask) -> None:
    """3.4.1 … 3.4.6, 4.1.1, 3.4.2: whatever is answered, by whichever view."""
    for name, one in answers(secure):
        said = one.headers
        assert said["Strict-Transport-Security"].startswith("max-age=31536000"), name
        assert "Access-Control-Allow-Origin" not in said, name
        assert "frame-ancestors" in said["Content-Security-Policy"], name
        assert "object-src 'none'" in said["Content-Security-Policy"], name
        assert "base-uri 'none'" in said["Content-Security-Policy"], name
        assert said["X-Content-Type-Options"] == "nosniff", name
        assert said["Referrer-Policy"] in {"no-referrer", "strict-origin-when-cross-origin"}, name
        kind = said.get("Content-Type", "")
        if one.data:
            assert kind, name
        if kind.startswith("text/"):
            assert "charset=utf-8" in kind.lower(), name


@pytest.mark.requirement("F-40")
def test_no_method_that_echoes(app: Flask) -> None:
    """13.4.4."""
    for path in ("/", "/login", "/api/v1/openapi.json", "/dicom-web/studies", "/healthz"):
        for method in ("TRACE", "TRACK", "CONNECT"):
            status = app.test_client().open(path, method=method).status_code
            assert status in {400, 403, 404, 405, 501}, (path, method)


@pytest.mark.requirement("F-40")
def test_cookies_caches_and_what_is_left_after_signing_out(
    secure: Flask, cloud: ImageCloud, patient: SignInFacts
) -> None:
    """3.3.1 … 3.3.4, 14.3.2."""
    visitor = Visitor(secure, HTTPS)
    visitor.client.environ_base["HTTP_X_FORWARDED_PROTO"] = "https"
    visitor.sign_in(patient)
    page = visitor.get("/studies")
    assert "no-store" in page.headers["Cache-Control"]
    cookies = list(visitor.client._cookies.values())  # type: ignore[attr-defined]
    assert cookies
    for one in cookies:
        assert one.decoded_key.startswith("__Host-"), one.decoded_key
        assert one.secure and one.http_only and one.path == "/", one.decoded_key
        assert one.same_site in {"Lax", "Strict"}, one.decoded_key
    visitor.get("/account")
    visitor.submit("/logout", follow_redirects=False)
    left = [one.decoded_value for one in visitor.client._cookies.values()]  # type: ignore[attr-defined]
    assert not set(left) & {one.decoded_value for one in cookies if "session" in one.decoded_key}
    assert visitor.client.get("/studies", base_url=HTTPS).status_code == 303
