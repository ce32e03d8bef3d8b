"""The quality result of a study, in words for whoever reads it (C-37, D-22, I-08)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.study.shown import worded
from server.model import Duty, ManualJudgement, QualityOutcome, QualityResult, Study
from server.quality import dimensions, judging, manual, rules, supplement
from server.quality.dimensions import Grade
from server.quality.facts import Severity, Source, Verdict
from server.terms import china_time


@dataclass(frozen=True)
class QualityLine:
    """One dimension: label, value, where that is from; `defect` where it is out of bounds."""

    label: str
    value: str
    source: str
    defect: bool


@dataclass(frozen=True)
class QualityRemark:
    """What one rule found."""

    label: str
    evidence: str
    fails: bool


@dataclass(frozen=True)
class EyeLine:
    """What somebody judged by eye: as what, the grade, the items not met, a remark, when."""

    duty: str
    grade: str
    not_met: str
    comment: str
    judged_at: str
    defect: bool


@dataclass(frozen=True)
class QualityPanel:
    """The result as the reading page shows it."""

    outcome: str
    outcome_name: str
    lines: tuple[QualityLine, ...]
    remarks: tuple[QualityRemark, ...]
    completeness: int
    judged_at: str
    version: int
    awaits_supplement: bool
    by_eye: tuple[EyeLine, ...]


def quality_panel(session: Session, study: Study) -> QualityPanel | None:
    """Return the result that holds for a study; None while there is none."""
    result = judging.latest(session, study.study_id)
    if result is None:
        return None
    return QualityPanel(
        outcome=_outcomes()[QualityOutcome(result.outcome)],
        outcome_name=str(result.outcome),
        lines=(_grade(result), *_dimensions(result)),
        remarks=tuple(_remark(one) for one in result.findings),
        completeness=result.completeness,
        judged_at=china_time(result.judged_at).strftime("%Y-%m-%d %H:%M"),
        version=result.version,
        awaits_supplement=supplement.open_task(session, study.study_id) is not None,
        by_eye=tuple(_by_eye(one) for one in manual.judgements_of(session, study.study_id)),
    )


def duty_words() -> dict[Duty, str]:
    """Return what the duties are called."""
    return {
        Duty.DIAGNOSTICIAN: _("诊断医师"),
        Duty.TECHNOLOGIST: _("技师"),
        Duty.ENGINEER: _("工程师"),
    }


def _by_eye(one: ManualJudgement) -> EyeLine:
    grade = Grade(one.grade)
    not_met = [words for name, words in manual.ITEMS.items() if one.items.get(name) == "not_met"]
    return EyeLine(
        duty_words()[Duty(one.duty)],
        worded(dimensions.GRADE_LABELS[grade]),
        "；".join(worded(words) for words in not_met),
        one.comment,
        china_time(one.judged_at).strftime("%Y-%m-%d %H:%M"),
        grade in {Grade.C, Grade.D},
    )


def _outcomes() -> dict[QualityOutcome, str]:
    return {
        QualityOutcome.PASSED: _("质控通过"),
        QualityOutcome.REVIEW: _("待人工复核"),
        QualityOutcome.FAILED: _("质控未通过"),
    }


def _sources() -> dict[Source, str]:
    return {
        Source.COMPUTED: _("自动计算"),
        Source.HEADER: _("取自影像信息，未核对"),
        Source.MANUAL: _("人工评定"),
        Source.SCORER: _("插件评分"),
        Source.NOT_JUDGED: "",
    }


def _grade(result: QualityResult) -> QualityLine:
    grade = Grade(result.grade)
    why = worded(dimensions.GRADE_RULES[result.grade_rule])
    return QualityLine(
        worded(dimensions.LABELS["grade"]),
        worded(dimensions.GRADE_LABELS[grade]),
        why if grade is Grade.UNKNOWN else _("自动初评：%(why)s", why=why),
        grade in {Grade.C, Grade.D},
    )


def _dimensions(result: QualityResult) -> tuple[QualityLine, ...]:
    """Return the seven other dimensions, always all of them."""
    kept = {one["name"]: one for one in result.dimensions}
    names = (name for name in dimensions.LABELS if name != "grade")
    return tuple(_line(name, kept.get(name)) for name in names)


def _line(name: str, kept: Mapping[str, str] | None) -> QualityLine:
    label = worded(dimensions.LABELS[name])
    if kept is None or Source(kept["source"]) is Source.NOT_JUDGED:
        return QualityLine(label, _("未评定"), "", False)
    source = _sources()[Source(kept["source"])]
    return QualityLine(
        label, worded(kept["value"]), source, Verdict(kept["verdict"]) is Verdict.DEFECT
    )


def _remark(kept: Mapping[str, str]) -> QualityRemark:
    label = rules.LABELS.get(kept["rule"], "质控 / Quality")
    fails = Severity(kept["severity"]) is Severity.FAIL
    return QualityRemark(worded(label), worded(kept["evidence"]), fails)
