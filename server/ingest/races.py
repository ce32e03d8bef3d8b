"""Transactions that lose against others of the same moment, and are tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError

T = TypeVar("T")

log = structlog.get_logger()

TRIES = 12
_PAUSE = 0.02  # seconds after the first loss at most, longer with each
# SQLSTATE class 40: another transaction went first, and this one was undone whole.
_UNDONE = "40"


def is_lost(error: DBAPIError) -> bool:
    """Tell whether a transaction was certainly undone because another one was quicker.

    That is a row that another made meanwhile, a serialization failure, or a deadlock.
    """
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return isinstance(error, IntegrityError) or state.startswith(_UNDONE)


def until_won(work: Callable[[], T]) -> T:
    """Do the work, again after each loss: then it finds what the others made.

    Raises DBAPIError after the last of `TRIES`, and at once for all that is no loss.
    """
    for number in range(1, TRIES):
        try:
            return work()
        except DBAPIError as error:
            if not is_lost(error):
                raise
            log.info("race_lost", number=number)
            time.sleep(random.uniform(0, _PAUSE * number))  # noqa: S311 (no secret)
    return work()
