"""Cine: how many frames to go on after so much time (B-22)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.view.commands.stack import at_frame, frame_count, frame_number
from viewer_py.view.state import ViewerState

DEFAULT_RATE = 15.0
_LONGEST_STEP = 0.5  # seconds; after a pause of the tab cine goes on instead of leaping


@dataclass(frozen=True)
class CineClock:
    """Time that has passed and was not yet shown, in seconds."""

    owed: float = 0.0


def rate_of(frame: FrameAttributes) -> float:
    """Return the frame's own rate from Frame Time (0018,1063, ms), or the default."""
    if frame.frame_time and frame.frame_time > 0:
        return min(max(1000.0 / frame.frame_time, 1.0), 60.0)
    return DEFAULT_RATE


def advance(
    state: ViewerState,
    clock: CineClock,
    elapsed: float,
    is_loaded: Callable[[int], bool],
) -> tuple[ViewerState, CineClock]:
    """Let `elapsed` seconds pass while cine plays, wrapping at the end of the series.

    A frame that is not loaded yet is waited for, never skipped.
    """
    count = frame_count(state)
    if not state.playing or count < 2:
        return state, CineClock()
    owed = clock.owed + min(elapsed, _LONGEST_STEP)
    steps = int(owed * state.frames_per_second)
    frame_index = frame_number(state)
    for _ in range(steps):
        following = (frame_index + 1) % count
        if not is_loaded(following):
            break
        frame_index = following
    return at_frame(state, frame_index), CineClock(owed - steps / state.frames_per_second)
