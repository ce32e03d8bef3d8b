"""One received DICOM object: what the index needs of it, after every check it must pass."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from server.ingest.spool import Buffer


@dataclass(frozen=True)
class ReceivedObject:
    """A whole, decodable image; `data` is kept byte for byte."""

    data: Buffer
    sha256: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    study_uid: str
    series_uid: str
    patient_id: str
    patient_name: str
    patient_sex: str
    patient_age: str
    patient_birth_date: str
    other_patient_ids: tuple[str, ...]
    accession_number: str
    study_moment: datetime | None
    study_description: str
    series_description: str
    body_part: str
    priority: str
    modality: str
    series_number: int | None
    instance_number: int | None
    frame_count: int
    dicom_patient_name: str = ""
    referring_physician_name: str = ""
    dicom_study_id: str = ""
    performed_procedure_step_start_date: str = ""
    performed_procedure_step_start_time: str = ""
    scheduled_procedure_step_id: str = ""
    requested_procedure_id: str = ""
    rows: int | None = None
    columns: int | None = None
    bits_allocated: int | None = None
    device: str = ""
    method: str = ""
    image_number: str = ""


def content_hash(data: Buffer) -> str:
    """Return the SHA-256 (hex) by which an object is recognised and verified (F-14)."""
    return hashlib.sha256(data).hexdigest()
