"""Hospitals' systems prove themselves; secrets and keys are replaced without a gap."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from server import clients, clock
from server.clients import ClientError, OriginError, Scope, normalize_origin
from server.model import AuditEvent, ClientCredential, ClientToken, InstitutionClient
from tests.launches.asking import ASSERTION, ask_token, assertion, call, signing_key, token_of
from tests.launches.case import LaunchCase

REFUSED = 400  # invalid_client where no Authorization header was sent (RFC 6749 5.2)


def rotate(case: LaunchCase, overlap: timedelta, **extra: object) -> str:
    with case.cloud.database.session() as session:
        client = session.get_one(InstitutionClient, case.client_id)
        return clients.rotate(session, client, overlap=overlap, **extra).secret  # type: ignore[arg-type]


def another_client(case: LaunchCase) -> tuple[str, str]:
    """Identifier and secret of another system of the same hospital."""
    with case.cloud.database.session() as session:
        client = session.get_one(InstitutionClient, case.client_id)
        other = clients.register(
            session, institution=client.institution, name="PACS", origins=[], scopes=[Scope.LAUNCH]
        )
        return other.client.client_id, other.secret


@pytest.mark.requirement("F-36")
def test_a_secret_gives_a_token_of_ten_minutes(case: LaunchCase) -> None:
    answer = ask_token(case)
    said = answer.get_json()
    assert (said["token_type"], said["expires_in"]) == ("Bearer", 600)
    assert said["scope"] == "index.read launch"
    assert answer.headers["Cache-Control"] == "no-store"
    with case.cloud.database.session() as session:
        kept = session.scalars(select(ClientToken)).one()
        credential = session.scalars(select(ClientCredential)).one()
    assert said["access_token"] not in f"{kept.token_hash} {kept.scopes}"
    assert case.secret not in str(credential.secret_hash)
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        assert call(case, "DELETE", "/launches/x", said["access_token"]).status_code == 401


@pytest.mark.requirement("F-36")
@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"scope": "launch everything"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
    ],
)
def test_what_is_not_offered_is_refused(
    case: LaunchCase, form: dict[str, str], status: int, error: str
) -> None:
    answer = ask_token(case, **form)
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)


@pytest.mark.requirement("F-36", "F-37")
def test_wrong_secrets_are_counted_and_on_record(case: LaunchCase) -> None:
    for _ in range(20):
        assert ask_token(case, "wrong").status_code in {400, 401}
    answer = ask_token(case)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 60
    with case.cloud.database.session() as session:
        wanted = select(AuditEvent).where(AuditEvent.event == "client.token")
        assert {one.reason for one in session.scalars(wanted)} == {"invalid_client"}


@pytest.mark.requirement("F-37")
def test_wrong_secrets_shut_out_nobody_else(case: LaunchCase) -> None:
    other_id, other_secret = another_client(case)
    for _ in range(21):
        ask_token(case, "wrong")
    assert ask_token(case).status_code == 429

    def ask(client_id: str, secret: str, address: str) -> int:
        return case.app.test_client().post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client_id, secret),
            environ_base={"REMOTE_ADDR": address},
        ).status_code  # fmt: skip

    assert ask(other_id, other_secret, "127.0.0.1") == 200
    assert ask(case.client_id, case.secret, "192.0.2.7") == 200


@pytest.mark.requirement("F-37")
def test_who_tries_one_client_after_the_other_is_slowed_down(case: LaunchCase) -> None:
    client = case.app.test_client()
    answers = [
        client.post("/oauth/token", data=tried).status_code
        for number in range(30)
        for tried in (
            {"client_id": f"somebody-{number}", "client_secret": "wrong"},
            {
                "client_assertion_type": ASSERTION,
                "client_assertion": assertion(f"nobody-{number}", signing_key()),
            },
        )
    ]
    assert set(answers) <= {400, 401}
    refused = ask_token(case)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) <= 60
    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        assert ask_token(case).status_code == 200


@pytest.mark.requirement("F-36")
def test_a_new_secret_overlaps_with_the_old(case: LaunchCase) -> None:
    fresh = rotate(case, timedelta(days=1))
    assert fresh != case.secret
    assert ask_token(case).status_code == ask_token(case, fresh).status_code == 200
    with time_machine.travel(clock.now() + timedelta(days=1, seconds=1)):
        assert ask_token(case).status_code == 401
        assert ask_token(case, fresh).status_code == 200
    at_once = rotate(case, timedelta(0))
    assert ask_token(case, fresh).status_code == 401
    assert ask_token(case, at_once).status_code == 200


@pytest.mark.requirement("F-36")
def test_a_signature_serves_once(case: LaunchCase) -> None:
    def ask(signed: str) -> int:
        form = {"client_assertion_type": ASSERTION, "client_assertion": signed}
        return ask_token(case, **form).status_code

    key = signing_key()
    assert ask(assertion(case.client_id, key)) == REFUSED, "it has a secret and no key"
    rotate(case, timedelta(0), public_key=key.as_dict(private=False))

    now = int(clock.now().timestamp())
    signed = assertion(case.client_id, key)
    assert ask(signed) == 200
    assert ask(signed) == REFUSED
    for wrong in (
        {"jti": "a", "aud": "https://elsewhere.example/token"},
        {"jti": "b", "exp": now - 60},
        {"jti": "c", "exp": now + 3600},
        {"jti": "d", "iss": "somebody"},
        {"jti": ["e"]},
        {"sub": "nobody", "iss": "nobody"},
    ):
        assert ask(assertion(case.client_id, key, **wrong)) == REFUSED, wrong
    assert ask(assertion(case.client_id, signing_key(), jti="f")) == REFUSED
    second = signing_key()
    rotate(case, timedelta(hours=1), public_key=second.as_dict(private=False))
    assert ask(assertion(case.client_id, key, jti="g")) == 200
    assert ask(assertion(case.client_id, second, jti="h")) == 200


@pytest.mark.requirement("F-36")
def test_tokens_are_revoked_by_their_own_client(case: LaunchCase) -> None:
    token = token_of(case)
    other_id, other_secret = another_client(case)

    def revoke(client_id: str, secret: str) -> int:
        return case.app.test_client().post(
            "/oauth/revoke", data={"token": token}, auth=(client_id, secret)
        ).status_code  # fmt: skip

    assert revoke(other_id, other_secret) == 200
    assert call(case, "DELETE", "/launches/x", token).status_code == 404
    assert revoke(case.client_id, case.secret) == 200
    assert call(case, "DELETE", "/launches/x", token).status_code == 401


def test_a_shut_client_gets_nothing(case: LaunchCase) -> None:
    token = token_of(case)
    with case.cloud.database.session() as session:
        clients.disable(session, session.get_one(InstitutionClient, case.client_id))
    assert call(case, "DELETE", "/launches/x", token).status_code == 401
    assert ask_token(case).status_code == 401


def test_keys_that_cannot_be_trusted_are_refused(case: LaunchCase) -> None:
    for key in ({"kty": "oct", "k": "c2VjcmV0"}, {"kty": "RSA"}, {}):
        with pytest.raises(ClientError):
            rotate(case, timedelta(0), public_key=key)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://HIS.example.org/", "https://his.example.org"),
        ("https://his.example.org:443", "https://his.example.org"),
        ("http://10.0.0.5:8080", "http://10.0.0.5:8080"),
    ],
)
def test_origins_are_written_as_browsers_write_them(text: str, origin: str) -> None:
    assert normalize_origin(text) == origin


@pytest.mark.requirement("F-55")
@pytest.mark.parametrize(
    "text",
    ["", "*", "https://*.example.org", "his.example.org", "https://a.example/path", "null",
     "https://a.example; script-src *", "javascript:alert(1)", "https://user@a.example"],
)  # fmt: skip
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(OriginError):
        normalize_origin(text)
