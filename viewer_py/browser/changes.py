"""What is new in a message that is sent again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Changes:
    """What of each message its reader does not know from those before it.

    Nearly all of what the page shows stays as it is from picture to picture, and a phone's memory
    fills with what is sent (docs/performance.md).
    """

    def __init__(self) -> None:
        self._told: Mapping[str, Any] = {}

    def of(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return `type` and the fields that are not as they were in the message before.

        A field once told is part of every later message.
        """
        told, self._told = self._told, message
        return {
            name: value
            for name, value in message.items()
            if name == "type" or name not in told or told[name] != value
        }
