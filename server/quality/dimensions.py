"""The eight dimensions in which institutions are shown a result (I-08), and the grade (I-09)."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.quality.facts import Dimension, Finding, SeriesFacts, Source, StudyFacts, Verdict
from server.quality.thresholds import Thresholds

LABELS = {
    "grade": "质量等级 / Quality grade",
    "exposure_range": "拍摄范围 / Exposure range",
    "centering": "中心线 / Centring",
    "positioning": "拍摄体位 / Positioning",
    "sharpness": "清晰度 / Sharpness",
    "granularity": "图像颗粒 / Granularity",
    "signal_to_noise": "信噪比 / Signal-to-noise ratio",
    "artefacts": "伪影 / Artefacts",
}


class Grade(enum.StrEnum):
    """甲乙丙丁 (I-09); UNKNOWN where nothing could be judged."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    UNKNOWN = ""


GRADE_LABELS = {
    Grade.A: "甲级 / Grade A",
    Grade.B: "乙级 / Grade B",
    Grade.C: "丙级 / Grade C",
    Grade.D: "丁级 / Grade D",
    Grade.UNKNOWN: "未评定 / Not judged",
}
GRADE_RULES = {
    "invalid_image": "存在无效影像 / there are invalid images",
    "many_defects": "缺陷较多 / many defects",
    "some_defects": "有缺陷，不影响诊断 / defects without effect on diagnosis",
    "no_defects": "各项计算指标均在限内 / all computed figures are within their limits",
    "nothing_judged": "没有可计算的指标 / there was no figure to judge by",
}


@dataclass(frozen=True)
class Graded:
    """A grade and the name of the rule that set it."""

    grade: Grade
    rule: str


def grade(found: Sequence[Finding], judged: Sequence[Dimension], limits: Thresholds) -> Graded:
    """Return the grade that findings and dimensions lead to.

    D is left to images that show nothing at all: how far defects hinder a diagnosis is for people
    to say.
    """
    if any(one.rule == "valid_image" for one in found):
        return Graded(Grade.D, "invalid_image")
    verdicts = [one.verdict for one in judged if one.verdict is not Verdict.NONE]
    if not verdicts:
        return Graded(Grade.UNKNOWN, "nothing_judged")
    defects = verdicts.count(Verdict.DEFECT)
    if defects >= limits.grade_c_from:
        return Graded(Grade.C, "many_defects")
    if defects >= limits.grade_b_from:
        return Graded(Grade.B, "some_defects")
    return Graded(Grade.A, "no_defects")


def offered_for_recognition(given: Grade) -> bool:
    """Whether a study of this grade may be recognised by others: never grade D (I-09)."""
    return given is not Grade.D


def dimensions(facts: StudyFacts, limits: Thresholds) -> tuple[Dimension, ...]:
    """Return the seven dimensions beside the grade; what nobody measured is NOT_JUDGED."""
    return (
        _range(facts),
        _measured("centering", "center_offset", facts, limits, _percent),
        _positions(facts),
        _measured("sharpness", "rise_distance", facts, limits, _pixels),
        _measured("granularity", "noise", facts, limits, _noise),
        _measured(
            "signal_to_noise",
            "signal_to_noise",
            facts,
            limits,
            _ratio,
            at_least=True,
        ),
        _measured("artefacts", "line_index", facts, limits, _lines),
    )


def _range(facts: StudyFacts) -> Dimension:
    """Say how much the largest series covers; whether that suffices is not judged."""
    extents = [one.extent_mm for one in facts.series if one.extent_mm is not None]
    if not extents:
        return Dimension("exposure_range", "", Source.NOT_JUDGED)
    largest = max(extents, key=lambda sides: sides[0] * sides[1] * max(sides[2], 1.0))
    shown = [f"{side:.0f}" for side in largest if side > 0]
    return Dimension("exposure_range", " × ".join(shown) + " mm", Source.COMPUTED)


def _positions(facts: StudyFacts) -> Dimension:
    stated = sorted({one for series in facts.series for one in series.positions})
    if not stated:
        return Dimension("positioning", "", Source.NOT_JUDGED)
    return Dimension("positioning", ", ".join(stated), Source.HEADER)


def _measured(
    name: str,
    figure: str,
    facts: StudyFacts,
    limits: Thresholds,
    words: Callable[[float, SeriesFacts], str],
    *,
    at_least: bool = False,
) -> Dimension:
    """Tell the figure of the worst series that has a limit, else of the worst of all."""
    found = [(one, value) for one in facts.series if (value := one.figure(figure)) is not None]
    if not found:
        return Dimension(name, "", Source.NOT_JUDGED)
    judged = [one for one in found if limits.limit(figure, one[0].modality) is not None]
    series, value = (min if at_least else max)(judged or found, key=lambda one: one[1])
    verdict = Verdict.NONE
    if judged:
        sound = all(_within(one, figure, value, limits, at_least) for one, value in judged)
        verdict = Verdict.GOOD if sound else Verdict.DEFECT
    return Dimension(name, words(value, series), Source.COMPUTED, verdict)


def _within(
    series: SeriesFacts, figure: str, value: float, limits: Thresholds, at_least: bool
) -> bool:
    limit = limits.limit(figure, series.modality)
    assert limit is not None
    return value >= limit if at_least else value <= limit


def _percent(value: float, series: SeriesFacts) -> str:  # noqa: ARG001
    return f"偏离 {100 * value:.0f} % / off by {100 * value:.0f} %"


def _pixels(value: float, series: SeriesFacts) -> str:  # noqa: ARG001
    return f"边缘宽 {value:.1f} 像素 / edges of {value:.1f} pixels"


def _ratio(value: float, series: SeriesFacts) -> str:  # noqa: ARG001
    return f"{value:.1f}"


def _lines(value: float, series: SeriesFacts) -> str:  # noqa: ARG001
    return f"线状伪影指数 {value:.1f} / line index {value:.1f}"


def _noise(value: float, series: SeriesFacts) -> str:
    return f"σ = {value:.1f} HU" if series.modality == "CT" else f"σ = {value:.1f}"
