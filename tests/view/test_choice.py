"""Which painter paints: measured for each kind of picture, remembered, and never the slower one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.view.volumes import COLUMNS, ROWS, SPACING, Shelf, body, frame_of, volume
from viewer_py.browser.choice import PainterChoice, kind_of, name_of
from viewer_py.browser.painters import PainterKind
from viewer_py.browser.trial import SMALL, moved, small
from viewer_py.render.sources import Sources
from viewer_py.render.webgl_renderer import WebGLError
from viewer_py.scene.model import (
    CornerText,
    ImageLayer,
    Layer,
    OrientationMarks,
    PaneScene,
    PlaneLayer,
    Rectangle,
    RenderingLayer,
    Scene,
)
from viewer_py.volume.model import SampleGrid, Slab

GRID = SampleGrid((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), 10, 10)
STACK = ImageLayer("a", 0, frame_of(body()[0]), (1.0, 0.0, 0.0, 1.0, 0.0, 0.0))
PLANE = PlaneLayer("ct", GRID)
SLAB = PlaneLayer("ct", GRID, Slab(20.0))
SHELF = Shelf({("a", 0): body()[0]}, {"ct": volume()})


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time


class TimedPainter:
    """Takes `full` seconds for a picture in full detail, less by its samples for a coarse one."""

    def __init__(self, kind: PainterKind, clock: Clock, full: float) -> None:
        self.kind, self.clock, self.full = kind, clock, full
        self.refuses = ""
        self.cleared = self.released = self.shrunk = 0
        self.largest = 0  # bytes of a volume that it was given
        self.painted: list[Scene] = []

    def paint(self, scene: Scene, sources: Sources) -> bool:
        if self.refuses:
            raise WebGLError(self.refuses)
        self.painted.append(scene)
        volume = sources.volume("ct")
        self.largest = max(self.largest, 0 if volume is None else volume.values.nbytes)
        detail = getattr(scene.panes[0].image, "detail", 1.0)
        self.clock.time += self.full * detail**2
        return True

    def clear(self, width: int, height: int) -> None:
        self.cleared += 1

    def finish(self) -> None:
        pass

    def shrink(self) -> None:
        self.shrunk += 1

    def release(self) -> None:
        self.released += 1


def scene(*layers: Layer) -> Scene:
    panes = (
        PaneScene(Rectangle(0, 0, 10, 10), one, CornerText(), OrientationMarks()) for one in layers
    )
    return Scene(10, 10, tuple(panes))


class Bench:
    def __init__(self, gpu: float, cpu: float, wish: str = "auto") -> None:
        self.clock = Clock()
        self.gpu = TimedPainter(PainterKind.WEBGL, self.clock, gpu)
        self.cpu = TimedPainter(PainterKind.NUMPY, self.clock, cpu)
        self.choice = PainterChoice(self.gpu, self.cpu, self.clock.now, wish)

    def chosen(self, *layers: Layer, sources: Sources = SHELF) -> str:
        """Return who paints at last; the painters are compared where that is not known."""
        if self.choice.is_open(scene(*layers), sources):
            self.choice.compare(scene(*layers), sources)
        return str(self.choice.painter_for(scene(*layers)).kind)


@pytest.mark.parametrize("layer", [STACK, PLANE, SLAB, RenderingLayer("ct", GRID, "bone")])
@pytest.mark.parametrize(
    ("gpu", "cpu", "chosen"),
    [(0.001, 0.0001, "webgl2"), (0.2, 0.02, "numpy"), (0.02, 0.2, "webgl2"), (9, 5, "numpy")],
)
def test_the_slower_painter_is_never_chosen(
    layer: Layer, gpu: float, cpu: float, chosen: str
) -> None:
    bench = Bench(gpu, cpu)
    assert bench.chosen(layer) == chosen
    assert "webgl2_ms" in bench.choice.measured[name_of(kind_of(scene(layer)))]


def test_each_kind_is_measured_once_and_by_itself() -> None:
    bench = Bench(0.03, 0.02)
    assert bench.chosen(STACK) == "numpy"
    bench.gpu.full = 0.002
    painted = len(bench.gpu.painted)
    assert bench.chosen(STACK) == "numpy" and len(bench.gpu.painted) == painted
    assert bench.chosen(SLAB) == "webgl2"
    assert bench.chosen(PLANE, SLAB) == "webgl2"
    assert set(bench.choice.measured) == {"stack", "slab", "plane+slab"}
    assert not bench.choice.is_slow


def test_a_slow_device_is_measured_by_coarse_pictures() -> None:
    bench = Bench(20.0, 6.0)
    assert bench.chosen(SLAB) == "numpy"
    assert bench.clock.time < 10.0


def test_what_was_drawn_before_is_not_what_is_timed() -> None:
    bench = Bench(0.05, 0.02)
    bench.chosen(PLANE)
    drawn = [one.panes[0].image for one in bench.gpu.painted]
    assert len(set(map(repr, drawn))) == len(drawn)
    assert moved(scene(STACK), 1) != scene(STACK)


def test_a_wish_is_granted_without_measuring() -> None:
    assert Bench(1.0, 0.1, "webgl2").chosen(STACK) == "webgl2"
    assert Bench(0.001, 0.1, "numpy").chosen(STACK) == "numpy"


def test_while_pixels_are_missing_nothing_is_measured() -> None:
    bench = Bench(0.001, 0.1)
    assert bench.chosen(PLANE, sources=Shelf()) == "numpy"
    assert not bench.choice.measured
    assert bench.chosen(PLANE) == "webgl2"


def test_what_the_gpu_refuses_numpy_paints_and_nothing_else() -> None:
    bench = Bench(0.001, 0.1)
    bench.gpu.refuses = "does not fit"
    assert bench.chosen(PLANE) == "numpy"
    bench.gpu.refuses = ""
    assert bench.chosen(PLANE) == "numpy" and bench.chosen(STACK) == "webgl2"
    assert bench.choice.measured["plane"] == {"webgl2": "does not fit"}


def test_software_gl_is_given_back_and_not_asked_for_anything_else() -> None:
    bench = Bench(0.2, 0.02)
    assert bench.chosen(STACK) == "numpy" and bench.choice.is_slow
    assert bench.gpu.released == 1
    painted = len(bench.gpu.painted)
    assert bench.chosen(PLANE) == "numpy" and len(bench.gpu.painted) == painted


def test_a_gpu_that_loses_by_a_little_stays_without_pixels() -> None:
    bench = Bench(0.03, 0.02)
    assert bench.chosen(PLANE) == "numpy"
    assert bench.gpu.cleared == 1 and bench.gpu.released == 0


def test_no_whole_volume_goes_to_a_gpu_that_is_too_slow_for_a_part() -> None:
    values = np.zeros((800, ROWS, COLUMNS), np.int16)
    shelf = Shelf({}, {"ct": volume(values=values)})
    slow, fast = Bench(9.0, 0.02), Bench(0.02, 0.2)
    assert slow.chosen(PLANE, sources=shelf) == "numpy" and slow.gpu.largest <= SMALL
    assert slow.choice.is_slow
    assert fast.chosen(PLANE, sources=shelf) == "webgl2" and fast.gpu.largest == values.nbytes


def test_a_small_volume_lies_where_the_whole_one_does() -> None:
    values = np.random.default_rng(3).integers(0, 900, (800, ROWS, COLUMNS), np.int16)
    whole = volume(values=values)
    part = small(whole)
    assert part.values.nbytes <= SMALL < values.nbytes and len(part.present) == len(part.values)
    for one, other in zip(part.geometry.box, whole.geometry.box, strict=True):
        assert np.abs(np.subtract(one, other)).max() <= 2 * max(SPACING)
    assert small(part) is part


def test_before_anything_is_compared_numpy_paints_and_the_gpu_is_not_touched() -> None:
    bench = Bench(0.001, 0.1)
    assert bench.choice.painter_for(scene(PLANE)) is bench.cpu
    assert not bench.gpu.painted


def test_without_a_gpu_numpy_paints() -> None:
    bench = Bench(0.001, 0.1)
    bench.choice.gpu_lost()
    assert bench.chosen(STACK) == "numpy"
