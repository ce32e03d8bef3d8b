"""What readers drew on studies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from server import clock
from server.model.base import Base


class AnnotationSet(Base):
    """All annotations of one reader on one study, sealed with the study's data key.

    They may hold words about a patient, and end with the study. `revision` grows by one with each
    change, so that two devices of one reader cannot overwrite each other unseen.
    """

    __tablename__ = "annotation_set"

    study_id: Mapped[str] = mapped_column(
        ForeignKey("study.study_id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    revision: Mapped[int]
    content_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
