"""Every upload gets a quality result; a failed one a task and a message (D-21, D-22, I-16)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from sqlalchemy import delete, select

from server import clock, messages
from server.cloud import ImageCloud
from server.model import (
    AuditEvent,
    CodeMapping,
    Institution,
    QualityOutcome,
    QualityResult,
    Role,
    Settlement,
    SupplementTask,
)
from server.quality import judging
from server.quality.facts import Dimension, Source, StudyFacts, Verdict
from server.quality.scorers import SampledFrame, Scored
from tests.factories import make_account, make_person
from tests.imaging.conftest import phantom

Deliver = Callable[..., str]
ResultOf = Callable[[str], QualityResult]
BLACK = {number: np.zeros((64, 64), np.uint16) for number in (1, 2, 3)}
WHITE = {number: np.full((64, 64), 4095, np.uint16) for number in (1, 2, 3)}


def rules(result: QualityResult) -> set[str]:
    return {one["rule"] for one in result.findings}


@pytest.mark.requirement("D-21")
def test_every_upload_gets_a_result(
    cloud: ImageCloud, deliver: Deliver, result_of: ResultOf
) -> None:
    study_id = deliver()
    result = result_of(study_id)
    assert (result.version, result.outcome) == (1, QualityOutcome.PASSED)
    assert result.completeness == 100
    measured = {one["name"]: one["value"] for one in result.figures}
    # The phantom's noise is 8 HU by its making.
    assert measured["noise"] == pytest.approx(8, rel=0.1)
    with cloud.database.session() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.event == "quality.judge")).one()
        assert (event.object_id, event.detail["outcome"]) == (study_id, "passed")
        assert "张三丰" not in str(event.detail) + str(result.findings) + str(result.dimensions)


@pytest.mark.requirement("I-01")
@pytest.mark.parametrize("pixels", [BLACK, WHITE])
def test_uniform_images_are_rejected(
    pixels: dict[int, np.ndarray], deliver: Deliver, result_of: ResultOf
) -> None:
    result = result_of(deliver(pixels))
    assert (result.outcome, result.grade) == (QualityOutcome.FAILED, "D")
    assert "valid_image" in rules(result)


@pytest.mark.requirement("I-02")
def test_a_water_phantom_is_for_people_to_look_at(deliver: Deliver, result_of: ResultOf) -> None:
    y, x = np.mgrid[:160, :160]
    disc = np.hypot(y - 79.5, x - 79.5) < 60
    noise = np.random.default_rng(5)
    water = {
        number: (np.where(disc, 1024, 24) + noise.normal(0, 6, disc.shape)).astype(np.uint16)
        for number in range(1, 5)
    }
    result = result_of(deliver(water))
    assert (result.outcome, rules(result)) == (QualityOutcome.REVIEW, {"real_human"})
    plain = {1: (np.indices((64, 64)).sum(axis=0) // 8 % 2 * 1000).astype(np.uint16)}
    result = result_of(deliver(plain))
    assert (result.outcome, rules(result)) == (QualityOutcome.REVIEW, {"real_human"})


def test_a_gap_in_numbers_and_slices_is_told(deliver: Deliver, result_of: ResultOf) -> None:
    result = result_of(deliver({number: phantom(number) for number in (1, 2, 3, 5, 6, 7)}))
    words = " ".join(one["evidence"] for one in result.findings)
    assert "缺少影像号 4" in words
    assert "缺少 1 层" in words


@pytest.mark.requirement("I-05")
def test_the_pixels_of_somebody_else_are_an_alarm(
    cloud: ImageCloud, deliver: Deliver, result_of: ResultOf
) -> None:
    one, other = make_person(cloud), make_person(cloud)
    first = deliver(person_id=one.id)
    same_person = deliver(person_id=one.id, PatientID="P-1001")
    repeated = deliver(person_id=other.id, PatientID="P-2002")
    assert rules(result_of(first)) == rules(result_of(same_person)) == set()
    assert rules(result_of(repeated)) == {"not_repeated"}
    assert result_of(repeated).outcome == QualityOutcome.FAILED
    judging.judge_study(cloud, first)
    assert rules(result_of(first)) == set(), "the earlier one is not the repetition"
    nobody = deliver(PatientID="P-3003")
    assert rules(result_of(nobody)) == {"not_repeated"}


@pytest.mark.requirement("I-06")
def test_sex_and_age_are_held_against_the_registration(
    cloud: ImageCloud, deliver: Deliver, result_of: ResultOf
) -> None:
    woman = make_person(cloud, sex="F", birth_date=date(1961, 2, 3))
    pixels = {number: phantom(number + 40) for number in range(1, 5)}
    result = result_of(deliver(pixels, person_id=woman.id))
    assert rules(result) == {"registration_sex", "registration_age"}
    assert result.outcome == QualityOutcome.FAILED


@pytest.mark.requirement("I-17")
def test_a_missing_element_lowers_completeness(deliver: Deliver, result_of: ResultOf) -> None:
    result = result_of(deliver(KVP=None, BodyPartExamined=""))
    assert result.completeness == 100 - 100 * 2 // 13 - 1
    assert rules(result) == {"required_elements"}


@pytest.mark.requirement("D-22", "I-16")
def test_a_failed_result_opens_a_task_tells_the_hospital_and_is_closed_by_a_better_one(
    cloud: ImageCloud, hospital: Institution, deliver: Deliver, result_of: ResultOf
) -> None:
    keeper = make_account(
        cloud,
        "keeper",
        role=Role.INSTITUTION_ADMINISTRATOR,
        institution=hospital,
        person=make_person(cloud, name="李主任", phone="13900139000"),
    )
    study_id = deliver(BLACK)
    with cloud.database.session() as session:
        (task,) = session.scalars(select(SupplementTask)).all()
        assert (task.study_id, task.rules, task.closed_at) == (study_id, ["valid_image"], None)
        assert task.institution_id == hospital.id
        (letter,) = messages.mailbox(cloud, session, keeper.account_id)
    assert "质控未通过：有效图像" in letter.body
    assert "请核对后补传" in letter.body
    assert "张三丰" not in letter.body
    judging.judge_study(cloud, study_id)
    with cloud.database.session() as session:
        assert len(messages.mailbox(cloud, session, keeper.account_id)) == 1, "told once"
    limits = judging.thresholds.shipped()
    easy = replace(limits, blank_frames=2.0, version="easy")
    judging.judge_study(cloud, study_id, limits=easy)
    with cloud.database.session() as session:
        (task,) = session.scalars(select(SupplementTask)).all()
        assert task.closed_at is not None
    assert result_of(study_id).version == 2


def test_judging_again_changes_nothing(
    cloud: ImageCloud, deliver: Deliver, result_of: ResultOf
) -> None:
    study_id = deliver()
    before = result_of(study_id)
    again = judging.judge_study(cloud, study_id)
    cloud.jobs.prepare_study(study_id)
    assert again is not None
    assert again.result_id == before.result_id == result_of(study_id).result_id


def test_what_was_stored_before_is_found_and_judged(
    cloud: ImageCloud, deliver: Deliver, result_of: ResultOf
) -> None:
    study_id = deliver()
    with cloud.database.session() as session:
        session.execute(delete(QualityResult))
    assert cloud.jobs.sweep_quality() == [study_id]
    assert result_of(study_id).outcome == QualityOutcome.PASSED
    assert cloud.jobs.sweep_quality() == []


def test_a_judgement_that_breaks_leaves_the_study_to_people(
    cloud: ImageCloud, deliver: Deliver, result_of: ResultOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise OSError("the store is away")

    monkeypatch.setattr(judging, "gather", breaks)
    result = result_of(deliver())
    assert (result.outcome, result.grade, rules(result)) == (
        QualityOutcome.REVIEW,
        "",
        {"judgement"},
    )
    assert cloud.jobs.sweep_quality() == []


class Positioner:
    """A scorer as a package would bring it."""

    name, version = "positioner", "3"

    def __init__(self) -> None:
        self.seen: list[SampledFrame] = []

    def score(self, facts: StudyFacts, frames: list[SampledFrame]) -> Scored:
        self.seen += frames
        verdict = Verdict.DEFECT if frames[0].values.mean() > -100 else Verdict.GOOD
        return Scored((Dimension("positioning", "偏转 4°", Source.COMPUTED, verdict),))


class Broken(Positioner):
    name = "broken"

    def score(self, facts: StudyFacts, frames: list[SampledFrame]) -> Scored:
        raise ValueError("no weights")


def test_a_plug_in_scores_a_dimension_and_a_broken_one_leaves_a_note(
    cloud: ImageCloud, deliver: Deliver
) -> None:
    study_id = deliver()
    scorer = Positioner()
    result = judging.judge_study(cloud, study_id, scorers=(scorer, Broken()))
    assert result is not None
    told = {one["name"]: one for one in result.dimensions}["positioning"]
    assert told == {
        "name": "positioning",
        "value": "偏转 4°",
        "source": "scorer",
        "verdict": "defect",
    }
    assert result.grade == "B"
    assert rules(result) == {"scorer.broken"}
    assert np.allclose(scorer.seen[0].values, phantom(1).astype(float) - 1024)


def test_plug_ins_are_found_by_their_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    from server.quality import scorers

    module = __name__
    offered = (
        EntryPoint("b", f"{module}:Positioner", scorers.GROUP),
        EntryPoint("a", f"{module}:Absent", scorers.GROUP),
    )
    monkeypatch.setattr(scorers, "entry_points", lambda group: offered)
    assert [one.name for one in scorers.installed()] == ["positioner"]


@pytest.mark.requirement("I-07")
def test_the_settled_item_is_held_against_the_images_by_its_mapping(
    cloud: ImageCloud, hospital: Institution, deliver: Deliver, result_of: ResultOf
) -> None:
    study_id = deliver()
    assert rules(result_of(study_id)) == set()
    with cloud.database.session() as session:
        session.add_all((
            Settlement(
                settlement_id="S-1", fee_serial_number="F-1", institution_id=hospital.id,
                accession_number="A-77", exam_item="本院项目 12", settled_at=clock.now(),
            ),
            CodeMapping(
                institution_id=hospital.id, hospital_item="本院项目 12", item_code="230200001",
                item_name="磁共振平扫（膝关节）",
            ),
        ))  # fmt: skip
    judging.judge_study(cloud, study_id)
    (found,) = result_of(study_id).findings
    assert (found["rule"], found["evidence"].split(" / ")[0]) == (
        "part_and_report",
        "检查部位与结算项目不一致",
    )
    with cloud.database.session() as session:
        session.scalars(select(CodeMapping)).one().item_name = "X线计算机体层平扫（胸部）"
    judging.judge_study(cloud, study_id)
    assert rules(result_of(study_id)) == set()
