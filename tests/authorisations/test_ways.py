"""The nine ways of E-32: each recorded with its own evidence, none without it."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from joserfc import jwt
from joserfc.jwk import OKPKey

from portal.app import create_app
from server import messages
from server.authorisations.evidence import from_row
from server.authorisations.verifiers import VerifiersFileError, load_verifiers
from server.cloud import ImageCloud
from server.model import AuthorisationMethod
from server.settings import Settings
from tests.authorisations.case import (
    ID_NUMBER,
    REQUESTS,
    AuthorisationCase,
    code_in,
    make_authorisation_case,
)

CODE = "/authorisations/code"
EVIDENCE = "/authorisations/evidence"
HELP = {
    "method": "physician_assisted",
    "help_reason": "age",
    "licence_number": "110510000012345",
    "informed_consent": "y",
}
PNG = b"\x89PNG\r\n\x1a\n" + b"scan of a signed form" * 40


def own_code(case: AuthorisationCase) -> str:
    """Show the patient's code and read it from his screen."""
    case.patient.get(CODE)
    page = case.patient.submit(CODE).get_data(as_text=True)
    return code_in(page.replace(" ", ""), 12)


def tried(case: AuthorisationCase, **fields: Any) -> int:
    """Send the doctor's form and return the status."""
    case.doctor.get(REQUESTS)
    form = next(one for one in case.doctor.forms() if one.action == REQUESTS)
    data = form.fields | {"id_number": ID_NUMBER, "body_part": ""} | fields
    return case.doctor.client.post(REQUESTS, data=data).status_code


@pytest.mark.requirement("E-32")
def test_the_insurance_code_opens_once_and_says_who_showed_it(case: AuthorisationCase) -> None:
    code = own_code(case)
    asked = case.ask(method="insurance_code", code=f"{code[:4]} {code[4:]}", id_number="")
    case.accept(asked)
    assert case.status() == 200
    kept = case.authorisation(asked)
    assert kept.evidence["shown_by_account"] == case.patient_facts.account_id
    assert tried(case, method="insurance_code", code=code) == 422  # it served once
    assert code not in json.dumps(kept.evidence)


def test_a_code_lives_five_minutes_and_a_new_one_ends_it(case: AuthorisationCase) -> None:
    first, second = own_code(case), own_code(case)
    assert tried(case, method="insurance_code", code=first) == 422
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5, seconds=1)):
        assert tried(case, method="insurance_code", code=second) == 422
    assert case.ask(method="insurance_code", code=second)


def test_codes_cannot_be_guessed_at_leisure(case: AuthorisationCase) -> None:
    code = own_code(case)
    for number in range(10):
        assert tried(case, method="insurance_code", code=f"{number:012d}") == 422
    assert tried(case, method="insurance_code", code=code) == 422
    reasons = [one.reason for one in case.events("access.denied")]
    assert reasons == ["authorisation wrong_code"] * 10 + ["authorisation too_many"]


@pytest.mark.requirement("E-32")
def test_the_code_by_text_message_is_told_to_the_doctor(case: AuthorisationCase) -> None:
    asked = case.ask(method="sms_code")
    with case.cloud.database.session() as session:
        (letter,) = messages.mailbox(case.cloud, session)
    address = f"{REQUESTS}/{asked}"
    code = code_in(letter.body, 6)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    case.doctor.get(address)
    case.doctor.submit(f"{address}/code", code=wrong)
    assert case.authorisation(asked).state == "requested"
    case.doctor.submit(f"{address}/code", code=code)
    assert case.authorisation(asked).state == "approved"
    assert set(case.authorisation(asked).evidence) == {"sent_at"}
    case.accept(asked)
    assert case.status() == 200


def test_a_code_by_text_message_is_worth_nothing_after_five_wrong_tries(
    case: AuthorisationCase,
) -> None:
    asked = case.ask(method="sms_code")
    with case.cloud.database.session() as session:
        (letter,) = messages.mailbox(case.cloud, session)
    code, address = code_in(letter.body, 6), f"{REQUESTS}/{asked}"
    for _ in range(5):
        case.doctor.get(address)
        case.doctor.submit(f"{address}/code", code=f"{(int(code) + 1) % 10**6:06d}")
    case.doctor.submit(f"{address}/code", code=code)
    assert case.authorisation(asked).state == "requested"


@pytest.mark.requirement("E-32", "E-34")
def test_a_physician_helps_with_reason_consent_and_licence(case: AuthorisationCase) -> None:
    for lacking in (
        {"informed_consent": ""},
        {"licence_number": "12"},
        {"help_reason": ""},
        {"help_reason": "other", "explanation": ""},
    ):
        assert tried(case, **(HELP | lacking)) == 422, lacking
    assert case.events("authorisation.approve") == []
    asked = case.ask(**HELP)
    kept = case.authorisation(asked)
    assert kept.evidence == {
        "reason": "age",
        "informed_consent": True,
        "licence_number": "110510000012345",
        "explanation": "",
    }
    assert kept.review == "pending"
    (audited,) = case.events("authorisation.approve")
    assert audited.detail["method"] == "physician_assisted"
    with case.cloud.database.session() as session:
        assert "协助" in messages.mailbox(case.cloud, session)[0].body
    case.accept(asked)
    assert case.status() == 200


