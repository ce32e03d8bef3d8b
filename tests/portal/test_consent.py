"""Nothing personal before the consent; a refusal leaves nothing behind."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from server import consent
from server.cloud import ImageCloud
from server.model import Account, AccountSession, Consent
from tests.factories import SignInFacts, make_account, make_study
from tests.visitor import Visitor


@pytest.fixture
def newcomer(cloud: ImageCloud) -> SignInFacts:
    return make_account(cloud, "newcomer", consented=False)


@pytest.mark.requirement("A-37", "F-20")
def test_the_policy_comes_before_anything_else(
    visitor: Visitor, newcomer: SignInFacts, cloud: ImageCloud
) -> None:
    study = make_study(cloud, person_id=newcomer.person_id)
    visitor.sign_in(newcomer)
    for path in ("/account", "/studies", f"/studies/{study.study_id}"):
        visitor.get(path)
        assert visitor.path == "/consent", path
    for words in ("处理目的", "处理方式", "个人信息种类", "保存期限", "您的权利"):
        assert words in visitor.text
    data = visitor.client.get(f"/studies/{study.study_id}", headers={"Sec-Fetch-Dest": "empty"})
    assert data.status_code in {401, 403}


@pytest.mark.requirement("A-37", "F-20")
def test_agreeing_is_recorded_and_leads_on(
    visitor: Visitor, newcomer: SignInFacts, cloud: ImageCloud
) -> None:
    visitor.sign_in(newcomer)
    visitor.get("/account")
    visitor.submit("/consent", decision="agree")
    assert visitor.path == "/account"
    with cloud.database.session() as session:
        given = session.scalars(select(Consent)).one()
    assert given.account_id == newcomer.account_id
    assert given.version == consent.current_policy().version
    assert given.text_sha256 == consent.current_policy().sha256


@pytest.mark.requirement("A-37", "F-20")
def test_refusing_signs_out_and_records_nothing(
    visitor: Visitor, newcomer: SignInFacts, cloud: ImageCloud
) -> None:
    visitor.sign_in(newcomer)
    visitor.get("/account")
    visitor.submit("/consent", decision="refuse")
    assert visitor.path == "/login"
    assert "您未同意隐私政策" in visitor.text
    visitor.get("/account")
    assert visitor.path == "/login"
    with cloud.database.session() as session:
        assert session.scalars(select(Consent)).all() == []
        assert session.scalars(select(AccountSession)).one().revoked_at is not None


def test_an_older_policy_cannot_be_agreed_to(
    visitor: Visitor, newcomer: SignInFacts, cloud: ImageCloud
) -> None:
    visitor.sign_in(newcomer)
    visitor.get("/account")
    visitor.submit("/consent", decision="agree", version="2020-1")
    assert visitor.path == "/consent"
    assert "隐私政策刚刚更新" in visitor.text
    with cloud.database.session() as session:
        assert session.scalars(select(Consent)).all() == []


def test_a_consent_can_be_withdrawn(
    visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    visitor.be(cloud, patient).get("/account")
    action = next(form.action for form in visitor.forms() if form.action.endswith("/withdraw"))
    visitor.submit(action)
    assert visitor.path == "/consent"
    with cloud.database.session() as session:
        account = session.get_one(Account, patient.account_id)
        assert consent.needs_consent(session, account)


def test_nobody_withdraws_for_others(
    app: Flask, visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    visitor.be(cloud, patient).get("/account")
    action = next(form.action for form in visitor.forms() if form.action.endswith("/withdraw"))
    other = Visitor(app).be(cloud, make_account(cloud, "other"))
    other.get("/account")
    token = other.forms()[0].fields["csrf_token"]
    other.client.post(action, data={"csrf_token": token})
    visitor.get("/account")
    assert visitor.path == "/account"


def test_everyone_may_read_the_policy(visitor: Visitor) -> None:
    assert visitor.get("/privacy").status_code == 200
    assert "隐私政策" in visitor.text
