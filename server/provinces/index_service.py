"""The index module's own work: it takes records from centres and answers questions for persons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock, outbox
from server.model import IndexEntry, IndexRecord
from server.provinces.wire import (
    Certificate,
    Entries,
    Entry,
    FoundStudies,
    FoundStudy,
    StudyRecord,
    Verdicts,
    WireError,
    read_message,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_KIND = re.compile(r"[a-z_]{1,40}")
_CERTIFICATE_CONTEXT = "index_record.certificate"
_DESCRIPTION_CONTEXT = "index_record.image_description"
_DIAGNOSIS_CONTEXT = "index_record.diagnosis"


def accept(cloud: ImageCloud, session: Session, centre: str, entries: Entries) -> Verdicts:
    """Take the entries of a centre's outbox, each once; say of each whether it was taken (D-55).

    An entry that came before is accepted again and changes nothing.
    """
    verdicts = {one.entry_id: _accept_one(cloud, session, centre, one) for one in entries.entries}
    audit.record(
        session,
        actor_kind="centre",
        actor=centre,
        event="index.entries",
        object_kind="list",
        detail={
            "entries": len(verdicts),
            "refused": sum(1 for verdict in verdicts.values() if verdict),
        },
    )
    return Verdicts(verdicts=verdicts)


def studies_of(
    cloud: ImageCloud, session: Session, centre: str, certificate: Certificate
) -> FoundStudies:
    """Return which studies of a person other centres hold than the one that asks, newest first."""
    rows = session.scalars(
        select(IndexRecord)
        .where(
            IndexRecord.certificate_hash == _certificate_hash(cloud, certificate),
            IndexRecord.certificate_hash != "",
            IndexRecord.centre != centre,
        )
        .order_by(IndexRecord.exam_datetime.desc())
    ).all()
    audit.record(
        session,
        actor_kind="centre",
        actor=centre,
        event="index.query",
        object_kind="list",
        detail={"rows": len(rows)},
    )
    return FoundStudies(studies=[_found(row) for row in rows])


def record_in_clear(cloud: ImageCloud, row: IndexRecord) -> StudyRecord:
    """Return a stored record with its sealed fields opened."""
    return StudyRecord(
        certificate_type=row.certificate_type,
        certificate_number=cloud.master_key.open(row.certificate_sealed, _CERTIFICATE_CONTEXT),
        exam_datetime=row.exam_datetime,
        device=row.device,
        body_part=row.body_part,
        storage_unit=row.storage_unit,
        hospital_level=row.hospital_level,
        exam_item=row.exam_item,
        image_description=cloud.master_key.open(row.image_description_sealed, _DESCRIPTION_CONTEXT),
        diagnosis=cloud.master_key.open(row.diagnosis_sealed, _DIAGNOSIS_CONTEXT),
        settlement_id=row.settlement_id,
        cloud_index=row.cloud_index,
        modality=row.modality,
        institution_name=row.institution_name,
        province_code=row.province_code,
        province_name=row.province_name,
    )


def _accept_one(cloud: ImageCloud, session: Session, centre: str, entry: Entry) -> str:
    """Return "" when an entry is (or was) taken, else one word why it never will be."""
    if session.get(IndexEntry, (centre, entry.entry_id)) is not None:
        return ""
    if not _KIND.fullmatch(entry.kind):
        return "unknown_kind"
    is_study = entry.kind == outbox.STUDY_INDEX
    if is_study:
        try:
            record = read_message(StudyRecord, entry.content)
        except WireError:
            return "malformed"
        _keep_record(cloud, session, centre, record)
    session.add(
        IndexEntry(
            centre=centre,
            entry_id=entry.entry_id,
            kind=entry.kind,
            about=entry.about,
            content={} if is_study else entry.content,
        )
    )
    session.flush()
    return ""


def _keep_record(cloud: ImageCloud, session: Session, centre: str, record: StudyRecord) -> None:
    certificate = Certificate(
        certificate_type=record.certificate_type, certificate_number=record.certificate_number
    )
    seal = cloud.master_key.seal
    row = IndexRecord(
        centre=centre,
        cloud_index=record.cloud_index,
        certificate_type=record.certificate_type,
        certificate_sealed=seal(record.certificate_number, _CERTIFICATE_CONTEXT),
        certificate_hash=_certificate_hash(cloud, certificate),
        exam_datetime=record.exam_datetime,
        device=record.device,
        body_part=record.body_part,
        storage_unit=record.storage_unit,
        hospital_level=record.hospital_level,
        exam_item=record.exam_item,
        image_description_sealed=seal(record.image_description, _DESCRIPTION_CONTEXT),
        diagnosis_sealed=seal(record.diagnosis, _DIAGNOSIS_CONTEXT),
        settlement_id=record.settlement_id,
        modality=record.modality,
        institution_name=record.institution_name,
        province_code=record.province_code,
        province_name=record.province_name,
        received_at=clock.now(),
    )
    session.merge(row)


def _certificate_hash(cloud: ImageCloud, certificate: Certificate) -> str:
    """Return the keyed hash that finds a person; "" for a record without a certificate."""
    number = certificate.certificate_number.strip().upper()
    if not number:
        return ""
    named = f"{certificate.certificate_type}:{number}"
    return cloud.master_key.keyed_hash(named, _CERTIFICATE_CONTEXT)


def _found(row: IndexRecord) -> FoundStudy:
    return FoundStudy(
        centre=row.centre,
        cloud_index=row.cloud_index,
        exam_datetime=row.exam_datetime,
        body_part=row.body_part,
        exam_item=row.exam_item,
        modality=row.modality,
        institution_code=row.storage_unit,
        institution_name=row.institution_name,
        province_code=row.province_code,
        province_name=row.province_name,
    )
