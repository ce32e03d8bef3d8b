"""Numbers and days that nobody has, in every form and address: refused in words, never a fault."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest
from flask import Flask

from server.centre import settlements
from server.centre.acting import Actor
from server.cloud import ImageCloud
from server.csv_files import CsvError, csv_bytes
from server.model import Role
from tests.dicomweb.case import make_dicomweb_case
from tests.factories import SignInFacts, make_account, make_institution, make_study
from tests.portal.extremes import EXTREMES, Form, forms_of, send
from tests.visitor import Visitor

SOME = 25
PAGES = {
    "patient": ("/studies", "/account", "/shares", "/family"),
    "doctor": ("/doctor/studies", "/account"),
    "administrator": ("/admin",),
    "institution_administrator": ("/admin",),
    "auditor": ("/admin",),
    "supervisor": ("/admin",),
}


def prepared(app: Flask, cloud: ImageCloud, role: str) -> Visitor:
    """Somebody of a role, where a hospital, a patient, an examination and a share are."""
    patient = make_account(cloud, "x.patient")
    hospital = make_institution(cloud)
    make_study(cloud, person_id=patient.person_id, institution=hospital)
    if role == "patient":
        return Visitor(app).be(cloud, patient)
    own = hospital if role in {"doctor", "institution_administrator"} else None
    facts = make_account(cloud, f"x.{role}", role=Role(role), institution=own)
    return Visitor(app).be(cloud, facts)


def tries(forms: list[Form]) -> Iterator[tuple[Form, str, str]]:
    for form, value in itertools.product(forms, EXTREMES):
        for name in form.fields:
            if name != "csrf_token":
                yield form, name, value


def broken(visitor: Visitor, chosen: list[tuple[Form, str, str]]) -> list[tuple[str, str, str]]:
    return [
        (form.action, name, value[:40])
        for form, name, value in chosen
        if send(visitor, form, **{name: value}) >= 500
    ]


@pytest.mark.requirement("F-40")
@pytest.mark.parametrize("role", ["patient", "administrator"])
def test_no_extreme_value_in_a_form_is_our_fault(app: Flask, cloud: ImageCloud, role: str) -> None:
    visitor = prepared(app, cloud, role)
    every = list(tries(forms_of(app, visitor, *PAGES[role])))
    assert len(every) > 20
    assert broken(visitor, random.Random(26).sample(every, min(SOME, len(every)))) == []


@pytest.mark.long
@pytest.mark.parametrize("role", PAGES)
def test_no_extreme_value_in_any_field_is_our_fault(
    app: Flask, cloud: ImageCloud, role: str
) -> None:
    visitor = prepared(app, cloud, role)
    assert broken(visitor, list(tries(forms_of(app, visitor, *PAGES[role])))) == []


@pytest.mark.parametrize("value", EXTREMES)
def test_known_edges(app: Flask, cloud: ImageCloud, patient: SignInFacts, value: str) -> None:
    """What once was our fault."""
    facts = make_account(cloud, "x.supervisor", role=Role.SUPERVISOR)
    supervisor = Visitor(app).be(cloud, facts)
    supervisor.get("/admin/supervision")
    form = next(one for one in supervisor.forms() if one.method == "post" and one.fields)
    sent = form.fields | {"institution": value, "since": value, "until": value}
    assert supervisor.client.post("/admin/supervision", data=sent).status_code < 500
    case = make_dicomweb_case(app, cloud)
    for key in ("StudyDate", "StudyTime", "SeriesNumber", "limit", "offset", "PatientBirthDate"):
        answer = case.http.get(
            "/dicom-web/series", query_string={key: value}, headers=case.headers()
        )
        assert answer.status_code < 500, key
    for day in ("00010101", "99991231", "00010101-99991231", "-00010101", "99991231-"):
        answer = case.http.get(
            "/dicom-web/studies", query_string={"StudyDate": day}, headers=case.headers()
        )
        assert answer.status_code == 200, day


@pytest.mark.parametrize("amount", ["2147483648", "-1", "9" * 30, "inf"])
def test_amounts_and_days_of_a_settlement_that_are_none_are_named(
    cloud: ImageCloud, amount: str
) -> None:
    hospital = make_institution(cloud)
    who = make_account(cloud, "x.administrator", role=Role.ADMINISTRATOR)
    actor = Actor(who.account_id, Role.ADMINISTRATOR, None)
    for row in (
        (hospital.code, "S1", "F1", "A1", "CT", amount, "0", "0", "2026-03-01T10:00"),
        (hospital.code, "S1", "F1", "A1", "CT", "0", "0", "0", "0001-01-01T00:00"),
    ):
        data = csv_bytes(settlements.HEADS, [row])
        with cloud.database.session() as session, pytest.raises(CsvError):
            settlements.load(session, actor, data)


def test_a_capacity_and_the_end_of_a_share_that_are_none_are_refused(
    app: Flask, cloud: ImageCloud, patient: SignInFacts
) -> None:
    facts = make_account(cloud, "x.administrator", role=Role.ADMINISTRATOR)
    administrator = Visitor(app).be(cloud, facts)
    administrator.get("/admin/storage")
    for capacity in ("inf", "nan", "1e400", "-1", "1e300"):
        page = administrator.submit("/admin/storage", name="x", alarm_percent="70",
            url=cloud.settings.object_store_url, tier="hot", capacity=capacity)  # fmt: skip
        assert page.status_code == 200
        assert "请核对" in page.get_data(as_text=True)
    giver = Visitor(app).be(cloud, patient)
    giver.get("/account")
    token = giver.forms()[0].fields["csrf_token"]
    for until in ("0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        answer = giver.client.post(
            "/shares/none-such/expiry", data={"csrf_token": token, "until": until}
        )
        assert answer.status_code in {400, 404}, until
