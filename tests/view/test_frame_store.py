"""Frames in memory: never past the budget, the far ones give way, dtypes are right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.view.samples import make_frame, make_series
from viewer_py.browser.budget import DESKTOP, MEBIBYTE, PHONE, TABLET, budget_for
from viewer_py.browser.frame_store import FrameSizeError, FrameStore, frame_dtype

FRAME = 40 * 60 * 2


def put(store: FrameStore, series_id: str, index: int, around: int, value: int = 1) -> bool:
    frames = store._open[series_id]
    memory = frames.reserve(index, FRAME, frames.window(around))
    if memory is None:
        return False
    memory[:] = np.full(40 * 60, value, dtype="<i2").view(np.uint8)
    frames.commit(index, FRAME)
    return True


def test_pixels_come_back_as_they_were_put() -> None:
    store = FrameStore(10 * FRAME)
    store.open(make_series(frames=3))
    assert store.pixels("a", 1) is None
    put(store, "a", 1, around=1, value=-7)
    pixels = store.pixels("a", 1)
    assert pixels is not None
    assert pixels.shape == (40, 60) and pixels.dtype == np.int16 and (pixels == -7).all()


def test_a_reserved_frame_is_not_there_before_it_is_filled() -> None:
    store = FrameStore(10 * FRAME)
    frames = store.open(make_series(frames=3))
    assert frames.reserve(2, FRAME, range(3)) is not None
    assert frames.pixels(2) is None and frames.loaded == frozenset()


@given(st.lists(st.integers(0, 19), min_size=1, max_size=60), st.integers(1, 25))
def test_memory_stays_in_the_budget_and_the_nearest_frames_stay(
    visits: list[int], slots: int
) -> None:
    store = FrameStore(slots * FRAME + 5)
    frames = store.open(make_series())
    for around in visits:
        put(store, "a", around, around)
        assert around in frames.loaded
        assert store.size <= slots * FRAME + 5
        assert len(frames.loaded) <= slots


def test_a_frame_outside_the_window_never_pushes_out_one_inside() -> None:
    store = FrameStore(2 * FRAME)
    frames = store.open(make_series())
    put(store, "a", 10, around=10)
    put(store, "a", 11, around=11)
    assert frames.loaded == {10, 11} and frames.window(11) == range(10, 12)
    assert frames.reserve(15, FRAME, range(10, 12)) is None
    assert put(store, "a", 9, around=10)
    assert frames.loaded == {9, 10}


def test_a_shrunken_series_keeps_the_frames_of_its_first_slots_and_goes_on() -> None:
    store = FrameStore(20 * FRAME)
    frames = store.open(make_series())
    for index in range(20):
        put(store, "a", index, around=index, value=index)
    lent = store.borrow(6 * FRAME, {"a"})
    assert lent is not None and not frames.whole and store.size <= 20 * FRAME
    assert frames.loaded == frozenset(range(14))
    lent[1][:] = 0xFF
    assert put(store, "a", 17, around=17, value=17)
    for index in frames.loaded:
        pixels = store.pixels("a", index)
        assert pixels is not None and (pixels == index).all()


def test_the_window_of_a_long_series_lies_around_the_reader() -> None:
    frames = FrameStore(6 * FRAME).open(make_series())
    assert frames.window(10) == range(7, 13)
    assert frames.window(0) == range(6)
    assert frames.window(19) == range(14, 20)


def test_a_new_series_drops_the_oldest_ones() -> None:
    store = FrameStore(25 * FRAME)
    for series_id in "abc":
        store.open(make_series(series_id, frames=10))
        put(store, series_id, 0, around=0)
    assert store.pixels("a", 0) is None
    assert store.pixels("b", 0) is not None and store.pixels("c", 0) is not None


@pytest.mark.parametrize(
    ("attributes", "byte_count", "dtype"),
    [
        ({"signed": True}, FRAME, "<i2"),
        ({"signed": False}, FRAME, "<u2"),
        ({"signed": False, "bits_stored": 8}, FRAME // 2, "u1"),
        ({"samples_per_pixel": 3, "bits_stored": 8}, FRAME // 2 * 3, "u1"),
    ],
)
def test_the_bytes_tell_the_dtype(
    attributes: dict[str, object], byte_count: int, dtype: str
) -> None:
    assert frame_dtype(make_frame(**attributes), byte_count) == np.dtype(dtype)


@pytest.mark.parametrize("byte_count", [0, FRAME - 1, FRAME * 3])
def test_a_frame_of_another_size_is_refused(byte_count: int) -> None:
    with pytest.raises(FrameSizeError):
        FrameStore(FRAME).open(make_series()).reserve(0, byte_count, range(1))


def test_colour_frames_have_three_planes() -> None:
    store = FrameStore(10 * FRAME)
    frames = store.open(make_series(frames=1, samples_per_pixel=3, bits_stored=8, signed=False))
    memory = frames.reserve(0, 40 * 60 * 3, range(1))
    assert memory is not None
    frames.commit(0, 40 * 60 * 3)
    pixels = frames.pixels(0)
    assert pixels is not None and pixels.shape == (40, 60, 3)


def test_a_phone_gets_the_small_budget() -> None:
    assert budget_for(touch=True, shorter_side=390, gigabytes=8) == PHONE
    assert budget_for(touch=True, shorter_side=820, gigabytes=None) == TABLET
    assert budget_for(touch=False, shorter_side=800, gigabytes=4) == TABLET
    assert budget_for(touch=False, shorter_side=900, gigabytes=8) == DESKTOP
    assert PHONE.frames + PHONE.textures <= 150 * MEBIBYTE
