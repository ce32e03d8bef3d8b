"""Patients by their electronic health code, physicians by the national register (H-04)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask, Response, request
from sqlalchemy import select
from werkzeug.serving import make_server

from server import clock, people
from server.demo.people import id_number
from server.identity_adapters import AdaptersFileError, load_adapters
from server.launches import LaunchRefusedError, PatientNumbers, RefusalReason
from server.model import Account, AuditEvent, Person, PhysicianRegistration
from server.sms import signature
from tests.factories import SignInFacts
from tests.launches.asking import body, call, token_of
from tests.launches.case import PATIENT_ID, LaunchCase

KEY = "k" * 40
NUMBER = id_number(date(1980, 2, 3), 7)
LICENCE = "110123456789012"


@dataclass
class Bridge:
    """A bridge to a region's platforms; `signs_with` and `status` are for what goes wrong."""

    codes: dict[str, str] = field(default_factory=dict)
    physicians: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    signs_with: str = KEY
    status: int = 200

    def app(self) -> Flask:
        app = Flask("bridge")

        @app.post("/<kind>")
        def answer(kind: str) -> Response:
            question = self._question()
            said = self._code(question) if kind == "health-code" else self._physician(question)
            content = json.dumps({"request": question["request"], **said}).encode()
            signed = signature(self.signs_with.encode(), question["request"], content)
            headers = {"X-Yingyun-Signature": f"sha256={signed}"}
            return Response(content, self.status, headers)

        return app

    def _question(self) -> dict[str, str]:
        timestamp, data = request.headers["X-Yingyun-Timestamp"], request.get_data()
        expected = f"sha256={signature(KEY.encode(), timestamp, data)}"
        assert request.headers["X-Yingyun-Signature"] == expected
        question: dict[str, str] = json.loads(data)
        self.asked.append(question)
        return question

    def _code(self, question: dict[str, str]) -> dict[str, Any]:
        number = self.codes.get(question["health_code"])
        if number is None:
            return {"found": False}
        return {"found": True, "certificate_type": "01", "certificate_number": number}

    def _physician(self, question: dict[str, str]) -> dict[str, Any]:
        known = self.physicians.get(question["licence_number"])
        if known is None or known["institution_code"] != question["institution_code"]:
            return {"registered": False}
        return {"registered": True, "name": known["name"], "valid_until": known["valid_until"]}


