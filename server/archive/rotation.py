"""Rotation of the wrapping key: every data key is wrapped anew; objects stay as they are (F-32).

A fresh wrapping key is appended to the key file first, durably. Then the data keys are unwrapped
and wrapped again in small transactions. A run that dies goes on with the next; processes that run
meanwhile fetch the new key from the file when they meet it. Old wrapping keys stay in the file,
because backups hold data keys of their time, until `retire` takes out those that nothing uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from server import audit, clock
from server.keys import ROOT_CONTEXT, ROOT_KEY, KeyFileError
from server.model import AuditEvent, DataKey

if TYPE_CHECKING:
    from server.cloud import ImageCloud

CALM = timedelta(hours=1)
ROTATED = "master_key_rotated"
_BATCH = 200


@dataclass(frozen=True)
class Rotation:
    """What a rotation did."""

    key_id: str
    rewrapped: int


def rotate(cloud: ImageCloud, *, actor: str = "operator", fresh: bool = True) -> Rotation:
    """Wrap all data keys by a fresh wrapping key, audited; with `fresh=False` only go on.

    Raises KeyFileError for a master key that is in no file, SealBrokenError for a data key that no
    wrapping key opens; what was rewrapped until then stays so.
    """
    if fresh:
        cloud.master_key.add_wrapping_key()
    key_id, count = cloud.master_key.key_id, 0
    while rewrapped := _rewrap_some(cloud, key_id):
        count += rewrapped
    with cloud.database.session() as session:
        audit.record(
            session,
            actor_kind="system",
            actor=actor,
            event=ROTATED,
            object_kind="key",
            object_id=key_id,
            detail={"rewrapped": count},
        )
    return Rotation(key_id, count)


def rotate_root(cloud: ImageCloud, *, actor: str = "operator", fresh: bool = True) -> Rotation:
    """Take the root out of the key file: it is wrapped as a data key is, by a fresh key, audited.

    All data keys, those of institutions among them, are wrapped anew before. Field keys, look-ups,
    sessions and checkpoints stay as they are, for what they are derived from is the same; but who
    has an old key file only, and not the database, has nothing of it any more, and from now on
    `rotate` and `retire` change all that is in the file. A run that dies is gone on with by
    another (`fresh=False`); nothing is ever unreadable in between, to running processes neither.
    Raises as `rotate` does.
    """
    done = rotate(cloud, actor=actor, fresh=fresh)
    with cloud.database.session() as session:
        if session.get(DataKey, ROOT_KEY) is None:
            wrapped, name = cloud.master_key.wrap_named(cloud.master_key.root(), ROOT_CONTEXT)
            session.add(DataKey(id=ROOT_KEY, master_key_id=name, wrapped_key=wrapped))
        audit.record(
            session,
            actor_kind="system",
            actor=actor,
            event="root_key_rotated",
            object_kind="key",
            object_id=done.key_id,
        )
    cloud.master_key.take_root_out()
    return done


def retire(cloud: ImageCloud, *, actor: str = "operator") -> tuple[str, ...]:
    """Take out of the key file what wraps no data key any more, audited; return the names.

    Backups made before the rotation can then be restored only with a copy of the older key file.
    Raises KeyFileError within `CALM` of a rotation: a delivery that was under way then may yet
    commit a data key of the older wrapping key, which nobody sees before.
    """
    with cloud.database.session() as session:
        if _last_rotation(session) > clock.now() - CALM:
            raise KeyFileError(
                "刚更换过主密钥，请一小时后再移除旧密钥 / keys were rotated within the hour; "
                "retire the older ones later"
            )
        used = frozenset(session.scalars(select(DataKey.master_key_id).where(_alive()).distinct()))
    dropped = cloud.master_key.drop_wrapping_keys(used)
    with cloud.database.session() as session:
        audit.record(
            session,
            actor_kind="system",
            actor=actor,
            event="master_key_retired",
            object_kind="key",
            object_id=cloud.master_key.key_id,
            detail={"retired": list(dropped)},
        )
    return dropped


def _last_rotation(session: Session) -> datetime:
    """Return when keys were last rotated to the end; long ago where they never were."""
    rotations = select(func.max(AuditEvent.time)).where(AuditEvent.event == ROTATED)
    return session.scalar(rotations) or datetime.min.replace(tzinfo=UTC)


def wrapped_by(session: Session) -> dict[str, int]:
    """Return how many data keys each wrapping key wraps."""
    count = func.count()
    rows = session.execute(
        select(DataKey.master_key_id, count).where(_alive()).group_by(DataKey.master_key_id)
    )
    return dict(rows.all())


def _rewrap_some(cloud: ImageCloud, key_id: str) -> int:
    with cloud.database.session() as session:
        rows = session.scalars(
            select(DataKey)
            .where(_alive(), DataKey.master_key_id != key_id)
            .limit(_BATCH)
            .with_for_update()
        ).all()
        for row in rows:
            assert row.wrapped_key is not None
            context = f"data key {row.id}"
            plain = cloud.master_key.unwrap(row.wrapped_key, context)
            row.wrapped_key = cloud.master_key.wrap(plain, context)
            row.master_key_id = key_id
        return len(rows)


def _alive() -> ColumnElement[bool]:
    return DataKey.destroyed_at.is_(None)
