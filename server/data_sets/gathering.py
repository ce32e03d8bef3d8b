"""All groups of one study, from the tables in which they happen."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server import exam_records, master_index, reports
from server.data_sets import exchanged, imaged
from server.data_sets.schema import (
    Application,
    DataSet,
    ExamResult,
    PatientIndex,
    ReportIndicator,
    ReportText,
    RisPacsRelation,
)
from server.model import ExamRecord, Report, Study


def data_set(session: Session, study: Study) -> DataSet:
    """Return everything of a study. Whether the reader may is decided before."""
    told = exam_records.exam_of(session, study.institution_id, study.accession_number)
    served = reports.served_report(session, study)
    return DataSet(
        applications=[Application.model_validate(told)] if told is not None else [],
        exams=[imaged.exam(session, study, told)],
        reports=[ReportText.model_validate(served)] if served is not None else [],
        report_indicators=_indicators(served),
        image_series=imaged.series(session, study),
        report_pictures=imaged.pictures(session, study),
        pacs_media_servers=imaged.media_servers(session, study),
        patient_indexes=[_patient_index(session, study, told)],
        exam_results=[_result(told, served)] if told is not None else [],
        ris_pacs_relations=[_relation(study, told)] if told is not None else [],
        quality_evaluations=exchanged.quality(session, study),
        authorisations=exchanged.authorisations(session, study),
        citations=exchanged.citations(session, study),
        recognitions=exchanged.recognitions(session, study),
    )


def _indicators(served: Report | None) -> list[ReportIndicator]:
    return [ReportIndicator(**one) for one in served.indicators] if served is not None else []


def _patient_index(session: Session, study: Study, told: ExamRecord | None) -> PatientIndex:
    entry = master_index.of_study(session, study)
    return PatientIndex(
        cloud_index=study.cloud_index,
        master_index=(entry.platform_index or "") if entry is not None else "",
        person_code=study.person.person_code if study.person is not None else "",
        patient_id=study.patient_id,
        medical_record_number=told.medical_record_number if told is not None else "",
    )


def _result(told: ExamRecord, served: Report | None) -> ExamResult:
    return ExamResult(
        ris_name=told.client.name,
        ris_client_id=told.client_id,
        told_at=told.told_at,
        modality=told.modality,
        body_part=told.body_part,
        method=told.method,
        report_version=served.version if served is not None else None,
    )


def _relation(study: Study, told: ExamRecord) -> RisPacsRelation:
    return RisPacsRelation(
        application_number=told.application_number,
        accession_number=told.accession_number,
        ris_study_uid=told.study_uid,
        pacs_study_uid=study.study_uid,
        agrees=told.study_uid in {"", study.study_uid},
    )
