"""The spool: what was acknowledged to a device is on the disk, whatever happens next."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import func, select

from server import clock
from server.db import Database
from server.gateway.chain import Link
from server.gateway.configuration import GatewaySettings, Rules
from server.gateway.data_key import open_data_key
from server.gateway.reception_log import ReceptionLog
from server.gateway.tables import Deletion, GatewayBase, Kept, SpooledObject, SpoolState
from server.ingest.received import ReceivedObject
from server.keys import MasterKey
from server.storage import StorageFullError, Vault
from server.storage.folder import FolderStore

EMERGENCY_PRIORITIES = frozenset({"STAT", "EMERGENCY"})
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=10)
_RULES = "rules"


class ConflictError(Exception):
    """The same SOP Instance UID is here with other bytes."""


@dataclass(frozen=True)
class Counts:
    """How many objects and bytes are in a state."""

    objects: int
    megabytes: float


class Spool:
    """Objects in an encrypted folder with their index; safe to be used by several threads.

    Opening it makes folder, key and tables at the first start. Raises KeyFileError, StorageError.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._home = settings.home
        self.database = Database(settings.database_url)
        GatewayBase.metadata.create_all(self.database.engine)
        master_key = MasterKey.from_file(settings.home / "secrets" / "master.key")
        self._vault = Vault(FolderStore(settings.home / "spool"), master_key)
        self._data_key = open_data_key(self.database, master_key)
        self._receptions = ReceptionLog(self.database)
        self._writing = Lock()

    def put(
        self,
        received: ReceivedObject,
        *,
        source: str = "",
        rules: Rules,
        state: SpoolState = SpoolState.WAITING,
        keep_until: datetime | None = None,
    ) -> bool:
        """Keep an object; False when it is here already. Durable when it returns.

        An object that was stopped gives way to another of its UID: that is the qualified image
        sent again (E-11). Raises ConflictError, StorageFullError, StorageError.
        """
        self._check_room(len(received.data), rules)
        with self._writing:
            return self._put(received, source, rules, state, keep_until)

    def _put(
        self,
        received: ReceivedObject,
        source: str,
        rules: Rules,
        state: SpoolState,
        keep_until: datetime | None,
    ) -> bool:
        with self.database.session() as session:
            known = session.scalar(
                select(SpooledObject).where(
                    SpooledObject.sop_instance_uid == received.sop_instance_uid
                )
            )
            if known is not None and known.sha256 == received.sha256:
                return False
            if known is not None and known.state != SpoolState.STOPPED:
                raise ConflictError
            key = f"objects/{secrets.token_hex(16)}"
            self._vault.write(self._data_key, key, received.data)
            row = known or SpooledObject(sop_instance_uid=received.sop_instance_uid)
            replaced = row.object_key
            row.sop_class_uid, row.study_uid = received.sop_class_uid, received.study_uid
            row.series_uid, row.object_key = received.series_uid, key
            row.sha256, row.size, row.source = received.sha256, len(received.data), source[:16]
            row.priority = _priority(received, source, rules)
            row.state, row.reason, row.keep_until = state, "", keep_until
            row.attempts, row.next_try_at = 0, clock.now()
            session.add(row)
            if state == SpoolState.WAITING:
                self._receptions.note(session, received)
        if replaced:
            self._vault.delete(replaced)
        return True

    def read(self, row: SpooledObject) -> bytes:
        """Return the bytes of an object. Raises StorageError."""
        return self._vault.read(self._data_key, row.object_key)

    def link_of(self, row: SpooledObject) -> Link | None:
        """Return the newest reception of an object as it lies here; None for one that came from
        the centre."""
        return self._receptions.find(row.sop_instance_uid, row.sha256)

    def next_batch(self, most_bytes: int, most_objects: int) -> list[SpooledObject]:
        """Return what is to be sent next: of one study, emergencies before older others (E-08)."""
        with self.database.session() as session:
            rows = session.scalars(
                select(SpooledObject)
                .where(
                    SpooledObject.state == SpoolState.WAITING,
                    SpooledObject.next_try_at <= clock.now(),
                )
                .order_by(SpooledObject.priority, SpooledObject.received_at, SpooledObject.id)
                .limit(most_objects)
            ).all()
        batch: list[SpooledObject] = []
        size = 0
        for row in rows:
            other = batch and (row.study_uid, row.priority) != (
                batch[0].study_uid,
                batch[0].priority,
            )
            if other or (batch and size + row.size > most_bytes):
                break
            batch.append(row)
            size += row.size
        return batch

    def mark(self, rows: Sequence[SpooledObject], state: SpoolState, reason: str = "") -> None:
        """Note what became of objects."""
        now = clock.now()
        with self.database.session() as session:
            for row in rows:
                kept = session.get(SpooledObject, row.id)
                if kept is None:
                    continue
                kept.state, kept.reason = state, reason[:60]
                if state == SpoolState.SENT:
                    kept.sent_at = now
                if state == SpoolState.VERIFIED:
                    kept.verified_at = now

    def put_off(self, rows: Sequence[SpooledObject], reason: str) -> None:
        """Let objects wait, twice as long after each failure, ten minutes at most."""
        with self.database.session() as session:
            for row in rows:
                kept = session.get_one(SpooledObject, row.id)
                kept.attempts += 1
                kept.reason = reason[:60]
                delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(kept.attempts - 1, 10))
                kept.next_try_at = clock.now() + delay

    def send_again(self, rows: Sequence[SpooledObject]) -> None:
        """Have objects sent again that the centre does not hold (E-10)."""
        with self.database.session() as session:
            for row in rows:
                kept = session.get_one(SpooledObject, row.id)
                kept.state, kept.reason = SpoolState.WAITING, "missing_at_centre"
                kept.resent += 1
                kept.next_try_at = clock.now()

    def sent_before(self, moment: datetime) -> dict[str, list[SpooledObject]]:
        """Return what was sent before a moment and not yet verified, by study."""
        with self.database.session() as session:
            rows = session.scalars(
                select(SpooledObject).where(
                    SpooledObject.state == SpoolState.SENT, SpooledObject.sent_at <= moment
                )
            ).all()
        studies: dict[str, list[SpooledObject]] = {}
        for row in rows:
            studies.setdefault(row.study_uid, []).append(row)
        return studies

    def of_study(self, study_uid: str) -> list[SpooledObject]:
        """Return the objects of a study that are here."""
        with self.database.session() as session:
            return list(
                session.scalars(
                    select(SpooledObject)
                    .where(SpooledObject.study_uid == study_uid)
                    .order_by(SpooledObject.id)
                )
            )

    def has(self, study_uid: str) -> int:
        """Return how many objects of a study are here, or were and are held by the centre."""
        with self.database.session() as session:
            return (
                session.scalar(
                    select(func.count(SpooledObject.id)).where(SpooledObject.study_uid == study_uid)
                )
                or 0
            )

    def extend(self, study_uid: str, keep_until: datetime) -> None:
        """Keep what is here of a study at least until a moment; a later one stays."""
        with self.database.session() as session:
            for row in session.scalars(
                select(SpooledObject).where(SpooledObject.study_uid == study_uid)
            ):
                if row.keep_until is None or row.keep_until < keep_until:
                    row.keep_until = keep_until

    def sweep(self) -> int:
        """Delete files that no row names: what a crash left before it was acknowledged. Only
        before anything is received. Returns how many went."""
        with self.database.session() as session:
            named = set(session.scalars(select(SpooledObject.object_key)))
        orphans = [key for key in self._vault.store.keys("objects") if key not in named]
        for key in orphans:
            self._vault.delete(key)
        return len(orphans)

    def counts(self) -> dict[str, Counts]:
        """Return how many objects and megabytes are in each state."""
        with self.database.session() as session:
            rows = session.execute(
                select(
                    SpooledObject.state, func.count(SpooledObject.id), func.sum(SpooledObject.size)
                ).group_by(SpooledObject.state)
            ).all()
        found = {str(state): Counts(count, round(size / 1e6, 1)) for state, count, size in rows}
        return {str(one): found.get(str(one), Counts(0, 0.0)) for one in SpoolState}

    def stopped(self, most: int = 50) -> list[SpooledObject]:
        """Return what was stopped, newest first."""
        with self.database.session() as session:
            return list(
                session.scalars(
                    select(SpooledObject)
                    .where(SpooledObject.state == SpoolState.STOPPED)
                    .order_by(SpooledObject.id.desc())
                    .limit(most)
                )
            )

    def free_megabytes(self) -> int:
        """Return the room on the spool's disk."""
        return shutil.disk_usage(self._home).free // 1_000_000

    def rules(self) -> tuple[Rules, int]:
        """Return the rules that are in force, and their version; defaults before the first."""
        with self.database.session() as session:
            kept = session.get(Kept, _RULES)
            if kept is None:
                return Rules(), 0
            return Rules.of(kept.facts["rules"]), int(kept.facts["version"])

    def keep_rules(self, rules: dict[str, object], version: int) -> None:
        """Put rules into force. Raises ValueError for rules that cannot be followed."""
        Rules.of(rules)
        with self.database.session() as session:
            session.merge(Kept(name=_RULES, facts={"rules": rules, "version": version}))

    def remove(self, row: SpooledObject, rule: str) -> None:
        """Delete a file and its row; the log comes first: better a log of a file that is still
        there after a crash, and deleted at the next run, than a file that went without a trace."""
        with self.database.session() as session:
            session.add(
                Deletion(
                    sop_instance_uid=row.sop_instance_uid,
                    study_uid=row.study_uid,
                    sha256=row.sha256,
                    rule=rule,
                )
            )
            kept = session.get(SpooledObject, row.id)
            if kept is not None:
                session.delete(kept)
        self._vault.delete(row.object_key)

    def _check_room(self, size: int, rules: Rules) -> None:
        if self.free_megabytes() - size // 1_000_000 < rules.least_free_megabytes:
            raise StorageFullError("前置机磁盘空间不足 / no room on the front machine's disk")


def _priority(received: ReceivedObject, source: str, rules: Rules) -> int:
    urgent = received.priority in EMERGENCY_PRIORITIES or source in rules.emergency_sources
    return 0 if urgent else 1
