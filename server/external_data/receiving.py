"""Taking what a provider sends: all of a request or nothing, each number once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock, people
from server.clients import CallingClient
from server.external_data.errors import ExternalRefusedError, RefusedData
from server.external_data.schema import AiResult, SensorObservation
from server.model import ExternalKind, ExternalRecord, Person, Study
from server.people import IdNumberError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

CONTENT_CONTEXT = "external_record.content"
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class Received:
    """How many were kept, and how many had been before."""

    stored: int
    duplicate: int


def whose(cloud: ImageCloud, session: Session, *, id_number: str, person_code: str) -> Person:
    """Return the person whom all numbers that are said mean. Raises ExternalRefusedError."""
    found: list[Person | None] = []
    if id_number:
        try:
            people.normalize_id_number(id_number)
        except IdNumberError as error:
            raise ExternalRefusedError(RefusedData.NUMBERS) from error
        found.append(people.find_by_id_number(cloud, session, id_number))
    if person_code:
        by_code = select(Person).where(Person.person_code == person_code)
        found.append(session.scalar(by_code))
    if not found or None in found:
        raise ExternalRefusedError(RefusedData.PERSON)
    persons = {one.id: one for one in found if one is not None}
    if len(persons) > 1:
        raise ExternalRefusedError(RefusedData.NUMBERS)
    return next(iter(persons.values()))


def receive(
    cloud: ImageCloud,
    session: Session,
    caller: CallingClient,
    person: Person,
    sent: Sequence[SensorObservation] | Sequence[AiResult],
    *,
    source: str,
) -> Received:
    """Keep what a provider sent of a person, sealed and apart from the clinical records.

    What was sent before with the same content counts as a duplicate. Audited without content.
    Raises ExternalRefusedError; then nothing is kept.
    """
    stored = 0
    for one in sent:
        stored += _keep(cloud, session, caller, person, one)
    kind = ExternalKind.AI if sent and isinstance(sent[0], AiResult) else ExternalKind.SENSOR
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{caller.client_id}",
        event=f"external.{kind}",
        object_kind="person",
        object_id=str(person.id),
        source=source,
        detail={"stored": stored, "duplicate": len(sent) - stored},
    )
    return Received(stored, len(sent) - stored)


def _keep(
    cloud: ImageCloud,
    session: Session,
    caller: CallingClient,
    person: Person,
    one: SensorObservation | AiResult,
) -> int:
    """Keep one, and return 1; 0 for what is kept already."""
    kind, external_id, at = _named(session, person, one)
    if at > clock.now() + _CLOCKS_DIFFER:
        raise ExternalRefusedError(RefusedData.FUTURE)
    content = one.model_dump_json()
    digest = cloud.master_key.keyed_hash(f"{person.id} {content}", CONTENT_CONTEXT)
    known = session.scalar(
        select(ExternalRecord.content_hash).where(
            ExternalRecord.client_id == caller.client_id,
            ExternalRecord.kind == kind,
            ExternalRecord.external_id == external_id,
        )
    )
    if known is not None:
        if known != digest:
            raise ExternalRefusedError(RefusedData.CONFLICT)
        return 0
    session.add(
        ExternalRecord(
            kind=kind,
            client_id=caller.client_id,
            external_id=external_id,
            person_id=person.id,
            at=at,
            content_hash=digest,
            content_sealed=cloud.master_key.seal(content, CONTENT_CONTEXT),
        )
    )
    session.flush()
    return 1


def _named(
    session: Session, person: Person, one: SensorObservation | AiResult
) -> tuple[ExternalKind, str, datetime]:
    if isinstance(one, SensorObservation):
        return ExternalKind.SENSOR, one.observation_id, one.observed_at
    if one.study_uid:
        own = select(Study.study_id).where(
            Study.study_uid == one.study_uid, Study.person_id == person.id
        )
        if session.scalar(own) is None:
            raise ExternalRefusedError(RefusedData.STUDY)
    return ExternalKind.AI, one.result_id, one.produced_at