@pytest.fixture
def bridge(case: LaunchCase) -> Iterator[Bridge]:
    """A running bridge that the cloud is configured with."""
    made = Bridge()
    server = make_server("127.0.0.1", 0, made.app(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home, url = case.cloud.settings.home, f"http://127.0.0.1:{server.server_port}"
    (home / "bridge.key").write_text(KEY, encoding="utf-8")
    path = home / "adapters.json"
    facts = {
        "health_code": {"url": f"{url}/health-code", "key_file": "bridge.key"},
        "physician_register": {"url": f"{url}/physicians", "key_file": "bridge.key"},
    }
    path.write_text(json.dumps(facts), encoding="utf-8")
    settings = replace(case.cloud.settings, identity_adapters_file=path)
    object.__setattr__(case, "cloud", replace(case.cloud, settings=settings))
    case.app.extensions["yingyun"] = case.cloud
    made.physicians[LICENCE] = {
        "name": "王医生", "institution_code": case.institution.code, "valid_until": None,
    }  # fmt: skip
    yield made
    server.shutdown()


def launch(case: LaunchCase, **changes: Any) -> tuple[int, str]:
    """Ask for a launch with the physician's licence; returns the status and the kind of refusal."""
    physician = {"code": "D001", "name": "王医生", "licence_number": LICENCE}
    answer = call(
        case, "POST", "/launches", token_of(case), body(**({"physician": physician} | changes))
    )
    return answer.status_code, answer.get_json().get("type", "").rpartition("launch-")[2]


@pytest.mark.requirement("H-04")
def test_a_patient_by_the_electronic_health_code(
    case: LaunchCase, bridge: Bridge, patient: SignInFacts
) -> None:
    with case.cloud.database.session() as session:
        person = session.get_one(Person, patient.person_id)
        person.id_number_hash = people.id_number_hash(case.cloud, NUMBER)
    bridge.codes["code-of-patient"] = NUMBER
    shown = PatientNumbers(PATIENT_ID, health_code="code-of-patient")
    asked = case.ask(patient=shown, licence_number=LICENCE)
    assert asked.launch.person_id == patient.person_id
    assert bridge.asked[0]["institution_code"] == case.institution.code
    who = {"patient_id": PATIENT_ID, "health_code": "over"}
    assert launch(case, patient=who) == (409, "health-code")
    bridge.codes["somebody"] = id_number(date(1990, 1, 1), 9)
    somebody = {"patient_id": PATIENT_ID, "health_code": "somebody"}
    assert launch(case, patient=somebody) == (409, "patient")


@pytest.mark.requirement("H-04")
def test_a_physician_by_the_national_register(case: LaunchCase, bridge: Bridge) -> None:
    nobody = {"code": "D001", "name": "王医生"}
    assert launch(case, physician=nobody) == (409, "licence")
    assert launch(case) == (201, "")
    assert launch(case, physician=nobody) == (201, ""), "the register's answer holds for a while"
    assert len(bridge.asked) == 1
    for changes in (
        {"code": "D002", "name": "李医生", "licence_number": LICENCE},
        {"code": "D002", "name": "王医生", "licence_number": "1" * 15},
    ):
        assert launch(case, physician=changes) == (409, "licence")
    with case.cloud.database.session() as session:
        (kept,) = session.scalars(select(PhysicianRegistration)).all()
        assert kept.licence_number == LICENCE
        logins = session.scalars(select(Account).where(Account.login.startswith("his-"))).all()
        assert [one.id for one in logins] == [kept.account_id], "who is refused leaves nothing"
        assert "physician.registered" in set(session.scalars(select(AuditEvent.event)))


@pytest.mark.requirement("H-04")
def test_a_registration_that_is_over_opens_nothing_more(case: LaunchCase, bridge: Bridge) -> None:
    today = clock.now().date()
    bridge.physicians[LICENCE]["valid_until"] = (today + timedelta(days=3)).isoformat()
    assert launch(case) == (201, "")
    with time_machine.travel(clock.now() + timedelta(days=5), tick=False):
        assert launch(case) == (409, "licence")
        bridge.physicians[LICENCE]["valid_until"] = None
        assert launch(case) == (201, "")
    bridge.physicians.clear()
    with time_machine.travel(clock.now() + timedelta(days=60), tick=False):
        assert launch(case) == (409, "licence"), "asked again once the answer is old"


@pytest.mark.requirement("H-04")
def test_while_the_register_does_not_answer_nobody_new_comes_in(
    case: LaunchCase, bridge: Bridge
) -> None:
    assert launch(case) == (201, "")
    bridge.status = 503
    with time_machine.travel(clock.now() + timedelta(days=60), tick=False):
        assert launch(case) == (201, "")
        newcomer = {"code": "D002", "name": "王医生", "licence_number": LICENCE}
        assert launch(case, physician=newcomer) == (503, "identity-service")


@pytest.mark.requirement("H-04")
def test_an_answer_that_nobody_signed_counts_for_nothing(case: LaunchCase, bridge: Bridge) -> None:
    bridge.signs_with = "x" * 40
    bridge.codes["code"] = NUMBER
    assert launch(case) == (503, "identity-service")
    with pytest.raises(LaunchRefusedError) as refused:
        case.ask(patient=PatientNumbers(PATIENT_ID, health_code="code"))
    assert refused.value.reason is RefusalReason.IDENTITY_SERVICE


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        '{"other": {}}',
        '{"health_code": {"url": "http://far.example", "key_file": "bridge.key"}}',
        '{"health_code": {"url": "https://far.example", "key_file": "missing.key"}}',
        '{"physician_register": {"url": "https://a.example", "key_file": "bridge.key",'
        ' "recheck_days": 0}}',
    ],
)
def test_a_file_with_a_fault_is_named(case: LaunchCase, content: str) -> None:
    home = case.cloud.settings.home
    (home / "bridge.key").write_text(KEY, encoding="utf-8")
    (home / "wrong.json").write_text(content, encoding="utf-8")
    with pytest.raises(AdaptersFileError):
        load_adapters(home / "wrong.json")
