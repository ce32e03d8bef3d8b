"""Calling the API as a hospital's system does."""

from __future__ import annotations

from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key
from werkzeug.test import TestResponse

from server import clock
from tests.launches.case import HIS, PATIENT_ID, LaunchCase

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def ask_token(case: LaunchCase, secret: str | None = None, **form: str) -> TestResponse:
    """Ask for a token with the client's secret, or with what the form says."""
    auth = None if "client_assertion" in form else (case.client_id, secret or case.secret)
    return case.app.test_client().post(
        "/oauth/token", data={"grant_type": "client_credentials"} | form, auth=auth
    )


def token_of(case: LaunchCase, **form: str) -> str:
    """Return a fresh access token."""
    answer = ask_token(case, **form)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return str(answer.get_json()["access_token"])


def body(**changes: Any) -> dict[str, Any]:
    """Return a launch as a hospital's system asks for it."""
    return {
        "patient": {"patient_id": PATIENT_ID},
        "physician": {"code": "D001", "name": "王医生"},
        "encounter": "V1",
        "visit_type": "outpatient",
        "purpose": "outpatient",
        "network": "inside",
        "frame_origin": HIS,
    } | changes


def call(
    case: LaunchCase, method: str, path: str, token: str | None, json: Any = None
) -> TestResponse:
    """Call an address of the API."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return case.app.test_client().open(f"/api/v1{path}", method=method, json=json, headers=headers)


def signing_key() -> Key:
    """Return a fresh key pair."""
    return ECKey.generate_key("P-256", private=True)


def assertion(client_id: str, key: Key, **changes: Any) -> str:
    """Return an assertion with which a client proves itself (RFC 7523)."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": "http://127.0.0.1:8000/oauth/token",
        "exp": now + 60,
        "jti": "one",
    }
    return jwt.encode({"alg": "ES256"}, claims | changes, key)
