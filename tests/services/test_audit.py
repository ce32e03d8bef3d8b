"""The audit log is complete, ordered and cannot be changed unnoticed."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from server import audit
from server.audit import AuditVerdict
from server.cloud import ImageCloud, open_cloud, upgrade_database
from server.model import AuditEvent, Institution


def fill(cloud: ImageCloud, count: int = 6) -> None:
    with cloud.database.session() as session:
        for number in range(count):
            audit.record(
                session,
                actor_kind="account",
                actor=f"account:{number}",
                event="study.view",
                object_kind="study",
                object_id=f"s{number}",
                source="192.0.2.1",
                detail={"frames": number, "文": ["a", None, True]},
            )


def verdict(cloud: ImageCloud) -> AuditVerdict:
    with cloud.database.session() as session:
        return audit.verify(session)


def tamper(database_file: Path, *statements: str) -> None:
    """Do what somebody with the database file in hand could do."""
    with sqlite3.connect(database_file) as connection:
        connection.execute("DROP TRIGGER audit_event_no_update")
        connection.execute("DROP TRIGGER audit_event_no_delete")
        for statement in statements:
            assert connection.execute(statement).rowcount != 0
    connection.close()


def test_an_untouched_chain_holds(cloud: ImageCloud) -> None:
    assert verdict(cloud) == AuditVerdict(True, 0)
    fill(cloud)
    assert verdict(cloud) == AuditVerdict(True, 6)


@pytest.mark.requirement("F-11")
def test_an_entry_says_when_who_what_whence_and_with_which_result(cloud: ImageCloud) -> None:
    fill(cloud, 1)
    with cloud.database.session() as session:
        entry = session.scalars(select(AuditEvent)).one()
        assert (entry.actor, entry.event, entry.result) == ("account:0", "study.view", "success")
        assert (entry.object_kind, entry.object_id, entry.source) == ("study", "s0", "192.0.2.1")
        assert entry.time.tzinfo is not None
    columns = AuditEvent.__table__.columns
    assert not any(columns[name].nullable for name in ("time", "actor", "event", "result"))


ALTERATIONS: dict[str, Any] = {
    "time": "'2020-01-01 00:00:00.000000'",
    "actor_kind": "'nobody'",
    "actor": "'account:99'",
    "event": "'study.share'",
    "object_kind": "'share'",
    "object_id": "'other'",
    "result": "'failure'",
    "reason": "'because'",
    "source": "'198.51.100.1'",
    "detail": "'{}'",
    "previous_hash": f"'{'f' * 64}'",
    "hash": f"'{'f' * 64}'",
}


def test_every_column_is_tried() -> None:
    assert set(ALTERATIONS) | {"sequence"} == set(AuditEvent.__table__.columns.keys())


@pytest.mark.parametrize("column", ALTERATIONS)
def test_an_altered_column_is_found_and_named(
    cloud: ImageCloud, database_file: Path, column: str
) -> None:
    fill(cloud)
    tamper(
        database_file, f"UPDATE audit_event SET {column} = {ALTERATIONS[column]} WHERE sequence = 4"
    )
    found = verdict(cloud)
    assert (found.ok, found.checked, found.first_broken) == (False, 3, 4)


@pytest.mark.parametrize(
    ("statements", "first_broken"),
    [
        (["DELETE FROM audit_event WHERE sequence = 3"], 3),
        (["DELETE FROM audit_event WHERE sequence = 1"], 1),
        (["DELETE FROM audit_event WHERE sequence = 6"], 6),
        (["DELETE FROM audit_event"], 1),
        (["DELETE FROM audit_head"], 7),
        (["UPDATE audit_event SET sequence = 99 WHERE sequence = 2"], 2),
        (
            [
                "UPDATE audit_event SET sequence = 99 WHERE sequence = 2",
                "UPDATE audit_event SET sequence = 2 WHERE sequence = 5",
                "UPDATE audit_event SET sequence = 5 WHERE sequence = 99",
            ],
            2,
        ),
        (
            [
                "DELETE FROM audit_event WHERE sequence = 2",
                "UPDATE audit_event SET sequence = sequence - 1 WHERE sequence > 2",
            ],
            2,
        ),
    ],
    ids=["middle", "first", "last", "all", "head", "moved", "swapped", "closed-up"],
)
def test_removed_and_reordered_entries_are_found(
    cloud: ImageCloud, database_file: Path, statements: list[str], first_broken: int
) -> None:
    fill(cloud)
    tamper(database_file, *statements)
    found = verdict(cloud)
    assert not found.ok
    assert found.first_broken == first_broken
    assert found.what


def test_a_replaced_entry_with_a_fitting_hash_breaks_the_next_link(
    cloud: ImageCloud, database_file: Path
) -> None:
    fill(cloud)
    with cloud.database.session() as session:
        forged = session.get_one(AuditEvent, 3)
        forged.actor = "account:99"
        new_hash = audit.entry_hash(forged)
        session.expunge(forged)
    tamper(
        database_file,
        f"UPDATE audit_event SET actor='account:99', hash='{new_hash}' WHERE sequence = 3",
    )
    assert verdict(cloud).first_broken == 4


@pytest.mark.requirement("F-10")
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET actor=''", "DELETE FROM audit_event"]
)
def test_the_database_refuses_changes(cloud: ImageCloud, statement: str) -> None:
    fill(cloud)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        cloud.database.session() as session,
    ):
        session.execute(text(statement))
    assert verdict(cloud).ok


def test_a_migrated_database_refuses_changes_too(cloud: ImageCloud) -> None:
    home = cloud.settings.home / "migrated"
    chosen = replace(cloud.settings, home=home, database_url=f"sqlite:///{home / 'yingyun.db'}")
    upgrade_database(chosen)
    migrated = open_cloud(chosen)
    fill(migrated, 2)
    for statement in ("UPDATE audit_event SET actor=''", "DELETE FROM audit_event"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            migrated.database.session() as session,
        ):
            session.execute(text(statement))
    assert verdict(migrated) == AuditVerdict(True, 2)


def test_a_rolled_back_entry_leaves_no_gap(cloud: ImageCloud) -> None:
    fill(cloud, 2)
    with pytest.raises(ZeroDivisionError), cloud.database.session() as session:
        audit.record(session, actor_kind="account", actor="a", event="x")
        raise ZeroDivisionError
    fill(cloud, 2)
    assert verdict(cloud) == AuditVerdict(True, 4)


def test_concurrent_writers_keep_one_chain_and_their_work(cloud: ImageCloud) -> None:
    def write(number: int) -> None:
        with cloud.database.session() as session:
            session.scalars(select(AuditEvent)).all()  # a writer has usually read something before
            session.add(
                Institution(code=str(number), name="院", province_code="1", province_name="省")
            )
            audit.record(session, actor_kind="system", actor=str(number), event="test")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    assert verdict(cloud) == AuditVerdict(True, 40)
    with cloud.database.session() as session:
        assert session.scalar(select(func.count()).select_from(Institution)) == 40


def test_text_that_does_not_fit_is_cut_before_it_is_hashed(cloud: ImageCloud) -> None:
    with cloud.database.session() as session:
        audit.record(
            session,
            actor_kind="k" * 100,
            actor="a\x00\n" + "b" * 100,
            event="e" * 100,
            reason="理" * 500,
            source="s" * 100,
        )
    with cloud.database.session() as session:
        entry = session.get_one(AuditEvent, 1)
        assert (entry.actor, len(entry.reason)) == ("a" + "b" * 63, 200)
    assert verdict(cloud).ok
