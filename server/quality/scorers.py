"""Plug-ins that judge pictures, of AI or not: packages with an entry point in a group.

A package offers, in the group "yingyun.quality_scorers", a callable without arguments that
returns a `QualityScorer` (I-15). What one says is shown as its word, never as computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from typing import Any, Protocol

import numpy as np
import structlog

from server.quality.facts import Dimension, Finding, Severity, Source, StudyFacts
from viewer_py.dicom.manifest import FrameAttributes

GROUP = "yingyun.quality_scorers"

log = structlog.get_logger()


@dataclass(frozen=True)
class SampledFrame:
    """One frame of a series: modality values (HU for CT), (rows, columns) of float32."""

    series: str
    modality: str
    attributes: FrameAttributes
    values: np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Scored:
    """What a scorer says; a dimension replaces the one of its name."""

    dimensions: tuple[Dimension, ...] = ()
    findings: tuple[Finding, ...] = ()


class QualityScorer(Protocol):
    """What a plug-in is; `name` and `version` go into the result."""

    name: str
    version: str

    def score(self, facts: StudyFacts, frames: Sequence[SampledFrame]) -> Scored:
        """Judge a study by its facts and a few frames of each series; may raise anything."""
        ...


def installed() -> tuple[QualityScorer, ...]:
    """Return the scorers of all installed packages, by name; one that cannot start is logged."""
    found: list[QualityScorer] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        try:
            found.append(entry.load()())
        except Exception as error:
            # A package of somebody else raises what it likes; studies are judged without it.
            log.error("quality_scorer_missing", scorer=entry.name, error=type(error).__name__)
    return tuple(found)


def ask(
    scorers: Sequence[QualityScorer], facts: StudyFacts, frames: Sequence[SampledFrame]
) -> Scored:
    """Return what all scorers say together; one that fails leaves a note and nothing else."""
    dimensions: list[Dimension] = []
    findings: list[Finding] = []
    for scorer in scorers:
        try:
            said = scorer.score(facts, frames)
        except Exception as error:
            # As above.
            log.error("quality_scorer_failed", scorer=scorer.name, error=type(error).__name__)
            findings.append(_failed(scorer))
            continue
        dimensions += [replace(one, source=Source.SCORER) for one in said.dimensions]
        findings += said.findings
    return Scored(tuple(dimensions), tuple(findings))


def _failed(scorer: QualityScorer) -> Finding:
    words = f"评分插件 {scorer.name} 未能评分 / the scorer {scorer.name} failed"
    return Finding(f"scorer.{scorer.name}", "I-15", Severity.NOTE, words)
