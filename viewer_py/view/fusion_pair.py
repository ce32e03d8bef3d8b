"""Which PET series is laid over which CT or MR: of one study and one frame of reference (B-46)."""

from __future__ import annotations

from dataclasses import dataclass

from viewer_py.dicom.geometry import dot
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.view.planes import extent
from viewer_py.view.state import ViewerState
from viewer_py.view.volumes import PROFILE, with_geometry
from viewer_py.volume.model import VolumeGeometry, VolumeState

_UNDER = ("CT", "MR")
_OVER = "PT"
_LEAST_OVERLAP = 0.1  # of the PET's length along the slices of the other


@dataclass(frozen=True)
class Pair:
    """A PET series and what it is laid over."""

    under: str
    over: str


@dataclass(frozen=True)
class Unknown:
    """The manifests of these series must be read before a pair can be chosen."""

    series_ids: tuple[str, ...]


def unlikely(state: ViewerState) -> str:
    """Return why the study cannot have a pair, as far as its list of series tells; "" if it may."""
    modalities = {entry.modality for entry in state.catalogue}
    if _OVER not in modalities:
        return "检查中没有 PET 序列 / the study has no PET series"
    if not modalities & set(_UNDER):
        return "检查中没有可与 PET 融合的 CT 或 MR / the study has no CT or MR to fuse with the PET"
    return ""


def choose_pair(state: ViewerState) -> tuple[ViewerState, Pair | Unknown | str]:
    """Return the pair for the active series, or what is still unknown, or in words why none is.

    The state that is returned too knows the geometries that were looked at. Both must be volumes
    in one frame of reference and overlap; a frame of reference that is not stated is no one's
    (anchors, trap 18). An attenuation-corrected PET and the CT with the most slices come first.
    """
    unread = _unread(state)
    if unread:
        return state, Unknown(unread)
    state, volumes = _volumes(state)
    pairs = [
        (under, over)
        for over in volumes
        if over.modality == _OVER
        for under in volumes
        if under.modality in _UNDER and _fit_together(state, under, over)
    ]
    active = state.pane().series_id
    shown = [pair for pair in pairs if active in (pair[0].series_id, pair[1].series_id)]
    if not pairs:
        return state, (
            "PET 与 CT/MR 不在同一参考坐标系，或不能重建，无法融合 / "
            "the PET shares its frame of reference with no CT or MR that is a volume"
        )
    under, over = max(shown or pairs, key=lambda pair: _worth(*pair))
    return state, Pair(under.series_id, over.series_id)


def _unread(state: ViewerState) -> tuple[str, ...]:
    return tuple(
        entry.series_id
        for entry in state.catalogue
        if entry.modality in (*_UNDER, _OVER)
        and entry.frame_count >= PROFILE.fewest
        and state.series_by_id(entry.series_id) is None
    )


def _volumes(state: ViewerState) -> tuple[ViewerState, list[SeriesManifest]]:
    volumes = []
    for series in state.series:
        if series.modality not in (*_UNDER, _OVER) or len(series.frames) < PROFILE.fewest:
            continue
        state = with_geometry(state, series.series_id)
        geometry = state.geometry(series.series_id)
        if geometry is not None and geometry.state is not VolumeState.NOT_A_VOLUME:
            volumes.append(series)
    return state, volumes


def _fit_together(state: ViewerState, under: SeriesManifest, over: SeriesManifest) -> bool:
    below, above = state.geometry(under.series_id), state.geometry(over.series_id)
    if below is None or above is None:
        return False
    # Volumes are looked into long after the first picture: nothing of them is imported before.
    from viewer_py.volume.fusion import fusion_hindrance

    return fusion_hindrance(below, above) is None and _overlap(below, above) >= _LEAST_OVERLAP


def _overlap(below: VolumeGeometry, above: VolumeGeometry) -> float:
    """Return the share of the PET's slices' way that the other covers too."""
    low, high = extent(above, above.normal)
    other_low, other_high = extent(below, above.normal)
    if abs(dot(below.normal, above.normal)) < 0.5:
        return 1.0 if other_low < high and low < other_high else 0.0
    shared = min(high, other_high) - max(low, other_low)
    return max(shared, 0.0) / max(high - low, 1e-6)


def _worth(under: SeriesManifest, over: SeriesManifest) -> tuple[bool, bool, int, int]:
    corrected = over.pet is not None and "ATTN" in over.pet.corrected_image
    return corrected, under.modality == "CT", len(under.frames), len(over.frames)
