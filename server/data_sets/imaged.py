"""What the images themselves, and the lines they came by, tell of a study."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.collection.steps import steps_of
from server.data_sets.schema import Exam, ImageSeries, MediaServer, ReportPicture, Step
from server.model import ExamRecord, Instance, KeyImage, LinkKind, Series, Study, TransferLink


def exam(session: Session, study: Study, told: ExamRecord | None) -> Exam:
    """Return the examination: what the objects say, and where they are silent what the RIS told.

    The numbers that a RIS gives itself (影像号, 检查方法, 检查项目) go before the objects'.
    """
    return Exam(
        institution_code=study.institution.code,
        accession_number=study.accession_number,
        study_uid=study.study_uid,
        patient_id=study.patient_id,
        patient_name=study.patient_name or (told.patient_name if told else ""),
        patient_sex=study.patient_sex or (told.patient_sex if told else ""),
        patient_age=study.patient_age or (told.patient_age if told else ""),
        study_datetime=study.study_datetime,
        modality=study.modality,
        body_part=study.body_part or (told.body_part if told else ""),
        method=(told.method if told else "") or study.method,
        device=study.device,
        exam_item=(told.exam_item if told else "") or study.description,
        image_number=(told.image_number if told else "") or study.image_number,
        series_count=len(study.series),
        image_count=sum(one.instance_count for one in study.series),
        steps=[
            Step(stage=str(one.stage), happened_at=one.happened_at)
            for one in steps_of(session, study.institution_id, study.accession_number)
        ],
    )


def series(session: Session, study: Study) -> list[ImageSeries]:
    """Return the series of a study with the bytes of their objects."""
    sizes = select(Instance.series_id, func.sum(Instance.size)).group_by(Instance.series_id)
    of_study = sizes.join(Series).where(Series.study_id == study.study_id)
    found = {series_id: int(size) for series_id, size in session.execute(of_study)}
    return [
        ImageSeries(
            series_uid=one.series_uid,
            series_number=one.series_number,
            modality=one.modality,
            description=one.description,
            body_part=one.body_part,
            image_count=one.instance_count,
            frame_count=one.frame_count,
            bytes=found.get(one.series_id, 0),
        )
        for one in study.series
    ]


def pictures(session: Session, study: Study) -> list[ReportPicture]:
    """Return the key images of a study, each once, by when it was first marked."""
    rows = session.execute(
        select(
            Series.series_uid,
            KeyImage.sop_instance_uid,
            KeyImage.frame_number,
            func.min(KeyImage.marked_at).label("marked_at"),
        )
        .join(Series, Series.series_id == KeyImage.series_id)
        .where(Series.study_id == study.study_id)
        .group_by(Series.series_uid, KeyImage.sop_instance_uid, KeyImage.frame_number)
        .order_by(Series.series_uid, KeyImage.sop_instance_uid, KeyImage.frame_number)
    )
    return [ReportPicture.model_validate(row) for row in rows]


def media_servers(session: Session, study: Study) -> list[MediaServer]:
    """Return the DICOM lines to the hospital that made a study."""
    found = session.scalars(
        select(TransferLink)
        .where(
            TransferLink.institution_id == study.institution_id,
            TransferLink.kind == LinkKind.DICOM,
        )
        .order_by(TransferLink.name, TransferLink.link_id)
    )
    return [MediaServer.model_validate(one) for one in found]
