"""Facts of the volumes in memory: how fine, how complete, what is at the cross-hair."""

from __future__ import annotations

from viewer_py.dicom.manifest import SeriesManifest, Vector3
from viewer_py.scene.facts import VolumeFacts
from viewer_py.volume.model import Volume


class SuvFactors:
    """The SUV factors of the PET series, worked out once a series."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[float, ...] | None, str]] = {}

    def of(self, series: SeriesManifest) -> tuple[tuple[float, ...] | None, str]:
        """Return a factor for each frame, or None and why there is none, in words."""
        if series.modality != "PT":
            return None, ""
        if series.series_id not in self._known:
            # Volumes come long after the first picture: nothing of them is imported before.
            from viewer_py.volume.suv import LABELS, suv_bw

            scale = suv_bw(series)
            words = "、".join(LABELS[reason].chinese for reason in scale.reasons)
            self._known[series.series_id] = (scale.factors, words)
        return self._known[series.series_id]


def volume_facts(
    series: SeriesManifest,
    volume: Volume | None,
    point: Vector3,
    factors: tuple[float, ...] | None,
    no_unit: str,
) -> VolumeFacts:
    """Return what is known of a volume, with the value of the voxel nearest to a point (LPS, mm).

    It is the value of that voxel itself, never an interpolated one (anchors, trap 14).
    """
    middle = len(series.frames) // 2
    unit_factor = None if factors is None else factors[middle]
    if volume is None:
        return VolumeFacts(total=len(series.frames), unit_factor=unit_factor, no_unit=no_unit)
    return VolumeFacts(
        reduction=volume.reduction,
        loaded=int(volume.present.sum()),
        total=len(volume.present),
        value=_value(series, volume, point, factors),
        unit_factor=unit_factor,
        no_unit=no_unit,
    )


def _value(
    series: SeriesManifest, volume: Volume, point: Vector3, factors: tuple[float, ...] | None
) -> str:
    # Volumes are looked into long after the first picture: nothing of them is imported before.
    from viewer_py.volume.fusion import value_unit, voxel_value

    value = voxel_value(volume, point)
    if value is None:
        return ""
    if series.modality == "PT" and factors is not None:
        return f"SUV {value * factors[0]:.2f}"  # of one series all are the same (suv.suv_bw)
    if series.modality in ("CT", "PT"):
        return f"{value:.0f} {value_unit(series)}".strip()
    return f"信号 {value:.0f}"
