"""What is told of a study that we hold: the record of the index (D-10), the line of a list."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from pydicom import dcmread
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from server import people, reports
from server.model import (
    CacheRequest,
    Instance,
    Person,
    ProcessingState,
    Series,
    Settlement,
    Study,
)
from server.provinces.wire import RESIDENT_ID, FoundStudy, StudyRecord
from server.storage import StorageError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_HEADER_BYTES = 1 << 20
_DEVICE_TAGS = ["Manufacturer", "ManufacturerModelName", "DeviceSerialNumber"]
HOSPITAL_LEVEL = "hospital_level"  # in Institution.settings
_LINE, _WORD, _TEXT = 200, 64, 20_000


def is_own() -> ColumnElement[bool]:
    """Return the condition on Study for what we hold ourselves: no copy of another province's."""
    return ~exists().where(CacheRequest.study_id == Study.study_id)


def certificate_of(cloud: ImageCloud, person: Person | None) -> tuple[str, str]:
    """Return certificate type and number of a person; two empty words where none is known."""
    number = people.id_number(cloud, person) if person is not None else None
    return (RESIDENT_ID, number) if number else ("", "")


def record_of(cloud: ImageCloud, session: Session, study: Study) -> StudyRecord:
    """Return the index's record of a study as it is now.

    Image description and diagnosis are those of the served report, empty before it is reviewed.
    Hospital level is the institution's setting, the settlement the accession number's newest.
    """
    served = reports.served_report(session, study)
    kind, number = certificate_of(cloud, study.person)
    institution = study.institution
    return StudyRecord(
        certificate_type=kind,
        certificate_number=number,
        exam_datetime=study.study_datetime,
        device=(study.device or _device(cloud, session, study))[:_LINE],
        body_part=study.body_part[:_WORD],
        storage_unit=institution.code,
        hospital_level=str(institution.settings.get(HOSPITAL_LEVEL, ""))[:20],
        exam_item=_exam_item(study, served.exam_item if served else ""),
        image_description=(served.findings if served else "")[:_TEXT],
        diagnosis=(served.impression if served else "")[:_TEXT],
        settlement_id=_settlement_id(session, study),
        cloud_index=study.cloud_index,
        modality=study.modality,
        institution_name=institution.name,
        province_code=institution.province_code,
        province_name=institution.province_name,
    )


def found_studies(session: Session, person: Person, centre: str) -> list[FoundStudy]:
    """Return the lines of a person's studies that we hold ourselves, newest first (D-53)."""
    studies = session.scalars(
        select(Study)
        .where(Study.person_id == person.id, Study.state == ProcessingState.READY, is_own())
        .order_by(Study.study_datetime.desc())
    )
    return [
        FoundStudy(
            centre=centre,
            cloud_index=one.cloud_index,
            exam_datetime=one.study_datetime,
            body_part=one.body_part,
            exam_item=_exam_item(one, served.exam_item if served else ""),
            modality=one.modality,
            institution_code=one.institution.code,
            institution_name=one.institution.name,
            province_code=one.institution.province_code,
            province_name=one.institution.province_name,
        )
        for one in studies
        for served in [reports.served_report(session, one)]
    ]


def _settlement_id(session: Session, study: Study) -> str:
    """Return the settlement ID of a study (D-11); "" where none is known yet."""
    if not study.accession_number:
        return ""
    newest = (
        select(Settlement.settlement_id)
        .where(
            Settlement.institution_id == study.institution_id,
            Settlement.accession_number == study.accession_number,
        )
        .order_by(Settlement.settled_at.desc())
        .limit(1)
    )
    return session.scalar(newest) or ""


def _exam_item(study: Study, reported: str) -> str:
    return (reported or study.description)[:_LINE]


def _device(cloud: ImageCloud, session: Session, study: Study) -> str:
    """Return the imaging device of a study that came before its row said it, from its first
    object: maker, model and serial number (PS3.3 C.7.5.1)."""
    first = session.scalar(
        select(Instance)
        .join(Series)
        .where(Series.study_id == study.study_id)
        .order_by(Instance.id)
        .limit(1)
    )
    if first is None:
        return ""
    try:
        start = cloud.vault.read_range(study.data_key, first.object_key, 0, _HEADER_BYTES)
        dataset = dcmread(
            BytesIO(start), force=True, stop_before_pixels=True, specific_tags=_DEVICE_TAGS
        )
        words = [str(dataset.get(tag, "") or "").strip() for tag in _DEVICE_TAGS]
    except StorageError:
        raise
    except Exception:
        # pydicom raises many kinds of errors on what is not DICOM; then no device is known.
        return ""
    return " ".join(word for word in words if word)
