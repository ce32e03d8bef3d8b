"""Hospitals' front machines as the centre knows them: heard of when, how they are, their rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.alarms import raise_alarm, settle
from server.gateway.configuration import Rules
from server.model import Gateway, InstitutionClient

if TYPE_CHECKING:
    from server.cloud import ImageCloud

SILENT_AFTER = timedelta(minutes=5)  # ten heartbeats
MOST_STATE_BYTES = 16 << 10
SILENT, DISK_LOW = "gateway_silent", "gateway_disk_low"


def hear(session: Session, client_id: str, *, version: str, state: Mapping[str, Any]) -> Gateway:
    """Note a heartbeat; returns the row, whose rules are the answer."""
    kept = session.get(Gateway, client_id)
    if kept is None:
        kept = Gateway(client_id=client_id, rules={}, rules_version=0)
        session.add(kept)
    kept.last_seen_at, kept.version = clock.now(), version
    fits = len(json.dumps(dict(state))) <= MOST_STATE_BYTES
    kept.state = dict(state) if fits else {"too_long": True}
    session.flush()
    settle(session, SILENT, client_id)
    if state.get("disk_low"):
        raise_alarm(session, DISK_LOW, client_id, _disk_words(kept, state))
    else:
        settle(session, DISK_LOW, client_id)
    return kept


def watch(cloud: ImageCloud) -> int:
    """Raise an alarm for each front machine that is silent, and is registered still (E-39).

    Returns how many are silent.
    """
    count = 0
    with cloud.database.session() as session:
        for kept in gateways(session):
            client = session.get_one(InstitutionClient, kept.client_id)
            if client.disabled_at is not None or not is_silent(kept):
                continue
            count += 1
            words = f"{client.institution.name}：前置机失联 / its front machine is silent"
            raise_alarm(session, SILENT, kept.client_id, words)
    return count


def _disk_words(kept: Gateway, state: Mapping[str, Any]) -> str:
    free = state.get("free_megabytes")
    room = f"{free} MB" if isinstance(free, int) else "?"
    return (
        f"前置机 {kept.client_id} 磁盘不足，剩余 {room}，请通知该医院扩容 / "
        f"little room left on the disk of this front machine: {room}"
    )


def gateways(session: Session) -> Sequence[Gateway]:
    """Return all front machines that were ever heard of."""
    return session.scalars(select(Gateway).order_by(Gateway.client_id)).all()


def is_silent(kept: Gateway) -> bool:
    """Whether a front machine has not been heard of for longer than it should."""
    return clock.now() - kept.last_seen_at > SILENT_AFTER


def set_rules(
    session: Session,
    client_id: str,
    rules: Mapping[str, Any],
    *,
    actor_kind: str = "system",
    actor: str = "cli",
) -> Gateway:
    """Give a front machine new rules, in force from its next heartbeat; audited.

    Raises ValueError for rules that cannot be followed, LookupError before its first heartbeat.
    """
    Rules.of(rules)
    kept = session.get(Gateway, client_id)
    if kept is None:
        raise LookupError("该前置机尚未报到 / this front machine has not been heard of yet")
    kept.rules = dict(rules)
    kept.rules_version += 1
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event="gateway.rules",
        object_kind="client",
        object_id=client_id,
        detail={"version": kept.rules_version, "rules": sorted(rules)},
    )
    return kept
