"""Pseudo-colour: from a grey of 0…255 to a colour (B-35, C-23).

The four maps that DICOM names (PS3.6 B.1) are straight lines between a few points, as its
descriptions say, or twenty equal steps; the others are formulas. A map is applied after the window
and all inversions: the grey ramp 0…255 becomes the map itself, and without a map grey stays grey.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Channel = tuple[tuple[int, int], ...]
Colors = NDArray[np.uint8]

_RAMP = np.arange(256)

# (grey, level) of each corner, red, green and blue (PS3.6 B.1.1 to B.1.3).
_HOT_IRON = (((0, 0), (128, 255)), ((128, 0), (255, 255)), ((191, 0), (255, 255)))
_PET = (
    ((63, 0), (64, 1), (192, 255)),
    ((0, 0), (63, 128), (128, 0), (255, 255)),
    ((0, 0), (128, 255), (192, 0), (255, 255)),
)
_HOT_METAL_BLUE = (
    ((85, 0), (104, 55), (120, 93), (153, 190), (170, 255)),
    ((119, 0), (252, 250), (255, 255)),
    ((0, 0), (102, 200), (119, 150), (136, 50), (153, 0), (170, 0), (240, 206), (255, 255)),
)
# The colour of each twentieth (PS3.6 B.1.4).
_PET_20_STEP = (
    (0, 0, 0),
    (96, 0, 80),
    (48, 48, 80),
    (48, 48, 112),
    (80, 80, 128),
    (96, 96, 176),
    (112, 112, 192),
    (128, 128, 224),
    (48, 96, 48),
    (48, 144, 48),
    (80, 192, 80),
    (64, 224, 64),
    (224, 224, 80),
    (208, 208, 96),
    (208, 176, 64),
    (208, 144, 0),
    (192, 96, 0),
    (176, 48, 0),
    (255, 0, 0),
    (255, 255, 255),
)


def _lines(*channels: Channel) -> Colors:
    """Return straight lines between the corners, level beyond the outer ones."""
    levels = []
    for corners in channels:
        places, heights = np.array(corners).T
        levels.append(np.interp(_RAMP, places, heights))
    return _whole(np.stack(levels, axis=1))


def _steps(colors: tuple[tuple[int, int, int], ...]) -> Colors:
    starts = np.ceil(np.arange(1, len(colors)) * 255 / len(colors))
    return _whole(np.array(colors)[np.searchsorted(starts, _RAMP, side="right")])


def _rainbow() -> Colors:
    """Return blue, cyan, green, yellow, red: three trapezia, each a quarter from the next."""
    place = _RAMP / 255.0
    centers = (0.75, 0.5, 0.25)
    levels = [255 * np.clip(1.5 - np.abs(4 * (place - center)), 0, 1) for center in centers]
    return _whole(np.stack(levels, axis=1))


def _cubehelix(start: float = 0.5, rotations: float = -1.5, hue: float = 1.2) -> Colors:
    """Return a helix about the grey axis whose brightness grows evenly (Green 2011, BASI 39, 289).

    It stays readable in grey, and for eyes that tell red from green badly.
    """
    place = _RAMP / 255.0
    angle = 2 * np.pi * (start / 3 + rotations * place)
    radius = hue * place * (1 - place) / 2
    turns = np.array([[-0.14861, 1.78277], [-0.29227, -0.90649], [1.97294, 0.0]])
    swing = turns @ np.stack((np.cos(angle), np.sin(angle)))
    return _whole(255 * np.clip(place + radius * swing, 0, 1).T)


def _whole(levels: NDArray[Any]) -> Colors:
    colors = np.floor(levels + 0.5).astype(np.uint8)
    colors.setflags(write=False)
    return colors


# Name → 256 colours, (256, 3) RGB; the names are those of commands.
COLOR_MAPS: dict[str, Colors] = {
    "grey": _lines(*[((0, 0), (255, 255))] * 3),
    "hot_iron": _lines(*_HOT_IRON),
    "pet": _lines(*_PET),
    "hot_metal_blue": _lines(*_HOT_METAL_BLUE),
    "pet_20_step": _steps(_PET_20_STEP),
    "rainbow": _rainbow(),
    "cubehelix": _cubehelix(),
}

# Name → what stands in a menu, in Chinese and English.
LABELS: dict[str, tuple[str, str]] = {
    "grey": ("灰阶", "Grey"),
    "hot_iron": ("热铁", "Hot iron"),
    "pet": ("PET", "PET"),
    "hot_metal_blue": ("蓝热", "Hot metal blue"),
    "pet_20_step": ("PET 20 阶", "PET 20 step"),
    "rainbow": ("彩虹", "Rainbow"),
    "cubehelix": ("匀亮彩", "Cubehelix"),
}


def colors_of(name: str) -> Colors:
    """Return the (256, 3) uint8 table of a map; "" is grey. Raises KeyError for an unknown one."""
    return COLOR_MAPS[name or "grey"]


def colored(greys: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """Return the colours of greys, of any shape, RGB in a further last axis. Raises KeyError."""
    return np.take(colors_of(name), greys, axis=0)
