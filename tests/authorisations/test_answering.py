"""The doctor asks, the patient answers on his phone, and what he says holds at the next object."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
import time_machine

from portal.app import create_app
from server import access, authorisations, consent, messages, people, priors, staff
from server.authorisations import AuthorisationRefused, Refusal
from server.model import Account, Authorisation, Person, Role, Study
from tests.authorisations.case import DATA, ID_NUMBER, REQUESTS, AuthorisationCase
from tests.factories import make_account, make_institution, make_person, make_study
from tests.visitor import Visitor

ON_PHONE = "app_confirmation"


@pytest.mark.requirement("F-65")
def test_without_authorisation_every_object_is_refused_and_audited(case: AuthorisationCase) -> None:
    base = f"/doctor/studies/{case.study_id}"
    series = f"{base}/series/{case.shared.series_ids[0]}"
    for address in (case.frames, f"{base}/viewer.json", f"{series}/manifest.json"):
        assert case.doctor.client.get(address, headers=DATA).status_code == 403, address
    denied = case.events("access.denied")
    assert [one.reason for one in denied] == ["not_authorised"] * 3
    assert {one.object_id for one in denied} == {case.study_id}
    page = case.doctor.get(f"{base}/report")
    assert page.status_code == 403
    assert REQUESTS in page.get_data(as_text=True)  # what to do next


@pytest.mark.requirement("A-35", "E-32", "F-25", "F-65")
def test_the_patient_approves_the_doctor_reads_and_withdrawal_bites_at_the_next_object(
    case: AuthorisationCase,
) -> None:
    asked = case.ask(method=ON_PHONE)
    assert "等待患者在手机上确认" in case.doctor.get(f"{REQUESTS}/{asked}").get_data(as_text=True)
    assert case.status() == 403
    case.answer(asked)
    assert case.status() == 403  # the warning comes first (F-25)
    led = case.doctor.client.get(f"/doctor/studies/{case.study_id}/report")
    assert led.status_code == 303
    assert led.headers["Location"].startswith(f"{REQUESTS}/{asked}?next=")
    assert "敏感个人信息" in case.doctor.get(led.headers["Location"]).get_data(as_text=True)
    case.doctor.submit(f"{REQUESTS}/{asked}/accept")
    assert case.doctor.path == f"/doctor/studies/{case.study_id}/report"
    (noted,) = case.events("authorisation.notice")
    assert noted.object_id == asked
    assert case.status() == 200
    case.patient.get("/authorisations")
    case.patient.submit(f"/authorisations/{asked}/withdraw")
    assert case.status() == 403
    told = [one.content["state"] for one in case.records("consent")]
    assert told == ["approved", "withdrawn"]
    kept = case.authorisation(asked)
    assert kept.evidence == {"account": case.patient_facts.account_id}
    assert kept.decided_at is not None
    assert kept.withdrawn_at is not None


def test_the_patient_is_told_by_message_and_by_the_header(case: AuthorisationCase) -> None:
    assert "header-bell" not in case.patient.get("/account").get_data(as_text=True)
    asked = case.ask(method=ON_PHONE)
    with case.cloud.database.session() as session:
        (letter,) = messages.mailbox(case.cloud, session)
    assert "第二示范医院" in letter.body
    assert case.patient_facts.name not in letter.body
    assert "header-bell" in case.patient.get("/account").get_data(as_text=True)
    case.answer(asked)
    assert "header-bell" not in case.patient.get("/account").get_data(as_text=True)


def test_the_patient_refuses(case: AuthorisationCase) -> None:
    asked = case.ask(method=ON_PHONE)
    case.patient.get(f"/authorisations/{asked}")
    form = next(one for one in case.patient.forms() if one.action.endswith("/approve"))
    case.patient.client.post(f"/authorisations/{asked}/refuse", data=form.fields)
    assert case.status() == 403
    assert "患者没有同意" in case.doctor.get(f"{REQUESTS}/{asked}").get_data(as_text=True)
    case.patient.client.post(f"/authorisations/{asked}/approve", data=form.fields)
    assert case.authorisation(asked).state == "refused"


def test_the_doctor_is_led_on_as_soon_as_the_patient_answers(case: AuthorisationCase) -> None:
    asked = case.ask(method=ON_PHONE)
    polled = {"HX-Request": "true"}
    before = case.doctor.client.get(f"{REQUESTS}/{asked}", headers=polled)
    assert before.status_code == 204
    assert "HX-Refresh" not in before.headers
    with case.cloud.database.session() as session:
        session.get_one(Authorisation, asked).requested_at -= timedelta(minutes=11)
    late = case.doctor.client.get(f"{REQUESTS}/{asked}", headers=polled)
    assert late.status_code == 286  # the page asks no more, so that the session can end
    case.answer(asked)
    after = case.doctor.client.get(f"{REQUESTS}/{asked}", headers=polled)
    assert after.headers["HX-Refresh"] == "true"


def test_asking_twice_is_one_request(case: AuthorisationCase) -> None:
    assert case.ask(method=ON_PHONE) == case.ask(method=ON_PHONE)


def test_an_authorisation_ends_by_itself(case: AuthorisationCase) -> None:
    asked = case.ask(method=ON_PHONE)
    case.answer(asked, hours="4")
    case.accept(asked)
    assert case.status() == 200
    ends = case.authorisation(asked).expires_at
    assert ends is not None
    with case.cloud.database.session() as session:
        reads = authorisations.live_for(
            session, case.doctor_facts.account_id, case.patient_facts.person_id or 0
        )
        assert [one.authorisation_id for one in reads] == [asked]
    with (
        time_machine.travel(ends + timedelta(seconds=1)),
        case.cloud.database.session() as session,
    ):
        assert not authorisations.live_for(
            session, case.doctor_facts.account_id, case.patient_facts.person_id or 0
        )
        study = session.get_one(Study, case.study_id)
        assert not staff.may_read(session, case.doctor_facts.account_id, study)


def test_an_unanswered_request_cannot_be_approved_late(case: AuthorisationCase) -> None:
    asked = case.ask(method=ON_PHONE)
    with (
        time_machine.travel(case.authorisation(asked).answer_by + timedelta(seconds=1)),
        case.cloud.database.session() as session,
        pytest.raises(AuthorisationRefused) as refused,
    ):
        patient = session.get_one(Account, case.patient_facts.account_id)
        authorisations.approve(session, account=patient, authorisation_id=asked)
    assert refused.value.reason is Refusal.ENDED


def test_it_opens_to_this_doctor_at_this_institution_only(case: AuthorisationCase) -> None:
    asked = case.ask(method=ON_PHONE)
    case.answer(asked)
    case.accept(asked)
    with case.cloud.database.session() as session:
        institution = session.get_one(Account, case.doctor_facts.account_id).institution
    colleague = make_account(case.cloud, "dr.more", role=Role.DOCTOR, institution=institution)
    visitor = Visitor(case.app).be(case.cloud, colleague)
    assert visitor.client.get(case.frames, headers=DATA).status_code == 403
    moved_to = make_institution(case.cloud, name="第三示范医院")
    with case.cloud.database.session() as session:
        session.get_one(Account, case.doctor_facts.account_id).institution_id = moved_to.id
    assert case.status() == 403


def test_the_patient_opens_less_than_was_asked_for(case: AuthorisationCase) -> None:
    with case.cloud.database.session() as session:
        institution = session.get_one(Study, case.study_id).institution
    other = make_study(case.cloud, person_id=case.patient_facts.person_id, institution=institution)
    asked = case.ask(method=ON_PHONE)
    case.answer(asked, scope=f"study:{other.study_id}")
    case.accept(asked)
    assert case.status() == 403
    page = case.doctor.get(f"{REQUESTS}/{asked}").get_data(as_text=True)
    assert other.study_id in page
    assert case.study_id not in page


def test_nobody_opens_more_than_was_asked_for(case: AuthorisationCase) -> None:
    asked = case.ask(method=ON_PHONE, body_part="HEAD")
    case.patient.get(f"/authorisations/{asked}")
    form = next(one for one in case.patient.forms() if one.action.endswith("/approve"))
    more = case.patient.client.post(
        f"/authorisations/{asked}/approve", data=form.fields | {"scope": "all:", "hours": "24"}
    )
    assert more.status_code == 400
    case.answer(asked, scope="body_part:HEAD")
    case.accept(asked)
    assert case.status() == 403  # the study says no body part


def test_others_cannot_answer_or_see(case: AuthorisationCase) -> None:
    asked = case.ask(method=ON_PHONE)
    person = make_person(case.cloud, "李四")
    stranger = Visitor(case.app).be(case.cloud, make_account(case.cloud, "lisi", person=person))
    case.app.config["WTF_CSRF_ENABLED"] = False
    for path in ("", "/approve", "/refuse", "/withdraw"):
        method = "GET" if path == "" else "POST"
        answer = stranger.client.open(f"/authorisations/{asked}{path}", method=method)
        assert answer.status_code == 404, path
    other = make_account(
        case.cloud, "dr.third", role=Role.DOCTOR, institution=make_institution(case.cloud)
    )
    doctor = Visitor(case.app).be(case.cloud, other)
    assert doctor.client.get(f"{REQUESTS}/{asked}").status_code == 404
    assert doctor.client.post(f"{REQUESTS}/{asked}/accept").status_code == 404


def test_a_person_is_found_by_number_only_and_the_number_is_in_no_address(
    case: AuthorisationCase,
) -> None:
    page = case.doctor.get(REQUESTS)
    form = next(one for one in case.doctor.forms() if one.action == REQUESTS)
    unknown = form.fields | {"method": ON_PHONE, "id_number": "110101199003078814"}
    answer = case.doctor.client.post(REQUESTS, data=unknown)
    assert answer.status_code == 422
    named = form.fields | {"method": ON_PHONE, "id_number": "张三丰"}
    assert case.doctor.client.post(REQUESTS, data=named).status_code == 422
    assert ID_NUMBER not in str(page.request.url)
    asked = case.ask(method=ON_PHONE)
    shown = case.doctor.get(f"{REQUESTS}/{asked}").get_data(as_text=True)
    assert ID_NUMBER not in shown
    assert case.patient_facts.name not in shown  # masked until it is approved


@pytest.mark.requirement("H-03")
def test_an_authorisation_of_an_earlier_visit_does_not_open_data(case: AuthorisationCase) -> None:
    settings = dataclasses.replace(case.cloud.settings, authorisation_per_encounter=True)
    strict = dataclasses.replace(case.cloud, settings=settings)
    app = create_app(strict)
    doctor = Visitor(app).be(strict, case.doctor_facts)
    earlier = case.ask(method=ON_PHONE, encounter="V1")
    case.answer(earlier)
    case.accept(earlier)
    assert case.status() == 200
    assert doctor.client.get(case.frames, headers=DATA).status_code == 403
    with case.cloud.database.session() as session:
        facts = (session, case.doctor_facts.account_id, case.patient_facts.person_id or 0)
        assert [one.encounter for one in authorisations.live_for(*facts, encounter="V1")] == ["V1"]
        assert not authorisations.live_for(*facts, encounter="V2")
        assert not authorisations.live_for(*facts, encounter="")


def test_a_withdrawn_consent_to_the_policy_ends_what_the_patient_gave(
    case: AuthorisationCase,
) -> None:
    asked = case.ask(method=ON_PHONE)
    case.answer(asked)
    case.accept(asked)
    assert case.status() == 200
    with case.cloud.database.session() as session:
        account = session.get_one(Account, case.patient_facts.account_id)
        (given,) = consent.consents_of(session, account)
        consent.withdraw(session, account, given.id)
    assert case.status() == 403


def test_a_guardian_answers_for_his_family(case: AuthorisationCase) -> None:
    guardian = make_person(case.cloud, "张无忌")
    facts = make_account(case.cloud, "guardian", person=guardian)
    with case.cloud.database.session() as session:
        link = people.link_family(
            session,
            guardian=session.get_one(Person, guardian.id),
            member=session.get_one(Person, case.patient_facts.person_id),
            relation="父母",
        )
    asked = case.ask(method=ON_PHONE)
    visitor = Visitor(case.app).be(case.cloud, facts)
    visitor.get(f"/authorisations/{asked}")
    visitor.submit(f"/authorisations/{asked}/approve", hours="24")
    case.accept(asked)
    assert case.status() == 200
    with case.cloud.database.session() as session:
        session.get_one(type(link), link.id).withdrawn_at = link.created_at
        asked_of = session.get_one(Authorisation, asked)
        assert asked_of.decided_by == facts.account_id
    assert visitor.client.get(f"/authorisations/{asked}").status_code == 404


@pytest.mark.requirement("A-09", "F-65")
def test_what_a_guardian_gave_ends_with_the_family_link(case: AuthorisationCase) -> None:
    guardian = make_person(case.cloud, "张无忌")
    facts = make_account(case.cloud, "guardian", person=guardian)
    with case.cloud.database.session() as session:
        link = people.link_family(
            session,
            guardian=session.get_one(Person, guardian.id),
            member=session.get_one(Person, case.patient_facts.person_id),
            relation="父母",
        )
    asked = case.ask(method=ON_PHONE)
    visitor = Visitor(case.app).be(case.cloud, facts)
    visitor.get(f"/authorisations/{asked}")
    visitor.submit(f"/authorisations/{asked}/approve", hours="24")
    case.accept(asked)
    assert case.status() == 200
    with case.cloud.database.session() as session:
        people.withdraw_link(session.get_one(type(link), link.id))
    assert case.status() == 403


def test_priors_beside_a_study_are_those_that_the_doctor_may_read(case: AuthorisationCase) -> None:
    with case.cloud.database.session() as session:
        institution = session.get_one(Account, case.doctor_facts.account_id).institution
    own = make_study(case.cloud, person_id=case.patient_facts.person_id, institution=institution)

    def beside() -> list[tuple[str, str]]:
        with case.cloud.database.session() as session:
            account = session.get_one(Account, case.doctor_facts.account_id)
            grant = access.doctor_grant(case.cloud, session, account)
            study = session.get_one(Study, own.study_id)
            found = priors.studies_beside(case.cloud, session, grant, study)
            return [(one.study_id, one.institution.name) for one in found]

    assert beside() == []
    asked = case.ask(method=ON_PHONE)
    case.answer(asked)
    case.accept(asked)
    assert beside() == [(case.study_id, "第一示范医院")]


def test_a_patients_page_left_open_asks_for_a_while_only(case: AuthorisationCase) -> None:
    first = case.patient.get("/authorisations").get_data(as_text=True)
    assert 'hx-get="/authorisations?polls=1"' in first
    polled = {"HX-Request": "true"}
    last = case.patient.client.get("/authorisations?polls=59", headers=polled)
    assert 'hx-get="/authorisations?polls=60"' in last.get_data(as_text=True)
    over = case.patient.client.get("/authorisations?polls=60", headers=polled)
    assert "hx-get" not in over.get_data(as_text=True)
