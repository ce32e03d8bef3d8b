"""Volumes made of the frames in memory: without a copy, or smaller and filled in passing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.view.samples import make_frame, make_series
from viewer_py.browser.frame_store import FrameStore, decoded_bytes
from viewer_py.browser.volume_store import BrowserSources, VolumeStore, reduction_for
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.volume.assemble import NO_DATA, assemble
from viewer_py.volume.model import VolumeState
from viewer_py.volume.states import volume_geometry

FRAME = 40 * 60 * 2


def stored(index: int) -> np.ndarray:
    y, x = np.mgrid[:40, :60]
    return (100 * index + x - 2 * y).astype("<i2")


def put(store: FrameStore, volumes: VolumeStore, series: SeriesManifest, index: int) -> None:
    """What the loader does with a frame that arrives."""
    frames = store.open(series, keep=volumes.wanted)
    memory = frames.reserve(index, FRAME, frames.window(index))
    if memory is not None:
        memory[:] = stored(index).view(np.uint8).ravel()
        frames.commit(index, FRAME)
    volumes.frame_passed(series.series_id, index, stored(index))


@pytest.mark.parametrize("descending", [False, True])
def test_a_series_that_fits_is_a_volume_without_a_copy(descending: bool) -> None:
    series = make_series(frames=12)
    if descending:
        series = replace(series, frames=series.frames[::-1])
    store = FrameStore(12 * FRAME)
    volumes = VolumeStore(store)
    assert volumes.want(series).state is VolumeState.REGULAR
    assert volumes.volume("a") is None  # not opened yet
    put(store, volumes, series, 2)
    volume = volumes.volume("a")
    assert volume is not None and volume.reduction == (1, 1, 1)
    place = 9 if descending else 2
    assert np.array_equal(volume.values[place], stored(2))
    assert np.shares_memory(volume.values, store.pixels("a", 2))
    assert np.flatnonzero(volume.present).tolist() == [place]
    assert volume.values[place].flags.c_contiguous


def test_what_arrives_shows_in_presence_and_generation_and_at_the_end_it_is_complete() -> None:
    series, store = make_series(frames=5), FrameStore(1 << 20)
    volumes = VolumeStore(store)
    volumes.want(series)
    seen = []
    for index in (2, 3, 1, 4, 0):
        assert not volumes.complete("a")
        put(store, volumes, series, index)
        volume = volumes.volume("a")
        assert volume is not None
        seen.append(volume.generation)
        assert volume.present.sum() == len(seen)
    assert seen == sorted(set(seen)) and volumes.complete("a")
    assert volumes.volume("a") is volumes.volume("a")


def test_a_series_beyond_the_budget_becomes_a_coarser_volume_that_equals_the_reference() -> None:
    series = make_series(frames=40)
    store = FrameStore(16 * FRAME)
    volumes = VolumeStore(store)
    frames = store.open(series)
    assert frames.capacity == 16
    volumes.want(series)
    assert volumes.missing("a")
    assert store.size <= store.budget
    for index in range(40):
        if index in volumes.missing("a"):
            put(store, volumes, series, index)
    volume = volumes.volume("a")
    assert volume is not None and volumes.complete("a")
    assert volume.values.nbytes <= store.budget // 2 and volume.reduction != (1, 1, 1)
    geometry = volume_geometry(series.frames)
    expected = assemble(series, geometry, stored, volume.reduction)
    assert np.array_equal(volume.values, expected.values)
    assert volume.geometry == expected.geometry
    assert frames.capacity < 16 and store.size <= store.budget


def test_slices_with_rescales_of_their_own_become_modality_values() -> None:
    frames = tuple(
        make_frame(index, rescale_slope=1.0 + index, pixel_padding_value=3) for index in range(6)
    )
    series = replace(make_series(), modality="PT", frames=frames)
    store = FrameStore(1 << 20)
    volumes = VolumeStore(store)
    volumes.want(series)
    for index in range(6):
        put(store, volumes, series, index)
    volume = volumes.volume("a")
    assert volume is not None and volume.values.dtype == np.float32
    assert (volume.slope, volume.intercept) == (1.0, 0.0)
    pixels = stored(4)
    expected = np.where(pixels == 3, NO_DATA, pixels * 5.0)
    assert np.array_equal(volume.values[4], expected.astype(np.float32))
    assert volume.has_padding and volume.padding_low == np.float32(NO_DATA)


def test_a_volume_is_made_anew_when_its_block_had_to_give_way() -> None:
    first, second = make_series("a", frames=40), make_series("b", frames=40)
    store = FrameStore(44 * FRAME)
    volumes = VolumeStore(store)
    volumes.want(first)
    for index in range(40):
        put(store, volumes, first, index)
    whole = volumes.volume("a")
    assert whole is not None and whole.present.all()
    volumes.want(second)
    put(store, volumes, second, 0)  # fusion: both must find room now
    assert store.size <= store.budget
    smaller, other = volumes.volume("a"), volumes.volume("b")
    assert smaller is not None and other is not None
    assert smaller.reduction != (1, 1, 1) and smaller.generation > whole.generation
    assert volumes.missing("a") and store.size <= store.budget


def test_a_released_volume_gives_its_memory_back() -> None:
    series = make_series(frames=40)
    store = FrameStore(16 * FRAME)
    volumes = VolumeStore(store)
    store.open(series)
    volumes.want(series)
    assert volumes.volume("a") is not None
    held = store.size
    volumes.release("a")
    assert volumes.volume("a") is None and store.size < held
    store.clear()
    assert store.size == 0


def test_what_is_no_volume_has_a_reason_and_no_memory() -> None:
    series = replace(make_series(), frames=tuple(make_frame(0) for _ in range(5)))
    store = FrameStore(1 << 20)
    volumes = VolumeStore(store)
    geometry = volumes.want(series)
    assert geometry.state is VolumeState.NOT_A_VOLUME and geometry.reason
    store.open(series)
    assert volumes.volume("a") is None and not volumes.missing("a")


def test_the_finest_direction_is_halved_first() -> None:
    thin = volume_geometry(make_series(frames=64).frames)  # 1 mm slices of 0.5 mm pixels
    full = 64 * 40 * 60 * 2
    assert reduction_for(thin, 2, full) == (1, 1, 1)
    assert reduction_for(thin, 2, full // 4) == (1, 2, 2)
    assert reduction_for(thin, 2, full // 16) == (1, 4, 4)
    assert reduction_for(thin, 2, full // 20) == (2, 4, 4)
    assert reduction_for(thin, 2, 1) is None


def test_renderers_get_frames_and_volumes_from_one_place() -> None:
    series, store = make_series(frames=5), FrameStore(1 << 20)
    volumes = VolumeStore(store)
    sources = BrowserSources(store, volumes)
    volumes.want(series)
    put(store, volumes, series, 1)
    assert np.array_equal(sources.frame("a", 1), stored(1))
    assert sources.frame("a", 0) is None
    assert sources.volume("a") is volumes.volume("a")
    assert decoded_bytes(series.frames[0]) == FRAME
