"""A chain that was rewritten from its first entry on is found by what was signed before."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import delete, select

from server import audit, checkpoints
from server.cloud import ImageCloud
from server.keys import MasterKey
from server.model import AuditEvent, AuditHead


def write(cloud: ImageCloud, *actors: str) -> None:
    with cloud.database.session() as session:
        for actor in actors:
            audit.record(session, actor_kind="account", actor=actor, event="pictures.view")


def rewrite(cloud: ImageCloud, *actors: str) -> None:
    """Do what somebody who may write to the database could do: a new chain, whole in itself."""
    with closing(sqlite3.connect(cloud.settings.home / "yingyun.db")) as connection:
        connection.execute("DROP TRIGGER audit_event_no_delete")
    with cloud.database.session() as session:
        session.execute(delete(AuditEvent))
        session.execute(delete(AuditHead))
    write(cloud, *actors)
    with cloud.database.session() as session:
        assert audit.verify(session).ok


def verdict(cloud: ImageCloud) -> audit.AuditVerdict:
    with cloud.database.session() as session:
        return checkpoints.verify_checkpoints(cloud, session)


@pytest.mark.requirement("F-13")
def test_a_signed_chain_agrees_with_its_checkpoints(cloud: ImageCloud) -> None:
    assert checkpoints.sign_head(cloud) is None
    write(cloud, "a", "b")
    first = checkpoints.sign_head(cloud)
    assert first is not None
    assert first.sequence == 2
    assert checkpoints.sign_head(cloud) is None
    write(cloud, "c")
    assert checkpoints.sign_head(cloud) is not None
    write(cloud, "d")
    assert verdict(cloud) == audit.AuditVerdict(True, 2)


@pytest.mark.requirement("F-13")
@pytest.mark.parametrize("actors", [("a", "x", "c"), ("a",)])
def test_a_rewritten_or_cut_chain_is_found(cloud: ImageCloud, actors: tuple[str, ...]) -> None:
    write(cloud, "a", "b", "c")
    checkpoints.sign_head(cloud)
    rewrite(cloud, *actors)
    found = verdict(cloud)
    assert (found.ok, found.first_broken) == (False, 3)


@pytest.mark.requirement("F-13")
def test_a_checkpoint_cannot_be_made_without_the_master_key(cloud: ImageCloud) -> None:
    write(cloud, "a")
    checkpoints.sign_head(cloud)
    rewrite(cloud, "x")
    path = cloud.settings.home / checkpoints.FILE_NAME
    with cloud.database.session() as session:
        forged = json.loads(path.read_text()) | {"hash": session.scalar(select(AuditEvent.hash))}
    path.write_text(json.dumps(forged) + "\n")
    assert not verdict(cloud).ok
    path.unlink()
    other = replace(cloud, master_key=MasterKey(bytes(32)))
    checkpoints.sign_head(other)
    assert not verdict(cloud).ok


@pytest.mark.parametrize("content", ["{}", "no JSON", '{"sequence": 1}', "[]"])
def test_a_damaged_file_is_a_fault(cloud: ImageCloud, content: str) -> None:
    (cloud.settings.home / checkpoints.FILE_NAME).write_text(content + "\n")
    assert not verdict(cloud).ok
