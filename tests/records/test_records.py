"""Examinations and reports from a hospital's RIS: filled in, replaced, kept for audit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from server import people, report_versions, reports
from server.model import AuditEvent, ExamRecord, Person, Report, ReportStatus, Study
from tests.factories import make_person, make_study
from tests.records.case import ID_NUMBER, PATIENT_ID, RecordsCase, chest, exam, report

WRONG = ID_NUMBER[:-1] + ("1" if ID_NUMBER[-1] != "1" else "2")


@pytest.mark.requirement("D-37", "D-38", "E-13")
def test_the_row_of_a_study_is_filled_from_the_header(hospital: RecordsCase) -> None:
    datasets = chest()
    study = hospital.study(str(datasets[0].StudyInstanceUID)) if hospital.send(datasets) else None
    assert study is not None
    told = {
        name: getattr(study, name)
        for name in (
            "patient_name", "patient_sex", "patient_age", "patient_id", "accession_number",
            "modality", "body_part", "device", "method", "image_number", "description",
        )
    }  # fmt: skip
    assert told == {
        "patient_name": "张三",
        "patient_sex": "M",
        "patient_age": "046Y",
        "patient_id": PATIENT_ID,
        "accession_number": "A100",
        "modality": "CT",
        "body_part": "CHEST",
        "device": "样例医疗 CT-1 SN7",
        "method": "胸部平扫",
        "image_number": "S1",
        "description": "胸部CT平扫",
    }
    assert study.study_uid == datasets[0].StudyInstanceUID
    assert study.study_datetime.isoformat() == "2026-03-01T02:30:00+00:00"


@pytest.mark.requirement("E-15", "E-16")
@pytest.mark.parametrize("images_first", [True, False])
def test_an_examination_of_the_ris_finds_its_images_and_makes_the_person(
    hospital: RecordsCase, images_first: bool
) -> None:
    datasets = chest()
    if images_first:
        hospital.send(datasets)
    answer = hospital.post("/exams", exam(study_uid=str(datasets[0].StudyInstanceUID)))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.get_json()["studies"] == int(images_first)
    if not images_first:
        hospital.send(datasets)
    study = hospital.study(str(datasets[0].StudyInstanceUID))
    with hospital.cloud.database.session() as session:
        person = session.scalars(select(Person)).one()
        assert people.id_number(hospital.cloud, person) == ID_NUMBER
        assert people.phone(hospital.cloud, person) == "13800138000"
        assert study.person_id == person.id
        kept = session.scalars(select(ExamRecord)).one()
        sent = exam(study_uid=study.study_uid)
        for name in set(sent) - {"id_number", "phone", "requested_at"}:
            assert getattr(kept, name) == sent[name], name
        entry = session.scalars(select(AuditEvent).where(AuditEvent.event == "exam.tell")).one()
        assert ID_NUMBER not in str(entry.detail)
    # Told again it replaces, and the phone of somebody who is known stays as it is.
    changed = exam(department="急诊科", phone="13900139000")
    assert hospital.post("/exams", changed).get_json()["exam_id"] == kept.exam_id
    with hospital.cloud.database.session() as session:
        assert session.scalars(select(ExamRecord)).one().department == "急诊科"
        assert people.phone(hospital.cloud, session.get_one(Person, person.id)) == "13800138000"


@pytest.mark.requirement("E-16", "E-45")
@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"patient_id": "P999"}, "record-patient"),
        ({"id_number": WRONG}, "record-certificate"),
    ],
)  # fmt: skip
def test_an_examination_of_somebody_else_is_refused(
    hospital: RecordsCase, changes: dict[str, Any], kind: str
) -> None:
    hospital.send(chest())
    answer = hospital.post("/exams", exam(**changes))
    assert (answer.status_code, answer.get_json()["type"]) == (409, f"urn:yingyun:{kind}")
    with hospital.cloud.database.session() as session:
        assert session.scalars(select(ExamRecord)).all() == []
        assert session.scalars(select(Person)).all() == []


@pytest.mark.requirement("D-39", "E-17")
def test_a_second_upload_replaces_the_report_and_the_first_is_kept_unserved(
    hospital: RecordsCase,
) -> None:
    study_id = hospital.send(chest())
    assert hospital.post("/reports", report()).get_json() == {"version": 1, "result": "stored"}
    assert hospital.post("/reports", report()).get_json() == {"version": 1, "result": "same"}
    second = hospital.post("/reports", report(impression="左肺上叶小结节。"))
    assert second.get_json() == {"version": 2, "result": "replaced"}
    with hospital.cloud.database.session() as session:
        study = session.get_one(Study, study_id)
        served = reports.served_report(session, study)
        assert served is not None and served.impression == "左肺上叶小结节。"
        assert served.indicators[0]["value"] == "4"
        kept = session.scalars(select(Report).order_by(Report.version)).all()
        assert [(one.version, one.status) for one in kept] == [
            (1, ReportStatus.REPLACED),
            (2, ReportStatus.REVIEWED),
        ]
        assert kept[0].impression == "未见异常。"
        assert report_versions.earlier_version(session, study, served, 1) is None
        named = report_versions.versions(session, study, served)
        assert [one.state.value for one in named] == ["current", "replaced"]
        events = session.scalars(select(AuditEvent).where(AuditEvent.event.like("report.%"))).all()
        assert [one.event for one in events] == ["report.stored", "report.replaced"]
        assert events[1].detail["replaced"] == [1]
    gone = hospital.post(
        "/reports/withdrawal",
        {"accession_number": "A100", "patient_id": PATIENT_ID, "reason": "患者弄错"},
    )
    assert gone.get_json() == {"version": 2, "result": "withdrawn"}
    with hospital.cloud.database.session() as session:
        assert reports.served_report(session, session.get_one(Study, study_id)) is None
    assert hospital.post("/reports", report()).get_json() == {"version": 3, "result": "stored"}


@pytest.mark.requirement("D-39", "E-17")
def test_a_report_fits_hospital_examination_and_patient_or_is_refused(
    hospital: RecordsCase,
) -> None:
    assert hospital.post("/reports", report()).status_code == 404
    hospital.send(chest())
    other = hospital.post("/reports", report(patient_id="P999"))
    assert (other.status_code, other.get_json()["type"]) == (409, "urn:yingyun:record-patient")
    assert hospital.post("/reports", report(status="draft")).status_code == 422
    make_study(
        hospital.cloud, person_id=make_person(hospital.cloud).id, accession_number="THEIRS",
        patient_id=PATIENT_ID,
    )  # fmt: skip
    assert hospital.post("/reports", report(accession_number="THEIRS")).status_code == 404
    with hospital.cloud.database.session() as session:
        served = select(Report).where(Report.findings == report()["findings"])
        assert session.scalars(served).all() == []


@pytest.mark.requirement("E-15", "E-45")
def test_a_number_that_is_somebody_elses_is_noticed_by_the_name(hospital: RecordsCase) -> None:
    make_person(hospital.cloud, "李四", id_number=ID_NUMBER)
    answer = hospital.post("/exams", exam())
    assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:yingyun:record-patient")
    assert hospital.post("/exams", exam(patient_name=" 李 四")).status_code == 200


@pytest.mark.requirement("E-16", "D-39")
def test_systems_that_tell_the_same_at_once_tell_it_once(hospital: RecordsCase) -> None:
    hospital.send(chest())

    def tell(number: int) -> tuple[int, int]:
        told = hospital.post("/exams", exam()).status_code
        return told, hospital.post("/reports", report()).status_code

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(tell, range(8))) == {(200, 200)}
    with hospital.cloud.database.session() as session:
        assert len(session.scalars(select(ExamRecord)).all()) == 1
        assert [one.version for one in session.scalars(select(Report))] == [1]
