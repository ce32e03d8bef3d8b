"""The stacks of a series: its frames in groups of which each can be a volume of its own.

A series may hold several orientations (localiser and slices), several echoes, or several passes
through the same places (phases, b-values). Reconstructions take one such group at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from viewer_py.dicom.geometry import dot, image_axes, slice_normal
from viewer_py.dicom.manifest import FrameAttributes, Vector3
from viewer_py.dicom.ordering import SAME_PLACE_MM
from viewer_py.volume.states import SAME_DIRECTION, SAME_SPACING, is_position, spaces

# Passes told apart by their numbers count when each has at least this share of all places.
LEAST_SHARE = 0.8

_LAST = 1 << 62


@dataclass
class _Group:
    """Frames of one kind and space; `first` is one of them."""

    first: FrameAttributes
    space: str
    members: list[int] = field(default_factory=list)


def stacks(frames: Sequence[FrameAttributes]) -> tuple[tuple[int, ...], ...]:
    """Return groups of frame indices; in each, no two frames lie at the same place.

    The frames of a group are parallel and of one matrix, spacing and frame of reference, and come
    along their normal. Groups come in the order of their first frame in `frames`. Colour frames and
    frames without position or orientation are in none.
    """
    groups: list[_Group] = []
    named = spaces(frames)
    for index, frame in enumerate(frames):
        if slice_normal(frame) is None or not is_position(frame.image_position_patient):
            continue
        if frame.samples_per_pixel != 1:
            continue
        group = next(
            (one for one in groups if one.space == named[index] and _alike(one.first, frame)),
            None,
        )
        if group is None:
            group = _Group(frame, named[index])
            groups.append(group)
        group.members.append(index)
    split = [part for group in groups for part in _passes(frames, group.members)]
    return tuple(sorted(split, key=min))


def stack_of(frames: Sequence[FrameAttributes], frame_index: int) -> tuple[int, ...]:
    """Return the stack that a frame belongs to; empty when it is in none."""
    return next((stack for stack in stacks(frames) if frame_index in stack), ())


def _alike(one: FrameAttributes, other: FrameAttributes) -> bool:
    if (one.rows, one.columns) != (other.rows, other.columns):
        return False
    axes = np.array(image_axes(one)) - np.array(image_axes(other))
    return bool(np.abs(axes).max() <= SAME_DIRECTION) and _same_spacing(one, other)


def _same_spacing(one: FrameAttributes, other: FrameAttributes) -> bool:
    if one.pixel_spacing is None or other.pixel_spacing is None:
        return one.pixel_spacing is other.pixel_spacing
    pairs = zip(one.pixel_spacing, other.pixel_spacing, strict=True)
    return all(abs(a - b) <= SAME_SPACING * abs(a) for a, b in pairs)


def _passes(frames: Sequence[FrameAttributes], members: list[int]) -> list[tuple[int, ...]]:
    """Split alike frames into passes through their places."""
    normal = slice_normal(frames[members[0]])
    assert normal is not None
    at = {index: _along(frames[index], normal) for index in members}
    places = _places(members, at)
    most = max(map(len, places))
    if most == 1:
        return [tuple(place[0] for place in places)]
    for split in (_by_echo(frames, members), _by_runs(frames, members, places)):
        if len(split) == most and all(_complete(part, at, len(places)) for part in split):
            return [tuple(sorted(part, key=at.__getitem__)) for part in split]
    ranked = [sorted(place, key=lambda index: _number(frames[index])) for place in places]
    return [tuple(place[turn] for place in ranked if turn < len(place)) for turn in range(most)]


def _along(frame: FrameAttributes, normal: Vector3) -> float:
    assert frame.image_position_patient is not None
    return dot(frame.image_position_patient, normal)


def _places(members: list[int], at: dict[int, float]) -> list[list[int]]:
    places: list[list[int]] = []
    for index in sorted(members, key=at.__getitem__):
        if places and at[index] - at[places[-1][0]] <= SAME_PLACE_MM:
            places[-1].append(index)
        else:
            places.append([index])
    return places


def _complete(part: list[int], at: dict[int, float], place_count: int) -> bool:
    """Say whether frames lie at different places, and at most of them."""
    where = sorted(at[index] for index in part)
    apart = all(b - a > SAME_PLACE_MM for a, b in pairwise(where))
    return apart and len(part) >= LEAST_SHARE * place_count


def _number(frame: FrameAttributes) -> tuple[int, int]:
    number = _LAST if frame.instance_number is None else frame.instance_number
    return number, frame.frame_number


def _by_echo(frames: Sequence[FrameAttributes], members: list[int]) -> list[list[int]]:
    parts: dict[float | None, list[int]] = {}
    for index in members:
        parts.setdefault(frames[index].echo_time, []).append(index)
    return list(parts.values())


def _by_runs(
    frames: Sequence[FrameAttributes], members: list[int], places: list[list[int]]
) -> list[list[int]]:
    """Split frames by number: a new run begins where a place comes again."""
    place_of = {index: number for number, place in enumerate(places) for index in place}
    runs: list[list[int]] = []
    seen: set[int] = set()
    for index in sorted(members, key=lambda one: _number(frames[one])):
        if not runs or place_of[index] in seen:
            runs.append([])
            seen = set()
        runs[-1].append(index)
        seen.add(place_of[index])
    return runs
