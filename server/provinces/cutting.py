"""A stream of stored objects, one after the other, cut into these objects again."""

from __future__ import annotations

from collections.abc import Callable, Iterator


class ObjectStream:
    """Cuts a stream into objects whose sizes are known. `broken` makes what is raised, of a word
    for machines, when the stream ends before."""

    def __init__(self, parts: Iterator[bytes], broken: Callable[[str], Exception]) -> None:
        self._parts = parts
        self._broken = broken
        self._rest = bytearray()

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        while len(self._rest) < size:
            part = next(self._parts, None)
            if part is None:
                raise self._broken("broken_off")
            self._rest += part
        data = bytes(self._rest[:size])
        del self._rest[:size]
        return data
