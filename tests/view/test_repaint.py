"""Only panes that changed are painted, and the canvas holds the whole picture all the same."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.view.samples import entry_of
from tests.view.test_session import RecordingHost
from tests.view.volume_samples import COLUMNS, ROWS, SLICES, volume_series
from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.messages import Start
from viewer_py.browser.painters import NumpyPainter
from viewer_py.browser.session import Session
from viewer_py.dicom.manifest import to_json
from viewer_py.render import numpy_renderer
from viewer_py.render.sources import Sources
from viewer_py.scene.model import Rectangle, Scene
from viewer_py.view.layout import areas

FRAME = ROWS * COLUMNS * 2
WIDTH, HEIGHT = 120, 96
BODY = np.random.default_rng(7).normal(60, 200, (SLICES, ROWS, COLUMNS)).astype(np.int16)


class Canvas:
    """Holds what was put, as the browser's canvas does: emptied with every new size."""

    def __init__(self) -> None:
        self.pixels: NDArray[np.uint8] = np.zeros((0, 0, 4), dtype=np.uint8)
        self.lost = False
        self.put_areas: list[Rectangle] = []

    def resize(self, width: int, height: int) -> bool:
        emptied = self.lost or self.pixels.shape[:2] != (height, width)
        if emptied:
            self.pixels = np.zeros((height, width, 4), dtype=np.uint8)
        self.lost = False
        return emptied

    def put(self, pixels: NDArray[np.uint8], area: Rectangle) -> None:
        self.put_areas.append(area)
        part = (slice(area.y, area.y + area.height), slice(area.x, area.x + area.width))
        self.pixels[part] = pixels[part]


class JudgedPainter(NumpyPainter):
    """Compares the canvas with a picture that nothing before has had a part in."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.canvas = canvas
        self.pictures = 0

    def paint(self, scene: Scene, sources: Sources) -> bool:
        self.canvas.put_areas.clear()
        complete = super().paint(scene, sources)
        assert (self.canvas.pixels == numpy_renderer.render(scene, sources)).all()
        self.pictures += 1
        return complete


class Reading:
    """A session on one CT that is a volume, painted with numpy; nothing has come yet."""

    def __init__(self) -> None:
        series = volume_series()
        self.host, self.canvas = RecordingHost(), Canvas()
        self.painter = JudgedPainter(self.canvas)
        entries = (entry_of(series),)
        start = Start(entries, "v", 20, WIDTH, HEIGHT, 1.0, touch=False, gigabytes=None)
        self.session = Session(self.host, start, FrameStore(400 * FRAME), self.painter, None)
        self.session.manifest_arrived("v", 200, to_json(series))

    def frame(self, index: int) -> None:
        def write(memory: np.ndarray[Any, Any]) -> None:
            memory.view(np.int16)[:] = BODY[index].ravel()

        self.session.frame_arrived(self.host.streams[-1][1], index, FRAME, write)

    def all_frames(self) -> None:
        for index in range(SLICES):
            self.frame(index)

    def command(self, name: str, /, **args: Any) -> list[Rectangle]:
        """Carry a command out and paint; return the areas that were put onto the canvas."""
        self.session.receive(
            json.loads(json.dumps({"type": "command", "name": name, "args": args}))
        )
        self.session.tick()
        return list(self.canvas.put_areas)

    def planes(self) -> list[Rectangle]:
        self.all_frames()
        self.session.tick()
        self.command("mpr.open", direction="coronal")
        self.command("window.set", center=50, width=400)
        return self.command("canvas.resize", width=400, height=402, pixel_ratio=1)


@pytest.fixture
def reading() -> Reading:
    opened = Reading()
    opened.planes()
    return opened


def test_a_step_in_one_plane_paints_one_pane(reading: Reading) -> None:
    (painted,) = reading.command("stack.scroll", by=1)
    area = areas(reading.session.state)[reading.session.state.active_pane]
    assert painted == Rectangle(area.x, area.y, area.width, area.height)


def test_the_same_again_paints_nothing(reading: Reading) -> None:
    assert reading.command("pane.activate", pane=reading.session.state.active_pane) == []


def test_the_cross_hair_moves_all_three_planes(reading: Reading) -> None:
    x, y, z = reading.session.report()["reformat"]["cross_hair"]["center"]
    assert len(reading.command("mpr.cursor", x=x + 2, y=y + 2, z=z + 3)) == 3


def test_a_window_paints_every_pane_that_follows_it(reading: Reading) -> None:
    linked = {pane.window for pane in reading.session.state.panes if str(pane.kind) == "plane"}
    painted = reading.command("window.set", center=-300, width=900)
    after = {pane.window for pane in reading.session.state.panes if str(pane.kind) == "plane"}
    assert len(linked) == len(after) == 1 and len(painted) == 3


def test_another_size_paints_all(reading: Reading) -> None:
    assert reading.command("canvas.resize", width=300, height=240, pixel_ratio=1) == [
        Rectangle(0, 0, 300, 240)
    ]


def test_a_canvas_that_was_lost_is_filled_again(reading: Reading) -> None:
    reading.canvas.lost = True
    reading.session.tick()
    assert reading.canvas.put_areas == [Rectangle(0, 0, 400, 402)]


def test_a_slice_that_comes_is_painted_where_its_volume_is_shown() -> None:
    reading = Reading()
    for index in range(18, 24):
        reading.frame(index)
    reading.session.tick()
    reading.command("mpr.open", direction="coronal")
    reading.frame(40)
    reading.session.tick()
    assert len(reading.canvas.put_areas) == 3
    reading.session.tick()
    assert reading.canvas.put_areas == []


STEPS = (
    ("stack.scroll", {"by": 1}),
    ("stack.scroll", {"by": -3}),
    ("stack.go", {"frame": 5}),
    ("window.set", {"center": 40, "width": 300}),
    ("window.set", {"center": -100, "width": 1200}),
    ("image.invert", {}),
    ("mpr.toggle", {}),
    ("mpr.open", {"direction": "sagittal"}),
    ("mpr.cursor", {"x": 1.0, "y": 2.0, "z": 30.0}),
    ("mpr.turn", {"degrees": 20}),
    ("mpr.projection", {"projection": "MIP"}),
    ("mpr.thickness", {"thickness": 10}),
    ("mpr.thickness", {"thickness": 0}),
    ("mpr.reset", {}),
    ("pane.activate", {"pane": 0}),
    ("pane.activate", {"pane": 1}),
    ("layout.set", {"columns": 2, "rows": 1}),
    ("layout.maximize", {}),
    ("canvas.resize", {"width": 90, "height": 130, "pixel_ratio": 1}),
    ("canvas.resize", {"width": 700, "height": 520, "pixel_ratio": 0.2}),
)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from(STEPS), st.integers(0, SLICES - 1), st.just("lost")),
        min_size=3,
        max_size=16,
    )
)
def test_the_canvas_holds_the_whole_picture_after_any_steps(
    steps: list[tuple[str, dict[str, Any]] | int | str],
) -> None:
    reading = Reading()
    for index in range(10, 30):
        reading.frame(index)
    reading.session.tick()
    for step in steps:
        if isinstance(step, int):
            reading.frame(step)
            reading.session.tick()
        elif isinstance(step, str):
            reading.canvas.lost = True
            reading.session.tick()
        else:
            reading.command(step[0], **step[1])
    assert reading.painter.pictures > len(steps)
