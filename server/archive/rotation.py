"""Rotation of the wrapping key: every data key is wrapped anew; objects stay as they are (F-32).

A fresh wrapping key is appended to the key file first, durably. Then the data keys are unwrapped
and wrapped again in small transactions. A run that dies goes on with the next; processes that run
meanwhile fetch the new key from the file when they meet it. Old wrapping keys stay in the file,
because backups hold data keys of their time, until `retire` takes out those that nothing uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from server import audit
from server.model import DataKey

if TYPE_CHECKING:
    from server.cloud import ImageCloud

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
            event="master_key_rotated",
            object_kind="key",
            object_id=key_id,
            detail={"rewrapped": count},
        )
    return Rotation(key_id, count)


def retire(cloud: ImageCloud, *, actor: str = "operator") -> tuple[str, ...]:
    """Take out of the key file what wraps no data key any more, audited; return the names.

    Backups made before the rotation can then be restored only with a copy of the older key file.
    """
    with cloud.database.session() as session:
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
