"""Words of what was done to what is shown: corrected, incomplete, coarser, uncalibrated."""

from __future__ import annotations

from viewer_py.dicom.calibration import CalibrationState, spacing
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.scene.facts import Facts, VolumeFacts
from viewer_py.volume.model import VolumeGeometry, VolumeState

_UNCALIBRATED = {
    CalibrationState.ERROR: "校准信息矛盾，不显示比例尺",
    CalibrationState.UNKNOWN: "未校准，无比例尺",
    CalibrationState.ASPECT_ONLY: "未校准，无比例尺",
}


def stack_badges(frame: FrameAttributes) -> tuple[str, ...]:
    """Return why an image has no scale bar, if it has none."""
    words = _UNCALIBRATED.get(spacing(frame).state)
    return () if words is None else (words,)


def geometry_badges(geometry: VolumeGeometry, frame_count: int) -> tuple[str, ...]:
    """Return in words what was corrected of the slices, left out, or is missing between them."""
    words = []
    if len(geometry.frames) < frame_count:
        words.append(f"仅重建同组的 {len(geometry.frames)} / {frame_count} 幅")
    if geometry.tilt_degrees:
        words.append(f"层面倾斜 {geometry.tilt_degrees:.1f}°，已校正")
    if geometry.missing_slices:
        words.append(f"缺少 {geometry.missing_slices} 层，空缺处不插补")
    if geometry.state is VolumeState.IRREGULAR:
        words.append("层间距不均，已插值")
        if geometry.gaps:
            words.append(f"有 {len(geometry.gaps)} 处空缺，不插补")
    return tuple(words)


def resolution_badges(facts: VolumeFacts) -> tuple[str, ...]:
    """Return in words how much coarser than the images the volume is, if it is."""
    coarsest = max(facts.reduction)
    return () if coarsest == 1 else (f"内存有限，以 1/{coarsest} 分辨率重建",)


def pace_badges(facts: Facts) -> tuple[str, ...]:
    """Return in words how much coarser a picture at rest is than the screen, if it is."""
    if not facts.resting or facts.detail >= 1.0:
        return ()
    return (f"设备较慢，以 {facts.detail:.0%} 精细度显示",)


def loading_badges(facts: VolumeFacts) -> tuple[str, ...]:
    """Return in words how many slices are still to come, if any are."""
    if facts.loaded >= facts.total:
        return ()
    return (f"载入中 {facts.loaded} / {facts.total} 层",)
