"""Openings that did not succeed, kept for the share's giver (A-27); strangers are told nothing."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server import clock
from server.model import ShareFailure
from server.places import place_of

if TYPE_CHECKING:
    from server.cloud import ImageCloud


class Outcome(enum.StrEnum):
    """How an opening ended."""

    OPENED = "opened"
    WRONG_KEY = "wrong_key"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a word for an outcome
    WRONG_CODE = "wrong_code"
    LOCKED = "locked"
    EXPIRED = "expired"
    REVOKED = "revoked"
    PAUSED = "paused"
    USED_UP = "used_up"
    WITHDRAWN = "withdrawn"  # the giver may no longer share these images


def keep(
    cloud: ImageCloud,
    session: Session,
    share_id: str,
    outcome: Outcome,
    *,
    source: str,
    device_class: str,
) -> None:
    """Keep a failed opening of a share that exists."""
    session.add(
        ShareFailure(
            share_id=share_id,
            time=clock.now(),
            outcome=outcome,
            device_class=device_class[:20],
            place=place_of(cloud.settings, source),
        )
    )
