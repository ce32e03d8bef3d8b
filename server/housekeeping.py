"""What nobody needs any more is cleared away once a day (residual information, GB/T 22239)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, CursorResult, delete
from sqlalchemy.orm import InstrumentedAttribute

from server import audit, clock, log_files
from server.accounts.devices import REMEMBERED
from server.ingest import sweep
from server.model import (
    AccountSession,
    AttemptCounter,
    KnownDevice,
    Message,
    PasskeyCeremony,
    PatientCode,
    PhoneProof,
    SignInChallenge,
    ViewerHandoff,
)
from server.storage.placed import placed_store

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_DAY = timedelta(days=1)  # the longest window of `server.limits` outside the settings


@dataclass(frozen=True)
class Cleared:
    """How many of each were removed."""

    sessions: int = 0
    challenges: int = 0
    proofs: int = 0
    devices: int = 0
    messages: int = 0
    counters: int = 0
    orphaned_objects: int = 0
    interrupted_writes: int = 0
    log_files: int = 0


def clear_away(cloud: ImageCloud) -> Cleared:
    """Remove sessions, sign-in challenges, messages and counters that are over, and what crashed
    writes left in the object store; audited when anything went. Safe at any time, repeatable.

    Audit entries, consents, shares and their visits are records and stay (F-12, F-24, A-27).
    """
    now = clock.now()
    windows_over = now - _DAY - timedelta(minutes=cloud.settings.lock_minutes)
    cleared = Cleared(
        sessions=_delete_until(cloud, AccountSession.expires_at, now - _DAY),
        challenges=_delete_until(cloud, SignInChallenge.expires_at, now),
        proofs=_delete_until(cloud, PasskeyCeremony.expires_at, now)
        + _delete_until(cloud, PhoneProof.expires_at, now)
        + _delete_until(cloud, PatientCode.expires_at, now)
        + _delete_until(cloud, ViewerHandoff.expires_at, now),
        devices=_delete_until(cloud, KnownDevice.last_seen_at, now - REMEMBERED),
        messages=_delete_until(cloud, Message.expires_at, now),
        counters=_delete_until(cloud, AttemptCounter.window_started_at, windows_over),
        orphaned_objects=len(sweep.sweep_orphans(cloud)),
        interrupted_writes=placed_store(cloud).sweep_incoming(),
        log_files=log_files.remove_old(cloud.settings.log_dir, cloud.settings.log_days),
    )
    _record(cloud, cleared)
    return cleared


def _delete_until(
    cloud: ImageCloud, column: InstrumentedAttribute[datetime], instant: datetime
) -> int:
    """Delete the rows whose column is not after an instant, in a short transaction."""
    over: ColumnElement[bool] = column <= instant
    with cloud.database.session() as session:
        deleted = session.execute(delete(column.class_).where(over))
        return cast(CursorResult[Any], deleted).rowcount


def _record(cloud: ImageCloud, cleared: Cleared) -> None:
    counts = asdict(cleared)
    if not any(counts.values()):
        return
    with cloud.database.session() as session:
        audit.record(
            session, actor_kind="system", actor="worker", event="housekeeping", detail=counts
        )
