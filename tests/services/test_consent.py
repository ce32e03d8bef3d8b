"""Consent is asked before anything else, kept with its text, and can be withdrawn."""

from __future__ import annotations

import hashlib

import pytest

from server import accounts, audit, consent
from server.cloud import ImageCloud
from server.model import Account, Role
from tests.services.conftest import make_person


@pytest.fixture
def account(cloud: ImageCloud) -> Account:
    person = make_person(cloud)
    with cloud.database.session() as session:
        return accounts.create_account(
            cloud,
            session,
            login="zhang",
            password="Kx7!blaue-Wolke",
            role=Role.PATIENT,
            person=person,
        ).account


def needed(cloud: ImageCloud, account: Account) -> bool:
    with cloud.database.session() as session:
        return consent.needs_consent(session, account)


@pytest.mark.requirement("F-24")
def test_consent_is_needed_until_given_and_again_once_withdrawn(
    cloud: ImageCloud, account: Account
) -> None:
    version = consent.current_policy().version
    assert needed(cloud, account)
    with cloud.database.session() as session:
        given = consent.give(session, account, version=version, source="192.0.2.1")
        assert consent.give(session, account, version=version).id == given.id
    assert not needed(cloud, account)
    assert given.text_sha256 == hashlib.sha256(consent.current_policy().text.encode()).hexdigest()
    with cloud.database.session() as session:
        assert consent.withdraw(session, account, given.id)
        assert not consent.withdraw(session, account, given.id)
    assert needed(cloud, account)
    with cloud.database.session() as session:
        again = consent.give(session, account, version=version)
        assert [one.id for one in consent.consents_of(session, account)] == [again.id, given.id]
        assert audit.verify(session).checked == 4


def test_a_changed_text_needs_consent_anew(
    cloud: ImageCloud, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cloud.database.session() as session:
        consent.give(session, account, version=consent.current_policy().version)
    changed = (*consent.policy_text.CHINESE, ("七、补充", "新的目的。"))
    monkeypatch.setattr(consent.policy_text, "CHINESE", changed)
    assert needed(cloud, account)


def test_an_outdated_page_gives_no_consent(cloud: ImageCloud, account: Account) -> None:
    with cloud.database.session() as session, pytest.raises(consent.OutdatedPolicyError):
        consent.give(session, account, version="2020")
    assert needed(cloud, account)


def test_nobody_withdraws_anothers_consent(cloud: ImageCloud, account: Account) -> None:
    with cloud.database.session() as session:
        given = consent.give(session, account, version=consent.current_policy().version)
        assert not consent.withdraw(session, Account(id=account.id + 1), given.id)
    assert not needed(cloud, account)


@pytest.mark.requirement("A-47")
def test_another_kind_of_consent_is_listed_but_is_not_the_policy(
    cloud: ImageCloud, account: Account
) -> None:
    with cloud.database.session() as session:
        consent.record(session, account, kind="history_caching", version="1", text_sha256="0" * 64)
        assert [one.kind for one in consent.consents_of(session, account)] == ["history_caching"]
    assert needed(cloud, account)


@pytest.mark.requirement("F-20")
@pytest.mark.parametrize(
    ("language", "topics"),
    [
        ("zh_CN", ("目的", "方式", "种类", "期限", "权利")),
        ("en", ("Purpose", "Method", "Kinds", "Retention", "rights")),
    ],
)
def test_the_policy_tells_purpose_method_kinds_retention_and_rights(
    language: str, topics: tuple[str, ...]
) -> None:
    policy = consent.current_policy(language)
    headings = " ".join(section.heading for section in policy.sections)
    assert all(topic in headings for topic in topics)
    assert all(len(section.body) > 40 for section in policy.sections)
    assert policy.sha256 == consent.current_policy().sha256
