"""What a scene says beyond the state: facts of the pixels, told by whoever holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from viewer_py.measure.model import Measurement


@dataclass(frozen=True)
class VolumeFacts:
    """A volume as far as it is in memory.

    `reduction` is (slices, rows, columns) of the original per voxel; `value` the words of what was
    read at the cross-hair, "" where there is nothing; `unit_factor` turns modality values into the
    unit that is shown (SUV), None where there is none, with the reason in `no_unit`.
    """

    reduction: tuple[int, int, int] = (1, 1, 1)
    loaded: int = 0
    total: int = 0
    value: str = ""
    unit_factor: float | None = None
    no_unit: str = ""


@dataclass(frozen=True)
class Facts:
    """What is known of the volumes, by series, and how finely a moving picture is drawn.

    `detail` is samples a device pixel along each axis of planes, `rendering_detail` of renderings;
    below 1 while something moves, and with `resting` because the device is too slow for more.
    `measurements` are the numbers of annotations, by their ids.
    """

    volumes: Mapping[str, VolumeFacts] = field(default_factory=dict)
    detail: float = 1.0
    rendering_detail: float = 1.0
    resting: bool = False
    measurements: Mapping[str, Measurement] = field(default_factory=dict)

    def of(self, series_id: str) -> VolumeFacts:
        """Return what is known of one series' volume."""
        return self.volumes.get(series_id, VolumeFacts())


NO_FACTS = Facts()
