"""The samples of docs/embedding.md and docs/identity-adapters.md work as they are written there."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from portal.api.models import LaunchBody
from portal.api.visits import VisitBody
from server import people
from server.clients import Scope
from server.identity_adapters import load_adapters
from server.model import InstitutionClient, Person, Study
from server.people import normalize_id_number
from server.reminders import load_rules
from server.settings import Settings
from tests.factories import SignInFacts
from tests.launches.asking import call, token_of
from tests.launches.case import LaunchCase

DOCS = Path(__file__).resolve().parents[2] / "docs"
EMBEDDING = (DOCS / "embedding.md").read_text(encoding="utf-8")
SAMPLE_PATIENT = "S0000001"


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def sample(key: str) -> dict[str, Any]:
    """Return the JSON sample of docs/embedding.md that has this key."""
    found = [json.loads(one) for one in blocks(EMBEDDING, "json")]
    return next(dict(one) for one in found if key in one)


@pytest.fixture
def told(case: LaunchCase, patient: SignInFacts) -> LaunchCase:
    """Give the case the patient and the scopes of the samples."""
    registration = sample("department")
    number = registration["certificate"]["certificate_number"]
    with case.cloud.database.session() as session:
        session.get_one(InstitutionClient, case.client_id).scopes = [str(one) for one in Scope]
        study = session.get_one(Study, case.study_id)
        study.patient_id, study.study_uid = SAMPLE_PATIENT, sample("opens")["study_uid"]
        person = session.get_one(Person, patient.person_id)
        person.name = registration["name"]
        person.id_number_hash = people.id_number_hash(case.cloud, number)
    return case


@pytest.fixture
def address(told: LaunchCase) -> Iterator[str]:
    """The address at which the cloud answers over HTTP."""
    server = make_server("127.0.0.1", 0, told.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.requirement("C-38")
def test_the_json_of_the_document_is_taken(told: LaunchCase) -> None:
    launch, registration = sample("opens"), sample("department")
    LaunchBody.model_validate(launch)
    VisitBody.model_validate(registration)
    assert normalize_id_number(launch["patient"]["id_number"])
    token = token_of(told)
    made = call(told, "POST", "/launches", token, launch)
    assert made.status_code == 201, made.get_data(as_text=True)
    answer = call(told, "POST", "/registrations", token, registration)
    assert answer.get_json() == {
        "consented": False, "application_id": "", "state": None, "local_studies": 0,
        "remote_studies": 0, "keep_until": None, "failure": "", "prepared_first": 0,
    }  # fmt: skip


def test_the_program_of_the_document_runs(told: LaunchCase, address: str) -> None:
    (program,) = blocks(EMBEDDING, "python")
    names: dict[str, Any] = {"client_id": told.client_id, "client_secret": told.secret}
    exec(compile(program.replace("http://127.0.0.1:8000", address), "embedding.md", "exec"), names)
    assert names["history"]["own"] == 1
    assert len(names["found"]["cards"]) == 1
    assert "/launch/" in names["ticket"].url


def test_the_command_of_the_document_names_scopes_that_there_are() -> None:
    (command, *_rest) = blocks(EMBEDDING, "console")
    named = set(re.findall(r"--scope (\S+)", command))
    assert named <= {str(one) for one in Scope}
    assert {"launch", "registration", "reminder"} <= named


def test_the_files_of_the_documents_are_read(settings: Settings, tmp_path: Path) -> None:
    rules = tmp_path / "reminders.json"
    rules.write_text(json.dumps(sample("items")), encoding="utf-8")
    assert load_rules(replace(settings, reminders_file=rules))
    (adapters,) = blocks((DOCS / "identity-adapters.md").read_text(encoding="utf-8"), "json")
    for name in ("health-code.key", "physicians.key"):
        (tmp_path / name).write_text("k" * 32, encoding="utf-8")
    (tmp_path / "adapters.json").write_text(adapters, encoding="utf-8")
    found = load_adapters(tmp_path / "adapters.json")
    assert found.health_code and found.physician_register
