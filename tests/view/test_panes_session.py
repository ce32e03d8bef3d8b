"""The session with several panes and a lens: what is loaded, what is painted anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.view.samples import make_series
from tests.view.test_session import FRAME, Reading


class LensReading(Reading):
    """A reading whose host keeps the pictures of the lens."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.lenses: list[NDArray[np.uint8]] = []
        host: Any = self.host
        host.put_lens = self.lenses.append

    def arrive(self, limit: int = 400) -> None:
        """Answer every question for manifests and frames until nothing is asked any more."""
        answered = 0
        for _ in range(limit):
            while self.host.manifests:
                self.manifest(self.host.manifests.pop())
            if answered == len(self.host.streams):
                self.host.time += 1
                self.session.woken()
                if answered == len(self.host.streams):
                    return
            _, request, query = self.host.streams[-1]
            answered = len(self.host.streams)
            wanted = dict(part.split("=") for part in query.split("&"))["wanted"]
            for part in wanted.split(","):
                first, last = map(int, part.split("-"))
                for index in range(first, last + 1):
                    if self.host.streams[-1][1] != request:
                        break
                    self.frame(index, request)
            self.session.stream_ended(request, 200)
        pytest.fail("it never stops asking")


def on_screen(reading: Reading) -> list[bool]:
    """Return, pane by pane, whether its image is in memory."""
    store = reading.session._store
    return [
        store.pixels(pane.series_id or "", pane.frame_index) is not None
        for pane in reading.session.state.panes
    ]


def three(slots: int) -> LensReading:
    series = (make_series(name, frames=20) for name in ("a", "b", "c"))
    reading = LensReading(*series, slots=slots)
    reading.arrive()
    reading.command("layout.set", columns=3, rows=1)
    reading.arrive()
    return reading


@pytest.mark.requirement("C-07", "B-43")
@pytest.mark.parametrize("slots", [100, 30])
def test_every_pane_gets_its_images_even_where_memory_holds_less_than_all(slots: int) -> None:
    reading = three(slots)
    assert on_screen(reading) == [True, True, True]
    assert reading.session._store.size <= slots * FRAME


@pytest.mark.requirement("C-34")
@pytest.mark.parametrize("slots", [100, 30])
def test_linked_panes_load_the_images_they_come_to(slots: int) -> None:
    reading = three(slots)
    reading.command("link.scroll")
    reading.host.time += 1
    reading.command("stack.go", frame=19)
    assert reading.session.state.panes[0].frame_index == 19
    reading.arrive()
    assert on_screen(reading) == [True, True, True]


def test_a_frame_of_another_pane_is_painted_when_it_comes() -> None:
    reading = three(100)
    reading.command("pane.activate", pane=1)
    ticks = reading.host.ticks
    shown = reading.session.state.panes[1].frame_index
    reading.frame(shown)
    assert reading.host.ticks > ticks


@pytest.mark.requirement("B-26", "C-11")
def test_only_the_lens_is_painted_while_it_moves() -> None:
    reading = three(100)
    reading.session.tick()
    for x in (40, 41, 42):
        reading.command("magnifier.at", x=x, y=90)
        reading.session.tick()
    assert len(reading.lenses) == 3
    assert all(picture.shape == (176, 176, 4) for picture in reading.lenses)
    reading.session.tick()  # the same again is not painted
    assert len(reading.lenses) == 3
    scene = reading.host.of("scene")[-1]
    assert scene["lens"]["size"] == 176 and scene["follows"] is False
    reading.command("magnifier.hide")
    reading.session.tick()
    assert len(reading.lenses) == 3 and reading.host.of("scene")[-1]["lens"] is None


@pytest.mark.requirement("C-11")
def test_the_page_is_told_to_follow_the_mouse_while_the_magnifier_is_chosen() -> None:
    reading = three(100)
    reading.command("tool.choose", tool="magnifier")
    reading.session.tick()
    assert reading.host.of("scene")[-1]["follows"] is True
    move = {"kind": "move", "pointer_id": 1, "button": 0, "touch": False, "x": 30.0, "y": 40.0}
    reading.session.receive({"type": "pointer", "events": [move]})
    assert reading.session.state.lens.shown
    reading.session.receive({"type": "pointer", "events": [{**move, "kind": "cancel"}]})
    assert not reading.session.state.lens.shown


@pytest.mark.requirement("B-31", "C-16")
def test_lines_with_nowhere_to_lie_say_what_to_do() -> None:
    reading = LensReading(make_series("a"), make_series("b"))
    reading.arrive()
    reading.command("reference.toggle")
    reading.session.tick()
    assert "布局" in reading.host.of("scene")[-1]["hint"]
    reading.command("layout.set", columns=2, rows=1)
    reading.session.tick()
    assert reading.host.of("scene")[-1]["hint"] == ""