@pytest.mark.requirement("E-32")
def test_a_written_form_is_kept_encrypted_and_read_by_the_reviewer_alone(
    case: AuthorisationCase,
) -> None:
    for document in (b"", b"<script>", PNG + b"x" * 900 * 1024):
        assert tried(case, method="written", document=(io.BytesIO(document), "a.png")) == 422
    case.doctor.get(REQUESTS)
    form = next(one for one in case.doctor.forms() if one.action == REQUESTS)
    sent = form.fields | {"method": "written", "id_number": ID_NUMBER, "body_part": ""}
    answer = case.doctor.client.post(
        REQUESTS, data=sent | {"document": (io.BytesIO(PNG), "form.png")}
    )
    asked = answer.headers["Location"].rsplit("/", 1)[1]
    kept = case.authorisation(asked)
    digest = hashlib.sha256(PNG).hexdigest()
    assert kept.evidence == {"sha256": digest, "media_type": "image/png", "size": len(PNG)}
    home = case.cloud.settings.home
    assert not [
        path for path in home.rglob("*") if path.is_file() and b"signed form" in path.read_bytes()
    ]
    case.accept(asked)
    assert case.status() == 200
    document_address = f"/reviews/{asked}/document"
    assert case.administrator.client.get(document_address).get_data() == PNG
    assert case.doctor.client.get(document_address).status_code == 403
    assert case.patient.client.get(document_address).status_code == 403


@dataclass(frozen=True)
class Verified:
    """A case whose cloud knows one verifier, and what signs its assertions."""

    case: AuthorisationCase
    sign: Callable[..., str]

    def send(self, assertion: str) -> int:
        client = self.case.app.test_client()
        sent = client.post(EVIDENCE, data=assertion, content_type="application/jwt")
        return sent.status_code


@pytest.fixture
def verified(settings: Settings, open_test_cloud: Callable[[Settings], ImageCloud]) -> Verified:
    key = OKPKey.generate_key("Ed25519")
    path = settings.home.parent / "verifiers.json"
    methods = ["electronic_signature", "face_terminal", "app_token", "biometrics"]
    path.write_text(
        json.dumps([{"name": "terminal", "methods": methods, "key": key.as_dict(private=False)}])
    )
    cloud = open_test_cloud(dataclasses.replace(settings, verifiers_file=path))
    app: Flask = create_app(cloud)

    def sign(authorisation_id: str, method: str, signing: OKPKey = key, **changed: Any) -> str:
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": "terminal",
            "aud": settings.base_url,
            "sub": authorisation_id,
            "jti": secrets.token_hex(8),
            "iat": now,
            "exp": now + 60,
            "method": method,
            "id_number": ID_NUMBER,
            "device": "T-0001",
        }
        return jwt.encode({"alg": "Ed25519"}, claims | changed, signing, algorithms=["Ed25519"])

    return Verified(make_authorisation_case(app, cloud), sign)


@pytest.mark.requirement("E-32", "F-27")
@pytest.mark.parametrize(
    "method", ["electronic_signature", "face_terminal", "app_token", "biometrics"]
)
def test_a_signed_assertion_opens_and_no_picture_of_anybody_is_kept(
    verified: Verified, method: str
) -> None:
    case = verified.case
    asked = case.ask(method=method)
    portrait = "iVBORw0KGgo" * 20
    assertion = verified.sign(asked, method, picture=portrait)
    assert verified.send(assertion) == 200
    kept = case.authorisation(asked)
    assert set(kept.evidence) == {"verifier", "assertion_id", "device", "signed_at"}
    assert from_row(AuthorisationMethod(method), kept.evidence) is not None
    for path in case.cloud.settings.home.rglob("*"):
        assert not path.is_file() or portrait.encode() not in path.read_bytes(), path
    (audited,) = case.events("authorisation.approve")
    assert (audited.actor_kind, audited.actor) == ("verifier", "terminal")
    case.accept(asked)
    assert case.status() == 200
    assert verified.send(assertion) == 409  # it serves once


@pytest.mark.requirement("F-65")
def test_assertions_that_do_not_hold_open_nothing(verified: Verified) -> None:
    case = verified.case
    asked = case.ask(method="face_terminal")
    now = int(datetime.now(UTC).timestamp())
    forged = OKPKey.generate_key("Ed25519")
    unsigned = "e30." + verified.sign(asked, "face_terminal").split(".")[1] + "."
    for assertion, status in (
        (verified.sign(asked, "face_terminal", forged), 401),
        (verified.sign(asked, "face_terminal", aud="https://elsewhere.example"), 401),
        (verified.sign(asked, "face_terminal", iss="nobody"), 401),
        (verified.sign(asked, "face_terminal", iat=now - 600, exp=now - 500), 401),
        (verified.sign(asked, "face_terminal", exp=now + 3600), 401),
        (unsigned, 401),
        ("", 401),
        ("a.b.c", 401),
        (verified.sign(asked, "biometrics"), 403),
        (verified.sign(asked, "face_terminal", id_number="110101199003078814"), 403),
        (verified.sign(asked, "face_terminal", id_number=""), 403),
        (verified.sign("0" * 22, "face_terminal"), 403),
    ):
        assert verified.send(assertion) == status, assertion
    assert case.authorisation(asked).state == "requested"
    assert len(case.events("access.denied")) == 12


def test_a_private_key_or_another_way_is_no_verifier(settings: Settings) -> None:
    key = OKPKey.generate_key("Ed25519")
    path = settings.home.parent / "verifiers.json"
    for row in (
        {"name": "a", "methods": ["biometrics"], "key": key.as_dict(private=True)},
        {"name": "a", "methods": ["insurance_code"], "key": key.as_dict(private=False)},
        {"name": "a", "methods": [], "key": key.as_dict(private=False)},
        {"name": "a", "methods": ["biometrics"]},
    ):
        path.write_text(json.dumps([row]))
        with pytest.raises(VerifiersFileError):
            load_verifiers(path)
