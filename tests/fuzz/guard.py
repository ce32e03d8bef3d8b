"""What one input may cost: five seconds of computing, and 1 GB of memory."""

from __future__ import annotations

import resource
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

SECONDS = 5.0
BYTES = 1 << 30
# What an input may ask for before the machine itself is in danger; beyond, Python is refused it.
HARD_BYTES = 4 << 30

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


class TooSlowError(BaseException):
    """The input took more computing time than it may; no handler of errors catches this."""


def limit_memory() -> None:
    """Keep this process from taking the whole machine."""
    now = _status("VmSize") + HARD_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (now, now))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def guarded(judge: Callable[[bytes], str], data: bytes) -> str:
    """Return what `judge` says of an input, "FAILED …" with the place when it breaks a promise.

    What was too slow has a second chance: on a busy machine two cores share one.
    """
    outcome = _guarded(judge, data)
    return _guarded(judge, data) if outcome.startswith("FAILED too slow") else outcome


def _guarded(judge: Callable[[bytes], str], data: bytes) -> str:
    _CLEAR.write_text("5")
    before, started = _status("VmHWM"), time.process_time()
    signal.signal(signal.SIGPROF, _too_slow)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        outcome = judge(data)
    except TooSlowError as error:
        outcome = f"FAILED too slow {_where(error)}"
    except MemoryError as error:
        outcome = f"FAILED out of memory {_where(error)}"
    except Exception as error:
        outcome = f"FAILED {type(error).__name__} {_where(error)} {str(error)[:120]!r}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    spent, grown = time.process_time() - started, _status("VmHWM") - before
    if spent > SECONDS and not outcome.startswith("FAILED"):
        return f"FAILED too slow, {spent:.1f} s, then {outcome}"
    if grown > BYTES and not outcome.startswith("FAILED"):
        return f"FAILED too much memory, {grown >> 20} MB, then {outcome}"
    return outcome


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError


def _where(error: BaseException) -> str:
    """Return the last place in the project's own code, by which failures are told apart."""
    while isinstance(error.__cause__, MemoryError):
        error = error.__cause__
    places = traceback.extract_tb(error.__traceback__)
    own = [
        one for one in places if ".venv" not in one.filename and "/lib/python" not in one.filename
    ]
    last = (own or places)[-1]
    return f"{Path(last.filename).name}:{last.name}:{last.lineno}"


def _status(field: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)
