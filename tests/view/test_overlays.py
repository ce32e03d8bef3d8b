"""Overlay planes in the browser: fetched after the first picture, drawn over it, switchable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.view.samples import make_series
from tests.view.test_session import Reading
from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.overlay_store import MASKS_KEPT, OverlayStore
from viewer_py.browser.volume_store import BrowserSources, VolumeStore
from viewer_py.dicom.overlays import OverlayPlane, to_bytes
from viewer_py.pixels.overlays import mask
from viewer_py.render.numpy_renderer import render
from viewer_py.scene.model import ImageLayer, Scene
from viewer_py.scene.overlays import PREFIX
from viewer_py.view.toolbar import unfitting

ROWS, COLUMNS = 40, 60


def plane(number: int) -> OverlayPlane:
    drawn = np.random.default_rng(number).random((ROWS, COLUMNS)) > 0.8
    bits = np.packbits(drawn, bitorder="little").tobytes()
    return OverlayPlane(0x6000, ROWS, COLUMNS, 0, 0, "G", bits)


PLANES = {index: (plane(index),) for index in (9, 10)}
DATA = to_bytes(PLANES)


class OverlaidReading(Reading):
    """A reading whose host takes note of the overlays that are asked for."""

    def __init__(self, *series: Any, **values: Any) -> None:
        self.fetched: list[str] = []
        super().__init__(*series, **values)
        self.host.fetch_overlays = self.fetched.append  # type: ignore[attr-defined]

    def painted(self) -> Scene:
        """The scene that was painted last, by whichever painter."""
        return (self.gpu.painted or self.cpu.painted)[-1]

    def layers(self) -> list[ImageLayer]:
        self.session.tick()
        found = self.painted().panes[0].overlays
        return [layer for layer in found if isinstance(layer, ImageLayer)]


@pytest.fixture
def reading() -> OverlaidReading:
    opened = OverlaidReading(replace(make_series(), overlay_bytes=len(DATA)))
    opened.manifest()
    return opened


def test_planes_are_fetched_once_and_not_before_the_first_picture(
    reading: OverlaidReading,
) -> None:
    assert reading.fetched == []
    reading.frame(10)
    reading.frame(11)
    reading.command("stack.go", frame=11)
    assert reading.fetched == ["a"]


def test_a_series_without_planes_asks_for_none() -> None:
    plain = OverlaidReading(make_series())
    plain.manifest()
    plain.frame(10)
    assert plain.fetched == []
    assert "叠加层" in unfitting(plain.session.state)["image.overlays"]
    assert "error" in plain.command("image.overlays", shown="off")


@pytest.mark.requirement("B-16")
def test_planes_lie_over_their_frame_and_can_be_hidden(reading: OverlaidReading) -> None:
    reading.frame(10)
    assert reading.layers() == []
    reading.session.overlays_arrived("a", 200, DATA)
    (layer,) = reading.layers()
    assert (layer.series_id, layer.frame_index) == (PREFIX + "a", 10)
    reading.command("image.overlays", shown="off")
    assert reading.layers() == []
    reading.command("image.overlays", shown="on")
    assert len(reading.layers()) == 1
    reading.frame(11)
    reading.command("stack.go", frame=11)
    assert reading.layers() == []


@pytest.mark.parametrize(("status", "data"), [(404, b""), (0, b""), (200, b"rubbish")])
def test_without_planes_the_image_is_shown_bare(
    reading: OverlaidReading, status: int, data: bytes
) -> None:
    reading.frame(10)
    reading.session.overlays_arrived("a", status, data)
    assert reading.layers() == []
    assert reading.host.of("interactive")


@pytest.mark.requirement("B-16", "B-27")
@pytest.mark.parametrize("inverted", [False, True])
def test_the_numpy_renderer_draws_them_white_and_turns_them_with_the_image(
    reading: OverlaidReading, inverted: bool
) -> None:
    reading.frame(10, fill=0)
    reading.session.overlays_arrived("a", 200, DATA)
    if inverted:
        reading.command("image.invert")
    reading.session.tick()
    scene = reading.painted()
    series = reading.series["a"]
    frames = FrameStore(1 << 20)
    overlays = OverlayStore({"a": series}.get)
    overlays.take("a", DATA)
    slots = frames.open(series)
    memory = slots.reserve(10, 2 * ROWS * COLUMNS, 10)
    assert memory is not None
    memory[:] = 0
    slots.commit(10, 2 * ROWS * COLUMNS)
    bare = replace(scene, panes=(replace(scene.panes[0], overlays=()),))
    sources = BrowserSources(frames, VolumeStore(frames), overlays)
    pictures = [render(one, sources)[..., 0] for one in (bare, scene)]
    image = scene.panes[0].image
    assert isinstance(image, ImageLayer)
    a, _b, _c, d, e, f = image.matrix
    down, across = np.nonzero(mask(PLANES[10], ROWS, COLUMNS))
    at = (f + d * (down + 0.5)).astype(int), (e + a * (across + 0.5)).astype(int)
    within = (at[0] < scene.height) & (at[1] < scene.width) & (at[0] >= 0) & (at[1] >= 0)
    drawn = pictures[1][at[0][within], at[1][within]]
    assert (drawn == (0 if inverted else 255)).all()
    assert (pictures[0][at[0][within], at[1][within]] != drawn).all()
    changed = (pictures[0] != pictures[1]).mean()
    assert 0.02 < changed < 0.4


def test_few_masks_are_kept() -> None:
    series = make_series()
    store = OverlayStore({"a": series}.get)
    store.take("a", to_bytes({index: (plane(index),) for index in range(12)}))
    first = store.mask(PREFIX + "a", 0)
    assert first is not None and first is store.mask(PREFIX + "a", 0)
    for index in range(1, MASKS_KEPT + 2):
        store.mask(PREFIX + "a", index)
    assert store.mask(PREFIX + "a", 0) is not first
    assert store.mask("a", 0) is None
    assert store.mask(PREFIX + "b", 0) is None
