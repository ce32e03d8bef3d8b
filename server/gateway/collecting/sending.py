"""Collecting from the sources, and sending what was collected to the centre (E-06, E-36)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

import requests
import structlog
from joserfc import jwe
from joserfc.jwk import OctKey

from server import clock
from server.gateway.centre import CentreUnavailableError
from server.gateway.collecting.connectors import SourceUnavailableError, read_rows
from server.gateway.collecting.mapping import MappingError, record_of
from server.gateway.collecting.queue import RecordQueue, Waiting
from server.gateway.collecting.sources import RecordKind, Source, load_sources

log = structlog.get_logger()

MOST_AT_ONCE = 500
ADDRESSES = {
    RecordKind.EXAM: "/api/v1/exams",
    RecordKind.REPORT: "/api/v1/reports",
    RecordKind.SETTLEMENT: "/api/v1/settlements",
    RecordKind.STEP: "/api/v1/exam-steps",
    RecordKind.LISTED: "/api/v1/exam-lists",
}
# What the centre will never take as it is; anything else may be taken later, for example a report
# whose images are still on their way (404).
_FINAL = {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}


class Asked(Protocol):
    """The centre, as far as records go."""

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request; raises CentreUnavailableError."""
        ...


class Collecting:
    """Reads each source when its time has come, and sends what waits."""

    def __init__(self, queue: RecordQueue, centre: Asked, sources_file: Path | None) -> None:
        self.record_key = ""  # told by the centre with each heartbeat; without it nothing is sent
        self._queue = queue
        self._centre = centre
        self._sources_file = sources_file
        self._next: dict[str, datetime] = {}
        self.failures: dict[str, str] = {}

    def step(self) -> int:
        """Collect what is due and send what waits; return how many records the centre took.

        A source that does not answer holds up no other. Raises CentreUnavailableError,
        SourcesFileError.
        """
        for source in load_sources(self._sources_file):
            if self._next.get(source.name, clock.now()) <= clock.now():
                self._next[source.name] = clock.now() + timedelta(minutes=source.minutes)
                self._collect(source)
        sent = 0
        while self.record_key and (batch := self._queue.next(MOST_AT_ONCE)):
            sent += self._send(batch)
        return sent

    def counts(self) -> dict[str, Any]:
        """Return how many records wait, were sent, refused, are overdue; and failing sources."""
        return {**self._queue.counts(), "failures": dict(self.failures)}

    def _collect(self, source: Source) -> None:
        try:
            rows = read_rows(source)
            records = [record_of(source, row) for row in rows]
        except (SourceUnavailableError, MappingError) as error:
            self.failures[source.name] = str(error)
            log.warning("gateway_source_failed", source=source.name, reason=str(error))
            return
        self.failures.pop(source.name, None)
        if source.record is RecordKind.LISTED:
            records = _lists(records)
        new = sum(self._queue.put(source.record, source.name, one) for one in records)
        if new:
            log.info("gateway_collected", source=source.name, records=new)

    def _send(self, batch: Sequence[Waiting]) -> int:
        if batch[0].kind is RecordKind.STEP:
            return self._post(batch, {"steps": [one.record for one in batch]})
        return sum(self._post([one], one.record) for one in batch)

    def _post(self, batch: Sequence[Waiting], body: dict[str, Any]) -> int:
        ids = [one.id for one in batch]
        try:
            answer = self._centre.ask(
                "POST", ADDRESSES[batch[0].kind], data=_sealed(body, self.record_key),
                headers={"Content-Type": "application/jose"},
            )  # fmt: skip
        except CentreUnavailableError as error:
            self._queue.put_off(ids, error.reason)
            raise
        if answer.status_code == HTTPStatus.OK:
            self._queue.sent(ids)
            return len(ids)
        later: Callable[[Sequence[int], str], None] = self._queue.put_off
        settle = self._queue.refused if answer.status_code in _FINAL else later
        settle(ids, f"status_{answer.status_code}")
        log.warning("gateway_record_not_taken", kind=batch[0].kind, status=answer.status_code)
        return 0


def _sealed(body: dict[str, Any], key: str) -> str:
    """Return a body as JWE (RFC 7516): within HTTPS it is encrypted once more (E-19)."""
    header = {"alg": "dir", "enc": "A256GCM"}
    return jwe.encrypt_compact(
        header, json.dumps(body).encode(), OctKey.import_key({"kty": "oct", "k": key})
    )


def _lists(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one list a day from the lines of many."""
    lines = sorted((one for one in records if "day" in one), key=lambda one: str(one["day"]))
    return [
        {
            "day": day,
            "exams": [
                {name: value for name, value in one.items() if name != "day"} for one in group
            ],
        }
        for day, group in itertools.groupby(lines, key=lambda one: one["day"])
    ]
