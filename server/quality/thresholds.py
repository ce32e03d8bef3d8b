"""The rules' numbers and words, from server/quality/rules.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from server.quality.facts import Severity


@dataclass(frozen=True)
class Thresholds:
    """What judgements are decided by; see the comments in rules.toml."""

    version: str
    severity: Mapping[str, Severity]
    supplement: frozenset[str]
    dominating: float
    blank_frames: float
    inner_spread: float
    distinct: int
    spread_modalities: frozenset[str]
    phantom_words: tuple[str, ...]
    age_years: float
    parts_of_sex: Mapping[str, tuple[str, ...]]
    regions: Mapping[str, tuple[str, ...]]
    required: Mapping[str, tuple[str, ...]]
    limits: Mapping[str, Mapping[str, float]]
    grade_c_from: int
    grade_b_from: int

    def limit(self, figure: str, modality: str) -> float | None:
        """Return the limit of a figure for a modality; None where it is not judged."""
        return self.limits.get(figure, {}).get(modality)

    def required_of(self, modality: str) -> tuple[str, ...]:
        """Return the keywords of the elements that an image of a modality must have."""
        return self.required["all"] + self.required.get(modality, ())


def from_toml(text: str) -> Thresholds:
    """Read thresholds. Raises KeyError and ValueError for a file that says too little."""
    raw = tomllib.loads(text)
    return Thresholds(
        version=raw["version"],
        severity={rule: Severity(word) for rule, word in raw["severity"].items()},
        supplement=frozenset(raw["supplement"]["rules"]),
        dominating=raw["valid_image"]["dominating"],
        blank_frames=raw["valid_image"]["blank_frames"],
        inner_spread=raw["real_human"]["inner_spread"],
        distinct=raw["real_human"]["distinct"],
        spread_modalities=frozenset(raw["real_human"]["modalities"]),
        phantom_words=tuple(raw["real_human"]["words"]),
        age_years=raw["registration_age"]["years"],
        parts_of_sex=_words(raw["sex_and_part"]),
        regions=_words(raw["regions"]),
        required=_words(raw["required"]),
        limits=raw["dimensions"],
        grade_c_from=raw["grade"]["C_from"],
        grade_b_from=raw["grade"]["B_from"],
    )


def _words(table: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for name, words in table.items()}


@cache
def shipped() -> Thresholds:
    """Return the thresholds that come with the product."""
    file = resources.files("server.quality").joinpath("rules.toml")
    return from_toml(file.read_text(encoding="utf-8"))
