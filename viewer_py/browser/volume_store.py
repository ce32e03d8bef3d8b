"""Volumes of the open series, made of the frames that the viewer has anyway.

Where all frames of a series are in memory and mean the same by the same number, the volume is a
view of the frame store's block. Else it has memory of its own out of the same budget: for modality
values (PET, whose slices have rescales of their own), or at a reduced resolution where the series
does not fit; then each frame is put into it when it passes by.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.browser.frame_store import FrameStore, SeriesFrames
from viewer_py.browser.overlay_store import OverlayStore
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.dicom.pack import wire_dtype
from viewer_py.scene.overlays import PREFIX as OVERLAYS
from viewer_py.volume.assemble import (
    NO_DATA,
    modality_slice,
    padding_range,
    reduce_frame,
    reduced_geometry,
    same_rescale,
    volume_of,
)
from viewer_py.volume.model import Volume, VolumeGeometry, VolumeState
from viewer_py.volume.states import volume_geometry

# The share of the budget that volumes with memory of their own may take together; the rest is for
# the frames around the reader.
VOLUME_SHARE = 0.5
Reduction = tuple[int, int, int]
FULL: Reduction = (1, 1, 1)


def reduction_for(geometry: VolumeGeometry, item_size: int, most_bytes: int) -> Reduction | None:
    """Return how many slices, rows and columns become one, so that the volume fits `most_bytes`.

    The finest direction is halved first, so that a reduced volume is about as fine in every
    direction. None where nothing of it would be left.
    """
    slices = in_plane = 1
    while min(geometry.rows, geometry.columns) >= in_plane:
        count = -(-len(geometry.frames) // slices)
        size = count * (geometry.rows // in_plane) * (geometry.columns // in_plane) * item_size
        if size <= most_bytes:
            return slices, in_plane, in_plane
        step = math.hypot(*geometry.column_step) * in_plane
        if geometry.nominal_distance * slices < step and count > 1:
            slices *= 2
        else:
            in_plane *= 2
    return None


@dataclass
class _Entry:
    """A volume in the making; `frames` is the block it was made for."""

    series: SeriesManifest
    frames: SeriesFrames
    volume: Volume
    slices: dict[int, int]  # frame index → slice
    place: int | None  # of memory of its own
    uniform: bool  # its values are stored values
    counted: int = -1  # generation of the frames that `present` tells of


class VolumeStore:
    """The volumes that somebody wants, under the frame store's budget."""

    def __init__(self, store: FrameStore) -> None:
        self._store = store
        self._geometries: dict[str, VolumeGeometry] = {}
        self._wanted: dict[str, SeriesManifest] = {}
        self._entries: dict[str, _Entry] = {}
        self._too_large: set[str] = set()

    def want(self, series: SeriesManifest, members: Sequence[int] | None = None) -> VolumeGeometry:
        """Have the volume of a series made as its frames arrive; return its full geometry.

        `members` are the frames that count, None: all. NOT_A_VOLUME says why there will be none.
        Asked again, it returns what it returned before.
        """
        series_id = series.series_id
        if series_id not in self._geometries:
            geometry = volume_geometry(series.frames, series.frame_of_reference_uid, members)
            self._geometries[series_id] = geometry
            if geometry.state is not VolumeState.NOT_A_VOLUME:
                self._wanted[series_id] = series
        return self._geometries[series_id]

    def release(self, series_id: str) -> None:
        """Forget a volume that nobody wants any more; its frames stay."""
        self._wanted.pop(series_id, None)
        self._geometries.pop(series_id, None)
        self._too_large.discard(series_id)
        self._forget(series_id)

    def clear(self) -> None:
        """Forget all volumes."""
        for series_id in list(self._geometries):
            self.release(series_id)

    @property
    def wanted(self) -> frozenset[str]:
        """Return the series whose volumes are wanted."""
        return frozenset(self._wanted)

    def volume(self, series_id: str) -> Volume | None:
        """Return the volume as far as it is there; `Volume.reduction` says how fine it is.

        None before `want`, for what is no volume, and before the loader has opened the series.
        Another object of a higher `generation` is returned when slices have come; `values` stays
        in place.
        """
        entry = self._entry(series_id)
        if entry is None:
            return None
        if entry.place is None:
            self._count(entry)
        return entry.volume

    def missing(self, series_id: str) -> set[int]:
        """Return the frames that the volume still lacks."""
        entry = self._entry(series_id)
        if entry is None:
            return set()
        if entry.place is None:
            return entry.slices.keys() - entry.frames.loaded
        present = entry.volume.present
        return {frame for frame, place in entry.slices.items() if not present[place]}

    def complete(self, series_id: str) -> bool:
        """Tell whether all slices of the volume are there."""
        return self._entry(series_id) is not None and not self.missing(series_id)

    def frame_passed(self, series_id: str, frame_index: int, stored: NDArray[Any]) -> None:
        """Take a frame that has arrived: (rows, columns) stored values, copied where needed."""
        entry = self._entry(series_id)
        if entry is None or entry.place is None:
            return
        place = entry.slices.get(frame_index)
        if place is not None:
            _fill(entry, place, frame_index, stored)

    def too_large(self, series_id: str) -> bool:
        """Tell whether the budget does not hold the volume at any resolution."""
        return series_id in self._too_large

    def _entry(self, series_id: str) -> _Entry | None:
        entry = self._entries.get(series_id)
        if entry is not None and entry.place is not None:
            return entry
        series, frames = self._wanted.get(series_id), self._store.frames(series_id)
        if series is None or frames is None or series_id in self._too_large:
            return None
        if entry is not None and entry.frames is frames and frames.whole:
            return entry
        # Its block has gone, or has become too small to be the volume: it is made anew.
        generation = 0 if entry is None else entry.volume.generation + 1
        self._entries.pop(series_id, None)
        made = self._made(series, frames, generation)
        if made is None:
            self._too_large.add(series_id)
            return None
        self._entries[series_id] = made
        if made.place is not None:
            _fill_from(made, frames)
        return made

    def _made(self, series: SeriesManifest, frames: SeriesFrames, generation: int) -> _Entry | None:
        geometry = self._geometries[series.series_id]
        uniform = same_rescale(series, geometry)
        values = _view(frames, geometry) if uniform else None
        place, reduction = None, FULL
        if values is None:
            types = [wire_dtype(series.frames[index]) for index in geometry.frames]
            dtype = np.result_type(*set(types)) if uniform else np.dtype("<f4")
            own = self._own_memory(geometry, dtype)
            if own is None:
                return None
            place, reduction, values = own
            geometry = reduced_geometry(geometry, reduction)
        present = np.zeros(len(geometry.frames), dtype=np.bool_)
        volume = volume_of(series, geometry, values, present, reduction)
        slices = {frame: number for number, frame in enumerate(geometry.frames)}
        volume = replace(volume, generation=generation)
        return _Entry(series, frames, volume, slices, place, uniform)

    def _own_memory(
        self, geometry: VolumeGeometry, dtype: np.dtype[Any]
    ) -> tuple[int, Reduction, NDArray[Any]] | None:
        """Borrow memory for as fine a volume as the budget allows, None where it allows none."""
        most = int(self._store.budget * VOLUME_SHARE / len(self._wanted))
        while (reduction := reduction_for(geometry, dtype.itemsize, most)) is not None:
            small = reduced_geometry(geometry, reduction)
            shape = (len(small.frames), small.rows, small.columns)
            byte_count = math.prod(shape) * dtype.itemsize
            lent = self._store.borrow(byte_count, self.wanted)
            if lent is not None:
                return lent[0], reduction, lent[1].view(dtype).reshape(shape)
            most = byte_count - 1
        return None

    def _count(self, entry: _Entry) -> None:
        """Bring `present` of a volume that is a view up to the frames that are there."""
        if entry.counted == entry.frames.generation:
            return
        entry.counted = entry.frames.generation
        for frame_index, place in entry.slices.items():
            entry.volume.present[place] = entry.frames.holds(frame_index)
        entry.volume = replace(entry.volume, generation=entry.volume.generation + 1)

    def _forget(self, series_id: str) -> None:
        entry = self._entries.pop(series_id, None)
        if entry is not None and entry.place is not None:
            self._store.give_back(entry.place)


