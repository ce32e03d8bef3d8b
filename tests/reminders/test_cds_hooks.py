"""CDS Hooks 2.0: discovery, service and feedback, as a CDS client uses them (E-02, E-29, H-14)."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select
from werkzeug.test import TestResponse

from server import clients, clock
from server.clients import Scope
from server.model import Institution, Reminder
from tests.factories import SignInFacts
from tests.launches.asking import token_of
from tests.launches.case import PATIENT_ID, LaunchCase
from tests.reminders.test_api import past

SIGN = "/cds-services/same-examinations-order-sign"
SELECT = "/cds-services/same-examinations-order-select"
DCM = "http://dicom.nema.org/resources/ontology/DCM"


def service_request(number: str, words: str = "胸部CT平扫", modality: str = "CT") -> dict[str, Any]:
    return {
        "resource": {
            "resourceType": "ServiceRequest",
            "id": number,
            "status": "draft",
            "intent": "order",
            "identifier": [{"value": f"O{number}"}],
            "category": [{"coding": [{"system": DCM, "code": modality}]}],
            "code": {"text": words},
        }
    }


def hook(name: str = "order-sign", *orders: dict[str, Any], **context: Any) -> dict[str, Any]:
    return {
        "hook": name,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {
            "userId": "Practitioner/D001",
            "patientId": PATIENT_ID,
            "encounterId": "V1",
            "draftOrders": {
                "resourceType": "Bundle",
                "entry": list(orders) or [service_request("1")],
            },
        }
        | context,
    }


class Signing:
    """A CDS client that signs each of its calls with its key."""

    def __init__(self, case: LaunchCase, *scopes: Scope) -> None:
        self.case = case
        self.key = ECKey.generate_key("P-384", private=True)
        with case.cloud.database.session() as session:
            made = clients.register(
                session,
                institution=session.get_one(Institution, case.institution.id),
                name="CDS",
                origins=[],
                scopes=scopes or (Scope.REMINDER,),
                public_key=self.key.as_dict(private=False),
            )
            self.client_id = made.client.client_id
        self.count = 0

    def token(self, path: str, **claims: Any) -> str:
        self.count += 1
        now = int(clock.now().timestamp())
        said = {
            "iss": self.client_id, "aud": f"http://127.0.0.1:8000{path}", "iat": now,
            "exp": now + 60, "jti": f"call-{self.count}",
        }  # fmt: skip
        return jwt.encode({"alg": "ES384", "kid": "k"}, said | claims, self.key, ["ES384"])

    def post(self, path: str, body: Any, token: str | None = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {token or self.token(path)}"}
        return self.case.app.test_client().post(path, json=body, headers=headers)


@pytest.mark.requirement("E-02", "E-29", "H-14")
def test_a_cds_client_finds_the_service_gets_a_card_and_tells_what_became_of_it(
    case: LaunchCase, patient: SignInFacts
) -> None:
    study = past(case, patient, "胸部CT平扫", 3)
    found = case.app.test_client().get("/cds-services")
    assert found.status_code == 200 and found.is_json
    services = found.get_json()["services"]
    assert {one["hook"] for one in services} == {"order-select", "order-sign"}
    assert all(one["id"] and one["description"] and one["title"] for one in services)
    (sign,) = (one["id"] for one in services if one["hook"] == "order-sign")
    client = Signing(case)
    answer = client.post(f"/cds-services/{sign}", hook())
    assert answer.status_code == 200, answer.get_data(as_text=True)
    (card,) = answer.get_json()["cards"]
    assert card["indicator"] == "warning" and len(card["summary"]) <= 140
    assert card["source"]["label"]
    (suggestion,) = card["suggestions"]
    assert suggestion["uuid"] == study.cloud_index and card["selectionBehavior"] == "at-most-one"
    told = {
        "card": card["uuid"], "outcome": "accepted", "outcomeTimestamp": "2026-11-22T10:00:00Z",
        "acceptedSuggestions": [{"id": suggestion["uuid"]}],
    }  # fmt: skip
    assert client.post(f"{SIGN}/feedback", {"feedback": [told]}).status_code == 200
    assert client.post(f"{SIGN}/feedback", {"feedback": [told]}).status_code == 409
    with case.cloud.database.session() as session:
        reminder = session.scalars(select(Reminder)).one()
        assert (reminder.outcome, reminder.physician_code) == ("accepted", "D001")


@pytest.mark.requirement("E-29")
def test_only_what_was_selected_and_is_an_imaging_order_reminds(
    case: LaunchCase, patient: SignInFacts
) -> None:
    past(case, patient, "胸部CT平扫", 3)
    client = Signing(case)
    orders = [service_request("1"), service_request("2", "头颅MR平扫", "MR")]
    blood = {"resource": {"resourceType": "ServiceRequest", "id": "3", "code": {"text": "血常规"}}}

    def cards(body: dict[str, Any], path: str = SELECT) -> int:
        answer = client.post(path, body)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return len(answer.get_json()["cards"])

    assert cards(hook("order-select", *orders, selections=["ServiceRequest/1"])) == 1
    assert cards(hook("order-select", *orders, selections=["ServiceRequest/2"])) == 0
    assert cards(hook("order-sign", blood), SIGN) == 0
    with_token = case.app.test_client().post(
        SIGN, json=hook(), headers={"Authorization": f"Bearer {token_of(case, scope='reminder')}"}
    )
    assert len(with_token.get_json()["cards"]) == 1
    overridden = {
        "card": with_token.get_json()["cards"][0]["uuid"], "outcome": "overridden",
        "overrideReason": {"reason": {"code": "no such reason"}},
    }  # fmt: skip
    assert client.post(f"{SIGN}/feedback", {"feedback": [overridden]}).status_code == 400
    overridden["overrideReason"] = {
        "reason": {"code": with_token.get_json()["cards"][0]["overrideReasons"][0]["code"]}
    }
    assert client.post(f"{SIGN}/feedback", {"feedback": [overridden]}).status_code == 200


@pytest.mark.requirement("F-36")
def test_who_did_not_sign_for_this_call_gets_nothing(case: LaunchCase) -> None:
    client, other = Signing(case), Signing(case)
    now = int(clock.now().timestamp())
    refused = (
        "a.b.c",
        client.token("/cds-services/another"),
        client.token(SIGN, exp=now - 60),
        client.token(SIGN, exp=now + 3600),
        client.token(SIGN, exp="tomorrow"),
        client.token(SIGN, jti=""),
        client.token(SIGN, iss=other.client_id),
        client.token(SIGN, iss="nobody"),
        client.token(SIGN, iss=["x"]),
        jwt.encode({"alg": "HS256"}, {"iss": client.client_id}, _secret()),
    )
    for number, token in enumerate(refused):
        assert client.post(SIGN, hook(), token).status_code == 401, number
    once = client.token(SIGN)
    assert client.post(SIGN, hook(), once).status_code == 200
    assert client.post(SIGN, hook(), once).status_code == 401  # it has served
    assert case.app.test_client().post(SIGN, json=hook()).status_code == 401
    assert Signing(case, Scope.LAUNCH).post(SIGN, hook()).status_code == 403
    assert client.post("/cds-services/no-such", hook()).status_code == 404
    for broken in ({}, [], hook("patient-view"), hook() | {"context": {}}):
        assert client.post(SIGN, broken).status_code == 400


def _secret() -> Any:
    from joserfc.jwk import OctKey

    return OctKey.generate_key(256)
