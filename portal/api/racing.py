"""Requests that say the same at the same moment: each is answered as if it had come alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from portal.context import database_session
from server.ingest.races import until_won

T = TypeVar("T")


def in_turn(work: Callable[[], T]) -> T:
    """Do the work in the request's transaction, anew after losing to another request.

    Raises DBAPIError when it was no race.
    """

    def attempt() -> T:
        try:
            done = work()
            database_session().flush()
        except DBAPIError:
            database_session().rollback()
            raise
        return done

    return until_won(attempt)
