"""How the demo says how far it is."""

from __future__ import annotations

from collections.abc import Callable

# (what is being done, in Chinese / English; steps done; steps in all)
Progress = Callable[[str, int, int], None]


def silent(_what: str, _done: int, _total: int) -> None:
    """Say nothing."""
