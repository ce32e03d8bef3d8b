"""How much memory the viewer may take on which device (design §4; phone ≤ 300 MB in all)."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class MemoryBudget:
    """Bytes for decoded frames in the Python heap, and for textures on the GPU."""

    frames: int
    textures: int


PHONE = MemoryBudget(frames=32 * MEBIBYTE, textures=24 * MEBIBYTE)
TABLET = MemoryBudget(frames=256 * MEBIBYTE, textures=64 * MEBIBYTE)
DESKTOP = MemoryBudget(frames=640 * MEBIBYTE, textures=192 * MEBIBYTE)

_PHONE_SCREEN = 600  # CSS pixels, the shorter side


def budget_for(*, touch: bool, shorter_side: float, gigabytes: float | None) -> MemoryBudget:
    """Return the budget of a device.

    `gigabytes` is navigator.deviceMemory where the browser tells it (never more than 8).
    """
    if touch and shorter_side < _PHONE_SCREEN:
        return PHONE
    if touch or (gigabytes is not None and gigabytes <= 4):
        return TABLET
    return DESKTOP
