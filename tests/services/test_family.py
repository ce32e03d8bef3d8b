"""Family accounts: both sides agree, either side ends them, and what a guardian may declare."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from server import access, audit, family, messages, people
from server.access import AccessDenied, Action, DenialReason
from server.accounts import create_account
from server.cloud import ImageCloud
from server.family import FamilyError, Invitation, InvitationError, TooManyInvitations
from server.model import Account, AuditEvent, FamilyInvitation, FamilyLink, Person, Role, Study
from server.people import IdNumberError
from tests.services.conftest import ID_NUMBERS, MakeStudy, make_person

PHONE = "10012345678"
SOURCE = "192.0.2.7"
# Born on 1949-12-31, 1990-03-07 and 2015-03-07.
FATHER, ASKER = ID_NUMBERS[:2]
CHILD = "110101201503070130"


def add(cloud: ImageCloud, name: str, number: str, phone: str = PHONE) -> Account:
    person = make_person(cloud, name, id_number=number, phone=phone)
    with cloud.database.session() as session:
        return create_account(
            cloud,
            session,
            login=f"user{person.id}",
            password="Kx7!blaue-Wolke",
            role=Role.PATIENT,
            person=person,
        ).account


@pytest.fixture
def asker(cloud: ImageCloud) -> Account:
    return add(cloud, "张三丰", ASKER)


@pytest.fixture
def father(cloud: ImageCloud) -> Account:
    return add(cloud, "张大山", FATHER, "10087654321")


def invite(cloud: ImageCloud, asker: Account, **said: object) -> str:
    told = {"id_number": FATHER, "name": "张大山", "relation": "父亲"} | said
    with cloud.database.session() as session:
        account = session.get_one(Account, asker.id)
        made = family.invite(cloud, session, account, Invitation(**told), source=SOURCE)  # type: ignore[arg-type]
        return made.invitation_id


def declare(cloud: ImageCloud, asker: Account, **said: object) -> str:
    told = {
        "id_number": CHILD,
        "name": "张小宝",
        "relation": "儿子",
        "declared": True,
        "evidence_kind": "出生医学证明",
        "evidence_number": "Q500123456",
    }
    return invite(cloud, asker, **(told | said))


def answer(cloud: ImageCloud, who: Account, invitation_id: str, *, yes: bool = True) -> None:
    with cloud.database.session() as session:
        decide = family.accept if yes else family.decline
        decide(cloud, session, session.get_one(Account, who.id), invitation_id, source=SOURCE)


def denial(cloud: ImageCloud, who: Account, study: Study) -> DenialReason | None:
    with cloud.database.session() as session:
        grant = access.patient_grant(cloud, session, session.get_one(Account, who.id))
        try:
            access.authorize(
                cloud, session, grant, Action.VIEW_PICTURES, session.get_one(Study, study.study_id)
            )
        except AccessDenied as denied:
            return denied.reason
    return None


def letters(cloud: ImageCloud, who: Account) -> str:
    with cloud.database.session() as session:
        return "\n".join(one.body for one in messages.mailbox(cloud, session, who.id))


def person_of(cloud: ImageCloud, account: Account) -> Person:
    with cloud.database.session() as session:
        return session.get_one(Person, account.person_id)


@pytest.mark.requirement("A-09")
def test_nothing_is_seen_before_the_member_agrees_and_nothing_after_he_ends_it(
    cloud: ImageCloud, asker: Account, father: Account, make_study: MakeStudy
) -> None:
    study = make_study(person_of(cloud, father))
    assert denial(cloud, asker, study) is DenialReason.UNLINKED
    invitation = invite(cloud, asker)
    assert "张** 申请查看您的检查影像" in letters(cloud, father)
    assert denial(cloud, asker, study) is DenialReason.UNLINKED
    answer(cloud, father, invitation)
    assert denial(cloud, asker, study) is None
    assert "已加入您的亲情账户" in letters(cloud, asker)
    with cloud.database.session() as session:
        (link,) = family.overview(session, father).viewers
        family.end_link(cloud, session, session.get_one(Account, father.id), link.id, source=SOURCE)
    assert denial(cloud, asker, study) is DenialReason.UNLINKED
    assert "不再能查看" in letters(cloud, asker)
    with cloud.database.session() as session:
        assert audit.verify(session).ok
        noted = session.scalars(select(AuditEvent.event)).all()
    assert {"family.invite", "family.accept", "family_link.withdraw"} <= set(noted)


def test_the_one_who_asked_may_end_it_too_and_nobody_else(
    cloud: ImageCloud, asker: Account, father: Account
) -> None:
    answer(cloud, father, invite(cloud, asker))
    other = add(cloud, "王五", "110105199003074579")
    with cloud.database.session() as session:
        (link,) = family.overview(session, asker).viewing
        with pytest.raises(FamilyError):
            family.end_link(
                cloud, session, session.get_one(Account, other.id), link.id, source=SOURCE
            )
        family.end_link(cloud, session, session.get_one(Account, asker.id), link.id, source=SOURCE)
        assert family.overview(session, asker).viewing == []


def test_only_the_member_answers_and_only_once(
    cloud: ImageCloud, asker: Account, father: Account
) -> None:
    invitation = invite(cloud, asker)
    with pytest.raises(InvitationError):
        answer(cloud, asker, invitation)
    answer(cloud, father, invitation, yes=False)
    with pytest.raises(InvitationError):
        answer(cloud, father, invitation)
    with cloud.database.session() as session:
        assert session.scalars(select(FamilyLink)).all() == []


def test_an_invitation_ends_after_a_week_or_when_it_is_taken_back(
    cloud: ImageCloud, asker: Account, father: Account
) -> None:
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC), tick=False) as clock:
        late = invite(cloud, asker)
        clock.shift(timedelta(days=7, seconds=1))
        with pytest.raises(InvitationError):
            answer(cloud, father, late)
        back = invite(cloud, asker)
        with cloud.database.session() as session:
            family.take_back(session, session.get_one(Account, asker.id), back, source=SOURCE)
        with pytest.raises(InvitationError):
            answer(cloud, father, back)


@pytest.mark.parametrize("said", [{"name": "李大山"}, {"id_number": "110105199003074579"}])
def test_who_does_not_fit_is_invited_for_all_the_asker_can_see(
    cloud: ImageCloud, asker: Account, father: Account, said: dict[str, str]
) -> None:
    invite(cloud, asker, **said)
    assert letters(cloud, father) == ""
    with cloud.database.session() as session:
        (sent,) = family.overview(session, asker).sent
        assert (sent.state, sent.member_id) == ("pending", None)
    with pytest.raises(FamilyError):
        invite(cloud, asker, **said)  # as for somebody who is on record


def test_nonsense_is_refused(cloud: ImageCloud, asker: Account, father: Account) -> None:
    for said in ({"relation": "朋友"}, {"name": " "}, {"id_number": ASKER}):
        with pytest.raises(FamilyError):
            invite(cloud, asker, **said)
    with pytest.raises(IdNumberError):
        invite(cloud, asker, id_number="110105194912310021")
    with pytest.raises(FamilyError):
        declare(cloud, asker, evidence_number="")


def test_ten_invitations_a_day(cloud: ImageCloud, asker: Account, father: Account) -> None:
    answer(cloud, father, invite(cloud, asker))
    for _ in range(9):
        with pytest.raises(FamilyError, match="已经是"):
            invite(cloud, asker)
    with pytest.raises(TooManyInvitations):
        invite(cloud, asker)


@pytest.mark.requirement("A-09")
def test_a_child_whose_hospital_knows_the_parents_phone_is_linked_until_of_age(
    cloud: ImageCloud, asker: Account, make_study: MakeStudy
) -> None:
    child = make_person(cloud, "张小宝", id_number=CHILD, phone=PHONE)
    study = make_study(child)
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC), tick=False) as clock:
        declare(cloud, asker)
        assert denial(cloud, asker, study) is None
        clock.move_to(datetime(2033, 3, 6, 15, 59, tzinfo=UTC))  # a minute before, in China
        assert denial(cloud, asker, study) is None
        clock.move_to(datetime(2033, 3, 6, 16, 1, tzinfo=UTC))
        assert denial(cloud, asker, study) is DenialReason.UNLINKED


@pytest.mark.parametrize(
    ("said", "phone"),
    [
        ({}, "10087654321"),  # the hospital knows another phone
        ({"id_number": FATHER, "name": "张大山", "relation": "父亲"}, PHONE),  # no child
    ],
)
def test_all_other_declarations_wait_for_the_operator(
    cloud: ImageCloud,
    asker: Account,
    make_study: MakeStudy,
    said: dict[str, str],
    phone: str,
) -> None:
    number, name = said.get("id_number", CHILD), said.get("name", "张小宝")
    study = make_study(make_person(cloud, name, id_number=number, phone=phone))
    invitation = declare(cloud, asker, **said)
    assert denial(cloud, asker, study) is DenialReason.UNLINKED
    with cloud.database.session() as session:
        (waiting,) = family.in_review(session)
        assert b"Q500123456" not in (waiting.evidence_number_sealed or b"")
        family.approve(cloud, session, invitation, actor_kind="system", actor="test")
    assert denial(cloud, asker, study) is None
    with cloud.database.session() as session, pytest.raises(InvitationError):
        family.refuse(cloud, session, invitation, actor_kind="system", actor="test")


def test_a_refused_declaration_links_nobody(cloud: ImageCloud, asker: Account) -> None:
    make_person(cloud, "张小宝", id_number=CHILD, phone="10087654321")
    invitation = declare(cloud, asker)
    with cloud.database.session() as session:
        family.refuse(cloud, session, invitation, actor_kind="system", actor="test")
        assert session.get_one(FamilyInvitation, invitation).state == "declined"
        assert session.scalars(select(FamilyLink)).all() == []
    assert "未通过审核" in letters(cloud, asker)


def test_neither_names_nor_numbers_are_in_the_audit(
    cloud: ImageCloud, asker: Account, father: Account
) -> None:
    answer(cloud, father, invite(cloud, asker))
    with cloud.database.session() as session:
        noted = [str(one.detail) for one in session.scalars(select(AuditEvent))]
    assert not any("张" in one or FATHER in one for one in noted)
    assert people.mask_name("张三丰") == "张**"
