"""What was found of the quality of studies, and what institutions are asked to send again."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server import clock
from server.model.base import Base, opaque_id


class QualityOutcome(enum.StrEnum):
    """What a judgement comes to (D-21, I-16)."""

    PASSED = "passed"
    REVIEW = "review"  # a person has to look
    FAILED = "failed"  # to be supplemented or sent again


class QualityResult(Base):
    """One judgement of a study; a later one has a higher version, all are kept (I-08, I-09)."""

    __tablename__ = "quality_result"
    __table_args__ = (UniqueConstraint("study_id", "version"),)

    result_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    study_id: Mapped[str] = mapped_column(
        ForeignKey("study.study_id", ondelete="CASCADE"), index=True
    )
    version: Mapped[int] = mapped_column(default=1)
    # Of everything the judgement looked at and of the rules: the same is not judged twice.
    input_sha256: Mapped[str] = mapped_column(String(64))
    rules_version: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[QualityOutcome] = mapped_column(String(20))
    # "A" 甲 … "D" 丁, and the name of the rule that set it.
    grade: Mapped[str] = mapped_column(String(1))
    grade_rule: Mapped[str] = mapped_column(String(60))
    # How many of a hundred required elements are there (I-17).
    completeness: Mapped[int]
    # server.quality.facts.Finding, Dimension and Figure as JSON objects.
    findings: Mapped[list[Any]] = mapped_column(default=list)
    dimensions: Mapped[list[Any]] = mapped_column(default=list)
    figures: Mapped[list[Any]] = mapped_column(default=list)
    judged_at: Mapped[datetime] = mapped_column(default=clock.now)


class SupplementTask(Base):
    """What the institution of a study is asked to supplement or send again; open until closed."""

    __tablename__ = "supplement_task"

    task_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    study_id: Mapped[str] = mapped_column(
        ForeignKey("study.study_id", ondelete="CASCADE"), index=True
    )
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    result_id: Mapped[str] = mapped_column(
        ForeignKey("quality_result.result_id", ondelete="CASCADE")
    )
    # Names of the rules that were not met.
    rules: Mapped[list[Any]] = mapped_column(default=list)
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    closed_at: Mapped[datetime | None]


class PixelDigest(Base):
    """SHA-256 of the pixels of one object, however they were encoded (I-05)."""

    __tablename__ = "pixel_digest"

    instance_id: Mapped[int] = mapped_column(
        ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sha256: Mapped[str] = mapped_column(String(64), index=True)
