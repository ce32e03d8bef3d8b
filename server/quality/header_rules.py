"""Rules over headers: one examination, the registered person, part and report, elements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from server.quality.facts import ObjectFacts, StudyFacts
from server.quality.thresholds import Thresholds

_DAYS_OF_YEAR = 365.2425
_SEX_WORDS = {"M": ("男", "male"), "F": ("女", "female")}


def one_examination(facts: StudyFacts, limits: Thresholds) -> Iterator[str]:  # noqa: ARG001
    """I-04: all images are of one study, patient, institution and date."""
    aspects = (
        ("检查 UID", "Study Instance UID", [one.study_uid for one in facts.objects]),
        ("患者标识", "Patient ID", [one.patient for one in facts.objects]),
        ("机构名称", "Institution Name", [one.institution for one in facts.objects]),
        ("检查日期", "Study Date", [one.study_date for one in facts.objects]),
    )
    for chinese, english, values in aspects:
        count = len({value for value in values if value})
        if count > 1:
            yield f"出现 {count} 个不同的{chinese} / {count} different values of {english}"


def registration_sex(facts: StudyFacts, limits: Thresholds) -> Iterator[str]:  # noqa: ARG001
    """I-06: the sex of the header is the registered one."""
    registered = _SEX_WORDS.get(facts.registration.sex)
    for sex in sorted({one.sex for one in facts.objects}):
        stated = _SEX_WORDS.get(sex)
        if registered and stated and registered != stated:
            yield (
                f"影像记为{stated[0]}，参保登记为{registered[0]} / "
                f"the images say {stated[1]}, the registration {registered[1]}"
            )


def registration_age(facts: StudyFacts, limits: Thresholds) -> Iterator[str]:
    """I-06: the age, or the birth date, of the header fits the registered birth date."""
    born = facts.registration.birth_date
    if born is None:
        return
    registered = _years(born, facts.study_date)
    for age in sorted({age for one in facts.objects if (age := _age(one, facts)) is not None}):
        if abs(age - registered) > limits.age_years:
            yield (
                f"影像年龄 {age:.0f} 岁，按登记应为 {registered:.0f} 岁 / "
                f"the images say {age:.0f} years, by the registration it is {registered:.0f}"
            )


def sex_and_part(facts: StudyFacts, limits: Thresholds) -> Iterator[str]:
    """I-06: no part of one sex in somebody of the other."""
    sexes = {one.sex for one in facts.objects} | {facts.registration.sex}
    for owner, words in limits.parts_of_sex.items():
        other = "M" if owner == "F" else "F"
        if other not in sexes:
            continue
        told = _SEX_WORDS[other]
        for word in words:
            if any(word in f"{one.body_part.lower()} {one.words}" for one in facts.objects):
                yield f"{told[0]}性患者的影像写有“{word}” / “{word}” in images of a {told[1]}"


def part_and_report(facts: StudyFacts, limits: Thresholds) -> Iterator[str]:
    """I-07: parts of the header are of the report and of the settlement, where both name one."""
    shown = regions_of((one.body_part for one in facts.objects), limits)
    reported = regions_of([facts.report_words], limits)
    settled = regions_of([facts.settled_words], limits)
    if _differ(shown, reported):
        yield "检查部位与报告部位不一致 / the part examined is none that the report names"
    if _differ(shown, settled):
        yield "检查部位与结算项目不一致 / the part examined is none that the settled item names"
    if _differ(reported, settled):
        yield "报告部位与结算项目不一致 / the report's part is none that the settled item names"


def required_elements(facts: StudyFacts, limits: Thresholds) -> Iterator[str]:  # noqa: ARG001
    """I-17: no object lacks an element that its modality must have."""
    lacking: dict[str, int] = {}
    for one in facts.objects:
        for keyword in one.missing:
            lacking[keyword] = lacking.get(keyword, 0) + 1
    for keyword, count in sorted(lacking.items()):
        yield f"{count} 个对象缺少 {keyword} / {count} objects lack {keyword}"


def completeness(facts: StudyFacts) -> int:
    """Return how many of a hundred required elements are there, rounded down (I-17)."""
    required = sum(one.required for one in facts.objects)
    missing = sum(len(one.missing) for one in facts.objects)
    return 100 if required == 0 else 100 * (required - missing) // required


def regions_of(texts: Iterable[str], limits: Thresholds) -> set[str]:
    """Return the regions that texts name."""
    lowered = [text.lower() for text in texts]
    return {
        region
        for region, words in limits.regions.items()
        if any(word in text for word in words for text in lowered)
    }


def _differ(one: set[str], other: set[str]) -> bool:
    return bool(one and other and not one & other and "whole_body" not in one | other)


def _age(one: ObjectFacts, facts: StudyFacts) -> float | None:
    if one.birth_date is not None:
        return _years(one.birth_date, facts.study_date)
    return one.age_years


def _years(born: date, day: date) -> float:
    return (day - born).days / _DAYS_OF_YEAR
