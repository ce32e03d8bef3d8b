"""The VOI transformation: which modality values become which grey (PS3.3 C.11.2)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """A grey window in modality values (HU for CT).

    `function` is LINEAR, LINEAR_EXACT or SIGMOID (PS3.3 C.11.2.1.2, C.11.2.1.3).
    """

    center: float
    width: float
    function: str = "LINEAR"
