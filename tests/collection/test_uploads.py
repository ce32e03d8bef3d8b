"""A hospital's exams: images, report and settlement each ticked, deadlines kept, days compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from pydicom.uid import generate_uid

from server.alarms import open_alarms
from server.clients import Scope
from server.cloud import ImageCloud
from server.collection import uploads
from server.model import ExamStage
from tests.factories import make_institution
from tests.records.case import ACCESSION, RecordsCase, chest, make_records_case, report

SETTLED = "2026-03-01T12:00:00+08:00"
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


@pytest.fixture
def hospital(app: Flask, cloud: ImageCloud) -> RecordsCase:
    return make_records_case(app, cloud, [Scope.RECORDS_WRITE])


def settlement(**changes: Any) -> dict[str, Any]:
    """A settlement as the hospital's system uploads it."""
    return {
        "accession_number": ACCESSION,
        "settled_at": SETTLED,
        "settlement_id": "JS1",
        "fee_serial_number": "FY1",
        "fee": 26000,
    } | changes


def told(hospital: RecordsCase, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = hospital.post(path, body)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


def ticks(upload: dict[str, Any]) -> list[bool]:
    names = ("images_at", "report_at", "settlement_at", "completed_at")
    return [upload[name] is not None for name in names]


@pytest.mark.requirement("E-09", "E-47")
def test_an_upload_is_complete_when_images_report_and_settlement_are_here(
    hospital: RecordsCase,
) -> None:
    with time_machine.travel(NOON, tick=False):
        begun = told(hospital, "/settlement-events",
            {"accession_number": ACCESSION, "settled_at": SETTLED})  # fmt: skip
    assert ticks(begun) == [False] * 4
    assert datetime.fromisoformat(begun["deadline_at"]) == NOON + timedelta(hours=24)
    query = {"accession_number": ACCESSION}
    hospital.send(chest())
    assert ticks(told(hospital, "/exam-uploads/search", query)) == [True, False, False, False]
    assert hospital.post("/reports", report()).status_code == 200
    assert ticks(told(hospital, "/exam-uploads/search", query)) == [True, True, False, False]
    with time_machine.travel(NOON + timedelta(hours=23)):
        done = told(hospital, "/settlements", settlement())
    assert ticks(done) == [True] * 4
    assert not done["late"]


@pytest.mark.requirement("E-09")
def test_a_settlement_that_is_overdue_is_an_alarm_until_it_comes(hospital: RecordsCase) -> None:
    with time_machine.travel(NOON, tick=False):
        told(hospital, "/settlement-events", {"accession_number": "A1", "settled_at": SETTLED})

    def alarms() -> dict[str, str]:
        uploads.tend(hospital.cloud)
        with hospital.cloud.database.session() as session:
            return {one.kind: one.words for one in open_alarms(session)}

    with time_machine.travel(NOON + timedelta(hours=24), tick=False):
        assert "settlement_overdue" not in alarms(), "the last moment is still in time"
    with time_machine.travel(NOON + timedelta(hours=24, minutes=1)):
        assert "1 次检查" in alarms()["settlement_overdue"]
        late = told(hospital, "/settlements", settlement(accession_number="A1"))
        assert late["late"]
        assert "settlement_overdue" not in alarms()


@pytest.mark.requirement("E-47")
def test_what_nobody_named_is_opened_and_a_foreign_settlement_stays_as_it_is(
    hospital: RecordsCase, app: Flask
) -> None:
    hospital.send(chest())
    uploads.tend(hospital.cloud)
    found = told(hospital, "/exam-uploads/search", {"accession_number": ACCESSION})
    assert ticks(found) == [True, False, False, False]
    told(hospital, "/settlements", settlement())
    other = make_records_case(
        app,
        hospital.cloud,
        [Scope.RECORDS_WRITE],
        make_institution(hospital.cloud, name="第二医院"),
    )
    assert other.post("/settlements", settlement()).status_code == 409
    assert other.post("/exam-uploads/search", {"accession_number": ACCESSION}).status_code == 404


@pytest.mark.requirement("E-03")
def test_the_days_list_is_compared_with_what_was_uploaded(hospital: RecordsCase) -> None:
    hospital.send(chest())
    hospital.send(chest(AccessionNumber="A101", StudyInstanceUID=generate_uid()))

    def compared(*exams: dict[str, Any]) -> dict[str, Any]:
        return told(hospital, "/exam-lists", {"day": "2026-03-01", "exams": list(exams)})

    first, second = {"accession_number": ACCESSION, "image_count": 2}, {"accession_number": "A101"}
    whole = compared(first, second)
    assert (whole["listed"], whole["uploaded"], whole["differences"]) == (2, 2, [])
    found = compared(first | {"image_count": 3}, {"accession_number": "A102"})
    assert (found["listed"], found["uploaded"]) == (2, 0)
    assert {one["accession_number"]: one["difference"] for one in found["differences"]} == {
        ACCESSION: "incomplete",
        "A101": "not_listed",
        "A102": "not_uploaded",
    }
    assert compared(first, second)["differences"] == []


@pytest.mark.requirement("E-38")
def test_the_seven_steps_are_kept_and_told_of_an_exam(hospital: RecordsCase) -> None:
    steps = [
        {"accession_number": ACCESSION, "stage": str(stage), "happened_at": f"2026-03-01T0{n}:00Z"}
        for n, stage in enumerate(ExamStage)
    ]
    assert len(steps) == 7
    assert told(hospital, "/exam-steps", {"steps": [*reversed(steps), steps[0]]})["stored"] == 7
    assert told(hospital, "/exam-steps", {"steps": steps[:2]})["stored"] == 0, "told before"
    found = told(hospital, "/exam-uploads/search", {"accession_number": ACCESSION})
    assert [one["stage"] for one in found["steps"]] == [str(stage) for stage in ExamStage]
    assert [one["happened_at"][11:13] for one in found["steps"]] == [f"0{n}" for n in range(7)]
    wrong = steps[0] | {"stage": "coffee"}
    assert hospital.post("/exam-steps", {"steps": [wrong]}).status_code == 422
