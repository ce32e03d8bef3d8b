"""Transfer functions of volume rendering (3D重建, B-47): which modality value has which colour.

A preset is a line through points of (modality value, colour, opacity of a millimetre). Its values
are Hounsfield units; where a volume has other units, or a window is given, the points are moved and
stretched so that their whole range is the window's. Values beyond the ends take the end's colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels.voi import Window, bounds, default_window

ENTRIES = 1024
# The least range of values that a table spans, as a share of its first value.
SMALLEST_SPAN = 1e-6
HOUNSFIELD = "HU"

Color = tuple[float, float, float]


@dataclass(frozen=True)
class TransferPoint:
    """A modality value, its colour (RGB, 0…1), and how much one millimetre of it hides (0…1)."""

    value: float
    color: Color
    opacity: float


@dataclass(frozen=True)
class RenderingPreset:
    """A named transfer function; `label` is its Chinese name.

    `shaded` lights surfaces by the gradient. With `projection` nothing is composited: the largest
    value of each ray is drawn in its colour, opacities mean nothing.
    """

    name: str
    label: str
    points: tuple[TransferPoint, ...]
    shaded: bool = True
    projection: bool = False


def _points(*rows: tuple[float, Color, float]) -> tuple[TransferPoint, ...]:
    return tuple(TransferPoint(value, color, opacity) for value, color, opacity in rows)


_DENSEST = (1200.0, (1.00, 0.98, 0.92), 0.98)  # cortical bone, in every preset that shows it
_BONE = _points(
    (140.0, (0.55, 0.25, 0.15), 0.0),
    (220.0, (0.80, 0.55, 0.35), 0.25),
    (400.0, (0.95, 0.86, 0.70), 0.80),
    _DENSEST,
)
_VESSELS = _points(
    (110.0, (0.45, 0.05, 0.05), 0.0),
    (170.0, (0.75, 0.15, 0.10), 0.20),
    (300.0, (0.95, 0.40, 0.25), 0.70),
    (500.0, (1.00, 0.85, 0.70), 0.90),
    _DENSEST,
)
_SKIN = _points(
    (-400.0, (0.70, 0.45, 0.35), 0.0),
    (-150.0, (0.90, 0.68, 0.55), 0.35),
    (50.0, (0.95, 0.75, 0.62), 0.80),
    (300.0, (1.00, 0.92, 0.85), 0.95),
)
_LUNG = _points(
    (-980.0, (0.20, 0.30, 0.45), 0.0),
    (-880.0, (0.35, 0.50, 0.65), 0.004),
    (-600.0, (0.65, 0.75, 0.85), 0.03),
    (-350.0, (0.95, 0.85, 0.80), 0.10),
    (-150.0, (0.95, 0.70, 0.60), 0.0),
)
_BLACK_TO_WHITE = _points((-100.0, (0.0, 0.0, 0.0), 0.0), (700.0, (1.0, 1.0, 1.0), 1.0))

_PRESETS = (
    RenderingPreset("bone", "骨骼", _BONE),
    RenderingPreset("vessels", "血管", _VESSELS),
    RenderingPreset("skin", "皮肤软组织", _SKIN),
    RenderingPreset("lung", "肺", _LUNG),
    RenderingPreset("mip", "最大密度投影", _BLACK_TO_WHITE, shaded=False, projection=True),
)

PRESETS = {preset.name: preset for preset in _PRESETS}


@dataclass(frozen=True)
class TransferTable:
    """A transfer function written out: entry round((value - first) · per_value), limited.

    `colors` (ENTRIES, 3) and `opacities` (ENTRIES,) are float32, 0…1; an opacity is that of a
    millimetre. `shaded` and `projection` are the preset's.
    """

    first: float
    per_value: float
    colors: NDArray[np.float32]
    opacities: NDArray[np.float32]
    shaded: bool
    projection: bool

    def of_step(self, step_mm: float) -> NDArray[np.float32]:
        """Return what a sample hides that stands for `step_mm` (ENTRIES,), 0…1."""
        clear = (1.0 - self.opacities.astype(np.float64)) ** step_mm
        return (1.0 - clear).astype(np.float32)

    def entries(self, values: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return the entry of each modality value."""
        scaled = (values - np.float32(self.first)) * np.float32(self.per_value)
        limited = np.clip(np.floor(scaled + np.float32(0.5)), 0, ENTRIES - 1)
        entries: NDArray[np.intp] = limited.astype(np.intp)
        return entries


def transfer_table(
    preset: RenderingPreset, frame: FrameAttributes, window: Window | None = None
) -> TransferTable:
    """Return a preset written out for the modality values of a volume whose frame is `frame`.

    Raises ValueError for a preset without two points that ascend.
    """
    values = np.array([point.value for point in preset.points])
    if len(values) < 2 or (np.diff(values) <= 0).any():
        raise ValueError("the points of a preset must ascend")
    low, high = _range(preset, frame, window)
    at = np.linspace(values[0], values[-1], ENTRIES)
    colors = [
        np.interp(at, values, [point.color[channel] for point in preset.points])
        for channel in range(3)
    ]
    opacities = np.interp(at, values, [point.opacity for point in preset.points])
    return TransferTable(
        first=low,
        per_value=(ENTRIES - 1) / (high - low),
        colors=np.stack(colors, axis=-1).astype(np.float32),
        opacities=opacities.astype(np.float32),
        shaded=preset.shaded,
        projection=preset.projection,
    )


def _range(
    preset: RenderingPreset, frame: FrameAttributes, window: Window | None
) -> tuple[float, float]:
    """Return the modality values of the first and the last point."""
    if window is None and not is_hounsfield(frame):
        window = default_window(frame)
    if window is None:
        return preset.points[0].value, preset.points[-1].value
    low, high = bounds(window)
    # The narrowest LINEAR window is a threshold without a width: here too.
    return low, max(high, low + SMALLEST_SPAN * max(abs(low), 1.0))


def is_hounsfield(frame: FrameAttributes) -> bool:
    """Say whether modality values are Hounsfield units: stated, or a rescaled X-ray section."""
    if frame.rescale_type:
        return frame.rescale_type == HOUNSFIELD
    return frame.kvp is not None and frame.rescale_intercept < 0
