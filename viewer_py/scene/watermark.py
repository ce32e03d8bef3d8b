"""The watermark over each picture: who reads it, and when (C-40).

Its words come with the manifest that the server sends, so nothing in the address or on the page
turns it off; it is one of the scene's shapes, so a saved view bears it too.
"""

from __future__ import annotations

from dataclasses import replace

from viewer_py.scene.model import PaneScene, Shape, ShapeKind
from viewer_py.view.state import ViewerState


def with_watermark(state: ViewerState, index: int, scene: PaneScene) -> PaneScene:
    """Return the scene of pane `index` with the words of its series over its picture."""
    series = state.series_by_id(state.panes[index].series_id)
    if series is None or not series.watermark or scene.image is None:
        return scene
    area = scene.area
    corners = ((area.x, area.y), (area.x + area.width, area.y + area.height))
    words = Shape(ShapeKind.WATERMARK, corners, "watermark", (series.watermark,))
    return replace(scene, shapes=(words, *scene.shapes))
