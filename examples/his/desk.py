"""What the sample HIS remembers of a day, in memory alone: consents, orders, citations."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any


@dataclass(frozen=True)
class Consent:
    """What the patient said at the registration desk, and what the cloud made of it."""

    confirmed: bool
    application_id: str = ""
    local_studies: int = 0


@dataclass(frozen=True)
class PlacedOrder:
    """An order, and what became of it."""

    exam_item: str
    outcome: str


@dataclass(frozen=True)
class CitedReport:
    """Findings and opinion in the clinical record, with the id by which they are traced."""

    citation_id: str
    text: str
    institution: str
    physician: str
    cited_at: str


@dataclass
class VisitRecord:
    """All of one visit."""

    consent: Consent | None = None
    orders: list[PlacedOrder] = field(default_factory=list)
    citations: list[CitedReport] = field(default_factory=list)
    reminders: dict[str, dict[str, Any]] = field(default_factory=dict)


class Desk:
    """The records of all visits; safe across threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._visits: dict[str, VisitRecord] = {}

    def visit(self, number: str) -> VisitRecord:
        """Return the record of a visit."""
        with self._lock:
            return self._visits.setdefault(number, VisitRecord())

    def cite(self, number: str, cited: CitedReport) -> None:
        """Put a citation into a visit's record; the same one once."""
        record = self.visit(number)
        with self._lock:
            if all(one.citation_id != cited.citation_id for one in record.citations):
                record.citations.append(cited)
