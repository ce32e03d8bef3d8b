"""With which series and frame a study opens, and which picture stands for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.model import ProcessingState, Series

# Modalities whose frames are a stack through the body: its middle says more than its end.
STACKED = frozenset({"CT", "MR", "PT", "NM"})


def opening_series(series: Sequence[Series]) -> Series:
    """Return the series that a study opens with: the one with the most frames."""
    return max(series, key=lambda one: one.frame_count)


def opening_frame(series: Series) -> int:
    """Return the frame that a series opens with: the middle of a stack, else the first."""
    return series.frame_count // 2 if series.modality in STACKED else 0


def opening_series_of(session: Session, study_ids: Iterable[str]) -> dict[str, Series]:
    """Return study_id → the prepared series it opens with; studies without one are left out."""
    found = session.scalars(
        select(Series).where(Series.study_id.in_(study_ids), Series.state == ProcessingState.READY)
    )
    by_study: dict[str, list[Series]] = defaultdict(list)
    for series in found:
        by_study[series.study_id].append(series)
    return {study_id: opening_series(several) for study_id, several in by_study.items()}
