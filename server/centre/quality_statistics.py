"""How the quality of images was judged, counted by day, week, month, institution (I-14, D-46).

Of the studies that arrived on a day, by the newest result of each: outcomes, grades, and which
rules were not met, for whoever looks for causes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.centre.indicators import DayRow
from server.centre.institutions import level_of
from server.centre.period import Period, day_of
from server.model import Institution, QualityResult, Study
from server.provinces.records import is_own
from server.study_conditions import newest_result


@dataclass(frozen=True)
class Judged:
    """What was counted of a group; `grades` by letter, "" where no figure had a limit; `rules`
    counts the studies in which a rule found something."""

    studies: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    grades: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def judged(self) -> int:
        """How many of the studies have a result."""
        return self.outcomes.total()

    def __add__(self, other: Judged) -> Judged:
        return Judged(
            self.studies + other.studies,
            self.outcomes + other.outcomes,
            self.grades + other.grades,
            self.rules + other.rules,
        )


def judged_rows(
    session: Session, period: Period, institution_id: int | None = None
) -> list[DayRow[Judged]]:
    """Return a row for each institution and day on which it delivered."""
    query = (
        select(Study.received_at, Institution, QualityResult)
        .join(Institution, Institution.id == Study.institution_id)
        .outerjoin(QualityResult, QualityResult.result_id == newest_result())
        .where(Study.received_at >= period.start, Study.received_at < period.end, is_own())
        .order_by(Institution.code)
    )
    if institution_id is not None:
        query = query.where(Study.institution_id == institution_id)
    found: dict[tuple[int, date], DayRow[Judged]] = {}
    for received, one, result in session.execute(query):
        day = day_of(received)
        row = found.get((one.id, day))
        counts = _counted(result) + (row.counts if row is not None else Judged())
        found[one.id, day] = DayRow(one.name, one.province_name, level_of(one), day, counts)
    return list(found.values())


def _counted(result: QualityResult | None) -> Judged:
    if result is None:
        return Judged(1)
    return Judged(
        1,
        Counter([str(result.outcome)]),
        Counter([result.grade]),
        Counter({str(one["rule"]) for one in result.findings}),
    )
