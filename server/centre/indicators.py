"""Data governance: five indicators per institution and day, pivoted (D-45, D-46, I-18).

Of the studies that arrived on a day:

- timeliness: arrived within 24 hours after the examination
- continuity: days on which anything arrived, of all days
- consistency: judged, and nothing contradicts the registration or the report
- completeness: a reviewed report is there, and judgement missed no image and no element
- accuracy: judged, and passed

Validity (I-18) is: judged, and the pictures are real, unaltered pictures. What is not judged yet
counts neither way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Generic, Protocol, Self, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.centre.institutions import level_of
from server.centre.period import Period, day_of
from server.model import Institution, QualityOutcome, QualityResult, Study
from server.provinces.records import is_own
from server.study_conditions import has_served_report, newest_result

TIMELY = timedelta(hours=24)
CONSISTENCY = frozenset(
    {"registration_sex", "registration_age", "sex_and_part", "part_and_report", "one_examination"}
)
COMPLETENESS = frozenset({"complete", "required_elements"})
VALIDITY = frozenset({"valid_image", "real_human", "unaltered", "not_repeated"})


@dataclass(frozen=True)
class Counts:
    """What was counted of a group: studies, and of the judged ones how many are what."""

    studies: int = 0
    timely: int = 0
    reported: int = 0
    judged: int = 0
    consistent: int = 0
    complete: int = 0
    valid: int = 0
    accurate: int = 0
    days: int = 0
    days_with: int = 0

    def __add__(self, other: Counts) -> Counts:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Counts(*(one + another for one, another in pairs))


class Summed(Protocol):
    """Counts of a group, which can be added up."""

    def __add__(self, other: Self, /) -> Self: ...


C = TypeVar("C", bound=Summed)


@dataclass(frozen=True)
class DayRow(Generic[C]):
    """One institution on one day."""

    institution: str
    region: str
    level: str
    day: date
    counts: C


def day_rows(
    session: Session, period: Period, institution_id: int | None = None
) -> list[DayRow[Counts]]:
    """Return a row for each institution and day, days without any study too."""
    hospitals = select(Institution).where(
        (Institution.ended_at.is_(None)) | (Institution.ended_at >= period.start)
    )
    if institution_id is not None:
        hospitals = hospitals.where(Institution.id == institution_id)
    counted = _counted(session, period)
    delivering = {number for number, _day in counted}
    rows = []
    for one in session.scalars(hospitals.order_by(Institution.code)):
        # Who has never delivered is no delivering institution, and breaks no continuity.
        if one.id not in delivering and not _delivers(session, one.id):
            continue
        for day in period.days():
            counts = counted.get((one.id, day), Counts())
            counts += Counts(days=1, days_with=int(counts.studies > 0))
            rows.append(DayRow(one.name, one.province_name, level_of(one), day, counts))
    return rows


def pivot(rows: Iterable[DayRow[C]], by: Sequence[str]) -> dict[tuple[str, ...], C]:
    """Return the sums of groups by any of day, week, month, region, level, institution (D-46).

    Weeks are ISO weeks; the groups are in the order of their names.
    """
    groups: dict[tuple[str, ...], C] = {}
    for row in rows:
        key = tuple(_part(row, name) for name in by)
        groups[key] = groups[key] + row.counts if key in groups else row.counts
    return dict(sorted(groups.items()))


def _part(row: DayRow[Any], name: str) -> str:
    if name == "day":
        return row.day.isoformat()
    if name == "week":
        return f"{row.day:%G-W%V}"
    if name == "month":
        return f"{row.day:%Y-%m}"
    found: str = {"region": row.region, "level": row.level, "institution": row.institution}[name]
    return found


def _delivers(session: Session, institution_id: int) -> bool:
    wanted = select(Study.study_id).where(Study.institution_id == institution_id, is_own()).limit(1)
    return session.scalar(wanted) is not None


def _counted(session: Session, period: Period) -> dict[tuple[int, date], Counts]:
    query = (
        select(
            Study.institution_id,
            Study.received_at,
            Study.study_datetime,
            has_served_report(),
            QualityResult.outcome,
            QualityResult.findings,
        )
        .outerjoin(QualityResult, QualityResult.result_id == newest_result())
        .where(Study.received_at >= period.start, Study.received_at < period.end, is_own())
    )
    found: dict[tuple[int, date], Counts] = {}
    for number, received, examined, reported, outcome, findings in session.execute(query):
        broken = {str(one["rule"]) for one in findings or ()}
        judged = outcome is not None
        one = Counts(
            studies=1,
            timely=int(received - examined <= TIMELY),
            reported=int(bool(reported)),
            judged=int(judged),
            consistent=int(judged and not broken & CONSISTENCY),
            complete=int(judged and bool(reported) and not broken & COMPLETENESS),
            valid=int(judged and not broken & VALIDITY),
            accurate=int(outcome == QualityOutcome.PASSED),
        )
        key = (number, day_of(received))
        found[key] = found.get(key, Counts()) + one
    return found
