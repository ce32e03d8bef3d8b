"""Overlay planes on the canvas of a real browser, by WebGL and by numpy, beside CPython's numpy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from server.assets.catalog import AssetCatalog
from tests.view.reading import command, open_viewer, state_of, still
from tests.view.site import COLUMNS, ROWS, Site
from tests.view.test_browser import wait_for_frame
from viewer_py.dicom.overlays import OverlayPlane, to_bytes
from viewer_py.pixels.overlays import mask
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
from viewer_py.scene.overlays import overlay_layers
from viewer_py.view.state import ViewerState


def _ring() -> OverlayPlane:
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    distance = np.hypot(x - 50, y - 40)
    bits = np.packbits((distance > 20) & (distance < 24), bitorder="little").tobytes()
    return OverlayPlane(0x6000, ROWS, COLUMNS, 0, 0, "G", bits)


PLANES = {15: (_ring(),)}


@pytest.fixture(scope="module")
def site(catalog: AssetCatalog) -> Iterator[Site]:
    served = Site(catalog)
    data = to_bytes(PLANES)
    series, stored = served.series["ct"]
    served.series["ct"] = replace(series, overlay_bytes=len(data)), stored
    served.overlays["ct"] = data
    with served.serving():
        yield served


def expected(site: Site, state: dict[str, Any], shape: tuple[int, ...], shown: bool) -> Any:
    series, stored = site.series["ct"]
    index = state["frame_index"]
    layer = ImageLayer(
        "ct", index, series.frames[index], tuple(state["matrix"]), inverted=state["inverted"]
    )
    frames = ((("ct", frozenset(PLANES))),) if shown else ()
    over = overlay_layers(ViewerState(overlay_frames=frames), layer)
    drawn = mask(PLANES[15], ROWS, COLUMNS).astype(np.uint8) * 255
    sources = FrameSources(lambda name, place: stored[place] if name == "ct" else drawn)
    area = Rectangle(0, 0, shape[1], shape[0])
    pane = PaneScene(area, layer, CornerText(), OrientationMarks(), overlays=over)
    picture = numpy_renderer.render(Scene(shape[1], shape[0], (pane,)), sources)
    return picture[..., :3].astype(np.int16)


@pytest.mark.requirement("B-16", "B-27")
@pytest.mark.parametrize("renderer", ["webgl2", "numpy"])
def test_planes_are_drawn_hidden_and_inverted(desktop: Page, site: Site, renderer: str) -> None:
    open_viewer(desktop, site, f"renderer={renderer}&series=ct")
    wait_for_frame(desktop)
    for name, args, shown in (
        ("stack.go", {"frame": 14}, False),
        ("stack.go", {"frame": 15}, True),
        ("image.overlays", {"shown": "off"}, False),
        ("image.overlays", {"shown": "on"}, True),
        ("image.invert", {}, True),
        ("viewport.zoom", {"factor": 1.7, "x": 300, "y": 200}, True),
    ):
        command(desktop, name, **args)
        picture = still(desktop)
        wanted = expected(site, state_of(desktop), picture.shape, shown)
        near = (np.abs(picture - wanted).max(axis=-1) <= 1).mean()
        assert near > 0.999, (name, near)
        if shown:
            bare = expected(site, state_of(desktop), picture.shape, False)
            assert (np.abs(picture - bare).max(axis=-1) > 20).mean() > 0.005
