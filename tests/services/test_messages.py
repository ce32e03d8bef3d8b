"""Text messages are sealed, and kept and readable in development only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from server import accounts, messages
from server.cloud import ImageCloud
from server.model import Account, Message, Role
from tests.services.conftest import make_person


def add_account(cloud: ImageCloud, phone: str | None) -> Account:
    person = make_person(cloud, phone=phone)
    with cloud.database.session() as session:
        return accounts.create_account(
            cloud,
            session,
            login="zhang",
            password="Kx7!blaue-Wolke",
            role=Role.PATIENT,
            person=person,
        ).account


def test_an_expired_message_is_not_shown(cloud: ImageCloud) -> None:
    account = add_account(cloud, "13800138000")
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC), tick=False) as clock:
        with cloud.database.session() as session:
            account = session.get_one(Account, account.id)
            messages.send(cloud, session, account=account, body="x", lifetime=timedelta(minutes=5))
            assert len(messages.mailbox(cloud, session, account.id)) == 1
            assert len(messages.mailbox(cloud, session, account.id + 1)) == 0
        clock.shift(301)
        with cloud.database.session() as session:
            assert messages.mailbox(cloud, session) == ()


def test_a_message_is_sealed(cloud: ImageCloud) -> None:
    account = add_account(cloud, "13800138000")
    with cloud.database.session() as session:
        account = session.get_one(Account, account.id)
        messages.send(cloud, session, account=account, body="验证码 123456")
        stored = session.query(Message).one()
        assert b"123456" not in stored.body_sealed
        assert b"13800138000" not in stored.recipient_sealed


def test_without_a_phone_nothing_is_sent(cloud: ImageCloud) -> None:
    account = add_account(cloud, None)
    with cloud.database.session() as session:
        account = session.get_one(Account, account.id)
        assert not messages.can_reach(cloud, account)
        assert messages.send(cloud, session, account=account, body="x") is None


def test_the_mailbox_is_closed_outside_development(cloud: ImageCloud) -> None:
    served = replace(cloud, settings=replace(cloud.settings, development=False))
    account = add_account(cloud, "13800138000")
    with cloud.database.session() as session:
        with pytest.raises(messages.MailboxClosedError):
            messages.mailbox(served, session)
        account = session.get_one(Account, account.id)
        assert not messages.can_reach(served, account)
        # Nobody could read it: nothing of it is kept.
        assert messages.send(served, session, account=account, body="x") is None
        assert session.query(Message).count() == 0
