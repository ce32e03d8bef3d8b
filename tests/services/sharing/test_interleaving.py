"""Whatever eight people do to the same shares at once, never one view too many (A-24).

On SQLite and on PostgreSQL: each judges the one statement that grants a view in its own way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import audit, people, settings
from server.cloud import ImageCloud, open_cloud
from server.model import (
    Account,
    AuditEvent,
    Institution,
    Share,
    ShareVisit,
    Study,
)
from server.sharing import opening
from tests.services.conftest import add_study
from tests.services.sharing.case import add_account
from tests.services.sharing.clients import interleave
from tests.shared_database import database_url, emptied

__all__ = ["database_url"]  # a fixture of this module

QUICK, LONG = 6, 1000


@pytest.fixture
def shared_cloud(database_url: str, tmp_path: Path) -> Iterator[ImageCloud]:
    environ = {"YINGYUN_HOME": str(tmp_path / "home"), "YINGYUN_DATABASE_URL": database_url}
    yield from emptied(open_cloud(replace(settings.load(environ), share_tries=10_000)))


@pytest.fixture
def patient(shared_cloud: ImageCloud) -> tuple[Account, Study]:
    with shared_cloud.database.session() as session:
        hospital = Institution(code="1", name="院", province_code="500000", province_name="重庆市")
        session.add(hospital)
        person = people.create_person(shared_cloud, session, person_code="1", name="张三")
        study = add_study(session, hospital, person)
    return add_account(shared_cloud, "zs", person), study


def faults(session: Session, share_id: str, opened: list[int]) -> list[str]:
    """What of the books does not agree with what the clients saw."""
    share = session.get_one(Share, share_id)
    visits = select(func.count()).where(ShareVisit.share_id == share_id)
    told = select(func.count()).where(
        AuditEvent.object_id == share_id,
        AuditEvent.event == "share.open",
        AuditEvent.result == "success",
    )
    books = (share.views, session.scalar(visits), session.scalar(told))
    found = [] if books == (len(opened),) * 3 else [f"{books} for {len(opened)} openings"]
    if sorted(opened) != list(range(1, len(opened) + 1)):
        found.append(f"views {sorted(opened)}")
    return found


def check(cloud: ImageCloud, patient: tuple[Account, Study], seeds: range) -> int:
    """Live through the seeds; return how many openings there were."""
    openings = 0
    for seed in seeds:
        seen = interleave(cloud, *patient, seed)
        assert seen.faults == [], f"seed {seed}"
        with cloud.database.session() as session:
            for new in seen.shares:
                opened = seen.opened[new.share.share_id]
                openings += len(opened)
                assert faults(session, new.share.share_id, opened) == [], f"seed {seed}"
    with cloud.database.session() as session:
        assert audit.verify(session).ok
    return openings


@pytest.mark.requirement("A-23", "A-24", "A-28", "F-64")
def test_never_one_view_too_many(shared_cloud: ImageCloud, patient: tuple[Account, Study]) -> None:
    assert check(shared_cloud, patient, range(QUICK)) > 2 * QUICK


@pytest.mark.long
def test_never_one_view_too_many_in_a_thousand_lives(
    shared_cloud: ImageCloud, patient: tuple[Account, Study]
) -> None:
    assert check(shared_cloud, patient, range(QUICK, QUICK + LONG)) > LONG


def test_reading_before_writing_would_be_seen(
    shared_cloud: ImageCloud,
    patient: tuple[Account, Study],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mistake that this test is there for: look at the count, then write it."""

    def careless(session: Session, share_id: str) -> int | None:
        with shared_cloud.database.session() as own:
            share = own.get_one(Share, share_id)
            left = share.max_views is None or share.views < share.max_views
            views = share.views + 1
        if not left:
            return None
        session.get_one(Share, share_id).views = views
        session.flush()
        return views

    monkeypatch.setattr(opening, "_use_view", careless)
    with pytest.raises(AssertionError):
        check(shared_cloud, patient, range(QUICK))
