"""The hospital's registration screen records the person's consent to caching (A-47, E-20)."""

from __future__ import annotations

import pytest

from server import authorisations
from server.clients import Scope
from server.model import InstitutionClient
from tests.factories import SignInFacts
from tests.launches.asking import call, token_of
from tests.launches.case import OTHER_ID, PATIENT_ID, LaunchCase
from tests.visitor import Visitor

ADDRESS = "/caching-consents"


def allowed(case: LaunchCase) -> str:
    """Let the hospital's client write consents; returns its token."""
    with case.cloud.database.session() as session:
        client = session.get_one(InstitutionClient, case.client_id)
        client.scopes = [*client.scopes, str(Scope.CONSENT_WRITE)]
    return token_of(case, scope=str(Scope.CONSENT_WRITE))


@pytest.mark.requirement("A-47")
def test_a_confirmation_is_recorded_and_the_patient_sees_hospital_and_time(
    case: LaunchCase, patient: SignInFacts
) -> None:
    token = allowed(case)
    shown = call(case, "GET", f"{ADDRESS}/text", token).get_json()
    assert "缓存" in shown["text"]
    sent = {
        "patient": {"patient_id": PATIENT_ID},
        "encounter": "V1",
        "version": shown["version"],
    }
    made = call(case, "POST", ADDRESS, token, sent)
    assert made.status_code == 201
    again = call(case, "POST", ADDRESS, token, sent)
    assert again.get_json()["consent_id"] == made.get_json()["consent_id"]
    with case.cloud.database.session() as session:
        assert authorisations.may_cache(
            session, person_id=patient.person_id or 0, institution_id=case.institution.id
        )
    page = Visitor(case.app).be(case.cloud, patient).get("/authorisations")
    assert case.institution.name in page.get_data(as_text=True)
    assert made.get_json()["consent_id"] in page.get_data(as_text=True)


def test_an_outdated_text_a_stranger_and_a_client_without_the_scope_are_refused(
    case: LaunchCase,
) -> None:
    token = allowed(case)
    version = call(case, "GET", f"{ADDRESS}/text", token).get_json()["version"]
    sent = {"patient": {"patient_id": PATIENT_ID}, "encounter": "V1", "version": version}
    for changes, status in (
        ({"version": "2000-01"}, 409),
        ({"patient": {"patient_id": OTHER_ID}}, 404),
        ({"patient": {"patient_id": PATIENT_ID, "id_number": "110101199003070012"}}, 409),
    ):
        answer = call(case, "POST", ADDRESS, token, sent | changes)
        assert answer.status_code == status, changes
    other = token_of(case, scope=str(Scope.LAUNCH))
    assert call(case, "POST", ADDRESS, other, sent).status_code == 403
