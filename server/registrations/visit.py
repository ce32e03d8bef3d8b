"""What a hospital says of a visit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from server.model import CarePurpose


@dataclass(frozen=True)
class VisitFacts:
    """The visit for which somebody registers."""

    encounter: str
    department: str
    visit_type: CarePurpose
    visit_at: datetime
