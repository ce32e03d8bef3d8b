"""A hospital whose RIS and PACS speak to the portal: images over DICOMweb, the rest as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask
from pydicom import Dataset
from sqlalchemy import select
from werkzeug.test import TestResponse

from server.clients import Scope
from server.cloud import ImageCloud
from server.demo.people import id_number
from server.model import Institution, Study
from tests.dicomweb.case import DicomwebCase, files_of, make_dicomweb_case, slices

ID_NUMBER = id_number(date(1980, 2, 3), 7)
ACCESSION, PATIENT_ID = "A100", "P100"


@dataclass(frozen=True)
class RecordsCase:
    """One institution's system with a live token of every scope that was asked for."""

    pacs: DicomwebCase

    @property
    def cloud(self) -> ImageCloud:
        return self.pacs.cloud

    @property
    def institution(self) -> Institution:
        return self.pacs.institution

    def post(self, path: str, body: dict[str, Any]) -> TestResponse:
        return self.pacs.http.post(f"/api/v1{path}", json=body, headers=self.pacs.headers())

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.pacs.http.get(f"/api/v1{path}", headers=self.pacs.headers(**headers))

    def send(self, datasets: Sequence[Dataset]) -> str:
        """Store objects; return the study_id."""
        answer = self.pacs.stow(*files_of(datasets))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return self.study(str(datasets[0].StudyInstanceUID)).study_id

    def study(self, study_uid: str) -> Study:
        with self.cloud.database.session() as session:
            return session.scalars(select(Study).where(Study.study_uid == study_uid)).one()


def make_records_case(
    app: Flask, cloud: ImageCloud, scopes: Sequence[Scope], institution: Institution | None = None
) -> RecordsCase:
    """Register the hospital's system."""
    both = (Scope.DICOMWEB_READ, Scope.DICOMWEB_STORE)
    made = make_dicomweb_case(app, cloud, institution=institution, scopes=[*both, *scopes])
    return RecordsCase(made)


def chest(**elements: Any) -> list[Dataset]:
    """A small chest CT of the patient."""
    facts = {
        "PatientID": PATIENT_ID,
        "AccessionNumber": ACCESSION,
        "BodyPartExamined": "CHEST",
        "Manufacturer": "样例医疗",
        "ManufacturerModelName": "CT-1",
        "DeviceSerialNumber": "SN7",
        "ProtocolName": "胸部平扫",
        "PatientAge": "046Y",
    }
    return slices(2, **(facts | elements))


def exam(**changes: Any) -> dict[str, Any]:
    """An examination as the RIS tells it."""
    return {
        "accession_number": ACCESSION,
        "patient_id": PATIENT_ID,
        "patient_name": "张三",
        "patient_sex": "M",
        "patient_age": "046Y",
        "id_number": ID_NUMBER,
        "phone": "13800138000",
        "medical_record_number": "M77",
        "image_number": "YX2026-9",
        "application_number": "SQ1",
        "requested_at": "2026-03-01T09:00:00+08:00",
        "department": "呼吸内科",
        "requesting_physician": "李医生",
        "chief_complaint": "咳嗽三天",
        "clinical_diagnosis": "肺炎待排",
        "modality": "CT",
        "body_part": "CHEST",
        "method": "平扫",
        "exam_item": "胸部CT平扫",
    } | changes


def report(**changes: Any) -> dict[str, Any]:
    """A reviewed report as the RIS uploads it."""
    return {
        "accession_number": ACCESSION,
        "patient_id": PATIENT_ID,
        "status": "reviewed",
        "findings": "双肺纹理清晰。",
        "impression": "未见异常。",
        "exam_item": "胸部CT平扫",
        "reported_at": "2026-03-01T11:00:00+08:00",
        "reporting_physician": "王医生",
        "reporting_physician_code": "D500000000001",
        "reviewing_physician": "赵医生",
        "indicators": [{"code": "LN", "name": "结节最大径", "value": "4", "unit": "mm"}],
    } | changes
