"""Where the words of a mark stand: beside what they speak of, inside the pane, over nothing else.

All lengths are device pixels.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MOST_ENDS = 6
Point = tuple[float, float]
Points = tuple[Point, ...]


@dataclass(frozen=True)
class Box:
    """A rectangle, origin top left."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Return the right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Return the lower edge."""
        return self.top + self.height

    def grown(self, margin: float) -> Box:
        """Return the box with a margin on all sides (negative: without one)."""
        return Box(
            self.left - margin, self.top - margin,
            max(self.width + 2 * margin, 0.0), max(self.height + 2 * margin, 0.0),
        )  # fmt: skip

    def within(self, pane: Box) -> Box:
        """Return the box moved into `pane`; one that is larger begins at its top left corner."""
        left = max(min(self.left, pane.right - self.width), pane.left)
        top = max(min(self.top, pane.bottom - self.height), pane.top)
        return Box(left, top, self.width, self.height)

    def overlap(self, other: Box) -> float:
        """Return the area that both cover."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(across, 0.0) * max(down, 0.0)

    def nearest(self, point: Point) -> Point:
        """Return the point of the box nearest to a point."""
        return (
            min(max(point[0], self.left), self.right),
            min(max(point[1], self.top), self.bottom),
        )

    def meets(self, line: Points) -> bool:
        """Tell whether a polyline runs through the box."""
        if len(line) == 1:
            return self.nearest(line[0]) == line[0]
        return any(self._cut(start, end) for start, end in itertools.pairwise(line))

    def _cut(self, start: Point, end: Point) -> bool:
        """Tell whether a segment reaches into the box (Liang and Barsky's clipping)."""
        low, high = 0.0, 1.0
        bounds = ((self.left, self.right), (self.top, self.bottom))
        for axis, (near, far) in enumerate(bounds):
            step = end[axis] - start[axis]
            if step == 0.0:
                if not near <= start[axis] <= far:
                    return False
                continue
            first, last = sorted(((near - start[axis]) / step, (far - start[axis]) / step))
            low, high = max(low, first), min(high, last)
            if low > high:
                return False
        return True


def around(points: Iterable[Point]) -> Box:
    """Return the smallest box that holds all points."""
    known = tuple(points)
    left, top = min(x for x, _ in known), min(y for _, y in known)
    right, bottom = max(x for x, _ in known), max(y for _, y in known)
    return Box(left, top, right - left, bottom - top)


@dataclass(frozen=True)
class Measured:
    """What the words speak of: its lines, and whether what they enclose belongs to it."""

    lines: tuple[Points, ...]
    area: bool = False

    @property
    def box(self) -> Box:
        """Return the box around it."""
        return around(point for line in self.lines for point in line)

    def is_covered(self, box: Box) -> bool:
        """Tell whether a box would cover a part of it."""
        if self.area:
            return self.box.overlap(box) > 0.0
        return any(box.meets(line) for line in self.lines)

    def nearest(self, point: Point) -> Point:
        """Return the corner or end that is nearest to a point."""
        every = (one for line in self.lines for one in line)
        return min(every, key=lambda one: math.dist(one, point))


def placed(
    size: tuple[float, float],
    measured: Measured,
    pane: Box,
    taken: Sequence[Box],
    others: Sequence[Measured],
    gap: float,
) -> Box:
    """Return where words of `size` stand.

    Never on what they measure where there is room beside it; then rather free of the boxes that
    are `taken`, then of the `others` that are measured, then near.
    """
    width, height = size
    about = measured.box
    candidates = _beside(about, width, height, gap)
    if not measured.area:
        ends = {one: None for line in measured.lines for one in (line[0], line[-1])}
        for x, y in list(ends)[:_MOST_ENDS]:
            candidates += _beside(Box(x, y, 0.0, 0.0), width, height, gap)
    candidates += _along(pane, width, height)
    inside = [Box(left, top, width, height).within(pane) for left, top in candidates]

    def cost(numbered: tuple[int, Box]) -> tuple[bool, float, bool, float, int]:
        number, box = numbered
        near = box.nearest((about.left + about.width / 2, about.top + about.height / 2))
        away = math.dist(near, measured.nearest(near))
        covered = sum(box.overlap(one) for one in taken)
        over = any(one.is_covered(box) for one in others)
        return measured.is_covered(box.grown(gap / 2)), covered, over, round(away / gap), number

    return min(enumerate(inside), key=cost)[1]


def _beside(about: Box, width: float, height: float, gap: float) -> list[Point]:
    middle_x = about.left + (about.width - width) / 2
    middle_y = about.top + (about.height - height) / 2
    right, left = about.right + gap, about.left - gap - width
    above, below = about.top - gap - height, about.bottom + gap
    return [
        (right, middle_y), (right, about.top), (right, below), (right, above),
        (middle_x, below), (middle_x, above), (left, middle_y), (left, above), (left, below),
        (right, about.bottom - height), (left, about.top),
    ]  # fmt: skip


def _along(pane: Box, width: float, height: float) -> list[Point]:
    """Return places along the edges of the pane, for what leaves no room beside it."""
    lefts = (pane.left, pane.left + (pane.width - width) / 2, pane.right - width)
    tops = [pane.top + (pane.height - height) * share / 6 for share in range(7)]
    return [(left, top) for left in lefts for top in tops]
