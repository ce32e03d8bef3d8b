"""Text messages are sealed, delivered once, and readable in development only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from server import accounts, messages
from server.cloud import ImageCloud
from server.model import Account, Message, Role
from tests.services.conftest import make_person


class Gateway:
    """A gateway that fails when told to."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.taken: list[tuple[str, str]] = []
        self.fail_at = fail_at

    def deliver(self, phone: str, body: str) -> None:
        if len(self.taken) == self.fail_at:
            raise ConnectionError
        self.taken.append((phone, body))


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


def deliver(cloud: ImageCloud, gateway: Gateway) -> int:
    with cloud.database.session() as session:
        return messages.deliver_pending(cloud, session, gateway)


def test_each_message_is_delivered_once_in_order_and_resumed_after_a_failure(
    cloud: ImageCloud,
) -> None:
    account = add_account(cloud, "13800138000")
    with cloud.database.session() as session:
        account = session.get_one(Account, account.id)
        for body in ("一", "二", "三"):
            messages.send(cloud, session, account=account, body=body)
    failing, sound = Gateway(fail_at=1), Gateway()
    assert (deliver(cloud, failing), deliver(cloud, sound), deliver(cloud, sound)) == (1, 2, 0)
    assert [body for _, body in failing.taken + sound.taken] == ["一", "二", "三"]
    assert sound.taken[0][0] == "13800138000"


def test_an_expired_message_is_not_delivered_nor_shown(cloud: ImageCloud) -> None:
    account = add_account(cloud, "13800138000")
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC), tick=False) as clock:
        with cloud.database.session() as session:
            account = session.get_one(Account, account.id)
            messages.send(cloud, session, account=account, body="x", lifetime=timedelta(minutes=5))
            assert len(messages.mailbox(cloud, session, account.id)) == 1
            assert len(messages.mailbox(cloud, session, account.id + 1)) == 0
        clock.shift(301)
        assert deliver(cloud, Gateway()) == 0
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
