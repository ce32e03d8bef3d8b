"""The family account on two people's pages, without a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from portal.commands.family import family as family_command
from server import family
from server.cloud import ImageCloud
from server.model import Account, AuditEvent, FamilyLink
from tests.factories import SignInFacts, make_account, make_person, make_study
from tests.visitor import Visitor

MOTHER = "11010519491231002X"
CHILD = "110101201503070130"


@pytest.fixture
def mother(cloud: ImageCloud) -> SignInFacts:
    person = make_person(cloud, "李秀英", id_number=MOTHER, phone="13900139000")
    return make_account(cloud, "lixiuying", person=person)


@pytest.fixture
def child_of(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> Iterator[Visitor]:
    yield Visitor(app).be(cloud, patient)


def ask(visitor: Visitor, **said: str) -> int:
    visitor.get("/family/invite")
    told = {"name": "李秀英", "id_number": MOTHER, "relation": "母亲", "consent_by": "member"}
    return visitor.submit("/family/invite", **(told | said)).status_code


def acknowledge(visitor: Visitor, address: str) -> None:
    """Read the notice that precedes the first study of a relative, and go on."""
    visitor.get(address)
    assert visitor.path.startswith("/family/notice/") and "敏感个人信息" in visitor.text
    visitor.submit(visitor.path)
    assert visitor.path == address


@pytest.mark.requirement("F-25")
def test_the_first_open_of_a_relatives_study_shows_a_notice_once_and_logs_it(
    app: Flask, cloud: ImageCloud, child_of: Visitor, patient: SignInFacts, mother: SignInFacts
) -> None:
    study = make_study(cloud, person_id=mother.person_id)
    own = make_study(cloud, person_id=patient.person_id)
    ask(child_of)
    asked = Visitor(app).be(cloud, mother)
    asked.get("/family")
    asked.submit(next(one.action for one in asked.forms() if one.action.endswith("/accept")))
    assert child_of.get(f"/studies/{own.study_id}/report").request.path.endswith("/report")
    with cloud.database.session() as session:
        told = select(AuditEvent).where(AuditEvent.event == "family.acknowledge")
        assert session.scalars(told).all() == []
    acknowledge(child_of, f"/studies/{study.study_id}/report")
    assert child_of.get(f"/studies/{study.study_id}/report").request.path.endswith("/report")
    with cloud.database.session() as session:
        assert len(session.scalars(told).all()) == 1


def test_a_notice_is_for_those_whom_it_concerns(
    app: Flask, cloud: ImageCloud, child_of: Visitor, mother: SignInFacts
) -> None:
    ask(child_of)
    asked = Visitor(app).be(cloud, mother)
    asked.get("/family")
    asked.submit(next(one.action for one in asked.forms() if one.action.endswith("/accept")))
    with cloud.database.session() as session:
        link_id = session.scalars(select(FamilyLink.id)).one()
    assert asked.get(f"/family/notice/{link_id}").status_code == 404
    child_of.get(f"/family/notice/{link_id}?next=https://evil.example/")
    child_of.submit(f"/family/notice/{link_id}")
    assert child_of.path == "/studies"


@pytest.mark.requirement("A-09")
def test_both_sides_agree_and_either_ends_it(
    app: Flask, cloud: ImageCloud, child_of: Visitor, mother: SignInFacts
) -> None:
    study = make_study(cloud, person_id=mother.person_id)
    asked = Visitor(app).be(cloud, mother)
    assert child_of.get(f"/studies/{study.study_id}/report").status_code == 403
    assert "亲情账户" in child_of.text  # says what to do next
    assert ask(child_of) == 200 and "等待对方同意" in child_of.text and "李**" in child_of.text
    asked.get("/family")
    assert "张三丰 申请查看您的资料" in asked.text
    (action,) = [one.action for one in asked.forms() if one.action.endswith("/accept")]
    asked.submit(action)
    assert "您已同意" in asked.text and "可以查看我的人" in asked.text
    acknowledge(child_of, f"/studies/{study.study_id}/report")
    assert child_of.get(f"/studies/{study.study_id}/report").status_code == 200
    child_of.get("/studies")
    assert "李秀英" in child_of.text and "母亲" in child_of.text
    (end,) = [one.action for one in asked.forms() if one.action.endswith("/end")]
    asked.submit(end)
    assert "亲情关系已解除" in asked.text
    assert child_of.get(f"/studies/{study.study_id}/report").status_code == 403


def test_an_invitation_may_be_declined_or_taken_back(
    app: Flask, cloud: ImageCloud, child_of: Visitor, mother: SignInFacts
) -> None:
    ask(child_of)
    asked = Visitor(app).be(cloud, mother)
    asked.get("/family")
    (no,) = [one.action for one in asked.forms() if one.action.endswith("/decline")]
    asked.submit(no)
    assert "您已拒绝" in asked.text
    ask(child_of)
    (back,) = [one.action for one in child_of.forms() if one.action.endswith("/take-back")]
    child_of.submit(back)
    assert "邀请已撤回" in child_of.text
    asked.get("/family")
    assert "申请查看" not in asked.text


@pytest.mark.requirement("E-45")
def test_the_form_says_what_is_wrong(child_of: Visitor) -> None:
    assert ask(child_of, id_number="110105194912310021") == 422
    assert "身份证号有误" in child_of.text
    assert ask(child_of, relation="朋友") == 422
    assert ask(child_of, consent_by="declared", evidence_number="Q1") == 422
    assert "请勾选声明" in child_of.text


def test_a_declaration_is_reviewed_from_the_shell(
    cloud: ImageCloud, child_of: Visitor, patient: SignInFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_person(cloud, "张小宝", id_number=CHILD, phone="13700137000")
    said = {"evidence_kind": "户口簿", "evidence_number": "500123456789", "declaration": "1"}
    said |= {"name": "张小宝", "id_number": CHILD, "relation": "儿子", "consent_by": "declared"}
    assert ask(child_of, **said) == 200
    assert "等待审核" in child_of.text
    home: Path = cloud.settings.home
    monkeypatch.setenv("YINGYUN_HOME", str(home))
    shell = CliRunner()
    listed = shell.invoke(family_command, ["list"])
    assert "张** → 张**（儿子）" in listed.output and "500123456789" not in listed.output
    invitation_id = listed.output.split()[0]
    assert shell.invoke(family_command, ["approve", invitation_id]).exit_code == 0
    assert shell.invoke(family_command, ["refuse", invitation_id]).exit_code == 1
    child_of.get("/family")
    assert "张小宝" in child_of.text and "自动结束" in child_of.text
    with cloud.database.session() as session:
        account = session.get_one(Account, patient.account_id)
        assert len(family.overview(session, account).viewing) == 1
