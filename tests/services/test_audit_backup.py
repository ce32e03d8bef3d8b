"""Audit entries are backed up every day and kept for more than half a year (F-12)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import DatabaseError

from server import audit, audit_backup, clock
from server.cloud import ImageCloud
from server.jobs import regular
from server.model import AuditEvent


def add_entries(cloud: ImageCloud, count: int) -> None:
    for number in range(count):
        with cloud.database.session() as session:
            audit.record(
                session, actor_kind="system", actor="test", event="test", object_id=f"{number} 号"
            )


def held(cloud: ImageCloud) -> int:
    with cloud.database.session() as session:
        return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


@pytest.mark.requirement("F-12")
def test_neither_the_daily_clearing_nor_anybody_else_deletes_an_entry(cloud: ImageCloud) -> None:
    add_entries(cloud, 3)
    now = clock.now()
    for days in (audit_backup.KEPT_DAYS - 1, audit_backup.KEPT_DAYS, 400):
        with time_machine.travel(now + timedelta(days=days), tick=False):
            before = held(cloud)
            regular.keep_house(cloud)
            assert held(cloud) >= before >= 3
            with pytest.raises(DatabaseError), cloud.database.session() as session:
                session.execute(delete(AuditEvent))


@pytest.mark.requirement("F-12")
def test_each_day_what_is_new_is_backed_up_sealed(cloud: ImageCloud) -> None:
    add_entries(cloud, 3)
    regular.keep_house(cloud)
    first = sorted(cloud.vault.store.keys(audit_backup.FOLDER))
    add_entries(cloud, 2)
    assert audit_backup.back_up(cloud) == 2
    assert audit_backup.back_up(cloud) == 0, "twice is once"
    parts = sorted(cloud.vault.store.keys(audit_backup.FOLDER))
    assert parts[: len(first)] == first and len(parts) == len(first) + 1
    assert not any(b"test" in cloud.vault.store.get(key) for key in parts)
    told = list(audit_backup.backed_up(cloud))
    assert [one["sequence"] for one in told] == list(range(1, held(cloud) + 1))
    with cloud.database.session() as session:
        verdict = audit_backup.verify_backup(cloud, session)
        assert (verdict.ok, verdict.checked) == (True, held(cloud))


@pytest.mark.requirement("F-12", "F-13")
def test_a_log_that_was_rewritten_differs_from_its_backup(cloud: ImageCloud) -> None:
    add_entries(cloud, 3)
    audit_backup.back_up(cloud)
    with cloud.database.session() as session:
        session.execute(text("DROP TRIGGER audit_event_no_update"))
        session.execute(text("UPDATE audit_event SET result = 'failure' WHERE sequence = 2"))
    with cloud.database.session() as session:
        verdict = audit_backup.verify_backup(cloud, session)
    assert (verdict.ok, verdict.first_broken) == (False, 2)
