"""When the painters are compared: never while the reader is at work, however slow a GPU is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.view.test_choice import PLANE, SHELF, SLAB, STACK, Clock, TimedPainter, scene
from viewer_py.browser.painters import PainterKind
from viewer_py.browser.screen import LOADING, SETTLE, UNSEEN, Screen
from viewer_py.scene.model import Layer, Scene


class Host:
    """Wakes the screen when it asked for it, as the browser would."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.alarms: list[float] = []
        self.ticks = 0
        self.messages: list[Mapping[str, Any]] = []

    def now(self) -> float:
        return self.clock.time

    def post(self, message: Mapping[str, Any]) -> None:
        self.messages.append(message)

    def request_tick(self) -> None:
        self.ticks += 1

    def call_later(self, seconds: float) -> None:
        assert seconds > 0
        self.alarms.append(self.clock.time + seconds)


class Desk:
    """A screen with a reader before it."""

    def __init__(self, gpu: float, cpu: float = 0.02) -> None:
        self.host = Host()
        self.gpu = TimedPainter(PainterKind.WEBGL, self.host.clock, gpu)
        self.cpu = TimedPainter(PainterKind.NUMPY, self.host.clock, cpu)
        self.screen = Screen(self.host, SHELF, self.cpu, self.gpu, "auto")
        self.shown = scene(STACK)

    def show(self, layer: Layer) -> float:
        """Show something else by the reader's hand; return how long the picture took."""
        self.screen.moved()
        return self.paint(scene(layer))

    def paint(self, shown: Scene) -> float:
        self.shown, begun = shown, self.host.now()
        self.screen.paint(shown, volumes=True, detail=1.0)
        return self.host.now() - begun

    def wait(self, seconds: float) -> None:
        """Let time pass; what was asked for by then happens."""
        end = self.host.now() + seconds
        while due := [one for one in self.host.alarms if one <= end]:
            self.host.clock.time = max(self.host.now(), min(due))
            self.host.alarms.remove(min(due))
            ticks = self.host.ticks
            self.screen.woken()
            if self.host.ticks > ticks:
                self.paint(self.shown)
        self.host.clock.time = max(self.host.now(), end)


def test_the_gpu_is_not_touched_before_the_reader_rests() -> None:
    desk = Desk(gpu=0.001)
    desk.show(STACK)
    desk.wait(SETTLE * 0.9)
    assert not desk.gpu.painted and desk.screen.kind == "numpy"
    desk.wait(SETTLE * 0.2)
    assert desk.gpu.painted and desk.screen.kind == "webgl2"


def test_each_further_kind_waits_too() -> None:
    desk = Desk(gpu=0.001)
    for layer, name in ((STACK, "stack"), (PLANE, "plane"), (SLAB, "slab")):
        painted = len(desk.gpu.painted)
        desk.show(layer)
        desk.wait(SETTLE * 0.9)
        assert len(desk.gpu.painted) == painted and name not in desk.screen.measured
        assert desk.screen.kind == "numpy"
        desk.wait(SETTLE * 0.2)
        assert name in desk.screen.measured and desk.screen.kind == "webgl2"
    painted = len(desk.gpu.painted)
    desk.show(PLANE)  # known: nothing is waited for
    assert len(desk.gpu.painted) == painted + 1


def test_every_move_puts_it_off() -> None:
    desk = Desk(gpu=0.001)
    for step in range(20):
        desk.show(replace(PLANE, opacity=1 - step / 100))
        desk.wait(SETTLE * 0.6)
    assert not desk.gpu.painted
    assert len(desk.host.alarms) <= 1  # and no timers pile up
    desk.wait(SETTLE)
    assert desk.screen.kind == "webgl2"


def test_what_changes_by_itself_puts_it_off_too() -> None:
    """Cine runs on, or slices come: a hiccup would be seen."""
    desk = Desk(gpu=0.001)
    for step in range(20):
        desk.paint(scene(replace(PLANE, opacity=1 - step / 100)))
        desk.wait(SETTLE * 0.6)
    assert not desk.gpu.painted


def test_frames_that_arrive_put_it_off_but_not_for_ever() -> None:
    desk = Desk(gpu=0.001)
    desk.show(STACK)
    begun = desk.host.now()
    while not desk.screen.measured:
        desk.screen.arrived()
        desk.wait(0.2)
    assert LOADING <= desk.host.now() - begun <= LOADING + 2 * SETTLE


def test_once_everything_is_there_it_comes_soon() -> None:
    desk = Desk(gpu=0.001)
    desk.show(STACK)
    for _ in range(10):
        desk.screen.arrived()
        desk.wait(0.2)
    assert not desk.gpu.painted
    desk.wait(SETTLE)
    assert desk.screen.measured


def test_a_move_just_before_the_picture_is_in_time() -> None:
    desk = Desk(gpu=0.001)
    desk.show(PLANE)
    desk.host.clock.time += SETTLE
    desk.screen.woken()
    assert desk.host.ticks
    desk.show(PLANE)
    assert not desk.gpu.painted


@pytest.mark.parametrize("layer", [STACK, PLANE, SLAB])
def test_a_very_slow_gpu_never_holds_up_a_picture(layer: Layer) -> None:
    desk = Desk(gpu=60.0, cpu=0.02)
    assert desk.show(layer) == pytest.approx(0.02)
    desk.wait(3 * SETTLE)
    tried = len(desk.gpu.painted)
    assert tried <= 2 and desk.screen.measured and desk.gpu.released == 1
    for other in (STACK, PLANE, SLAB, PLANE):
        assert desk.show(other) <= 0.021
        desk.wait(3 * SETTLE)
    assert len(desk.gpu.painted) == tried
    assert desk.host.messages[-1] == {"type": "renderer", "kind": "numpy", "slow": True}


def test_a_gpu_that_is_gone_is_not_compared() -> None:
    desk = Desk(gpu=0.001)
    desk.show(STACK)
    desk.screen.context_lost()
    desk.wait(3 * SETTLE)
    assert not desk.gpu.painted and desk.screen.kind == "numpy"


def test_a_canvas_that_is_not_seen_any_more_gives_its_memory_back() -> None:
    desk = Desk(gpu=0.001)
    desk.show(STACK)
    desk.wait(SETTLE * 1.1)
    assert desk.screen.kind == "webgl2" and not desk.cpu.shrunk  # the page may still show it
    desk.wait(UNSEEN * 2)
    assert desk.cpu.shrunk and not desk.gpu.shrunk


def test_the_canvas_that_is_seen_keeps_its_memory() -> None:
    desk = Desk(gpu=0.5)
    desk.show(STACK)
    desk.wait(SETTLE + UNSEEN * 3)
    assert desk.screen.kind == "numpy" and not desk.cpu.shrunk
