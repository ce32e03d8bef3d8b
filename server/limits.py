"""Counters of tries in the database, shared by all workers and failing closed (F-06, F-37).

A try is counted *before* it is judged, in a transaction of its own that is committed at once:
so a rolled-back request still counts, and no number of parallel guesses gets past the limit.
A try that turns out well is given back. Where the database cannot count, nobody gets in.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import case, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from server import clock
from server.model import Account, AttemptCounter, Download, Share

if TYPE_CHECKING:
    from server.cloud import ImageCloud

LONGEST_LOCK = timedelta(hours=24)


class TooManyTries(Exception):  # noqa: N818 - reads as what happened
    """The limit is reached; the next try counts from `retry_at`."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__("too many tries")
        self.retry_at = retry_at


@dataclass(frozen=True)
class Limit:
    """So many tries of one kind in one window; at the last one a pause as long begins."""

    scope: str
    tries: int
    window: timedelta


def take(cloud: ImageCloud, session: Session, limit: Limit, key: str) -> None:
    """Count a try under a key in one statement. Raises TooManyTries when none is left.

    The caller commits before he judges the try.
    """
    now = clock.now()
    key_hash = _key_hash(cloud, limit, key)
    over = AttemptCounter.window_started_at <= now - limit.window
    count = case((over, 1), else_=AttemptCounter.count + 1)
    starts_anew = or_(over, AttemptCounter.count + 1 >= limit.tries)
    values = {
        "scope": limit.scope,
        "key_hash": key_hash,
        "count": 1,
        "window_started_at": now,
    }
    changes = {
        "count": count,
        "window_started_at": case((starts_anew, now), else_=AttemptCounter.window_started_at),
    }
    left = or_(over, AttemptCounter.count < limit.tries)
    index = [AttemptCounter.scope, AttemptCounter.key_hash]
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    statement = (
        insert(AttemptCounter)
        .values(values)
        .on_conflict_do_update(index_elements=index, set_=changes, where=left)
        .returning(AttemptCounter.count)
    )
    if session.execute(statement).one_or_none() is None:
        started = session.scalar(
            select(AttemptCounter.window_started_at).where(
                AttemptCounter.scope == limit.scope, AttemptCounter.key_hash == key_hash
            )
        )
        raise TooManyTries((started or now) + limit.window)


def give_back(cloud: ImageCloud, session: Session, limit: Limit, key: str) -> None:
    """Take a try off the count again, because it turned out well."""
    session.execute(
        update(AttemptCounter)
        .where(
            AttemptCounter.scope == limit.scope,
            AttemptCounter.key_hash == _key_hash(cloud, limit, key),
            AttemptCounter.count > 0,
        )
        .values(count=AttemptCounter.count - 1)
    )


def clear(cloud: ImageCloud, session: Session, limit: Limit, key: str) -> None:
    """Forget all tries under a key, after a success."""
    session.execute(
        delete(AttemptCounter).where(
            AttemptCounter.scope == limit.scope,
            AttemptCounter.key_hash == _key_hash(cloud, limit, key),
        )
    )


def take_account_try(session: Session, account_id: int, tries: int, lock: timedelta) -> None:
    """Count a second-factor try on an account; every `tries` in a row lock it for `lock`.

    Raises TooManyTries. A success resets `failed_tries` to 0.
    """
    now = clock.now()
    is_open = or_(Account.locked_until.is_(None), Account.locked_until <= now)
    failed = session.scalar(
        update(Account)
        .where(Account.id == account_id, is_open)
        .values(failed_tries=Account.failed_tries + 1, locked_until=None)
        .returning(Account.failed_tries),
        execution_options={"synchronize_session": False},
    )
    if failed is None:
        until = session.scalar(select(Account.locked_until).where(Account.id == account_id))
        raise TooManyTries(until or now + lock)
    if failed % tries == 0:
        session.execute(
            update(Account).where(Account.id == account_id).values(locked_until=now + lock),
            execution_options={"synchronize_session": False},
        )


def take_link_try(
    session: Session, link: type[Share | Download], link_id: str, tries: int, lock: timedelta
) -> bool:
    """Count a try on a link; every `tries` in a row lock it, each time twice as long (goal 4).

    Returns whether this try is the last before a lock. Raises TooManyTries.
    """
    now, which = clock.now(), _id_of(link) == link_id
    is_open = or_(link.locked_until.is_(None), link.locked_until <= now)
    failed = session.scalar(
        update(link)
        .where(which, is_open)
        .values(failed_tries=link.failed_tries + 1, locked_until=None)
        .returning(link.failed_tries),
        execution_options={"synchronize_session": False},
    )
    if failed is None:
        until = session.scalar(select(link.locked_until).where(which))
        raise TooManyTries(until or now + lock)
    if failed % tries != 0:
        return False
    doubled = min(lock * 2 ** min(failed // tries - 1, 16), LONGEST_LOCK)
    session.execute(
        update(link).where(which).values(locked_until=now + doubled),
        execution_options={"synchronize_session": False},
    )
    return True


def give_back_link_try(
    session: Session, link: type[Share | Download], link_id: str, *, began_lock: bool
) -> None:
    """Take a try off a link again, because it turned out well, and the lock that it began."""
    session.execute(
        update(link)
        .where(_id_of(link) == link_id, link.failed_tries > 0)
        .values(
            failed_tries=link.failed_tries - 1,
            locked_until=None if began_lock else link.locked_until,
        ),
        execution_options={"synchronize_session": False},
    )


def _id_of(link: type[Share | Download]) -> InstrumentedAttribute[str]:
    return link.share_id if issubclass(link, Share) else link.download_id


def address_key(source: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 network of an IPv6 one."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _key_hash(cloud: ImageCloud, limit: Limit, key: str) -> str:
    return cloud.master_key.keyed_hash(key, f"attempts {limit.scope}")
