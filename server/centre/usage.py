"""How much is stored, by modality and month, by institution, by day (D-15)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.centre.period import Period, day_of
from server.model import Instance, Institution, Series, Study


@dataclass(frozen=True)
class Usage:
    """Bytes of objects by (modality, month of the examination) and by institution.

    The sum over either is `total`: the sum of the sizes of all objects in question.
    """

    cells: dict[tuple[str, str], int]
    institutions: dict[str, int]

    @property
    def total(self) -> int:
        """All bytes."""
        return sum(self.cells.values())

    @property
    def modalities(self) -> list[str]:
        """The modalities, the largest first."""
        sums: Counter[str] = Counter()
        for (modality, _month), size in self.cells.items():
            sums[modality] += size
        return [name for name, _size in sorted(sums.items(), key=lambda one: (-one[1], one[0]))]

    @property
    def months(self) -> list[str]:
        """The months as YYYY-MM, the earliest first."""
        return sorted({month for _modality, month in self.cells})


def usage(session: Session, period: Period | None, institution_id: int | None) -> Usage:
    """Return what is stored of examinations in a period (None: of all), months as in China."""
    wanted = (
        select(Series.modality, Study.study_datetime, Institution.name, func.sum(Instance.size))
        .join(Study, Study.study_id == Series.study_id)
        .join(Institution, Institution.id == Study.institution_id)
        .join(Instance, Instance.series_id == Series.series_id)
        .group_by(Series.series_id, Series.modality, Study.study_datetime, Institution.name)
    )
    if period is not None:
        wanted = wanted.where(
            Study.study_datetime >= period.start, Study.study_datetime < period.end
        )
    if institution_id is not None:
        wanted = wanted.where(Study.institution_id == institution_id)
    cells: Counter[tuple[str, str]] = Counter()
    institutions: Counter[str] = Counter()
    for modality, instant, name, size in session.execute(wanted):
        cells[modality, f"{day_of(instant):%Y-%m}"] += int(size)
        institutions[name] += int(size)
    return Usage(dict(cells), dict(institutions))


def stored_by_day(session: Session, period: Period) -> dict[date, int]:
    """Return the bytes of the objects that arrived on each day in China."""
    wanted = (
        select(Study.study_id, func.max(Instance.received_at), func.sum(Instance.size))
        .join(Series, Series.study_id == Study.study_id)
        .join(Instance, Instance.series_id == Series.series_id)
        .where(Instance.received_at >= period.start, Instance.received_at < period.end)
        .group_by(Study.study_id)
    )
    days: Counter[date] = Counter()
    for _study, instant, size in session.execute(wanted):
        days[day_of(instant)] += int(size)
    return dict(days)


def stored_bytes(session: Session) -> int:
    """Return the bytes of all objects as they were received."""
    return int(session.scalar(select(func.coalesce(func.sum(Instance.size), 0))) or 0)
