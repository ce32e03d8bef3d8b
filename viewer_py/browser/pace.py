"""How finely volumes are drawn: as the device keeps up with while they move, full at rest.

Where a full picture would keep the reader waiting for seconds (a large screen and no GPU), the
picture at rest is as fine as PATIENCE allows.
"""

from __future__ import annotations

import math

SMOOTH = 0.03  # seconds a step may take before it is drawn more coarsely
REST = 0.15  # seconds without a change after which the picture is drawn in full
PATIENCE = 2.0  # seconds a picture at rest may take; nothing else is answered meanwhile
_FINER = 1.25  # times as many samples along each axis are worth another picture
_COARSEST = 0.2  # samples a device pixel along each axis
_FULL = 1.0
_WEIGHT = 0.5  # of the newest measurement


class Pace:
    """Measures how long a full picture takes, from the pictures that are painted."""

    def __init__(self) -> None:
        self._full_seconds = 0.0
        self._moved_at = -1e9
        self._painted = _FULL

    def moved(self, now: float) -> None:
        """Say that what is shown changes at the reader's hand."""
        self._moved_at = now

    def at_rest(self, now: float) -> bool:
        """Tell whether nothing has changed for long enough."""
        return now - self._moved_at >= REST

    def detail(self, now: float) -> float:
        """Return with how many samples a device pixel along each axis to draw now."""
        if self.at_rest(now) or self._full_seconds <= SMOOTH:
            return self._within(PATIENCE)
        return max(self._within(SMOOTH), min(_COARSEST, self._within(PATIENCE)))

    def _within(self, seconds: float) -> float:
        """Return the detail of a picture that takes no longer than this."""
        return _FULL if self._full_seconds <= seconds else math.sqrt(seconds / self._full_seconds)

    @property
    def is_coarse(self) -> bool:
        """Tell whether the last picture was drawn more coarsely than it is at rest."""
        finest = self._within(PATIENCE)
        worth_it = finest == _FULL or self._painted * _FINER < finest
        return self._painted < finest and worth_it

    def left(self) -> None:
        """Say that no volume is shown any more: nothing is left to be drawn more finely."""
        self._painted = _FULL

    def painted(self, detail: float, seconds: float) -> None:
        """Say how long a picture took; its time grows with the number of its samples."""
        self._painted = detail
        full = seconds / (detail * detail)
        before = self._full_seconds
        self._full_seconds = full if before == 0.0 else before + _WEIGHT * (full - before)
