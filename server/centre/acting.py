"""Who acts in the console, and how far he reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from server import audit
from server.model import Role


class OutOfReachError(Exception):
    """The thing does not exist, or belongs to an institution that this person does not run."""


@dataclass(frozen=True)
class Actor:
    """An account in the console; `institution_id` None reaches the whole centre."""

    account_id: int
    role: Role
    institution_id: int | None
    source: str = ""

    def reaches(self, institution_id: int | None) -> bool:
        """Whether an institution's affairs are this person's."""
        return self.role is not Role.INSTITUTION_ADMINISTRATOR or (
            self.institution_id is not None and self.institution_id == institution_id
        )

    def must_reach(self, institution_id: int | None) -> None:
        """Raise OutOfReachError unless `reaches`."""
        if not self.reaches(institution_id):
            raise OutOfReachError

    @property
    def scope(self) -> int | None:
        """The institution to which lists are narrowed; None is all, -1 none (an administrator
        of no institution)."""
        if self.role is not Role.INSTITUTION_ADMINISTRATOR:
            return None
        return -1 if self.institution_id is None else self.institution_id

    def note(
        self,
        session: Session,
        event: str,
        object_kind: str,
        object_id: str,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Put what was done on record (F-10), last in its transaction."""
        audit.record(
            session,
            actor_kind="account",
            actor=f"account:{self.account_id}",
            event=event,
            object_kind=object_kind,
            object_id=object_id,
            source=self.source,
            detail=detail,
        )
