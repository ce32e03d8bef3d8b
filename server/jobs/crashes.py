"""Work that may take its worker's process along, as codecs do: counted, and given up in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

log = structlog.get_logger()

# What so often ended with the death of its worker is not tried again.
MAX_CRASHES = 3


def attempted(
    storage: Any,
    counter: str,
    work: Callable[[], object],
    give_up: Callable[[str], object],
    *,
    last: bool,
) -> bool:
    """Do the work; tell whether it was done.

    `storage` is Huey's, `counter` names the work in it. `give_up` gets the reason in a word, after
    too many deaths or, on the last try, an error. Raises what the work raises.
    """
    if storage.incr(counter) - 1 >= MAX_CRASHES:
        give_up("worker_crashed")
        return False
    try:
        work()
    except Exception as error:
        log.warning("job_failed", job=counter, error=type(error).__name__)
        if last:
            give_up("internal_error")
        raise
    finally:
        # Reached on every ending but a crash, an interruption by SIGTERM included.
        storage.delete_counter(counter)
    return True
