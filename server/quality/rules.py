"""All rules by name, and what they find in a study."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from server.model.quality import QualityOutcome
from server.quality import header_rules, pixel_rules
from server.quality.facts import Finding, Severity, StudyFacts
from server.quality.thresholds import Thresholds

Check = Callable[[StudyFacts, Thresholds], Iterator[str]]


@dataclass(frozen=True)
class Rule:
    """One rule: its name, the requirement it stands for, its words and its check."""

    name: str
    requirement: str
    label: str
    check: Check


RULES = (
    Rule("valid_image", "I-01", "有效图像 / valid image", pixel_rules.valid_image),
    Rule("real_human", "I-02", "真实人体图像 / real human image", pixel_rules.real_human),
    Rule("complete", "I-03", "原始完整 / original and complete", pixel_rules.complete),
    Rule("unaltered", "I-03", "未被改动 / unaltered", pixel_rules.unaltered),
    Rule("one_examination", "I-04", "非拼接图像 / one examination", header_rules.one_examination),
    Rule("not_repeated", "I-05", "非重复图像 / not repeated", pixel_rules.not_repeated),
    Rule("registration_sex", "I-06", "性别相符 / sex matches", header_rules.registration_sex),
    Rule("registration_age", "I-06", "年龄相符 / age matches", header_rules.registration_age),
    Rule("sex_and_part", "I-06", "性别与部位相符 / sex fits part", header_rules.sex_and_part),
    Rule(
        "part_and_report",
        "I-07",
        "检查部位一致 / part fits report and settlement",
        header_rules.part_and_report,
    ),
    Rule(
        "required_elements",
        "I-17",
        "元数据完整 / required elements",
        header_rules.required_elements,
    ),
)
LABELS = {rule.name: rule.label for rule in RULES} | {"grade": "质量等级 / quality grade"}


def findings(facts: StudyFacts, limits: Thresholds) -> tuple[Finding, ...]:
    """Return what all rules find, in the order of the rules."""
    return tuple(
        Finding(rule.name, rule.requirement, limits.severity[rule.name], evidence)
        for rule in RULES
        for evidence in rule.check(facts, limits)
    )


def outcome(found: Sequence[Finding]) -> QualityOutcome:
    """Return what findings come to: failed before review before passed."""
    severities = {one.severity for one in found}
    if Severity.FAIL in severities:
        return QualityOutcome.FAILED
    return QualityOutcome.REVIEW if Severity.REVIEW in severities else QualityOutcome.PASSED
