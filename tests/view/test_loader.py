"""What the loader asks for: in which order, never twice, for the screen before volumes."""

from __future__ import annotations

import numpy as np
import pytest

from server.imaging.delivery import nearest_first
from tests.view.samples import make_series
from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.loader import OPENING, FrameLoader
from viewer_py.browser.notices import Notice
from viewer_py.browser.volume_store import VolumeStore

FRAME = 40 * 60 * 2


class Host:
    """Time by hand; streams in a list; `on_the_way` comes without being asked for."""

    def __init__(self) -> None:
        self.time = 0.0
        self.streams: list[tuple[str, int, dict[str, str]]] = []
        self.on_the_way: list[int] = []

    def now(self) -> float:
        self.time += 1.0
        return self.time

    def open_stream(self, series_id: str, request: int, query: str) -> None:
        pairs = dict(pair.split("=") for pair in query.split("&"))
        self.streams.append((series_id, request, pairs))

    def close_stream(self) -> None:
        pass

    def coming(self, series_id: str) -> list[int]:
        return self.on_the_way

    def call_later(self, seconds: float) -> None:
        pass


class Loading:
    """A loader with its host, stores and a network that brings what is asked for."""

    def __init__(self, slots: int) -> None:
        self.host = Host()
        self.store = FrameStore(slots * FRAME)
        self.volumes = VolumeStore(self.store)
        self.loader = FrameLoader(self.host, self.store, self.volumes)

    def arrive(self, request: int, index: int) -> bool:
        def fill(memory: np.ndarray) -> None:
            memory[:] = index

        return self.loader.frame_arrived(request, index, FRAME, fill)

    def bring_all(self) -> list[int]:
        """Bring what the last stream was asked for, and end it."""
        _series_id, request, pairs = self.host.streams[-1]
        ranges = [part.split("-") for part in pairs["wanted"].split(",")]
        wanted = [range(int(first), int(last) + 1) for first, last in ranges]
        order = nearest_first(1000, int(pairs["around"]), wanted, int(pairs.get("toward", 0)))
        for index in order:
            self.arrive(request, index)
        self.loader.stream_ended(request, 200)
        return order


def test_the_opening_frame_is_not_asked_for_and_taken_when_it_comes() -> None:
    loading = Loading(20)
    loading.host.on_the_way = [10]
    loading.loader.open(make_series(), 10)
    assert loading.host.streams[0][2]["wanted"] == "0-9,11-19"
    assert loading.arrive(OPENING, 10) and loading.loader.loaded == {10}
    loading.bring_all()
    assert loading.loader.complete and len(loading.host.streams) == 1


def test_a_series_of_one_frame_that_is_coming_needs_no_stream() -> None:
    loading = Loading(20)
    loading.host.on_the_way = [0]
    loading.loader.open(make_series(frames=1), 0)
    assert loading.host.streams == [] and not loading.loader.complete
    loading.arrive(OPENING, 0)
    assert loading.loader.complete
    failed = Loading(20)
    failed.host.on_the_way = [0]
    failed.loader.open(make_series(frames=1), 0)
    failed.host.on_the_way = []  # it did not come
    failed.loader.check()
    assert failed.host.streams[0][2]["wanted"] == "0-0"


@pytest.mark.requirement("D-47")
def test_the_window_runs_ahead_of_a_reader_who_scrolls() -> None:
    loading = Loading(40)
    loading.loader.open(make_series(frames=200), 20)
    loading.bring_all()
    asked = len(loading.host.streams)
    for index in range(21, 120):
        loading.loader.focus(index)
        assert index in loading.loader.loaded  # it was there before it was looked at
        if len(loading.host.streams) > asked:
            asked = len(loading.host.streams)
            assert loading.host.streams[-1][2]["toward"] == "1"
            loading.bring_all()
    assert asked < 12  # many frames a journey
    assert loading.store.size <= 40 * FRAME


def test_going_from_end_to_end_and_back_loses_no_slice() -> None:
    loading = Loading(16)
    loading.loader.open(make_series(frames=90), 0)
    for index in [*range(90), *range(89, -1, -1)]:
        loading.loader.focus(index)
        while not loading.loader.complete:
            loading.bring_all()
        pixels = loading.store.pixels("a", index)
        assert pixels is not None and (pixels.view(np.uint8) == index).all()
        assert len(loading.loader.loaded) <= 16


def test_frames_for_a_volume_come_after_those_for_the_screen_and_pass_by() -> None:
    series, loading = make_series(frames=60), Loading(20)
    loading.loader.open(series, 30)
    loading.volumes.want(series)
    loading.loader.focus(30)
    first = set(loading.bring_all())
    assert 30 in first and len(first) <= 20
    for _ in range(6):
        if not loading.loader.complete:
            loading.bring_all()
    assert loading.loader.complete and loading.volumes.complete("a")
    assert 30 in loading.loader.loaded and loading.store.size <= 20 * FRAME


def test_a_second_series_comes_after_the_first() -> None:
    loading = Loading(60)
    loading.loader.open(make_series("a"), 10)
    loading.loader.beside(make_series("b", frames=10))
    assert [one[0] for one in loading.host.streams] == ["a"]
    loading.bring_all()
    assert [one[0] for one in loading.host.streams] == ["a", "b"]
    loading.bring_all()
    assert loading.store.pixels("a", 10) is not None
    assert loading.store.pixels("b", 9) is not None
    loading.loader.beside(None)
    assert loading.loader.complete and len(loading.host.streams) == 2


def test_what_cannot_be_decoded_is_named_and_not_asked_for_again() -> None:
    loading = Loading(20)
    loading.loader.open(make_series(), 10)
    request = loading.host.streams[-1][1]
    loading.loader.frame_failed(request, 4)
    for index in set(range(20)) - {4}:
        loading.arrive(request, index)
    loading.loader.stream_ended(request, 200)
    assert loading.loader.complete and loading.loader.notice is Notice.INCOMPLETE
    assert loading.loader.status()["failed"] == [5] and len(loading.host.streams) == 1


@pytest.mark.parametrize(
    ("toward", "expected"),
    [(0, [5, 6, 4, 7, 3]), (1, [5, 6, 7, 8, 4]), (-1, [5, 4, 3, 6, 2])],
)
def test_frames_go_outwards_and_further_towards_where_the_reader_goes(
    toward: int, expected: list[int]
) -> None:
    assert nearest_first(12, 5, toward=toward)[:5] == expected