def _fill_from(entry: _Entry, frames: SeriesFrames) -> None:
    for frame_index in frames.loaded & entry.slices.keys():
        stored = frames.pixels(frame_index)
        if stored is not None:
            _fill(entry, entry.slices[frame_index], frame_index, stored)


def _fill(entry: _Entry, place: int, frame_index: int, stored: NDArray[Any]) -> None:
    volume = entry.volume
    frame = entry.series.frames[frame_index]
    if entry.uniform:
        values, padding = stored, padding_range(frame)
    else:
        values, padding = modality_slice(stored, frame), (NO_DATA, NO_DATA)
    volume.values[place] = reduce_frame(values, padding, volume.reduction[1:])
    volume.present[place] = True
    entry.volume = replace(volume, generation=volume.generation + 1)


def _view(frames: SeriesFrames, geometry: VolumeGeometry) -> NDArray[Any] | None:
    """Return the slices as a view of the block, None where no view has their order.

    Reading order may run against the normal: then the view's slices run backwards through the
    block (a negative stride over slices; each slice by itself is in C order).
    """
    stack = frames.stack()
    if stack is None:
        return None
    first, last = geometry.frames[0], geometry.frames[-1]
    if geometry.frames == tuple(range(first, last + 1)):
        return stack[first : last + 1]
    if geometry.frames == tuple(range(first, last - 1, -1)):
        return stack[last : first + 1][::-1]
    return None


class BrowserSources:
    """What renderers draw from (viewer_py.render.sources.Sources): frames and volumes in memory."""

    def __init__(
        self, frames: FrameStore, volumes: VolumeStore, overlays: OverlayStore | None = None
    ) -> None:
        self._frames = frames
        self._volumes = volumes
        self._overlays = overlays

    def frame(self, series_id: str, frame_index: int) -> NDArray[Any] | None:
        """Return the stored values of a frame, or None while it is not there.

        Of an overlay layer (viewer_py.scene.overlays) the mask.
        """
        if self._overlays is not None and series_id.startswith(OVERLAYS):
            return self._overlays.mask(series_id, frame_index)
        return self._frames.pixels(series_id, frame_index)

    def volume(self, series_id: str) -> Volume | None:
        """Return the volume of a series as far as it is there, or None."""
        return self._volumes.volume(series_id)
