"""Upload, and the comparison with what the centre holds (E-03, E-08, E-10)."""

from __future__ import annotations

from datetime import timedelta

import structlog

from server import clock
from server.gateway.centre import (
    DIGEST_MISMATCH,
    OUT_OF_RESOURCES,
    Centre,
    CentreUnavailableError,
    Outcome,
    Outgoing,
)
from server.gateway.checking import fault_of
from server.gateway.compressing import compressed
from server.gateway.configuration import Rules
from server.gateway.spool import Spool
from server.gateway.tables import SpooledObject, SpoolState
from server.storage import StorageError

log = structlog.get_logger()

BATCH_BYTES = 32 << 20
BATCH_OBJECTS = 64
MOST_DAMAGED = 5  # tries of an object that does not arrive as it was sent
LOOK_BACK = timedelta(seconds=30)  # what was sent just now may still be on its way into the index


class Uploading:
    """Sends what waits, one batch at a time."""

    def __init__(self, spool: Spool, centre: Centre) -> None:
        self._spool = spool
        self._centre = centre

    def step(self) -> int:
        """Deal with the next batch; return how many objects it had, 0 when nothing waits.

        Whatever fails is tried again later, after a while that grows.
        """
        batch = self._spool.next_batch(BATCH_BYTES, BATCH_OBJECTS)
        if not batch:
            return 0
        rules, _ = self._spool.rules()
        ready = [(row, data) for row in batch if (data := self._ready(row, rules)) is not None]
        if ready:
            self._send(ready)
        return len(batch)

    def reconcile(self, *, older_than: timedelta = LOOK_BACK) -> int:
        """Ask the centre what it holds of what was sent; send again what is missing.

        Returns how many objects are sent again. Raises CentreUnavailableError.
        """
        again = 0
        for study_uid, rows in self._spool.sent_before(clock.now() - older_than).items():
            held = self._centre.held(study_uid)
            there = [row for row in rows if row.sop_instance_uid in held]
            missing = [row for row in rows if row.sop_instance_uid not in held]
            self._spool.mark(there, SpoolState.VERIFIED)
            if missing:
                log.warning("gateway_missing_at_centre", objects=len(missing))
                self._spool.send_again(missing)
                again += len(missing)
        return again

    def supplement(self, study_uid: str) -> int:
        """Send again what is here of a study that the centre asks for and does not hold (D-30).

        Verified objects too: what the centre lost later can only come from here. Returns how many
        objects are sent again. Raises CentreUnavailableError.
        """
        passed_on = {SpoolState.SENT, SpoolState.VERIFIED}
        rows = [row for row in self._spool.of_study(study_uid) if row.state in passed_on]
        held = self._centre.held(study_uid) if rows else frozenset()
        missing = [row for row in rows if row.sop_instance_uid not in held]
        self._spool.send_again(missing)
        return len(missing)

    def _ready(self, row: SpooledObject, rules: Rules) -> bytes | None:
        """Return the bytes to be sent; None for what must not be, which is noted."""
        try:
            data = self._spool.read(row)
        except StorageError:
            log.exception("gateway_spool_damaged")
            self._spool.mark([row], SpoolState.STOPPED, "spool_damaged")
            return None
        fault = fault_of(data) if rules.stop_blank else ""
        if fault:
            log.warning("gateway_stopped", reason=fault)
            self._spool.mark([row], SpoolState.STOPPED, fault)
            return None
        return compressed(data, rules.compression)

    def _send(self, ready: list[tuple[SpooledObject, bytes]]) -> None:
        rows = [row for row, _ in ready]
        try:
            outcome = self._centre.store(
                [Outgoing(data, self._spool.link_of(row)) for row, data in ready]
            )
        except CentreUnavailableError as error:
            log.warning("gateway_upload_failed", reason=error.reason, objects=len(rows))
            self._spool.put_off(rows, error.reason)
            return
        self._note(rows, outcome)

    def _note(self, rows: list[SpooledObject], outcome: Outcome) -> None:
        stored = [row for row in rows if row.sop_instance_uid in outcome.stored]
        self._spool.mark(stored, SpoolState.SENT)
        for row in rows:
            uid = row.sop_instance_uid
            if uid in outcome.stored:
                continue
            code = outcome.failed.get(uid)
            if code is None or code & 0xFF00 == OUT_OF_RESOURCES:
                self._spool.put_off([row], "not_answered" if code is None else "centre_full")
            elif code == DIGEST_MISMATCH and row.attempts < MOST_DAMAGED:
                self._spool.put_off([row], "damaged_on_the_way")
            else:
                log.warning("gateway_refused", code=f"{code:04X}")
                self._spool.mark([row], SpoolState.STOPPED, f"refused_{code:04X}")
        log.info("gateway_uploaded", objects=len(stored))
