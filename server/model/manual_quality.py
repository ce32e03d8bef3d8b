"""Who judges the quality of images by eye, and what was found (I-12, I-13)."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server import clock
from server.model.base import Base, opaque_id


class Duty(enum.StrEnum):
    """What somebody judges images as."""

    DIAGNOSTICIAN = "diagnostician"
    TECHNOLOGIST = "technologist"
    ENGINEER = "engineer"


class QualityDuty(Base):
    """An account that judges images of its institution, and as what."""

    __tablename__ = "quality_duty"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    duty: Mapped[Duty] = mapped_column(String(20))
    given_at: Mapped[datetime] = mapped_column(default=clock.now)


class QualityPlan(Base):
    """How often a duty of an institution looks at images, and how soon (I-13)."""

    __tablename__ = "quality_plan"

    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), primary_key=True)
    duty: Mapped[Duty] = mapped_column(String(20), primary_key=True)
    # Of the studies that passed by themselves, how many of a hundred are looked at all the same.
    sample_percent: Mapped[int] = mapped_column(default=0)
    within_days: Mapped[int] = mapped_column(default=7)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)


class ManualJudgement(Base):
    """One judgement by eye; the newest of a duty holds, all are kept."""

    __tablename__ = "manual_judgement"

    judgement_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    study_id: Mapped[str] = mapped_column(
        ForeignKey("study.study_id", ondelete="CASCADE"), index=True
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    duty: Mapped[Duty] = mapped_column(String(20))
    # The version of the automatic result that lay before whoever judged.
    result_version: Mapped[int]
    # By the names of server.quality.manual.ITEMS: "met", "not_met" or "none".
    items: Mapped[dict[str, Any]] = mapped_column(default=dict)
    grade: Mapped[str] = mapped_column(String(1))
    comment: Mapped[str] = mapped_column(Text, default="")
    judged_at: Mapped[datetime] = mapped_column(default=clock.now)
