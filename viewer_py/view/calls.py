"""A call of a command, as gestures and keys produce it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from viewer_py.view.command import Value


@dataclass(frozen=True)
class Call:
    """The name of a command and its arguments."""

    name: str
    args: Mapping[str, Value] = field(default_factory=dict)
