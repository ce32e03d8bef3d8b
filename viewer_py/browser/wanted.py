"""What of a series is to come: the window around the reader, and what volumes lack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from viewer_py.browser.frame_store import SeriesFrames
from viewer_py.browser.volume_store import VolumeStore


def as_ranges(indices: Iterable[int]) -> str:
    """Return "0-3,7-7" for {0, 1, 2, 3, 7} (the `wanted` parameter)."""
    parts: list[list[int]] = []
    for index in sorted(indices):
        if parts and parts[-1][1] == index - 1:
            parts[-1][1] = index
        else:
            parts.append([index, index])
    return ",".join(f"{first}-{last}" for first, last in parts)


@dataclass
class Wanted:
    """A series whose frames are to come.

    `focus` is the image on the screen, `toward` the last step: 1 forward, -1 back, 0 none yet.
    """

    frames: SeriesFrames
    volumes: VolumeStore
    focus: int
    toward: int = 0
    given_up: set[int] = field(default_factory=set)
    window: range = range(0)

    def __post_init__(self) -> None:
        """Begin with the frames around the focus."""
        self.move()

    @property
    def series_id(self) -> str:
        """Return whose frames these are."""
        return self.frames.series.series_id

    @property
    def window_is_there(self) -> bool:
        """Tell whether all frames of the window came or were given up."""
        settled = self.frames.count + len(self.given_up)
        if settled < len(self.window):
            return False
        return not set(self.window) - self.frames.loaded - self.given_up

    @property
    def complete(self) -> bool:
        """Tell whether everything worth having is there; asked with every frame, so it is quick."""
        shrunk = len(self.window) > self.frames.capacity
        if not self.window_is_there and not shrunk:
            return False
        return self.frames.whole or not self.missing()

    def look_at(self, frame_index: int) -> None:
        """Have another image on the screen, and the window with it when it comes near its edge.

        It reaches further ahead than behind.
        """
        if frame_index != self.focus:
            self.toward = 1 if frame_index > self.focus else -1
        self.focus = frame_index
        if self._is_near_the_edge():
            self.move()

    def _is_near_the_edge(self) -> bool:
        window, count = self.window, len(self.frames.series.frames)
        if len(window) != self.frames.capacity or self.focus not in window:
            return True
        forward = self.toward >= 0
        ahead = window.stop - 1 - self.focus if forward else self.focus - window.start
        at_end = window.stop == count if forward else window.start == 0
        return ahead < max(len(window) // 4, 1) and not at_end

    def move(self) -> None:
        """Lay the window around the focus."""
        lead = self.toward * (self.frames.capacity // 4)
        self.window = self.frames.window(self.focus + lead)

    def missing(self) -> set[int]:
        """Return the frames worth having that are not there, for the screen and for volumes."""
        for_volume = self.volumes.missing(self.series_id)  # which may take slots for itself
        if len(self.window) > self.frames.capacity:
            self.move()
        wanted = set(self.window) - self.frames.loaded
        return (wanted | for_volume) - self.given_up

    def nearest_missing(self) -> set[int]:
        """Return what to ask for next: frames for the screen before those for volumes alone."""
        missing = self.missing()
        on_screen = missing & set(self.window)
        return on_screen or missing
