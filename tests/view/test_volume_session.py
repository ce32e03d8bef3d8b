"""The session with volumes: coarse while it moves, full at rest, fusion from two series, memory."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests.view.samples import entry_of
from tests.view.test_session import FakePainter, RecordingHost
from tests.view.volume_samples import COLUMNS, ROWS, volume_series
from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.messages import Start
from viewer_py.browser.pace import REST, SMOOTH, Pace
from viewer_py.browser.painters import PainterKind
from viewer_py.browser.session import Session
from viewer_py.dicom.manifest import SeriesManifest, to_json
from viewer_py.render.sources import Sources, is_complete
from viewer_py.scene.model import PlaneLayer, Scene

FRAME = ROWS * COLUMNS * 2


class PlanePainter(FakePainter):
    """Takes planes too."""

    def paint(self, scene: Scene, sources: Sources) -> bool:
        self.host.time += self.seconds
        self.painted.append(scene)
        return is_complete(scene, sources)


class Reading:
    """A session on series that are volumes; `deliver` brings what was asked for."""

    def __init__(self, *series: SeriesManifest, slots: int = 400, seconds: float = 0.0) -> None:
        self.host = RecordingHost()
        self.series = {one.series_id: one for one in series}
        self.painter = PlanePainter(PainterKind.NUMPY, self.host, seconds)
        start = Start(
            catalogue=tuple(entry_of(one) for one in series),
            series_id=series[0].series_id,
            frame_index=20,
            width=900,
            height=700,
            pixel_ratio=1,
            touch=False,
            gigabytes=None,
        )
        self.session = Session(self.host, start, FrameStore(slots * FRAME), self.painter, None)
        self.manifest(series[0].series_id)

    def manifest(self, series_id: str) -> None:
        self.session.manifest_arrived(series_id, 200, to_json(self.series[series_id]))

    def deliver(self) -> None:
        """Bring every frame of the stream that is open."""
        series_id, request, query = self.host.streams[-1]
        for part in query.split("wanted=")[1].split("&")[0].split(","):
            first, last = part.split("-")
            for index in range(int(first), int(last) + 1):
                self.session.frame_arrived(request, index, FRAME, _fill(index))
        self.session.stream_ended(request, 200)
        assert series_id in self.series

    def command(self, name: str, /, **args: Any) -> dict[str, Any]:
        message = {"type": "command", "id": 1, "name": name, "args": args}
        self.session.receive(json.loads(json.dumps(message)))
        return self.host.of("reply")[-1]


def _fill(index: int) -> Any:
    def write(memory: np.ndarray[Any, Any]) -> None:
        memory.view(np.int16)[:] = index

    return write


def details(reading: Reading) -> set[float]:
    scene = reading.painter.painted[-1]
    return {pane.image.detail for pane in scene.panes if isinstance(pane.image, PlaneLayer)}


@pytest.mark.requirement("B-36")
def test_a_slow_device_draws_coarsely_while_it_moves_and_in_full_at_rest() -> None:
    reading = Reading(volume_series(), seconds=0.2)
    reading.deliver()
    reading.session.tick()
    reading.command("mpr.toggle")
    reading.session.tick()
    reading.command("stack.scroll", by=1)
    reading.session.tick()
    (coarse,) = details(reading)
    assert coarse < 1 and REST in reading.host.waits
    reading.host.time += 2 * REST
    ticks = reading.host.ticks
    reading.session.woken()
    assert reading.host.ticks == ticks + 1
    reading.session.tick()
    assert details(reading) == {1.0}


def test_leaving_the_planes_while_they_are_coarse_leaves_nothing_to_be_finer() -> None:
    reading = Reading(volume_series(), seconds=0.2)
    reading.deliver()
    reading.session.tick()
    reading.command("mpr.toggle")
    reading.session.tick()
    reading.command("stack.scroll", by=1)
    reading.session.tick()
    assert max(details(reading)) < 1
    reading.command("mpr.toggle")
    reading.host.time += 2 * REST
    reading.session.tick()
    assert reading.session.report()["reformat"] is None
    assert reading.session.report()["shown"]
    ticks = reading.host.ticks
    reading.session.woken()
    assert reading.host.ticks == ticks  # nobody paints the same again


def test_the_pace_follows_what_a_full_picture_takes() -> None:
    pace = Pace()
    pace.moved(0.0)
    assert pace.detail(0.0) == 1.0  # nothing is known yet
    pace.painted(1.0, 4 * SMOOTH)
    assert pace.detail(0.01) == pytest.approx(0.5)
    assert pace.detail(REST) == 1.0
    pace.painted(0.5, SMOOTH)
    assert pace.is_coarse and pace.detail(0.01) == pytest.approx(0.5)
    pace.painted(1.0, 20.0)
    assert pace.detail(0.01) == pytest.approx(0.2)  # never so coarse that nothing is seen


def test_a_picture_that_would_take_seconds_stays_coarse_and_says_so() -> None:
    reading = Reading(volume_series(), seconds=8.0)
    reading.deliver()
    reading.session.tick()
    reading.command("mpr.toggle")
    for _ in range(3):
        reading.session.tick()
        reading.host.time += 1
    reading.session.tick()
    (coarse,) = details(reading)
    assert coarse < 1
    assert "设备较慢，以 " in " ".join(reading.session.report()["badges"])


@pytest.mark.requirement("B-36")
def test_planes_open_while_slices_arrive_and_say_how_many_are_there() -> None:
    reading = Reading(volume_series())
    series_id, request, _ = reading.host.streams[-1]
    for index in (20, 21, 19):
        reading.session.frame_arrived(request, index, FRAME, _fill(index))
    assert series_id == "v" and "error" not in reading.command("mpr.toggle")
    state = reading.session.report()
    assert state["badges"] == ["载入中 3 / 60 层"]
    assert state["scene"][0]["corners"]["bottom_right"][0] == "20 HU"
    reading.deliver()
    assert reading.session.report()["badges"] == []


@pytest.mark.requirement("B-46", "C-24")
def test_fusion_reads_the_other_manifest_then_loads_the_pet_after_the_ct() -> None:
    pet = volume_series("pet", modality="PT", slices=40)
    reading = Reading(volume_series("ct"), pet)
    reading.deliver()
    reading.command("fusion.toggle")
    assert reading.host.manifests[-1] == "pet" and reading.session.state.wants_fusion
    reading.session.tick()
    assert reading.host.of("scene")[-1]["hint"] == "fusing"
    reading.manifest("pet")
    reading.host.time += 1
    reading.session.woken()
    assert reading.host.streams[-1][0] == "pet"
    reading.deliver()
    volumes = reading.session.report()["reformat"]["volumes"]
    assert {name: one["loaded"] for name, one in volumes.items()} == {"ct": 60, "pet": 40}
    assert volumes["pet"]["no_unit"]  # this PET says neither weight nor dose


@pytest.mark.requirement("B-46")
def test_a_pair_that_cannot_be_fused_is_refused_once_its_manifest_is_read() -> None:
    pet = volume_series("pet", modality="PT", slices=40, frame_of_reference_uid="1.2.8")
    reading = Reading(volume_series("ct"), pet)
    reading.command("fusion.toggle")
    reading.manifest("pet")
    assert "参考坐标系" in reading.host.of("refused")[-1]["message"]
    assert not reading.session.state.wants_fusion


def test_a_volume_too_large_for_memory_is_coarser_and_says_so() -> None:
    reading = Reading(volume_series(), slots=40)
    reading.command("mpr.toggle")
    for _ in range(6):
        reading.host.time += 1
        reading.session.woken()
        reading.deliver()
    state = reading.session.report()
    assert any("分辨率重建" in words for words in state["badges"])


def test_the_wheel_works_the_pane_below_it() -> None:
    reading = Reading(volume_series())
    reading.deliver()
    reading.command("mpr.toggle")
    reading.session.receive({"type": "wheel", "x": 700, "y": 100, "delta": 100})
    assert reading.session.state.active_pane == 1
