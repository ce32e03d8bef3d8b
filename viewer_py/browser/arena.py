"""One piece of memory for all decoded pixels, asked for once.

The heap of WebAssembly grows and never shrinks, and blocks of changing sizes tear holes into it. So
the whole budget is taken at the first need, and parts of it are lent. Pages that were never written
cost nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 16
_LEAST_BYTES = 16 << 20


class Arena:
    """Lends contiguous parts of `size` bytes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._memory: NDArray[np.uint8] | None = None
        self._lent: list[tuple[int, int]] = []  # (start, stop), ascending

    @property
    def used(self) -> int:
        """Return the bytes that are lent."""
        return sum(stop - start for start, stop in self._lent)

    @property
    def largest_gap(self) -> int:
        """Return the bytes of the largest part that could be lent now."""
        return max((stop - start for start, stop in self._gaps()), default=0)

    def take(self, byte_count: int) -> tuple[int, NDArray[np.uint8]] | None:
        """Lend a part, not cleared: its place, which `give_back` wants, and its bytes.

        None where no gap is large enough. Raises MemoryError when the device has no such memory.
        """
        memory = self._whole()
        wanted = -(-byte_count // ALIGNMENT) * ALIGNMENT
        for start, stop in self._gaps():
            if stop - start >= byte_count:
                self._lent.append((start, min(start + wanted, stop)))
                self._lent.sort()
                return start, memory[start : start + byte_count]
        return None

    def give_back(self, place: int, kept: int = 0) -> None:
        """Take back the part that begins at `place`, but for its first `kept` bytes."""
        keep = -(-kept // ALIGNMENT) * ALIGNMENT
        lent = ((start, stop) for start, stop in self._lent if start != place)
        stop = next(stop for start, stop in self._lent if start == place)
        self._lent = sorted(lent)
        if keep:
            self._lent = sorted([*self._lent, (place, min(place + keep, stop))])

    def _gaps(self) -> list[tuple[int, int]]:
        ends = [0, *(stop for _, stop in self._lent)]
        starts = [*(start for start, _ in self._lent), self.size]
        return [(end, start) for end, start in zip(ends, starts, strict=True) if start > end]

    def _whole(self) -> NDArray[np.uint8]:
        """Ask for the memory, for half as much as long as the device refuses."""
        while self._memory is None:
            try:
                self._memory = np.empty(self.size, dtype=np.uint8)
            except MemoryError:
                if self.size // 2 < _LEAST_BYTES:
                    raise
                self.size //= 2
        return self._memory
