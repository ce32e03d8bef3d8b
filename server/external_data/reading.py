"""What a person reads of his own, and deletes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server import audit
from server.external_data.receiving import CONTENT_CONTEXT
from server.external_data.schema import AiResult, SensorObservation
from server.model import Account, ExternalKind, ExternalRecord, InstitutionClient

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_KINDS: dict[str, type[SensorObservation] | type[AiResult]] = {
    ExternalKind.SENSOR: SensorObservation,
    ExternalKind.AI: AiResult,
}


@dataclass(frozen=True)
class ExternalData:
    """One record as the person reads it: who provided it, and what it says."""

    record_id: str
    provider: str
    at: datetime
    said: SensorObservation | AiResult


def of_person(
    cloud: ImageCloud, session: Session, person_id: int, kind: ExternalKind, most: int
) -> list[ExternalData]:
    """Return a person's newest records of a kind."""
    found = session.scalars(
        select(ExternalRecord)
        .where(ExternalRecord.person_id == person_id, ExternalRecord.kind == kind)
        .options(joinedload(ExternalRecord.client).joinedload(InstitutionClient.institution))
        .order_by(ExternalRecord.at.desc(), ExternalRecord.record_id)
        .limit(most)
    )
    return [
        ExternalData(
            record_id=one.record_id,
            provider=one.client.institution.name,
            at=one.at,
            said=_KINDS[one.kind].model_validate_json(
                cloud.master_key.open(one.content_sealed, CONTENT_CONTEXT)
            ),
        )
        for one in found
    ]


def forget(session: Session, account: Account, record_id: str, *, source: str) -> bool:
    """Delete a record of one's own for good; False where there is none."""
    found = session.get(ExternalRecord, record_id)
    if found is None or account.person_id is None or found.person_id != account.person_id:
        return False
    session.delete(found)
    session.flush()
    audit.record_act(session, account.id, "external.delete", "external", record_id, source=source)
    return True
