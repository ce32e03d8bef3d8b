"""One query per study gives all fourteen groups, each from what really happened."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from server.clients import Scope
from server.data_sets import DataSet
from server.model import (
    AuditEvent,
    Citation,
    ExamStage,
    ExamStep,
    KeyImage,
    LinkKind,
    MasterIndex,
    Person,
    RecognitionOutcome,
    Reminder,
    Role,
    Series,
    Study,
    TransferLink,
)
from tests.dicomweb.case import client_id_of
from tests.factories import make_account
from tests.records.case import (
    ACCESSION,
    ID_NUMBER,
    RecordsCase,
    chest,
    exam,
    make_records_case,
    report,
)
from tests.records.test_master_index import authorise

GROUPS = {
    "applications", "exams", "reports", "report_indicators", "image_series", "report_pictures",
    "pacs_media_servers", "patient_indexes", "exam_results", "ris_pacs_relations",
    "quality_evaluations", "authorisations", "citations", "recognitions",
}  # fmt: skip


def happened(case: RecordsCase, study_id: str) -> None:
    """Let others do with a study what they do: mark, authorise, cite, recognise."""
    doctor = make_account(case.cloud, "dr.own", role=Role.DOCTOR, institution=case.institution)
    with case.cloud.database.session() as session:
        study = session.get_one(Study, study_id)
        person_id = session.scalars(select(Person.id)).one()
        series = session.scalars(select(Series)).one()
        index = MasterIndex(
            institution_id=study.institution_id,
            id_number_hash=session.get_one(Person, person_id).id_number_hash,
            accession_number=ACCESSION,
            person_id=person_id,
            platform_index="QY1",
        )
        mark = KeyImage(
            account_id=doctor.account_id,
            series_id=series.series_id,
            sop_instance_uid=series.instances[0].sop_instance_uid,
            frame_number=1,
        )
        line = TransferLink(
            institution_id=study.institution_id,
            name="PACS",
            kind=LinkKind.DICOM,
            host="pacs.example",
            port=104,
            ae_title="PACS1",
        )
        step = ExamStep(
            institution_id=study.institution_id,
            accession_number=ACCESSION,
            stage=ExamStage.EXAMINATION,
            happened_at=study.study_datetime,
        )
        cited = Citation(
            citation_id="C1",
            study_id=study_id,
            person_id=person_id,
            cloud_index=study.cloud_index,
            report_version=1,
            reporting_physician="王医生",
            institution_id=study.institution_id,
            account_id=doctor.account_id,
            physician_code="D9",
            physician_name="周医生",
            text_sha256="0" * 64,
        )
        for offered in ([study.cloud_index], ["another"]):
            session.add(
                Reminder(
                    client_id=client_id_of(case.cloud, case.pacs),
                    institution_id=study.institution_id,
                    person_id=person_id,
                    physician_code="D9",
                    encounter="V1",
                    exam_item="胸部CT平扫",
                    modality="CT",
                    body_part="CHEST",
                    method="平扫",
                    offered=offered,
                    outcome=RecognitionOutcome.ACCEPTED,
                    cloud_index=offered[0],
                )
            )
        session.add_all([index, mark, line, step, cited])
    authorise(case, doctor.account_id, person_id)


@pytest.mark.requirement("D-42", "E-37", "D-37", "D-38")
def test_one_query_gives_all_groups_of_a_study(hospital: RecordsCase) -> None:
    datasets = chest()
    study_id = hospital.send(datasets)
    hospital.post("/exams", exam(study_uid=str(datasets[0].StudyInstanceUID)))
    hospital.post("/reports", report())
    happened(hospital, study_id)
    answer = hospital.post("/data-sets", {"accession_number": ACCESSION})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, list[dict[str, Any]]] = answer.get_json()
    assert set(found) == GROUPS == set(DataSet.model_fields)
    assert all(rows for rows in found.values()), {name for name in found if not found[name]}
    (examined,) = found["exams"]
    assert examined["image_number"] == "YX2026-9", "the RIS's number goes before the header's"
    assert examined["method"] == "平扫"
    assert examined["device"] == "样例医疗 CT-1 SN7"
    assert (examined["series_count"], examined["image_count"]) == (1, 2)
    assert [one["stage"] for one in examined["steps"]] == ["examination"]
    assert found["applications"][0]["application_number"] == "SQ1"
    assert found["report_indicators"][0]["name"] == "结节最大径"
    assert found["image_series"][0]["bytes"] > 2 * 5 * 1024
    assert found["patient_indexes"][0]["master_index"] == "QY1"
    assert len(found["patient_indexes"][0]["person_code"]) == 26
    assert found["ris_pacs_relations"][0]["agrees"] is True
    assert found["quality_evaluations"][0]["kind"] == "automatic"
    assert found["authorisations"][0]["state"] == "approved"
    assert [one["citation_id"] for one in found["citations"]] == ["C1"]
    assert [one["recognised"] for one in found["recognitions"]] == [True]
    assert ID_NUMBER not in answer.get_data(as_text=True)
    with hospital.cloud.database.session() as session:
        entry = session.scalars(select(AuditEvent).where(AuditEvent.event == "data_set.read")).one()
        assert entry.object_id == study_id


@pytest.mark.requirement("D-42")
def test_any_number_names_the_study_and_all_must_fit(hospital: RecordsCase) -> None:
    study_id = hospital.send(chest())
    with hospital.cloud.database.session() as session:
        study = session.get_one(Study, study_id)
        numbers = {
            "study_uid": study.study_uid,
            "accession_number": study.accession_number,
            "cloud_index": study.cloud_index,
        }
    for name, value in numbers.items():
        answer = hospital.post("/data-sets", {name: value})
        (examined,) = answer.get_json()["exams"]
        assert examined["study_uid"] == numbers["study_uid"], name
        wrong = numbers | {name: value[:-1]}
        assert hospital.post("/data-sets", wrong).status_code == 404, name
    assert hospital.post("/data-sets", {"master_index": "none"}).status_code == 404
    assert hospital.post("/data-sets", {}).status_code == 422
    hospital.send(chest())
    several = hospital.post("/data-sets", {"accession_number": ACCESSION})
    assert several.status_code == 409
    other = make_records_case(hospital.pacs.app, hospital.cloud, [Scope.DATA_SETS_READ])
    assert other.post("/data-sets", numbers).status_code == 404, "it is another hospital's"
