"""The chain of receptions as the front machine keeps it (I-03; server.gateway.chain)."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import Database
from server.gateway.chain import FIRST, Link
from server.gateway.tables import Kept, Reception
from server.ingest.received import ReceivedObject

_CHAIN = "chain"


class ReceptionLog:
    """One chain, begun when the front machine's database is new."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.session() as session:
            kept = session.get(Kept, _CHAIN)
            if kept is None:
                kept = Kept(name=_CHAIN, facts={"chain_id": secrets.token_hex(16)})
                session.add(kept)
            self._chain_id = str(kept.facts["chain_id"])

    def note(self, session: Session, received: ReceivedObject) -> None:
        """Add a link in the transaction that adds the object; one caller at a time."""
        last = session.scalar(select(Reception).order_by(Reception.sequence.desc()).limit(1))
        session.add(
            Reception(
                sequence=1 if last is None else last.sequence + 1,
                sop_instance_uid=received.sop_instance_uid,
                sha256=received.sha256,
                previous=FIRST if last is None else self._link(last).digest,
            )
        )

    def find(self, sop_instance_uid: str, sha256: str) -> Link | None:
        """Return the newest reception of an object with these bytes."""
        with self._database.session() as session:
            found = session.scalar(
                select(Reception)
                .where(Reception.sop_instance_uid == sop_instance_uid, Reception.sha256 == sha256)
                .order_by(Reception.sequence.desc())
                .limit(1)
            )
            return None if found is None else self._link(found)

    def _link(self, row: Reception) -> Link:
        return Link(self._chain_id, row.sequence, row.sop_instance_uid, row.sha256, row.previous)
