"""Whether a person chose digital film (数字胶片) for an examination (A-17)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server import audit
from server.model import Study


def set_chosen(session: Session, study: Study, *, chosen: bool, actor: str) -> None:
    """Note what was chosen for one examination; where it was not, its report is had on paper."""
    study.digital_film = chosen
    audit.record(
        session,
        actor_kind="system",
        actor=actor,
        event="digital_film.chosen" if chosen else "digital_film.declined",
        object_kind="study",
        object_id=study.study_id,
    )
