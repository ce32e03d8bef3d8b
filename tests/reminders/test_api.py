"""At reception, at ordering, and what the physician decided (E-28, E-29, H-06, H-08, H-14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from server import clock
from server.cloud import ImageCloud
from server.db import Database
from server.model import (
    AuditEvent,
    OutboxEntry,
    QualityOutcome,
    QualityResult,
    Reminder,
    RemoteStudy,
    Study,
)
from server.settings import Settings
from tests.factories import SignInFacts, make_institution, make_study
from tests.launches.asking import call, token_of
from tests.launches.case import PATIENT_ID, LaunchCase

PATIENT = {"patient_id": PATIENT_ID}
YEARS = 800


def past(case: LaunchCase, patient: SignInFacts, words: str, days: int, **extra: Any) -> Study:
    """Another hospital's chest CT, so many days ago."""
    facts = {"body_part": "CHEST", "institution": make_institution(case.cloud, name="第二示范医院")}
    return make_study(
        case.cloud,
        person_id=patient.person_id,
        description=words,
        study_datetime=clock.now() - timedelta(days=days),
        **(facts | extra),
    )


def order(case: LaunchCase, item: str = "胸部CT平扫", modality: str = "CT") -> dict[str, Any]:
    sent = {
        "patient": PATIENT,
        "physician": {"code": "D001", "name": "王医生"},
        "encounter": "V1",
        "order": {"exam_item": item, "modality": modality},
    }
    answer = call(case, "POST", "/orders/check", token_of(case, scope="reminder"), sent)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


def indexes(found: dict[str, Any]) -> list[str]:
    return [one["cloud_index"] for one in found["studies"]]


def decide(case: LaunchCase, reminder_id: str, **sent: str) -> tuple[int, dict[str, Any]]:
    path = f"/reminders/{reminder_id}/decision"
    answer = call(case, "POST", path, token_of(case, scope="reminder"), sent)
    return answer.status_code, answer.get_json()


@pytest.mark.requirement("E-28")
def test_reception_tells_all_that_is_known_without_a_word_of_a_report(
    case: LaunchCase, patient: SignInFacts
) -> None:
    here = past(case, patient, "胸部CT平扫", YEARS)
    with case.cloud.database.session() as session:
        session.add(
            RemoteStudy(
                person_id=patient.person_id, centre="sichuan", cloud_index="far",
                province_code="510000", province_name="四川省", institution_code="1" * 18,
                institution_name="样例医院", study_datetime=clock.now(), modality="DX",
            )
        )  # fmt: skip
    sent = {"patient": PATIENT, "encounter": "V1"}
    answer = call(case, "POST", "/receptions", token_of(case), sent)
    found = answer.get_json()
    assert [found[name] for name in ("total", "own", "other_hospital", "other_province")] == [
        3, 1, 1, 1,
    ]  # fmt: skip
    assert {"far", here.cloud_index} <= set(indexes(found))
    assert "肺纹理" not in answer.get_data(as_text=True)
    uids = {one["place"]: one["study_uid"] for one in found["studies"]}
    assert uids["own"]
    assert uids["other_hospital"] == ""
    stranger = {"patient": {"patient_id": "P999"}, "encounter": "V1"}
    assert call(case, "POST", "/receptions", token_of(case), stranger).get_json()["total"] == 0


@pytest.mark.requirement("E-29", "E-30")
def test_an_order_reminds_of_the_same_examination_and_no_other(
    case: LaunchCase, patient: SignInFacts
) -> None:
    same = past(case, patient, "胸部CT平扫", YEARS)
    past(case, patient, "胸部CT增强", 1)
    found = order(case)
    assert indexes(found) == [same.cloud_index]
    (card,) = found["cards"]
    assert card["uuid"] == found["reminder_id"]
    assert len(card["summary"]) < 140
    assert card["indicator"] in {"info", "warning", "critical"}
    assert card["source"]["label"]
    assert [one["uuid"] for one in card["suggestions"]] == [same.cloud_index]
    assert {"code", "system", "display"} == set(card["overrideReasons"][0])
    nothing = order(case, "头颅MRI平扫", "MR")
    assert (nothing["reminder_id"], nothing["studies"], nothing["cards"]) == ("", [], [])


