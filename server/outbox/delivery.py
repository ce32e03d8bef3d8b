"""Delivering the outbox to the index module: in order, until accepted (D-55)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import outbox
from server.model import OutboxEntry, Study
from server.outbox import ledger
from server.provinces import client
from server.provinces.client import PeerRefusedError, PeerUnavailableError
from server.provinces.peers import Peer, Peers, ProvincesFileError, load_peers
from server.provinces.records import record_of
from server.provinces.wire import (
    MOST_ENTRIES,
    Entries,
    Entry,
    Verdicts,
    WireError,
    read_message,
)
from server.storage import StorageError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

ENTRIES_PATH = "/api/v1/index/entries"
_FOR_THE_INDEX = OutboxEntry.kind != outbox.MASTER_INDEX


def deliver(cloud: ImageCloud) -> int:
    """Deliver the entries that are due, oldest first; return how many were accepted.

    Nothing happens where no index module is configured. Each entry keeps its id, by which the
    index module takes it once; so an answer that was lost does no harm. One that is refused for
    good is kept as such and goes on record.
    """
    try:
        peers = load_peers(cloud.settings.provinces_file)
    except ProvincesFileError as error:
        log.error("provinces_file_unusable", error=str(error))
        return 0
    if peers is None or peers.index is None:
        return 0
    accepted = 0
    while due := ledger.due(cloud, _FOR_THE_INDEX, MOST_ENTRIES):
        verdicts = _send(cloud, peers, peers.index, due)
        if verdicts is None:
            break
        accepted += ledger.settle(cloud, due, verdicts)
    return accepted


def _send(
    cloud: ImageCloud, peers: Peers, index: Peer, due: Sequence[str]
) -> dict[str, str] | None:
    """Return what became of the entries: "" or a reason each; None when nobody answered."""
    with cloud.database.session() as session:
        rows = session.scalars(select(OutboxEntry).where(OutboxEntry.entry_id.in_(due))).all()
        verdicts, entries = _messages(cloud, session, rows)
    if not entries:
        return verdicts
    try:
        answer = client.ask(
            peers, index, ENTRIES_PATH, Entries(entries=entries).model_dump(mode="json")
        )
        return verdicts | read_message(Verdicts, answer).verdicts
    except (PeerUnavailableError, PeerRefusedError, WireError) as error:
        reason = getattr(error, "reason", "answer_malformed")
        log.warning("outbox_not_delivered", entries=len(due), reason=reason)
        ledger.postpone(cloud, due, reason)
        return None


def _messages(
    cloud: ImageCloud, session: Session, rows: Sequence[OutboxEntry]
) -> tuple[dict[str, str], list[Entry]]:
    """Return the entries as they are sent; those whose study cannot be told are judged at once."""
    verdicts, entries = {}, []
    for row in sorted(rows, key=lambda one: one.created_at):
        try:
            content = _content(cloud, session, row)
        except StorageError as error:  # it may answer again: the entry gets no verdict and waits
            log.error("outbox_entry_unreadable", entry_id=row.entry_id, error=type(error).__name__)
            continue
        except ValueError as error:
            log.error("outbox_entry_unreadable", entry_id=row.entry_id, error=type(error).__name__)
            verdicts[row.entry_id] = "unreadable"
            continue
        entries.append(
            Entry(
                entry_id=row.entry_id,
                kind=row.kind,
                about=row.about,
                created_at=row.created_at,
                content=content,
            )
        )
    return verdicts, entries


def _content(cloud: ImageCloud, session: Session, row: OutboxEntry) -> dict[str, Any]:
    """Return what an entry says: of a study's record, the study as it is now; of all others what
    was noted, with the index of the study by which other centres know it."""
    study = session.get(Study, row.content.get("study_id", row.about))
    if row.kind == outbox.STUDY_INDEX:
        if study is None:
            raise ValueError("the study is gone")
        return record_of(cloud, session, study).model_dump(mode="json")
    named = {"cloud_index": study.cloud_index} if study is not None else {}
    return {**row.content, **named}
