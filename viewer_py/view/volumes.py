"""Which series can be reconstructed as a volume, and why the others cannot (B-36, B-40)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.view.command import CommandError
from viewer_py.view.state import ViewerState
from viewer_py.volume.model import VolumeGeometry, VolumeState


@dataclass(frozen=True)
class VolumeProfile:
    """From how many images of which modalities reformats are offered.

    From `always_from` images on they must work (B-40). Fewer are allowed down to `fewest` where
    the slices make a volume: below that a reformat is a strip of a few millimetres.
    """

    modalities: tuple[str, ...] = ("CT", "MR", "PT")
    always_from: int = 50
    fewest: int = 5


PROFILE = VolumeProfile()

# Machine words of `viewer_py.volume.states`, in the words that are shown.
REASONS = {
    "": "几何信息不足 / the geometry is not known well enough",
    "too-few-slices": "层数太少 / there are too few slices",
    "color": "彩色影像 / the images are in colour",
    "no-position": "影像没有空间位置信息 / the images do not say where they lie",
    "no-spacing": "没有像素间距 / the pixel spacing is not known",
    "mixed-frame-of-reference": "各层的参考坐标系不同 / the frames of reference differ",
    "mixed-orientation": "各层方向不同 / the slices are not parallel",
    "mixed-matrix": "各层矩阵大小不同 / the slices differ in size",
    "mixed-spacing": "各层像素间距不同 / the slices differ in pixel spacing",
    "duplicate-positions": "有多层位于同一位置 / several slices lie in one place",
}


def refusal(state: ViewerState, profile: VolumeProfile = PROFILE) -> str:
    """Return why the series in the active pane cannot be reconstructed; "" when it can.

    What its slices are to each other counts only once somebody has asked (`with_geometry`).
    """
    entry = next((one for one in state.catalogue if one.series_id == state.pane().series_id), None)
    if entry is None:
        return "影像尚未载入 / no image is loaded yet"
    if entry.modality not in profile.modalities:
        return (
            f"{entry.modality} 影像不能三维重建 / {entry.modality} images cannot be reconstructed"
        )
    if entry.frame_count < profile.fewest:
        return (
            f"只有 {entry.frame_count} 幅影像，不足以重建 / "
            f"{entry.frame_count} images are too few to reconstruct"
        )
    geometry = state.geometry(entry.series_id)
    return "" if geometry is None else geometry_refusal(geometry)


def geometry_refusal(geometry: VolumeGeometry) -> str:
    """Return why slices are no volume, in words; "" when they are one."""
    if geometry.state is not VolumeState.NOT_A_VOLUME:
        return ""
    chinese, _, english = REASONS.get(geometry.reason, REASONS[""]).partition(" / ")
    return f"不能重建：{chinese} / cannot be reconstructed: {english}"


def with_geometry(state: ViewerState, series_id: str, frame_index: int = 0) -> ViewerState:
    """Return the state that knows what the slices of a series are to each other.

    Where the series as a whole is no volume (a localiser among the slices, several phases), the
    stack that `frame_index` belongs to is taken. Raises CommandError while the series' manifest is
    not there.
    """
    known = state.geometry(series_id)
    if known is not None and (not known.frames or frame_index in known.frames):
        return state
    series = state.series_by_id(series_id)
    if series is None:
        raise CommandError("影像尚未载入 / no image is loaded yet")
    geometry = _geometry(series, frame_index)
    others = tuple(one for one in state.geometries if one[0] != series_id)
    return replace(state, geometries=(*others, (series_id, geometry)))


def _geometry(series: SeriesManifest, frame_index: int) -> VolumeGeometry:
    # Volumes are looked into long after the first picture: nothing of them is imported before.
    from viewer_py.volume.stacks import stack_of
    from viewer_py.volume.states import volume_geometry

    whole = volume_geometry(series.frames, series.frame_of_reference_uid)
    if whole.state is not VolumeState.NOT_A_VOLUME:
        return whole
    members = stack_of(series.frames, frame_index)
    if not PROFILE.fewest <= len(members) < len(series.frames):
        return whole
    stack = volume_geometry(series.frames, series.frame_of_reference_uid, members)
    return whole if stack.state is VolumeState.NOT_A_VOLUME else stack
