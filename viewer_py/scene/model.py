"""The scene: plain data that says what should be on the screen; renderers draw it."""

from __future__ import annotations

from dataclasses import dataclass

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels.voi import Window

Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Rectangle:
    """A part of the canvas in device pixels, origin top left."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class ImageLayer:
    """One image: `matrix` (a, b, c, d, e, f) maps image coordinates to device pixels.

    x' = a·x + c·y + e, y' = b·x + d·y + f, where image (0, 0) is the outer top-left corner of the
    first pixel and its centre is (0.5, 0.5). `window` None means the frame's own default.
    """

    series_id: str
    frame_index: int
    frame: FrameAttributes
    matrix: Matrix
    window: Window | None = None
    inverted: bool = False


@dataclass(frozen=True)
class OrientationMarks:
    """The letters at the four edges of the pane (L R A P H F, combined when oblique)."""

    left: str = ""
    right: str = ""
    top: str = ""
    bottom: str = ""


@dataclass(frozen=True)
class CornerText:
    """The four-corner information (四角信息, I-11), a tuple of lines a corner."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScaleBar:
    """A bar of `length_mm`, `length_px` device pixels long on this pane.

    `calibration` says in words how the spacing is known, "" when it is that in the patient.
    """

    length_mm: float
    length_px: float
    calibration: str = ""


@dataclass(frozen=True)
class PaneScene:
    """One pane: its part of the canvas, its image and its words."""

    area: Rectangle
    image: ImageLayer | None
    corners: CornerText
    marks: OrientationMarks
    scale_bar: ScaleBar | None = None


@dataclass(frozen=True)
class Scene:
    """The whole reading area."""

    width: int
    height: int
    panes: tuple[PaneScene, ...]
