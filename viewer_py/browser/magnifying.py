"""The magnifier's own canvas: only the lens is painted anew while it moves over the picture."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from viewer_py.render.sources import Sources, is_complete
from viewer_py.scene.model import Scene
from viewer_py.view.state import ViewerState


class LensHost(Protocol):
    """What the lens needs of the worker around it."""

    def put_lens(self, pixels: NDArray[np.uint8]) -> None:
        """Show RGBA pixels, (size, size, 4), on the lens's canvas."""
        ...


class Magnifying:
    """Paints the lens with the reference renderer, whichever paints the panes."""

    def __init__(self, host: LensHost, sources: Sources) -> None:
        self._host, self._sources = host, sources
        self._painted: Scene | None = None

    def paint(self, state: ViewerState, scene: Scene) -> None:
        """Paint what the lens shows of `scene`, unless it shows that already."""
        if not state.lens.shown:
            self._painted = None
            return
        from viewer_py.render.lens import render_lens  # not before the first picture
        from viewer_py.scene.lens import lens_scene

        wanted = lens_scene(state, scene)
        if wanted is None or wanted == self._painted:
            return
        pixels = render_lens(wanted, self._sources)
        store = state.annotations
        if store.draft is not None or store.held is not None:
            _mark_middle(pixels)
        self._host.put_lens(pixels)
        self._painted = wanted if is_complete(wanted, self._sources) else None


def _mark_middle(pixels: NDArray[np.uint8]) -> None:
    """Draw a cross on the very place that a finger sets, with a dark edge."""
    middle, arm = len(pixels) // 2, max(len(pixels) // 12, 4)
    for wide, grey in ((2, 0), (1, 255)):
        reach = slice(middle - arm - wide, middle + arm + wide + 1)
        across = slice(middle - wide, middle + wide)
        pixels[across, reach, :3] = grey
        pixels[reach, across, :3] = grey
