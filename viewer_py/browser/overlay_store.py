"""The overlay planes that have arrived, as masks for the renderers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.dicom.overlays import Planes, from_bytes
from viewer_py.pixels.overlays import mask
from viewer_py.scene.overlays import PREFIX

MASKS_KEPT = 4

Mask = NDArray[np.uint8]


class OverlayStore:
    """Planes by series and frame; the masks drawn last are kept."""

    def __init__(self, series: Callable[[str], SeriesManifest | None]) -> None:
        self._series = series
        self._planes: dict[str, dict[int, Planes]] = {}
        self._masks: OrderedDict[tuple[str, int], Mask] = OrderedDict()

    def take(self, series_id: str, data: bytes) -> frozenset[int]:
        """Keep the planes of a series; return its frames that have some. Raises OverlayError."""
        found = from_bytes(data)
        self._planes[series_id] = found
        return frozenset(found)

    def mask(self, layer_series_id: str, frame_index: int) -> Mask | None:
        """Return the mask of an overlay layer, 0 or 255; None for what is no overlay layer."""
        series_id = layer_series_id.removeprefix(PREFIX)
        series = self._series(series_id)
        planes = self._planes.get(series_id, {}).get(frame_index)
        if series_id == layer_series_id or series is None or planes is None:
            return None
        key = (series_id, frame_index)
        if key not in self._masks:
            frame = series.frames[frame_index]
            drawn = mask(planes, frame.rows, frame.columns)
            self._masks[key] = drawn.astype(np.uint8) * np.uint8(255)
            while len(self._masks) > MASKS_KEPT:
                self._masks.popitem(last=False)
        self._masks.move_to_end(key)
        return self._masks[key]

    def clear(self) -> None:
        """Forget everything."""
        self._planes.clear()
        self._masks.clear()
