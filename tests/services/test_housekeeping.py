"""What is over is cleared away; what is a record, or still in use, stays."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from server import accounts, clock, limits, messages
from server.cloud import ImageCloud
from server.housekeeping import Cleared, clear_away
from server.limits import Limit, TooManyTries
from server.model import (
    Account,
    AccountSession,
    AttemptCounter,
    AuditEvent,
    Consent,
    Message,
    SignInChallenge,
)
from tests.factories import SignInFacts, make_account, make_session

NOTHING = Cleared()


def count(cloud: ImageCloud, table: Any) -> int:
    with cloud.database.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def leave_traces(cloud: ImageCloud, facts: SignInFacts) -> None:
    """Sign in, ask for a code, fail once."""
    make_session(cloud, facts)
    with cloud.database.session() as session:
        challenge = accounts.start_sign_in(
            cloud, session, login=facts.login, password=facts.password, source="192.0.2.1"
        )
    with cloud.database.session() as session:
        accounts.send_sms_code(cloud, session, token=challenge.token)
    with pytest.raises(accounts.SignInRefused), cloud.database.session() as session:
        accounts.start_sign_in(cloud, session, login="x", password="wrong", source="192.0.2.1")


def test_what_is_in_use_stays(cloud: ImageCloud) -> None:
    leave_traces(cloud, make_account(cloud))
    assert clear_away(cloud) == NOTHING
    for table in (AccountSession, SignInChallenge, Message, AttemptCounter):
        assert count(cloud, table) > 0


@pytest.mark.requirement("F-21")
def test_what_is_over_goes_and_the_records_stay(cloud: ImageCloud) -> None:
    leave_traces(cloud, make_account(cloud))
    records = count(cloud, AuditEvent)
    with time_machine.travel(clock.now() + timedelta(days=3), tick=False):
        cleared = clear_away(cloud)
        assert (cleared.sessions, cleared.challenges, cleared.messages) == (1, 1, 1)
        assert cleared.counters > 0
        assert clear_away(cloud) == NOTHING
    for table in (AccountSession, SignInChallenge, Message, AttemptCounter):
        assert count(cloud, table) == 0
    assert count(cloud, AuditEvent) == records + 1
    assert count(cloud, Consent) == 1
    assert count(cloud, Account) == 1


def test_a_message_of_days_outlives_a_code(cloud: ImageCloud) -> None:
    facts = make_account(cloud)
    with cloud.database.session() as session:
        account = session.get_one(Account, facts.account_id)
        messages.send(cloud, session, account=account, body="分享已被打开")
    with time_machine.travel(clock.now() + timedelta(days=3), tick=False):
        assert clear_away(cloud).messages == 0


@pytest.mark.requirement("F-06")
def test_clearing_away_ends_no_lock(cloud: ImageCloud) -> None:
    once_a_day = Limit("once a day", 1, timedelta(days=1))
    with cloud.database.session() as session:
        limits.take(cloud, session, once_a_day, "key")
    with time_machine.travel(clock.now() + timedelta(hours=23), tick=False):
        clear_away(cloud)
        with pytest.raises(TooManyTries), cloud.database.session() as session:
            limits.take(cloud, session, once_a_day, "key")


def test_what_crashed_writes_left_goes_from_the_store(cloud: ImageCloud) -> None:
    folder = cloud.settings.home / "objects"
    orphan = folder / "studies" / "s" / "instances" / "i"
    half = folder / ".incoming" / "half"
    young = folder / ".incoming" / "young"
    for path in (orphan, half, young):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for path in (orphan, half):
        age(path, timedelta(days=2))
    cleared = clear_away(cloud)
    assert (cleared.orphaned_objects, cleared.interrupted_writes) == (1, 1)
    assert [path.exists() for path in (orphan, half, young)] == [False, False, True]


def age(path: Path, by: timedelta) -> None:
    then = path.stat().st_mtime - by.total_seconds()
    os.utime(path, (then, then))
