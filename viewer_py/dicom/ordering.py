"""The order in which the frames of a series are read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from viewer_py.dicom.geometry import dot, slice_normal
from viewer_py.dicom.manifest import FrameAttributes, Vector3

# Normals closer than this (2.6 degrees) belong to one stack.
PARALLEL_COSINE = 0.999
# Slices closer than this along the normal, in mm, lie at the same place.
SAME_PLACE_MM = 0.01

_LAST = 1 << 62


@dataclass
class _Stack:
    """Frames whose planes are parallel, by their index; `normal` None: their planes are unknown."""

    normal: Vector3 | None
    members: list[int] = field(default_factory=list)


def reading_order(frames: Sequence[FrameAttributes]) -> tuple[int, ...]:
    """Return the indices of `frames` in reading order; each index occurs once.

    * Parallel slices are sorted by the projection of Image Position (Patient) on the slice normal,
      in the direction in which their instance numbers grow (along the normal when these do not
      tell), so that the order is geometric and "image 12" of a report is still the twelfth.
    * When every place is taken the same number of times (phases, b-values), one pass through the
      places follows the other; else frames at one place follow each other by instance number.
    * Frames of several orientations (localisers) form one stack an orientation, the stacks in the
      order of their first instance number.
    * Frames without position or orientation are sorted by instance number, then frame number.

    Ties keep the order given.
    """
    by_number = sorted(range(len(frames)), key=lambda index: _number(frames[index]))
    order: list[int] = []
    for stack in _stacks(frames, by_number):
        order.extend(_stack_order(frames, stack))
    return tuple(order)


def _number(frame: FrameAttributes) -> tuple[int, int]:
    number = _LAST if frame.instance_number is None else frame.instance_number
    return number, frame.frame_number


def _stacks(frames: Sequence[FrameAttributes], indices: Iterable[int]) -> list[_Stack]:
    """Split the frames into stacks, in the order in which each first occurs."""
    stacks: list[_Stack] = []
    for index in indices:
        normal = _normal(frames[index])
        stack = next((one for one in stacks if _belongs(normal, one)), None)
        if stack is None:
            stack = _Stack(normal)
            stacks.append(stack)
        stack.members.append(index)
    return stacks


def _normal(frame: FrameAttributes) -> Vector3 | None:
    position = frame.image_position_patient
    if position is None or not all(math.isfinite(part) for part in position):
        return None
    return slice_normal(frame)


def _belongs(normal: Vector3 | None, stack: _Stack) -> bool:
    if normal is None or stack.normal is None:
        return normal is stack.normal
    return dot(normal, stack.normal) >= PARALLEL_COSINE


def _stack_order(frames: Sequence[FrameAttributes], stack: _Stack) -> list[int]:
    """Order one stack; its members come by instance number."""
    if stack.normal is None:
        return stack.members
    projections = _projections(frames, stack, stack.normal)
    places = _places(stack.members, projections)
    if _falls(frames, stack.members, projections):
        places.reverse()
    passes = len(places[0])
    if all(len(place) == passes for place in places):
        return [place[number] for number in range(passes) for place in places]
    return [index for place in places for index in place]


def _projections(
    frames: Sequence[FrameAttributes], stack: _Stack, normal: Vector3
) -> dict[int, float]:
    """Return how far along the normal each frame lies, in mm."""
    positions = {index: frames[index].image_position_patient for index in stack.members}
    return {index: dot(at, normal) for index, at in positions.items() if at is not None}


def _places(members: list[int], projections: dict[int, float]) -> list[list[int]]:
    """Return the frames place by place along the normal, those of one place in order given."""
    places: list[list[int]] = []
    start = 0.0
    for index in sorted(members, key=lambda member: projections[member]):
        if places and projections[index] - start <= SAME_PLACE_MM:
            places[-1].append(index)
            continue
        places.append([index])
        start = projections[index]
    rank = {index: position for position, index in enumerate(members)}
    return [sorted(place, key=lambda member: rank[member]) for place in places]


def _falls(
    frames: Sequence[FrameAttributes], members: list[int], projections: dict[int, float]
) -> bool:
    """Say whether the projection falls, over all, while the instance number grows.

    The sign of their covariance; frames without a number have no say.
    """
    numbered = [index for index in members if frames[index].instance_number is not None]
    ranks = {
        number: rank for rank, number in enumerate(sorted({_number(frames[i]) for i in numbered}))
    }
    middle = sum(ranks[_number(frames[index])] for index in numbered) / max(len(numbered), 1)
    covariance = sum(
        (ranks[_number(frames[index])] - middle) * projections[index] for index in numbered
    )
    return covariance < -SAME_PLACE_MM
