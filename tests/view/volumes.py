"""Small volumes in every state of geometry, with padding and awkward spacings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.volume.model import Volume, VolumeGeometry, VolumeState

ROWS, COLUMNS, SLICES = 40, 56, 24
SPACING = (0.75, 2.5 / 2, 2.5)  # between columns, rows and slices, mm


@dataclass
class Shelf:
    """Sources made of dictionaries."""

    frames: dict[tuple[str, int], NDArray[Any]] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)

    def frame(self, series_id: str, frame_index: int) -> NDArray[Any] | None:
        return self.frames.get((series_id, frame_index))

    def volume(self, series_id: str) -> Volume | None:
        return self.volumes.get(series_id)


def frame_of(values: NDArray[Any], **attributes: object) -> FrameAttributes:
    chosen: dict[str, object] = {
        "signed": values.dtype.kind == "i",
        "window_center": (40.0,),
        "window_width": (400.0,),
        "smallest_value": int(values.min()),
        "largest_value": int(values.max()),
        "rescale_type": "HU",
    }
    return FrameAttributes("1.2", 1, *values.shape[-2:], **{**chosen, **attributes})  # type: ignore[arg-type]


def geometry(state: VolumeState = VolumeState.REGULAR, size: int = SLICES) -> VolumeGeometry:
    across, down, between = SPACING
    places = np.arange(size) * between
    gaps: tuple[int, ...] = ()
    if state is VolumeState.IRREGULAR:
        places = np.cumsum(np.resize([2.5, 4.0, 1.0, 3.0], size)) - 2.5
    if state is VolumeState.MISSING_SLICES:
        places = places + np.where(np.arange(size) > 9, 3 * between, 0)
        gaps = (9,)
    shift = 0.35 if state is VolumeState.TILTED else 0.0
    return VolumeGeometry(
        state,
        frames=tuple(range(size)),
        rows=ROWS,
        columns=COLUMNS,
        column_step=(across, 0.0, 0.0),
        row_step=(0.0, down, 0.0),
        normal=(0.0, 0.0, 1.0),
        corners=tuple((-20.0, -25.0 + shift * float(z), 5.0 + float(z)) for z in places),
        positions=tuple(map(float, places)),
        nominal_distance=between,
        gaps=gaps,
        frame_of_reference_uid="1.9",
    )


def body(dtype: str = "i2", seed: int = 1, size: int = SLICES) -> NDArray[Any]:
    """Return soft and noisy shapes, from about -1000 to 1500 (positive if unsigned)."""
    z, y, x = np.meshgrid(
        np.linspace(-1, 1, size), np.linspace(-1, 1, ROWS), np.linspace(-1, 1, COLUMNS),
        indexing="ij",
    )  # fmt: skip
    radius = np.sqrt(x**2 + y**2 + 0.6 * z**2)
    values = -1000 + 1080 / (1 + np.exp((radius - 0.75) * 14))
    values += 1200 * np.exp(-(((x - 0.2) ** 2 + (y + 0.1) ** 2) * 30))
    values += np.random.default_rng(seed).normal(0, 12, values.shape)
    if dtype[0] == "u":
        values = (values + 1100) * (0.08 if dtype == "u1" else 1.0)
    return np.rint(values).astype(dtype) if dtype[0] in "iu" else values.astype(dtype)


def volume(
    series_id: str = "ct",
    state: VolumeState = VolumeState.REGULAR,
    values: NDArray[Any] | None = None,
    **attributes: Any,
) -> Volume:
    chosen = body() if values is None else values
    frame = attributes.pop("frame", None) or frame_of(chosen)
    present = attributes.pop("present", np.ones(len(chosen), dtype=np.bool_))
    place = geometry(state, len(chosen))
    return Volume(series_id, place, chosen, present, frame, **attributes)
