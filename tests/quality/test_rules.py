"""Each rule finds what it is for, and nothing in a sound study."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from server.model import QualityOutcome
from server.quality.dimensions import (
    Grade,
    dimensions,
    grade,
    offered_for_recognition,
)
from server.quality.facts import Dimension, FrameFacts, Registration, Severity, Source, Verdict
from server.quality.header_rules import completeness
from server.quality.rules import RULES, findings, outcome
from server.quality.thresholds import shipped
from tests.quality.facts_case import GOOD_FRAME, one_object, one_series, one_study

LIMITS = shipped()
BLACK = FrameFacts(0, 0, 1.0, 1)
WHITE = FrameFacts(4095, 4095, 1.0, 1)
NEARLY_BLACK = FrameFacts(0, 900, 0.9995, 40)


def found_in(**changed: Any) -> dict[str, str]:
    return {one.rule: one.evidence for one in findings(one_study(**changed), LIMITS)}


def test_a_sound_study_passes_every_rule() -> None:
    assert findings(one_study(), LIMITS) == ()
    assert outcome(()) is QualityOutcome.PASSED
    assert set(LIMITS.severity) == {rule.name for rule in RULES}


@pytest.mark.requirement("I-01")
@pytest.mark.parametrize("blank", [BLACK, WHITE, NEARLY_BLACK])
def test_blank_images_are_invalid(blank: FrameFacts) -> None:
    assert set(found_in(series=(one_series(frames=(blank,) * 3),))) == {"valid_image"}
    assert set(found_in(series=(one_series(frames=(blank, GOOD_FRAME)),))) == {"valid_image"}
    several = (blank, GOOD_FRAME, GOOD_FRAME, GOOD_FRAME)  # air above the head
    assert found_in(series=(one_series(frames=several),)) == {}


@pytest.mark.requirement("I-02")
def test_phantoms_and_patterns_are_for_people_to_look_at() -> None:
    water = FrameFacts(-1000, 40, 0.4, 300, inner_spread=0.01)
    pattern = FrameFacts(0, 255, 0.5, 2)
    for one in (
        {"series": (one_series(frames=(water,) * 3),)},
        {"series": (one_series(frames=(pattern,)),)},
        {"objects": (one_object(words="acr phantom weekly"),)},
        {"objects": (one_object(words="水模 日检"),)},
    ):
        assert set(found_in(**one)) == {"real_human"}
    assert LIMITS.severity["real_human"] is Severity.REVIEW
    # A flat slice among others is none, nor is a flat series.
    two = (one_series(frames=(water,)), one_series(label="2"))
    assert found_in(series=two) == {}
    assert found_in(series=(one_series(frames=(water, GOOD_FRAME)),)) == {}


def test_missing_numbers_slices_and_unreadable_images_are_told() -> None:
    objects = tuple(one_object(number) for number in (1, 2, 5, 6))
    assert "3、4" in found_in(objects=objects)["complete"]
    assert "缺少 2 层" in found_in(series=(one_series(missing_slices=2),))["complete"]
    assert "1 幅影像无法读取" in found_in(series=(one_series(unshown=1),))["complete"]
    clock = tuple(one_object(number) for number in (10, 90000, 180000))
    assert found_in(objects=clock) == {}


def test_altered_bytes_fail() -> None:
    objects = (one_object(1), one_object(2, altered=True))
    (one,) = findings(one_study(objects=objects), LIMITS)
    assert (one.rule, one.severity) == ("unaltered", Severity.FAIL)


@pytest.mark.requirement("I-04")
@pytest.mark.parametrize(
    "foreign",
    [
        {"study_uid": "2.25.10"},
        {"patient": "other"},
        {"institution": "第二示范医院"},
        {"study_date": "20250301"},
    ],
)
def test_images_of_elsewhere_are_flagged(foreign: dict[str, str]) -> None:
    objects = (one_object(1), one_object(2, **foreign), one_object(3))
    assert set(found_in(objects=objects)) == {"one_examination"}
    unsaid = dict.fromkeys(foreign, "")
    assert found_in(objects=(one_object(1), one_object(2, **unsaid))) == {}


def test_repetition_fails() -> None:
    (one,) = findings(one_study(repeated=3), LIMITS)
    assert (one.rule, one.severity) == ("not_repeated", Severity.FAIL)


@pytest.mark.requirement("I-06")
def test_the_patient_is_the_registered_one() -> None:
    assert set(found_in(registration=Registration("F", date(1980, 5, 1)))) == {"registration_sex"}
    assert set(found_in(registration=Registration("M", date(1950, 5, 1)))) == {"registration_age"}
    by_age = (one_object(birth_date=None, age_years=30.0),)
    assert "30 岁" in found_in(objects=by_age)["registration_age"]
    assert found_in(registration=Registration()) == {}
    assert found_in(objects=(one_object(sex="", birth_date=None),)) == {}


@pytest.mark.requirement("I-06")
def test_parts_of_one_sex_are_not_of_the_other() -> None:
    woman = Registration("F", date(1980, 5, 1))
    prostate = (one_object(sex="F", body_part="PROSTATE", words="盆腔"),)
    changed = {"registration": woman, "objects": prostate, "report_words": ""}
    assert set(found_in(**changed)) == {"sex_and_part"}
    man = (one_object(body_part="PROSTATE"),)
    assert found_in(objects=man, report_words="前列腺MR平扫") == {}
    assert set(found_in(objects=(one_object(words="子宫附件"),))) == {"sex_and_part"}


@pytest.mark.requirement("I-07")
def test_the_part_is_one_of_the_report_and_of_the_settlement() -> None:
    assert set(found_in(report_words="颅脑CT平扫")) == {"part_and_report"}
    assert found_in(report_words="胸腹部CT平扫") == {}
    assert found_in(report_words="") == {}
    assert found_in(objects=(one_object(body_part="WHOLEBODY"),), report_words="颅脑") == {}
    assert found_in(settled_words="CT CHEST 胸部X线计算机体层平扫") == {}
    wrong = [one.evidence for one in findings(one_study(settled_words="膝关节MR"), LIMITS)]
    assert [words.split(" / ")[0] for words in wrong] == [
        "检查部位与结算项目不一致",
        "报告部位与结算项目不一致",
    ]


@pytest.mark.requirement("I-17")
def test_a_missing_element_lowers_completeness() -> None:
    objects = (one_object(1), one_object(2, missing=("KVP", "SliceThickness")))
    study = one_study(objects=objects)
    assert completeness(study) == 90
    assert completeness(one_study()) == 100
    assert {one.evidence.split(" / ")[0] for one in findings(study, LIMITS)} == {
        "1 个对象缺少 KVP",
        "1 个对象缺少 SliceThickness",
    }


@pytest.mark.requirement("I-08")
def test_eight_dimensions_say_where_they_are_from() -> None:
    told = {one.name: one for one in dimensions(one_study(), LIMITS)}
    assert list(told) == [
        "exposure_range",
        "centering",
        "positioning",
        "sharpness",
        "granularity",
        "signal_to_noise",
        "artefacts",
    ]
    assert told["exposure_range"] == Dimension(
        "exposure_range", "350 × 350 × 300 mm", Source.COMPUTED
    )
    assert told["positioning"] == Dimension("positioning", "HFS", Source.HEADER)
    assert told["granularity"] == Dimension(
        "granularity", "σ = 12.0 HU", Source.COMPUTED, Verdict.GOOD
    )
    nothing = one_series(positions=(), extent_mm=None)
    nothing = type(nothing)(label="1", modality="CT", frames=nothing.frames)
    for one in dimensions(one_study(series=(nothing,)), LIMITS):
        assert (one.value, one.source, one.verdict) == ("", Source.NOT_JUDGED, Verdict.NONE)


@pytest.mark.requirement("I-08")
def test_a_modality_without_limits_is_told_and_not_judged() -> None:
    ultrasound = one_series(modality="US")
    told = {one.name: one for one in dimensions(one_study(series=(ultrasound,)), LIMITS)}
    assert told["sharpness"].value.startswith("边缘宽 3.0 像素")
    assert {one.verdict for one in told.values()} == {Verdict.NONE}


def graded(**figures: float) -> tuple[Grade, str]:
    study = one_study(series=(one_series(figures=figures),))
    given = grade(findings(study, LIMITS), dimensions(study, LIMITS), LIMITS)
    return given.grade, given.rule


@pytest.mark.requirement("I-09")
def test_the_grade_follows_from_defects() -> None:
    assert graded() == (Grade.A, "no_defects")
    assert graded(noise=90.0) == (Grade.B, "some_defects")
    assert graded(noise=90.0, rise_distance=9.0) == (Grade.B, "some_defects")
    worse = {"noise": 90.0, "rise_distance": 9.0, "signal_to_noise": 3.0}
    assert graded(**worse) == (Grade.C, "many_defects")
    blank = one_study(series=(one_series(frames=(BLACK,)),))
    given = grade(findings(blank, LIMITS), dimensions(blank, LIMITS), LIMITS)
    assert (given.grade, given.rule) == (Grade.D, "invalid_image")
    given = grade((), dimensions(one_study(series=()), LIMITS), LIMITS)
    assert (given.grade, given.rule) == (Grade.UNKNOWN, "nothing_judged")


def test_grade_d_is_not_offered_for_recognition() -> None:
    assert [one.name for one in Grade if not offered_for_recognition(one)] == ["D"]


def test_the_worst_series_decides() -> None:
    series = (one_series(), one_series(label="2", figures={"signal_to_noise": 4.0}))
    told = {one.name: one for one in dimensions(one_study(series=series), LIMITS)}
    assert told["signal_to_noise"].value == "4.0"
    assert told["signal_to_noise"].verdict is Verdict.DEFECT
    # A series without a limit, in units of its own, says nothing beside one that has a limit.
    series = (one_series(), one_series(label="2", modality="PT", figures={"noise": 900.0}))
    told = {one.name: one for one in dimensions(one_study(series=series), LIMITS)}
    assert (told["granularity"].value, told["granularity"].verdict) == ("σ = 12.0 HU", Verdict.GOOD)
