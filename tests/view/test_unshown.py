"""What cannot be shown or drawn is said, where it is missing, and ends nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.view.samples import make_series
from tests.view.test_session import FRAME, Reading
from viewer_py.browser.undrawable import UNDECODED, UNDRAWABLE
from viewer_py.dicom.manifest import RefusedObject
from viewer_py.dicom.refusals import WORDS
from viewer_py.render.sources import Sources
from viewer_py.scene.model import ImageLayer, PaneScene, Scene


def _image_of(pane: PaneScene) -> ImageLayer:
    assert isinstance(pane.image, ImageLayer)
    return pane.image


class Choosy:
    """A painter that cannot draw some frames of some series."""

    def __init__(self, reading: Reading, *frames: tuple[str, int]) -> None:
        self.kind = reading.cpu.kind
        self.frames = frames
        self.painted: list[Scene] = []
        self.tried = 0

    def paint(self, scene: Scene, _sources: Sources) -> bool:
        for pane in scene.panes:
            image = pane.image
            if (
                isinstance(image, ImageLayer)
                and (image.series_id, image.frame_index) in self.frames
            ):
                self.tried += 1
                raise ValueError("no such pixels")
        self.painted.append(scene)
        return True

    def clear(self, width: int, height: int) -> None: ...
    def finish(self) -> None: ...


def reading_with(*frames: tuple[str, int], gpu: bool = False) -> tuple[Reading, Choosy]:
    """Return a reading, the CT loaded, whose numpy painter cannot draw these frames."""
    opened = Reading(make_series(), make_series("b", frames=5, modality="MR"))
    painter = Choosy(opened, *frames)
    opened.session._screen._cpu = painter
    opened.session._screen._choice._cpu = painter
    if not gpu:
        opened.session._screen.context_lost()
    opened.manifest()
    for index in range(20):
        opened.frame(index)
    return opened, painter


def failures(reading: Reading) -> list[str]:
    """Return what is said in each pane of the last scene."""
    return [pane["failure"] for pane in reading.host.of("scene")[-1]["panes"]]


def test_refused_objects_are_told_once_in_words() -> None:
    series = replace(
        make_series(), refused=(RefusedObject("1.2.840.9", 21, 0, "damaged_pixels", "x / y"),)
    )
    reading = Reading(series, make_series("b", frames=5, modality="MR"))
    reading.manifest()
    for index in range(20):
        reading.frame(index)
    (told,) = reading.host.of("unshown")
    assert told["series_id"] == "a"
    (entry,) = told["entries"]
    assert entry == {
        "images": "图像号 21 / image number 21",
        "reason": WORDS["damaged_pixels"],
        "count": 1,
    }
    reading.command("series.open", series_id="b")
    reading.manifest("b")
    assert reading.host.of("unshown")[-1] == {"type": "unshown", "series_id": "b", "entries": []}


@pytest.mark.requirement("B-50")
def test_a_frame_that_no_decoder_reads_is_listed_and_its_pane_says_so() -> None:
    reading = Reading(make_series())
    reading.manifest()
    reading.session.frame_failed(1, 10)
    reading.session.frame_arrived(1, 12, FRAME - 1, lambda memory: None)
    assert [one["count"] for one in reading.host.of("unshown")[-1]["entries"]] == [2]
    assert "第 11, 13 幅" in reading.host.of("unshown")[-1]["entries"][0]["images"]
    reading.session.tick()
    assert failures(reading) == [UNDECODED]
    # Nothing is waited for: the viewer opens, and the next image is as good as ever.
    assert reading.host.of("interactive") and not reading.host.of("scene")[-1]["waiting"]
    reading.frame(11)
    reading.command("stack.scroll", by=1)
    reading.session.tick()
    assert failures(reading) == [""]
    assert reading.cpu.painted[-1].panes[0].image is not None
    reading.session.receive({"type": "state", "id": 7})
    state = reading.host.of("reply")[-1]["result"]
    assert state["loading"]["failed"] == [11, 13]
    assert state["unshown"] == reading.host.of("unshown")[-1]["entries"]


def test_ended_access_leaves_no_list_behind() -> None:
    reading = Reading(make_series())
    reading.manifest()
    reading.session.frame_failed(1, 10)
    reading.session.stream_ended(1, 403)
    assert reading.session.report()["unshown"] == []


@pytest.mark.requirement("B-50")
def test_a_picture_that_cannot_be_drawn_is_left_out_and_said() -> None:
    reading, painter = reading_with(("a", 10))
    reading.session.tick()
    assert failures(reading) == [UNDRAWABLE]
    assert painter.painted[-1].panes[0].image is None
    (told,) = reading.host.of("undrawable")
    assert "ValueError: no such pixels" in told["detail"]
    assert reading.host.of("interactive")
    tried = painter.tried
    for _ in range(3):
        reading.session.tick()
    assert painter.tried == tried  # it is known
    assert failures(reading) == [UNDRAWABLE]
    reading.command("stack.scroll", by=1)
    reading.session.tick()
    assert failures(reading) == [""]
    assert _image_of(painter.painted[-1].panes[0]).frame_index == 11


def test_the_other_panes_go_on() -> None:
    reading, painter = reading_with(("a", 10))
    reading.command("layout.set", columns=2, rows=1)
    reading.command("pane.activate", pane=1)
    reading.command("series.open", series_id="a", frame=4)
    reading.session.tick()
    shown = painter.painted[-1].panes
    assert [pane.image is None for pane in shown] == [True, False]
    assert _image_of(shown[1]).frame_index == 4
    assert failures(reading) == [UNDRAWABLE, ""]
    said: list[dict[str, Any]] = reading.session.report()["scene"]
    assert [pane["failure"] for pane in said] == [UNDRAWABLE, ""]


def test_two_that_cannot_be_drawn_are_both_remembered() -> None:
    reading, painter = reading_with(("a", 10), ("a", 4))
    reading.command("layout.set", columns=2, rows=1)
    reading.session.tick()
    reading.command("pane.activate", pane=1)
    reading.command("series.open", series_id="a", frame=4)
    reading.session.tick()
    assert failures(reading) == [UNDRAWABLE, UNDRAWABLE]
    tried = painter.tried
    reading.session.tick()
    assert painter.tried == tried


def test_what_the_gpu_cannot_draw_numpy_draws() -> None:
    reading, painter = reading_with(gpu=True)
    reading.compare()
    reading.gpu.paint = Choosy(reading, ("a", 10)).paint  # type: ignore[method-assign]
    reading.session.tick()
    assert failures(reading) == [""]
    assert not reading.host.of("undrawable")
    assert painter.painted[-1].panes[0].image is not None
    assert reading.host.of("renderer")[-1]["kind"] == "numpy"
