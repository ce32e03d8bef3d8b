"""Fingers on a page, through the browser's own input line, so that nothing of ours is by-passed."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Locator, Page

from e2e.browser import settled

Point = tuple[float, float]


class Fingers:
    """Puts fingers on a page, moves and lifts them."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._line = page.context.new_cdp_session(page)

    def _send(self, kind: str, *points: Point) -> None:
        touches: list[dict[str, Any]] = [
            {"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)
        ]
        self._line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
        settled(self._page)

    def drag(self, start: Point, *way: Point) -> None:
        """Move one finger along a way and lift it."""
        self._send("touchStart", start)
        for point in way:
            self._send("touchMove", point)
        self._send("touchEnd")

    def double_tap(self, point: Point) -> None:
        """Tap twice, a tenth of a second apart by the events' time on any machine."""
        begun = time.time() - 0.5
        touch = {"x": point[0], "y": point[1], "id": 0}
        for number, kind in enumerate(("touchStart", "touchEnd") * 2):
            points = [touch] if kind == "touchStart" else []
            event = {"type": kind, "touchPoints": points, "timestamp": begun + 0.05 * number}
            self._line.send("Input.dispatchTouchEvent", event)
        settled(self._page)

    def drag_then_pinch(self, start: Point, *way: Point, other: Point, apart: float) -> None:
        """Move one finger along a way, put down another one late, draw that away, lift both."""
        self._send("touchStart", start)
        for point in way:
            self._send("touchMove", point)
        last = way[-1]
        self._send("touchStart", last, other)
        for share in (0.5, 1.0):
            self._send("touchMove", last, (other[0] + apart * share, other[1]))
        self._send("touchEnd")

    def pinch(self, middle: Point, before: float, after: float) -> None:
        """Move two fingers from `before` to `after` CSS pixels apart, and lift them."""
        x, y = middle
        self._send("touchStart", (x - before / 2, y))
        self._send("touchStart", (x - before / 2, y), (x + before / 2, y))
        for share in (0.5, 1.0):
            half = (before + (after - before) * share) / 2
            self._send("touchMove", (x - half, y), (x + half, y))
        self._send("touchEnd")


def middle_of(locator: Locator) -> Point:
    """Return the middle of an element on the page."""
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