@pytest.mark.requirement("H-06", "H-16")
def test_a_cycle_of_a_month_takes_29_days_and_not_31(
    case: LaunchCase, patient: SignInFacts
) -> None:
    recent = past(case, patient, "胸部CT平扫", 29)
    older = past(case, patient, "胸部CT平扫", 31)
    assert indexes(order(case)) == [recent.cloud_index, older.cloud_index]
    cloud = replace(case.cloud, settings=replace(case.cloud.settings, reminder_profile="001"))
    case.app.extensions["yingyun"] = cloud
    assert indexes(order(case)) == [recent.cloud_index]


@pytest.mark.requirement("H-06", "I-09")
def test_an_examination_of_poor_quality_is_not_offered(
    case: LaunchCase, patient: SignInFacts
) -> None:
    study = past(case, patient, "胸部CT平扫", 2)
    with case.cloud.database.session() as session:
        for version, grade in enumerate("DB", start=1):
            session.add(
                QualityResult(
                    study_id=study.study_id, version=version, input_sha256=str(version),
                    rules_version="1", outcome=QualityOutcome.PASSED, grade=grade,
                    grade_rule="", completeness=100,
                )
            )  # fmt: skip
    assert order(case)["studies"][0]["quality_grade"] == "B"
    with case.cloud.database.session() as session:
        newest = select(QualityResult).where(QualityResult.version == 2)
        session.scalars(newest).one().grade = "D"
    assert order(case)["studies"] == []


@pytest.mark.requirement("H-14", "H-08", "E-33")
def test_a_decision_is_taken_once_with_its_reason_and_outlives_a_restart(
    case: LaunchCase, patient: SignInFacts, settings: Settings
) -> None:
    study = past(case, patient, "胸部CT平扫", 2)
    first, second = order(case)["reminder_id"], order(case)["reminder_id"]
    index = study.cloud_index
    assert decide(case, first, outcome="accepted", cloud_index="nonsense")[0] == 409
    assert decide(case, first, outcome="accepted", cloud_index=index)[0] == 200
    assert decide(case, first, outcome="reexamined", reason="emergency")[0] == 409
    assert decide(case, second, outcome="reexamined")[0] == 409
    assert decide(case, second, outcome="reexamined", reason="other")[0] == 409
    status, made = decide(case, second, outcome="reexamined", reason="other", comment="会诊意见")
    assert (status, made["reason"], made["cloud_index"]) == (200, "other", "")
    assert decide(case, "0" * 22, outcome="accepted", cloud_index=index)[0] == 404
    assert order(case)["studies"][0]["recognised"] is True
    counted = call(
        case, "POST", "/recognition-counts", token_of(case, scope="citation.read"),
        {"since": "2000-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z"},
    )  # fmt: skip
    assert counted.get_json() == {
        "reminders": 3, "accepted": 1, "reexamined": 1, "citations": 0,
    }  # fmt: skip
    case.cloud.database.engine.dispose()
    with Database(settings.database_url).session() as session:
        assert session.get_one(Reminder, second).comment == "会诊意见"
        kept = select(OutboxEntry).where(OutboxEntry.kind == "recognition")
        entries = session.scalars(kept).all()
        assert {one.about for one in entries} == {first, second}
        assert "会诊意见" not in str([one.content for one in entries])
        events = set(session.scalars(select(AuditEvent.event)))
        assert {"reminder.show", "recognition.accepted", "recognition.reexamined"} <= events


@pytest.mark.requirement("E-33")
def test_a_decision_whose_record_fails_never_was(
    case: LaunchCase, patient: SignInFacts, cloud: ImageCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = past(case, patient, "胸部CT平扫", 2)
    reminder_id = order(case)["reminder_id"]

    def killed(*_arguments: Any, **_named: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr("server.reminders.deciding.audit.record", killed)
        with pytest.raises(SystemExit):
            decide(case, reminder_id, outcome="accepted", cloud_index=study.cloud_index)
    with cloud.database.session() as session:
        assert session.get_one(Reminder, reminder_id).outcome is None
        kept = select(OutboxEntry).where(OutboxEntry.kind == "recognition")
        assert session.scalars(kept).all() == []
    assert decide(case, reminder_id, outcome="accepted", cloud_index=study.cloud_index)[0] == 200
