"""Role × address: each page of authorisation belongs to one role, and refuses all others."""

from __future__ import annotations

import pytest

from server.model import Role
from tests.authorisations.case import DATA, AuthorisationCase
from tests.factories import make_account, make_institution
from tests.visitor import Visitor

PAGES = {
    Role.PATIENT: ("/authorisations", "/authorisations/code", "/authorisations/visits"),
    Role.DOCTOR: ("/doctor/requests", "/doctor/requests/emergency"),
    Role.INSTITUTION_ADMINISTRATOR: ("/reviews",),
}
NUMBER = "0" * 22
CHANGES = {
    Role.PATIENT: (
        "/authorisations/code",
        f"/authorisations/{NUMBER}/approve",
        f"/authorisations/{NUMBER}/refuse",
        f"/authorisations/{NUMBER}/withdraw",
        f"/authorisations/caching/{NUMBER}/withdraw",
    ),
    Role.DOCTOR: (
        "/doctor/requests",
        "/doctor/requests/emergency",
        f"/doctor/requests/{NUMBER}/accept",
        f"/doctor/requests/{NUMBER}/code",
    ),
    Role.INSTITUTION_ADMINISTRATOR: (f"/reviews/{NUMBER}",),
}


@pytest.mark.requirement("F-07")
def test_each_page_and_change_belongs_to_one_role(case: AuthorisationCase) -> None:
    case.app.config["WTF_CSRF_ENABLED"] = False
    institution = make_institution(case.cloud)
    for role in Role:
        institution_of = None if role is Role.PATIENT else institution
        facts = make_account(case.cloud, f"r.{role[:12]}", role=role, institution=institution_of)
        client = Visitor(case.app).be(case.cloud, facts).client
        for owner, pages in PAGES.items():
            for page in pages:
                status = client.get(page, headers=DATA).status_code
                assert status == (200 if role is owner else 403), (role, page)
        for owner, changes in CHANGES.items():
            for change in changes:
                status = client.post(change, headers=DATA).status_code
                allowed = {200, 400, 404, 422} if role is owner else {403}
                assert status in allowed, (role, change, status)
