"""Judging a study: facts, rules, grade, and what follows from a result (D-21, D-22, I-16)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit
from server.model import (
    DataKey,
    PixelDigest,
    ProcessingState,
    QualityOutcome,
    QualityResult,
    Study,
)
from server.quality import supplement, thresholds
from server.quality.dimensions import Graded, dimensions, grade
from server.quality.facts import Dimension, Figure, Finding, Severity
from server.quality.gathering import Gathered, gather
from server.quality.header_rules import completeness
from server.quality.rules import findings, outcome
from server.quality.scorers import QualityScorer, Scored, ask, installed
from server.quality.thresholds import Thresholds

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()


@dataclass(frozen=True)
class Judgement:
    """What a judgement comes to, before it is kept; `input_sha256` is of all it looked at."""

    input_sha256: str
    rules_version: str
    outcome: QualityOutcome
    graded: Graded
    completeness: int
    findings: tuple[Finding, ...]
    dimensions: tuple[Dimension, ...]
    figures: tuple[Figure, ...]


def judge_study(
    cloud: ImageCloud,
    study_id: str,
    *,
    limits: Thresholds | None = None,
    scorers: Sequence[QualityScorer] | None = None,
) -> QualityResult | None:
    """Judge a study whose pictures are made; return the result that holds, None for no study.

    Idempotent: where nothing that counts has changed the last result holds. A new version opens a
    supplement task and tells the institution, or closes its task. Raises StorageError.
    """
    limits = limits or thresholds.shipped()
    scorers = installed() if scorers is None else scorers
    with cloud.database.session() as session:
        study = session.get(Study, study_id)
        if study is None or study.data_key.destroyed_at is not None:
            return None
        gathered = gather(cloud, session, study, limits, keep_frames=bool(scorers))
    # Scorers may take their time; no transaction waits for them.
    said = ask(scorers, gathered.facts, gathered.sampled)
    judged = judge(gathered, limits, said, [f"{one.name} {one.version}" for one in scorers])
    return _keep(cloud, study_id, judged, gathered.digests, limits)


def judge(gathered: Gathered, limits: Thresholds, said: Scored, asked: Sequence[str]) -> Judgement:
    """Apply rules and grade to gathered facts; `asked` names the scorers. Pure."""
    facts = gathered.facts
    found = findings(facts, limits) + said.findings
    own = {one.name: one for one in dimensions(facts, limits)}
    judged = tuple((own | {one.name: one for one in said.dimensions}).values())
    seen: list[Any] = [limits.version, list(asked), asdict(facts), asdict(said)]
    document = json.dumps(seen, sort_keys=True, default=str)
    return Judgement(
        hashlib.sha256(document.encode()).hexdigest(),
        limits.version,
        outcome(found),
        grade(found, judged, limits),
        completeness(facts),
        found,
        judged,
        tuple(figure for series in facts.series for figure in series.figures),
    )


def give_up(cloud: ImageCloud, study_id: str, reason: str) -> None:
    """Keep a result that says that a study could not be judged; `reason` is for machines."""
    log.error("quality_failed", study_id=study_id, reason=reason)
    words = (
        "质控程序未能完成，请人工评审 / the judgement could not be finished; a person has to look"
    )
    found = (Finding("judgement", "D-21", Severity.REVIEW, words),)
    document = f"{thresholds.shipped().version} {reason}"
    with cloud.database.session() as session:
        known = session.get(Study, study_id) is not None
    if not known:
        return
    judged = Judgement(
        hashlib.sha256(document.encode()).hexdigest(),
        thresholds.shipped().version,
        QualityOutcome.REVIEW,
        grade(found, (), thresholds.shipped()),
        0,
        found,
        (),
        (),
    )
    # What nobody judged neither opens nor closes a task.
    _keep(cloud, study_id, judged, {}, None)


def unjudged(session: Session) -> Sequence[str]:
    """Return the studies whose pictures are made and that have no result."""
    return session.scalars(
        select(Study.study_id)
        .join(DataKey, DataKey.id == Study.data_key_id)
        .outerjoin(QualityResult, QualityResult.study_id == Study.study_id)
        .where(
            QualityResult.result_id.is_(None),
            Study.state != ProcessingState.PENDING,
            DataKey.destroyed_at.is_(None),
        )
    ).all()


def latest(session: Session, study_id: str) -> QualityResult | None:
    """Return the result that holds for a study."""
    return session.scalar(
        select(QualityResult)
        .where(QualityResult.study_id == study_id)
        .order_by(QualityResult.version.desc())
        .limit(1)
    )


def _keep(
    cloud: ImageCloud,
    study_id: str,
    judged: Judgement,
    digests: dict[int, str],
    followed_by: Thresholds | None,
) -> QualityResult:
    with cloud.database.session() as session:
        study = session.get_one(Study, study_id)
        last = latest(session, study_id)
        if last is not None and last.input_sha256 == judged.input_sha256:
            return last
        for instance_id, sha256 in digests.items():
            session.merge(PixelDigest(instance_id=instance_id, sha256=sha256))
        result = QualityResult(
            study_id=study_id,
            version=1 if last is None else last.version + 1,
            input_sha256=judged.input_sha256,
            rules_version=judged.rules_version,
            outcome=judged.outcome,
            grade=judged.graded.grade,
            grade_rule=judged.graded.rule,
            completeness=judged.completeness,
            findings=[asdict(one) for one in judged.findings],
            dimensions=[asdict(one) for one in judged.dimensions],
            figures=[asdict(one) for one in judged.figures],
        )
        session.add(result)
        session.flush()
        if followed_by is not None:
            supplement.follow(cloud, session, study, result, judged.findings, followed_by)
        audit.record(
            session,
            actor_kind="system",
            actor="worker",
            event="quality.judge",
            object_kind="study",
            object_id=study_id,
            detail={
                "version": result.version,
                "outcome": str(judged.outcome),
                "grade": str(judged.graded.grade),
                "rules": sorted({one.rule for one in judged.findings}),
            },
        )
    log.info("study_judged", study_id=study_id, outcome=str(judged.outcome))
    return result
