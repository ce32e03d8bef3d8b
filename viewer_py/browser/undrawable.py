"""Panes whose picture cannot be drawn: they are left black and say so, the others go on."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from viewer_py.scene.model import ImageLayer, Layer, PaneScene, Scene, Shape

UNDRAWABLE = "此图像无法绘制 / this image cannot be drawn"
UNDECODED = "此图像未能送达或无法解码 / this image did not arrive or cannot be decoded"

# What renderers raise over pixels and attributes that do not go together.
PAINT_ERRORS = (ValueError, ArithmeticError, LookupError)

MOST_REMEMBERED = 32

Picture = tuple[Layer | Shape | None, ...]


def without_pictures(pane: PaneScene, words: str) -> PaneScene:
    """Return a pane that shows `words` ("中文 / English") instead of its picture."""
    return replace(pane, image=None, overlays=(), shapes=(), failure=words)


def without_undecoded(scene: Scene, undecoded: Collection[tuple[str, int]]) -> Scene:
    """Return the scene without the images, (series, frame), that have been given up."""
    if not undecoded:
        return scene
    return _replaced(scene, lambda pane: _is_of(pane, undecoded), UNDECODED)


def _is_of(pane: PaneScene, frames: Collection[tuple[str, int]]) -> bool:
    image = pane.image
    return isinstance(image, ImageLayer) and (image.series_id, image.frame_index) in frames


def _replaced(scene: Scene, is_meant: Callable[[PaneScene], bool], words: str) -> Scene:
    panes = tuple(without_pictures(one, words) if is_meant(one) else one for one in scene.panes)
    return replace(scene, panes=panes)


class Undrawable:
    """Remembers what could not be drawn, so that it is not tried again at every frame.

    Another window, another size or another image is another picture, and is tried.
    """

    def __init__(self) -> None:
        self._known: tuple[Picture, ...] = ()

    def without(self, scene: Scene) -> Scene:
        """Return the scene without the pictures that are known not to be drawable."""
        if not self._known:
            return scene
        return _replaced(scene, lambda pane: _picture(pane) in self._known, UNDRAWABLE)

    def learn(self, scene: Scene, paint: Callable[[Scene], object]) -> Scene:
        """Find out which panes `paint` cannot draw, each by itself; return the scene without them.

        Where each alone can be drawn but not all together, none is.
        """
        pictures = [pane for pane in scene.panes if pane.image is not None]
        bad = [pane for pane in pictures if not _can(paint, replace(scene, panes=(pane,)))]
        found = tuple(_picture(pane) for pane in bad or pictures)
        self._known = (*self._known, *found)[-MOST_REMEMBERED:]
        return self.without(scene)


def _picture(pane: PaneScene) -> Picture:
    return pane.image, *pane.overlays, *pane.shapes


def _can(paint: Callable[[Scene], object], scene: Scene) -> bool:
    try:
        paint(scene)
    except PAINT_ERRORS:
        return False
    return True
