"""The bar beside the picture: which value has which colour (B-35, C-23)."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels.color_maps import colors_of
from viewer_py.pixels.transfer import display_transfer, shade
from viewer_py.pixels.voi import Window, bounds, default_window, is_color
from viewer_py.scene.facts import Facts
from viewer_py.scene.model import ColorBar, ImageLayer, PaneScene, PlaneLayer
from viewer_py.view.state import PaneKind, ViewerState

_STEPS = 33  # colours of a bar, evenly spaced from the lowest value to the highest
_UNITS = {"CT": "HU"}


def with_bar(state: ViewerState, index: int, scene: PaneScene, facts: Facts) -> PaneScene:
    """Return the scene with the bar that belongs to its picture.

    It stands wherever a colour map is on, that of the topmost layer with one, and beside greys when
    the reader wants it. A picture with colours of its own, or with a VOI LUT instead of a window,
    has none.
    """
    pane = state.panes[index]
    series = state.series_by_id(pane.series_id)
    if series is None or pane.kind not in (PaneKind.STACK, PaneKind.PLANE):
        return scene
    over = _colored_overlay(scene)
    if over is not None and over.window is not None:
        factor = facts.of(over.series_id).unit_factor
        unit = "" if factor is None else "SUV"
        bar = _bar(over.color_map, over.window, series.frames[0], False, factor or 1.0, unit)
        return replace(scene, color_bar=bar)
    layer = scene.image
    if not isinstance(layer, ImageLayer | PlaneLayer) or not (layer.color_map or state.shows_bar):
        return scene
    frame = layer.frame if isinstance(layer, ImageLayer) else series.frames[0]
    if is_color(frame) or (layer.window is None and frame.voi_luts):
        return scene
    window = layer.window or default_window(frame)
    unit = _UNITS.get(series.modality, "")
    bar = _bar(layer.color_map, window, frame, layer.inverted, 1.0, unit)
    return replace(scene, color_bar=bar)


def _colored_overlay(scene: PaneScene) -> PlaneLayer | None:
    layers = [one for one in scene.overlays if isinstance(one, PlaneLayer) and one.color_map]
    return layers[-1] if layers else None


def _bar(
    name: str, window: Window, frame: FrameAttributes, inverted: bool, factor: float, unit: str
) -> ColorBar:
    low, high = bounds(window)
    shape, interpretation = frame.presentation_lut_shape, frame.photometric_interpretation
    colors = bar_colors(name, window, shape, interpretation, inverted)
    digits = 0 if abs(high - low) * factor >= 10 else 2
    low, high = (round(end * factor, digits) + 0.0 for end in (low, high))  # no "-0"
    return ColorBar(colors, f"{low:.{digits}f}", f"{high:.{digits}f}", unit)


@lru_cache(maxsize=32)
def bar_colors(
    name: str, window: Window, shape: str, interpretation: str, inverted: bool
) -> tuple[str, ...]:
    """Return the colours (#rrggbb) of values from the lower bound of `window` to the upper one.

    They come out of the display transfer that paints the picture, so MONOCHROME1, SIGMOID and the
    reader's inversion are in them.
    """
    bare = FrameAttributes(
        "", 1, 1, 1, presentation_lut_shape=shape, photometric_interpretation=interpretation
    )
    low, high = bounds(window)
    greys = shade(display_transfer(bare, window, inverted), np.linspace(low, high, _STEPS))
    return tuple("#" + bytes(color).hex() for color in colors_of(name)[greys])
