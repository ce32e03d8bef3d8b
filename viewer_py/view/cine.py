"""Cine: how many frames to go on after so much time, and which way (动态播放; B-22, B-34)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.view.commands.stack import at_frame, frame_count, frame_number
from viewer_py.view.following import followed
from viewer_py.view.reading_modes import PlayDirection
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


def loop_range(state: ViewerState) -> tuple[int, int]:
    """Return the first and last image that cine shows, both in it."""
    last = max(frame_count(state) - 1, 0)
    playback = state.playback
    first = min(playback.first or 0, last)
    return first, max(min(last if playback.last is None else playback.last, last), first)


def following(frame_index: int, state: ViewerState) -> tuple[int, bool]:
    """Return the image that cine shows after `frame_index`, and whether it is on its way back.

    Outside the range it goes to its near end.
    """
    first, last = loop_range(state)
    playback = state.playback
    if not first <= frame_index <= last or first == last:
        return min(max(frame_index, first), last), playback.returning
    if playback.direction is PlayDirection.BOTH:
        back = frame_index >= last or (playback.returning and frame_index > first)
        return frame_index + (-1 if back else 1), back
    if playback.direction is PlayDirection.BACKWARD:
        return (last if frame_index == first else frame_index - 1), False
    return (first if frame_index == last else frame_index + 1), False


def advance(
    state: ViewerState,
    clock: CineClock,
    elapsed: float,
    is_loaded: Callable[[int], bool],
) -> tuple[ViewerState, CineClock]:
    """Let `elapsed` seconds pass while cine plays, from end to end of its range.

    A frame that is not loaded yet is waited for, never skipped.
    """
    count = frame_count(state)
    if not state.playing or count < 2:
        return state, CineClock()
    owed = clock.owed + min(elapsed, _LONGEST_STEP)
    steps = int(owed * state.frames_per_second)
    frame_index, after = frame_number(state), state
    for _ in range(steps):
        next_index, returning = following(frame_index, after)
        if not is_loaded(next_index):
            break
        frame_index = next_index
        if returning != after.playback.returning:
            after = replace(after, playback=replace(after.playback, returning=returning))
    shown = followed(state, at_frame(after, frame_index))
    return shown, CineClock(owed - steps / state.frames_per_second)
