"""What the canvas ought to show: the stored values, drawn by the numpy renderer under CPython."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

from e2e.browser import settled, state_of
from server.cloud import ImageCloud
from server.imaging import codec, delivery
from server.model import Series
from viewer_py.dicom import manifest
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.dicom.pack import HEAD, read_head
from viewer_py.pixels.voi import Window
from viewer_py.render import numpy_renderer
from viewer_py.render.sources import FrameSources
from viewer_py.scene.model import (
    CornerText,
    ImageLayer,
    OrientationMarks,
    PaneScene,
    Rectangle,
    Scene,
)

HIDE_WORDS = """() => document.querySelectorAll(
    "[data-stage] > :not(canvas):not(img), [data-shapes], [data-messages]")
  .forEach((element) => { element.style.visibility = "hidden"; })"""
SHOW_WORDS = HIDE_WORDS.replace('"hidden"', '""')


def stored_frame(
    cloud: ImageCloud, series_id: str, frame_index: int
) -> tuple[SeriesManifest, NDArray[Any]]:
    """Return the manifest of a series and the stored values of one frame, read from the vault."""
    with cloud.database.session() as session:
        series = session.get_one(Series, series_id)
        read = manifest.from_json(delivery.manifest_json(cloud, session, series))
        pack = b"".join(delivery.frame_records(cloud, session, series, [frame_index]))
    frame = read.frames[frame_index]
    return read, codec.decode(read_head(pack).codec, pack[HEAD.size :], frame)


def expected_canvas(
    cloud: ImageCloud, state: dict[str, Any], height: int, width: int
) -> NDArray[np.int16]:
    """Return the reading area that a viewer in this state ought to show, as RGB."""
    series, stored = stored_frame(cloud, state["series_id"], state["frame_index"])
    layer = ImageLayer(
        series_id=series.series_id,
        frame_index=state["frame_index"],
        frame=series.frames[state["frame_index"]],
        matrix=tuple(state["matrix"]),
        window=None if state["preset"] == "default" else Window(**state["window"]),
        inverted=state["inverted"],
    )
    pane = PaneScene(Rectangle(0, 0, width, height), layer, CornerText(), OrientationMarks())
    scene = Scene(width, height, (pane,))
    drawn = numpy_renderer.render(scene, FrameSources(lambda *_: stored))
    return drawn[..., :3].astype(np.int16)


def seen_canvas(page: Page) -> NDArray[np.int16]:
    """Return the reading area as the screen shows it, without the words that lie over it."""
    while not state_of(page)["shown"]:
        page.wait_for_timeout(50)
    page.evaluate(HIDE_WORDS)
    settled(page)
    shot, before = page.locator("[data-stage]").screenshot(), b""
    for _ in range(60):  # the worker has painted; the screen follows in its own time
        if shot == before:
            break
        page.wait_for_timeout(150)
        shot, before = page.locator("[data-stage]").screenshot(), shot
    page.evaluate(SHOW_WORDS)
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(np.int16)
