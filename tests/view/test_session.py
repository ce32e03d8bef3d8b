"""The session in CPython: a host that records stands where the browser would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.view.samples import entry_of, make_series
from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.messages import MessageError, Start, read_start
from viewer_py.browser.painters import NumpyPainter, PainterKind
from viewer_py.browser.screen import SETTLE
from viewer_py.browser.session import Session
from viewer_py.browser.wanted import as_ranges
from viewer_py.dicom.manifest import SeriesManifest, to_json
from viewer_py.render.sources import FrameSources, Sources
from viewer_py.render.webgl_renderer import WebGLError
from viewer_py.scene.compose import compose
from viewer_py.scene.model import Rectangle, Scene
from viewer_py.view.state import ViewerState

FRAME = 40 * 60 * 2


class RecordingHost:
    """Time by hand, messages and streams in lists."""

    def __init__(self) -> None:
        self.time = 100.0
        self.messages: list[dict[str, Any]] = []
        self.manifests: list[str] = []
        self.streams: list[tuple[str, int, str]] = []
        self.closed = 0
        self.waits: list[float] = []
        self.ticks = 0
        self.shapes: list[list[Any]] = []

    def now(self) -> float:
        return self.time

    def post(self, message: Mapping[str, Any]) -> None:
        said = json.loads(json.dumps(message))
        # The page is told of a scene what changed, and joins that with what it knows.
        if said["type"] == "scene" and self.of("scene"):
            assert said.keys() == self.of("scene")[0].keys()
        self.messages.append(said)

    def request_tick(self) -> None:
        self.ticks += 1

    def fetch_manifest(self, series_id: str) -> None:
        self.manifests.append(series_id)

    def open_stream(self, series_id: str, request: int, query: str) -> None:
        self.streams.append((series_id, request, query))

    def close_stream(self) -> None:
        self.closed += 1

    def coming(self, series_id: str) -> list[int]:
        return []

    def call_later(self, seconds: float) -> None:
        self.waits.append(seconds)

    def draw_shapes(self, shapes: str, width: int, height: int, pixel_ratio: float) -> None:
        self.shapes.append(json.loads(shapes))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]


class FakePainter:
    """Takes `seconds` for a frame, or breaks."""

    def __init__(self, kind: PainterKind, host: RecordingHost, seconds: float = 0.0) -> None:
        self.kind = kind
        self.host = host
        self.seconds = seconds
        self.broken = False
        self.painted: list[Scene] = []
        self.cleared = 0

    def paint(self, scene: Scene, sources: Sources) -> bool:
        if self.broken:
            raise WebGLError("lost")
        self.host.time += self.seconds
        self.painted.append(scene)
        image = scene.panes[0].image
        return image is None or sources.frame(image.series_id, image.frame_index) is not None

    def clear(self, width: int, height: int) -> None:
        self.cleared += 1

    def finish(self) -> None:
        pass

    def shrink(self) -> None:
        pass

    def release(self) -> None:
        pass


class Reading:
    """A session with its recorders."""

    def __init__(self, *series: SeriesManifest, slots: int = 100, frame: int = 10) -> None:
        self.host = RecordingHost()
        self.series = {one.series_id: one for one in series}
        self.cpu = FakePainter(PainterKind.NUMPY, self.host)
        self.gpu = FakePainter(PainterKind.WEBGL, self.host, seconds=0.001)
        start = Start(
            catalogue=tuple(entry_of(one) for one in series),
            series_id=series[0].series_id,
            frame_index=frame,
            width=300,
            height=200,
            pixel_ratio=1,
            touch=True,
            gigabytes=None,
        )
        self.session = Session(self.host, start, FrameStore(slots * FRAME), self.cpu, self.gpu)

    def manifest(self, series_id: str = "a", status: int = 200) -> None:
        text = to_json(self.series[series_id]) if status == 200 else ""
        self.session.manifest_arrived(series_id, status, text)

    def frame(self, index: int, request: int | None = None, fill: int = 1) -> None:
        def write(memory: np.ndarray[Any, Any]) -> None:
            memory[:] = fill

        number = self.host.streams[-1][1] if request is None else request
        self.session.frame_arrived(number, index, FRAME, write)

    def compare(self) -> None:
        """Let the time come at which the painters are compared."""
        self.host.time += SETTLE
        ticks = self.host.ticks
        self.session.woken()
        assert self.host.ticks > ticks
        self.session.tick()

    def command(self, name: str, **args: Any) -> dict[str, Any]:
        self.session.receive({"type": "command", "id": 1, "name": name, "args": args})
        return self.host.of("reply")[-1]


@pytest.fixture
def reading() -> Reading:
    opened = Reading(make_series(), make_series("b", frames=5, modality="MR"))
    opened.manifest()
    return opened


def test_it_asks_for_the_manifest_then_for_frames_nearest_to_the_opening_one() -> None:
    reading = Reading(make_series())
    assert reading.host.manifests == ["a"] and reading.host.streams == []
    reading.manifest()
    assert reading.host.streams == [("a", 1, "around=10&wanted=0-19")]


@pytest.mark.requirement("B-49", "G-05")
def test_interactive_is_told_once_the_opening_frame_is_painted(reading: Reading) -> None:
    reading.session.tick()
    assert not reading.gpu.painted and not reading.host.of("interactive")
    reading.frame(11)
    assert not reading.host.of("interactive")
    reading.frame(10)
    (interactive,) = reading.host.of("interactive")
    assert interactive["python"]
    # Which renderer is faster is found out after that.
    assert reading.cpu.painted[-1].panes[0].image is not None
    reading.session.tick()
    assert not reading.gpu.painted
    reading.compare()
    assert reading.gpu.painted[-1].panes[0].image is not None
    assert len(reading.host.of("interactive")) == 1


def test_the_series_is_told_loaded_when_all_frames_are_there(reading: Reading) -> None:
    for index in range(20):
        assert not reading.host.of("series-loaded")
        reading.frame(index)
    assert reading.host.of("series-loaded") == [{"type": "series-loaded", "series_id": "a"}]
    progress = reading.host.of("progress")[-1]
    assert (progress["loaded"], progress["total"], progress["complete"]) == (20, 20, True)


def test_a_jump_away_from_what_arrives_asks_anew_for_what_is_missing(reading: Reading) -> None:
    for index in (10, 9, 11):
        reading.frame(index)
    reading.host.time += 1
    reading.command("stack.go", frame=19)
    assert reading.host.closed == 1
    assert reading.host.streams[-1] == ("a", 2, "around=19&wanted=0-8,12-19&toward=1")
    reading.frame(5, request=1)  # it was received before the jump and decoded after it
    assert 5 in reading.session._loader.loaded


def test_small_steps_leave_the_stream_alone(reading: Reading) -> None:
    reading.host.time += 1
    reading.command("stack.scroll", by=3)
    assert len(reading.host.streams) == 1


def test_a_dragged_slider_does_not_ask_at_every_step(reading: Reading) -> None:
    reading.host.time += 0.01
    reading.command("stack.go", frame=19)
    assert len(reading.host.streams) == 1 and reading.host.waits
    reading.host.time += 1
    reading.session.woken()
    assert len(reading.host.streams) == 2


def test_a_broken_network_is_asked_again_later_and_later(reading: Reading) -> None:
    reading.session.stream_ended(1, 0)
    assert reading.host.of("notice")[-1]["code"] == "retrying"
    pauses = []
    for _ in range(8):
        pauses.append(reading.host.waits[-1])
        reading.host.time += pauses[-1]
        reading.session.woken()
        reading.session.stream_ended(reading.host.streams[-1][1], 503)
    assert pauses == sorted(pauses) and pauses[0] < 1 and pauses[-1] == pytest.approx(15)
    reading.host.time += 20
    reading.session.woken()
    reading.frame(10)
    assert reading.host.of("notice")[-1]["code"] == ""


@pytest.mark.parametrize("status", [401, 403, 410])
def test_ended_access_clears_the_canvas_and_the_memory(reading: Reading, status: int) -> None:
    reading.frame(10)
    reading.session.stream_ended(1, status)
    assert reading.host.of("notice")[-1]["code"] == "ended"
    assert reading.cpu.cleared and reading.gpu.cleared
    assert reading.session._store.size == 0
    scene = reading.host.of("scene")[-1]
    (pane,) = scene["panes"]
    assert pane["corners"]["top_left"] == [] and pane["marks"]["left"] == ""
    assert "访问已结束" in reading.command("image.invert")["error"]
    painted = len(reading.gpu.painted)
    reading.session.tick()
    assert len(reading.gpu.painted) == painted


def test_access_that_ended_before_the_manifest_is_told_too() -> None:
    reading = Reading(make_series())
    reading.manifest(status=410)
    assert reading.host.of("notice")[-1]["code"] == "ended"


def test_a_manifest_that_cannot_be_had_is_told_in_words() -> None:
    reading = Reading(make_series())
    reading.manifest(status=404)
    assert reading.host.of("notice")[-1]["code"] == "missing"
    reading.session.manifest_arrived("a", 200, '{"version": 99}')
    assert reading.host.of("notice")[-1]["code"] == "unreadable"


def test_a_manifest_is_asked_for_again_when_the_network_broke() -> None:
    reading = Reading(make_series())
    reading.manifest(status=0)
    assert reading.host.waits
    reading.session.woken()
    assert reading.host.manifests == ["a", "a"]


def test_a_frame_of_the_wrong_size_or_undecodable_is_given_up_and_told(reading: Reading) -> None:
    reading.session.frame_arrived(1, 3, FRAME - 1, lambda memory: None)
    reading.session.frame_failed(1, 4)
    assert reading.host.of("notice")[-1]["code"] == "incomplete"
    for index in set(range(20)) - {3, 4}:
        reading.frame(index)
    assert reading.host.of("series-loaded")


def test_streams_that_bring_nothing_are_given_up(reading: Reading) -> None:
    for _ in range(3):
        reading.session.stream_ended(reading.host.streams[-1][1], 200)
        reading.host.time += 1
        reading.session.woken()
    assert len(reading.host.streams) == 3
    assert reading.host.of("notice")[-1]["code"] == "incomplete"


def test_a_series_too_long_for_memory_is_windowed_and_follows_the_reader() -> None:
    reading = Reading(make_series(), slots=6)
    reading.manifest()
    assert reading.host.streams[-1][2] == "around=10&wanted=7-12"
    for index in range(7, 13):
        reading.frame(index)
    assert reading.host.of("series-loaded")
    assert reading.host.of("notice")[-1]["code"] == "windowed"
    reading.session.stream_ended(1, 200)
    reading.host.time += 1
    reading.command("stack.scroll", by=2)
    assert reading.host.streams[-1][2] == "around=12&wanted=13-15&toward=1"


def test_another_series_is_fetched_when_it_is_opened_and_kept(reading: Reading) -> None:
    for index in range(20):
        reading.frame(index)
    reading.command("series.open", series_id="b")
    assert reading.host.manifests[-1] == "b"
    reading.manifest("b")
    assert reading.host.streams[-1][0] == "b"
    for index in range(5):
        reading.frame(index)
    asked = len(reading.host.streams)
    reading.command("series.open", series_id="a")
    assert len(reading.host.streams) == asked  # its frames are still there


@pytest.mark.requirement("B-22")
def test_cine_plays_waits_for_frames_and_wraps(reading: Reading) -> None:
    for index in (10, 11, 12):
        reading.frame(index)
    reading.command("cine.toggle")
    for _ in range(10):
        reading.host.time += 0.1
        reading.session.tick()
    assert reading.session.state.pane().frame_index == 12
    for index in range(20):
        reading.frame(index)
    seen = set()
    for _ in range(40):
        reading.host.time += 1 / 15
        reading.session.tick()
        seen.add(reading.session.state.pane().frame_index)
    assert len(seen) >= 19 and 0 in seen
    reading.command("cine.toggle")
    still = reading.session.state.pane().frame_index
    reading.host.time += 1
    reading.session.tick()
    assert reading.session.state.pane().frame_index == still


def test_messages_are_answered_and_wrong_ones_refused_in_words(reading: Reading) -> None:
    assert reading.command("stack.go", frame=3)["result"]["frame_index"] == 3
    assert "error" in reading.command("stack.go", frame=300)
    reading.session.receive({"type": "command", "name": "no.such"})
    assert reading.host.of("refused")
    reading.session.receive({"type": "nonsense", "id": 4})
    assert reading.host.of("reply")[-1]["id"] == 4
    reading.session.receive({"type": "pointer", "events": [{"kind": "down"}]})
    assert len(reading.host.of("refused")) == 2


def test_a_refused_gesture_does_not_keep_the_finger_down(reading: Reading) -> None:
    """All events of a message count, whatever one of them is refused for."""
    far = {"pointer_id": 1, "button": 0, "touch": True, "x": 5e8, "y": 1.0}
    near = {**far, "x": 1.0}
    events = [{**near, "kind": "down"}, {**far, "kind": "move"}, {**near, "kind": "up"}]
    reading.session.receive({"type": "pointer", "events": events})
    assert len(reading.host.of("refused")) == 1
    before = reading.session.state
    reading.session.receive({"type": "pointer", "events": [{**near, "x": 90.0, "kind": "move"}]})
    assert reading.session.state == before


def test_the_state_is_serialisable_and_says_what_is_shown(reading: Reading) -> None:
    reading.frame(10)
    reading.compare()
    reading.session.receive({"type": "key", "key": "3"})
    reading.session.receive({"type": "wheel", "x": 1, "y": 1, "delta": 100})
    reading.session.receive({"type": "state", "id": 9})
    state = reading.host.of("reply")[-1]["result"]
    assert state["window"] == {"center": -600, "width": 1500, "function": "LINEAR"}
    assert state["frame_index"] == 11 and state["renderer"] == "webgl2"
    assert state["loading"]["loaded"] == 1 and state["python"]
    assert state["series"][1]["series_id"] == "b"


def test_a_lost_context_hands_over_to_numpy(reading: Reading) -> None:
    reading.frame(10)
    reading.compare()
    reading.session.context_lost()
    reading.session.tick()
    assert [m["kind"] for m in reading.host.of("renderer")] == ["numpy", "webgl2", "numpy"]


def test_a_renderer_that_breaks_while_it_paints_hands_over_too(reading: Reading) -> None:
    reading.frame(10)
    reading.compare()
    reading.gpu.broken = True
    reading.session.tick()
    reading.session.tick()
    assert reading.cpu.painted


def _one_pane(scene: Scene) -> Scene:
    return replace(scene, panes=compose(ViewerState()).panes)


def test_the_numpy_painter_puts_finished_pixels() -> None:
    class Canvas:
        size = (0, 0)
        pixels: Any = None

        def resize(self, width: int, height: int) -> bool:
            resized, self.size = self.size != (width, height), (width, height)
            return resized

        def put(self, pixels: Any, area: Rectangle) -> None:
            assert area == Rectangle(0, 0, *self.size)
            self.pixels = pixels

    canvas = Canvas()
    painter = NumpyPainter(canvas)
    assert painter.paint(_one_pane(Scene(7, 5, ())), FrameSources(lambda *_: None))
    assert canvas.size == (7, 5) and canvas.pixels.shape == (5, 7, 4)
    painter.clear(7, 5)
    assert canvas.pixels[..., 3].min() == 255 and canvas.pixels[..., :3].max() == 0


def test_ranges() -> None:
    assert as_ranges({7, 0, 1, 3, 2}) == "0-3,7-7"
    assert as_ranges([]) == ""


def test_a_start_message_without_numbers_is_refused() -> None:
    with pytest.raises(MessageError):
        read_start({"catalogue": [{"series_id": "a"}]})
    with pytest.raises(MessageError):
        read_start({"catalogue": [], "frame_index": 0, "width": "wide"})
