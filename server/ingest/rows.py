"""The index rows of a received object: study, series, instance."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from server import clock, people
from server.cloud_index import UNKNOWN_PERSON, CloudIndexParts, exam_time, free_cloud_index
from server.ingest.received import ReceivedObject
from server.ingest.rejection import Reason, RefusedError
from server.model import (
    DataKey,
    ExamRecord,
    Instance,
    Institution,
    Person,
    ProcessingState,
    Series,
    Study,
    opaque_id,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud


@dataclass(frozen=True)
class Delivery:
    """On whose behalf objects arrive."""

    institution: Institution
    person: Person | None


@dataclass(frozen=True)
class Placement:
    """Where an object goes; study and series may be new and are not in the session yet."""

    study: Study
    series: Series
    data_key: DataKey
    object_key: str


def is_duplicate(session: Session, received: ReceivedObject) -> bool:
    """Tell whether the very bytes are stored already. Raises RefusedError for a conflict."""
    known = session.scalar(
        select(Instance.sha256).where(Instance.sop_instance_uid == received.sop_instance_uid)
    )
    if known is None or known == received.sha256:
        return known is not None
    raise RefusedError(
        Reason.CONFLICT,
        "同一 SOP Instance UID 已存有不同内容，原内容保留 / "
        "this SOP Instance UID is stored with other bytes, which are kept",
    )


def stored_instance(session: Session, received: ReceivedObject) -> Instance:
    """Return the stored object of the same SOP Instance UID, which there is."""
    return session.scalars(
        select(Instance).where(Instance.sop_instance_uid == received.sop_instance_uid)
    ).one()


def place(
    cloud: ImageCloud, session: Session, delivery: Delivery, received: ReceivedObject
) -> Placement:
    """Find or make study and series of an object; nothing is written yet.

    The name of the stored object is random: so a write that is not committed never touches an
    object that is, and an orphan never comes to life again.

    Raises RefusedError when patient, institution or series do not fit, CloudIndexError.
    """
    # The series first: what another delivery commits between the two questions is then no series
    # without its study, which would look like that of another one.
    series = session.scalar(select(Series).where(Series.series_uid == received.series_uid))
    study = session.scalar(select(Study).where(Study.study_uid == received.study_uid))
    if study is None:
        study = _new_study(cloud, session, delivery, received)
    else:
        check_study(study, delivery, received)
    if series is None:
        series = _new_series(study, received)
    elif series.study_id != study.study_id:
        raise RefusedError(
            Reason.SERIES_MISMATCH,
            "序列 UID 属于另一检查 / the series belongs to another study",
        )
    object_key = f"studies/{study.study_id}/instances/{secrets.token_hex(16)}"
    return Placement(study, series, study.data_key, object_key)


def take_over(
    cloud: ImageCloud, session: Session, delivery: Delivery, received: ReceivedObject
) -> None:
    """Begin a study anew as its hospital's own, which was another province's copy till now."""
    study = session.scalar(select(Study).where(Study.study_uid == received.study_uid))
    if study is not None:
        _describe(cloud, session, study, delivery, received)
        study.received_at = clock.now()


def add_instance(
    session: Session, delivery: Delivery, placement: Placement, received: ReceivedObject
) -> None:
    """Add the rows of an object that is durable, and ask for new pictures of its study."""
    study, series = placement.study, placement.series
    session.add_all([placement.data_key, study, series])
    session.add(
        Instance(
            sop_instance_uid=received.sop_instance_uid,
            sop_class_uid=received.sop_class_uid,
            transfer_syntax_uid=received.transfer_syntax_uid,
            series_id=series.series_id,
            instance_number=received.instance_number,
            frame_count=received.frame_count,
            object_key=placement.object_key,
            sha256=received.sha256,
            size=len(received.data),
            rows=received.rows,
            columns=received.columns,
            bits_allocated=received.bits_allocated,
        )
    )
    session.flush()
    # Counted by the database, because two deliveries may add to one series at a time.
    session.execute(
        update(Series)
        .where(Series.series_id == series.series_id)
        .values(
            instance_count=Series.instance_count + 1,
            frame_count=Series.frame_count + received.frame_count,
            state=ProcessingState.PENDING,
        )
    )
    study.state = ProcessingState.PENDING
    study.modality = _modalities(session, study)
    if study.person_id is None and delivery.person is not None:
        study.person_id = delivery.person.id


def _new_study(
    cloud: ImageCloud, session: Session, delivery: Delivery, received: ReceivedObject
) -> Study:
    study = Study(
        study_id=opaque_id(),
        study_uid=received.study_uid,
        data_key=cloud.vault.new_data_key(session),
    )
    _describe(cloud, session, study, delivery, received)
    return study


def _describe(
    cloud: ImageCloud,
    session: Session,
    study: Study,
    delivery: Delivery,
    received: ReceivedObject,
) -> None:
    """Say of a study what its first object tells, and give it its index."""
    moment = received.study_moment or clock.now()
    person = delivery.person or _person_of(cloud, session, delivery, received)
    parts = CloudIndexParts(
        person_code=person.person_code if person else UNKNOWN_PERSON,
        exam_time=exam_time(moment),
        storage_unit=delivery.institution.code,
    )
    study.cloud_index = free_cloud_index(session, cloud.settings.cloud_index_scheme, parts)
    study.person_id = person.id if person else None
    study.institution_id = delivery.institution.id
    study.accession_number = received.accession_number
    study.patient_id, study.patient_name = received.patient_id, received.patient_name
    study.patient_sex, study.patient_age = received.patient_sex, received.patient_age
    study.patient_birth_date = received.patient_birth_date
    study.study_datetime, study.modality = moment, received.modality
    study.description, study.body_part = received.study_description, received.body_part
    study.priority = received.priority
    study.dicom_patient_name = received.dicom_patient_name
    study.referring_physician_name = received.referring_physician_name
    study.dicom_study_id = received.dicom_study_id
    study.device, study.method = received.device, received.method
    study.image_number = received.image_number


def _new_series(study: Study, received: ReceivedObject) -> Series:
    return Series(
        series_id=opaque_id(),
        series_uid=received.series_uid,
        study_id=study.study_id,
        modality=received.modality,
        series_number=received.series_number,
        description=received.series_description,
        body_part=received.body_part,
        performed_procedure_step_start_date=received.performed_procedure_step_start_date,
        performed_procedure_step_start_time=received.performed_procedure_step_start_time,
        scheduled_procedure_step_id=received.scheduled_procedure_step_id,
        requested_procedure_id=received.requested_procedure_id,
    )


def _person_of(
    cloud: ImageCloud, session: Session, delivery: Delivery, received: ReceivedObject
) -> Person | None:
    """Return the person whose ID number (居民身份证号) the object carries, or of whom the
    hospital's system told this examination under the same number of the patient (E-16)."""
    for identifier in (received.patient_id, *received.other_patient_ids):
        person = people.find_by_id_number(cloud, session, identifier)
        if person is not None:
            return person
    if not received.accession_number:
        return None
    told = select(Person).join(ExamRecord, ExamRecord.person_id == Person.id)
    return session.scalar(
        told.where(
            ExamRecord.institution_id == delivery.institution.id,
            ExamRecord.accession_number == received.accession_number,
            ExamRecord.patient_id == received.patient_id,
        )
    )


def check_study(study: Study, delivery: Delivery, received: ReceivedObject) -> None:
    """Refuse what would mix patients or institutions in one examination (I-04)."""
    if study.institution_id != delivery.institution.id:
        raise RefusedError(
            Reason.INSTITUTION_MISMATCH,
            "该检查属于另一机构 / the study belongs to another institution",
        )
    person_differs = delivery.person is not None and study.person_id not in {
        None,
        delivery.person.id,
    }
    if (
        person_differs
        or _differ(study.patient_id, received.patient_id)
        or _differ(_folded(study.patient_name), _folded(received.patient_name))
    ):
        raise RefusedError(
            Reason.PATIENT_MISMATCH,
            "患者与该检查不符 / the patient is not the one of this study",
        )


def _differ(known: str, received: str) -> bool:
    return bool(known and received and known != received)


def _folded(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _modalities(session: Session, study: Study) -> str:
    """Return the modalities of a study's series, such as "CT/PT"."""
    found = session.scalars(
        select(func.distinct(Series.modality)).where(Series.study_id == study.study_id)
    )
    return "/".join(sorted(found))[:16]
