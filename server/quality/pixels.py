"""Facts of the pixels of a prepared series, from the very frames that readers are sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from server.imaging import codec, delivery
from server.imaging.decode import DecodeError
from server.imaging.frames import display
from server.model import Series
from server.quality import figures
from server.quality.facts import Figure, FrameFacts, SeriesFacts
from server.quality.scorers import SampledFrame
from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest
from viewer_py.dicom.pack import HEAD, read_head
from viewer_py.pixels.modality import UnsupportedPixelsError, rescale
from viewer_py.volume.states import volume_geometry

if TYPE_CHECKING:
    from server.cloud import ImageCloud

SAMPLED = 5  # frames of a series that figures are computed of, evenly spread
_UNITS = {"rise_distance": "{pixels}", "resolution": "mm"}
_MOST_GREYS = 1 << 16
_MOST_SAMPLES = 1 << 21  # a larger frame is looked at in its middle


@dataclass
class SeriesPixels:
    """What was found: facts, digests of pixels by SOP Instance UID, sampled frames."""

    facts: SeriesFacts
    digests: dict[str, str] = field(default_factory=dict)
    sampled: tuple[SampledFrame, ...] = ()


def look_at(
    cloud: ImageCloud, session: Session, series: Series, label: str, *, keep_frames: bool
) -> SeriesPixels:
    """Decode all frames of a prepared series, one in memory at a time.

    `keep_frames` keeps the sampled frames, for scorers. Raises StorageError, ValueError.
    """
    manifest = delivery.series_manifest(cloud, session, series)
    chosen = _spread(len(manifest.frames))
    frames: list[FrameFacts] = []
    measured: list[dict[str, float]] = []
    hashed: dict[str, list[tuple[int, bytes]]] = {}
    kept: list[SampledFrame] = []
    for index, stored in _stored(cloud, session, series, manifest):
        attributes = manifest.frames[index]
        values = _modality_values(stored, attributes) if index in chosen else None
        frames.append(_frame_facts(stored, values))
        if stored.min() != stored.max():
            digest = hashlib.sha256(repr((stored.dtype.str, stored.shape)).encode())
            digest.update(np.ascontiguousarray(stored).data)
            entry = hashed.setdefault(attributes.sop_instance_uid, [])
            entry.append((attributes.frame_number, digest.digest()))
        if values is not None and values.size:
            measured.append(_measure(values, stored, attributes))
            if keep_frames:
                small = values.astype(np.float32)
                kept.append(SampledFrame(label, series.modality, attributes, small))
    facts = _series_facts(series, label, manifest, tuple(frames), _medians(label, measured))
    return SeriesPixels(facts, {uid: _joined(parts) for uid, parts in hashed.items()}, tuple(kept))


def _stored(
    cloud: ImageCloud, session: Session, series: Series, manifest: SeriesManifest
) -> Iterator[tuple[int, NDArray[Any]]]:
    indices = range(len(manifest.frames))
    for record in delivery.frame_records(cloud, session, series, indices):
        head = read_head(record)
        attributes = manifest.frames[head.frame_index]
        yield head.frame_index, codec.decode(head.codec, record[HEAD.size :], attributes)


def _spread(count: int) -> set[int]:
    """Return the middles of SAMPLED equal parts of the frames."""
    parts = min(count, SAMPLED)
    return {(2 * part + 1) * count // (2 * parts) for part in range(parts)}


def _modality_values(stored: NDArray[Any], attributes: FrameAttributes) -> figures.Values | None:
    if stored.ndim == 3:
        luma: figures.Values = stored.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
        return _middle(luma)
    try:
        return _middle(rescale(stored, attributes))
    except UnsupportedPixelsError:
        return None


def _middle(values: figures.Values) -> figures.Values:
    if values.size <= _MOST_SAMPLES:
        return values
    side = int(_MOST_SAMPLES**0.5) // 2
    row, column = values.shape[0] // 2, values.shape[1] // 2
    return values[max(row - side, 0) : row + side, max(column - side, 0) : column + side]


def _frame_facts(stored: NDArray[Any], values: figures.Values | None) -> FrameFacts:
    flat = stored.reshape(-1)
    counts = _counts(flat)
    spread = None
    if values is not None and values.size:
        spread = figures.inner_spread(values, figures.foreground(values))
    return FrameFacts(
        float(flat.min()), float(flat.max()), float(counts.max()) / flat.size, len(counts), spread
    )


def _counts(flat: NDArray[Any]) -> NDArray[np.intp]:
    """Return how often each value occurs; whole numbers are counted without sorting them."""
    if flat.dtype.kind not in "iu" or int(flat.max()) - int(flat.min()) > _MOST_GREYS:
        return np.unique(flat, return_counts=True)[1]
    counts = np.bincount(flat.astype(np.int64) - int(flat.min()))
    return counts[counts > 0]


def _measure(
    values: figures.Values, stored: NDArray[Any], attributes: FrameAttributes
) -> dict[str, float]:
    mask = figures.foreground(values)
    spacing = attributes.pixel_spacing or attributes.imager_pixel_spacing
    rise = figures.rise_distance(values)
    found: dict[str, float | None] = {
        "noise": figures.noise(values, mask if mask.any() else None),
        "contrast": _contrast(stored, attributes),
        "rise_distance": rise,
        "resolution": None if rise is None or spacing is None else rise * max(spacing),
        "signal_to_noise": figures.signal_to_noise(values, mask),
        "line_index": figures.line_index(values),
        "center_offset": figures.center_offset(mask),
    }
    return {name: value for name, value in found.items() if value is not None}


def _contrast(stored: NDArray[Any], attributes: FrameAttributes) -> float | None:
    try:
        shown = display(stored, attributes)
    except DecodeError:
        return None
    return figures.contrast(shown.astype(np.float64) / 255)


def _medians(label: str, measured: Sequence[dict[str, float]]) -> tuple[Figure, ...]:
    names = sorted({name for one in measured for name in one})
    return tuple(
        Figure(
            label,
            name,
            round(float(np.median([one[name] for one in measured if name in one])), 4),
            _UNITS.get(name, "1"),
        )
        for name in names
    )


def _joined(parts: list[tuple[int, bytes]]) -> str:
    return hashlib.sha256(b"".join(digest for _, digest in sorted(parts))).hexdigest()


def _series_facts(
    series: Series,
    label: str,
    manifest: SeriesManifest,
    frames: tuple[FrameFacts, ...],
    found: tuple[Figure, ...],
) -> SeriesFacts:
    geometry = volume_geometry(manifest.frames, manifest.frame_of_reference_uid)
    positions = {
        position
        for frame in manifest.frames
        for position in (frame.patient_position, frame.view_position)
        if position
    }
    depth = geometry.positions[-1] + geometry.nominal_distance if geometry.positions else 0.0
    return SeriesFacts(
        label=label,
        modality=series.modality,
        body_part=series.body_part,
        frames=frames,
        figures=found,
        missing_slices=geometry.missing_slices,
        unshown=len(manifest.refused),
        positions=tuple(sorted(positions)),
        extent_mm=_extent(manifest, depth),
    )


def _extent(manifest: SeriesManifest, depth: float) -> tuple[float, float, float] | None:
    if not manifest.frames:
        return None
    first = manifest.frames[0]
    spacing = first.pixel_spacing or first.imager_pixel_spacing
    if spacing is None:
        return None
    return (first.columns * spacing[1], first.rows * spacing[0], depth)
