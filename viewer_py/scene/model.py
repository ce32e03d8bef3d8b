"""The scene: plain data that says what should be on the screen; renderers draw it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from viewer_py.dicom.manifest import FrameAttributes, Vector3
from viewer_py.pixels.voi import Window
from viewer_py.volume.model import SampleGrid, Slab

Matrix = tuple[float, float, float, float, float, float]

PLANE = Slab()


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
    color_map: str = ""
    filter: str = ""


@dataclass(frozen=True)
class PlaneLayer:
    """A reformatted plane or slab of a volume.

    `grid` has one sample a device pixel of the pane's area at full detail: its first sample is the
    centre of the area's top-left pixel. A moving picture may be drawn with `detail` below 1
    (samples a device pixel along each axis). Greys lie over what is below with `opacity`; samples
    without data are transparent in a layer above the first.
    """

    series_id: str
    grid: SampleGrid
    slab: Slab = PLANE
    window: Window | None = None
    inverted: bool = False
    color_map: str = ""
    filter: str = ""
    opacity: float = 1.0
    detail: float = 1.0


@dataclass(frozen=True)
class CurveLayer:
    """A curved reformation (CPR): column x of the picture is the line through `points[x]`.

    `points` (LPS, mm) are evenly spaced along the curve by `step_mm`, `across` are the unit
    directions, one a point, in which the rows of the picture run, also `step_mm` a row; the middle
    row is the curve itself. `matrix` maps picture coordinates to device pixels as in ImageLayer.
    """

    series_id: str
    points: tuple[Vector3, ...]
    across: tuple[Vector3, ...]
    step_mm: float
    rows: int
    matrix: Matrix
    slab: Slab = PLANE
    window: Window | None = None
    inverted: bool = False
    color_map: str = ""


@dataclass(frozen=True)
class RenderingLayer:
    """A volume rendering (3D重建): parallel projection along `grid.normal`.

    `preset` names a transfer function of `viewer_py.volume.transfer`; its points shift with
    `window` when one is given. `clip_low`, `clip_high` bound the box that is shown, as shares
    (0…1) of the volume along columns, rows and slices. `detail` as in PlaneLayer.
    """

    series_id: str
    grid: SampleGrid
    preset: str
    window: Window | None = None
    clip_low: Vector3 = (0.0, 0.0, 0.0)
    clip_high: Vector3 = (1.0, 1.0, 1.0)
    detail: float = 1.0


Layer = ImageLayer | PlaneLayer | CurveLayer | RenderingLayer


@dataclass(frozen=True)
class Line:
    """A straight line over the image, in device pixels of the canvas; `style` names its look."""

    x1: float
    y1: float
    x2: float
    y2: float
    style: str


class ShapeKind(enum.StrEnum):
    """How the points of a shape are joined."""

    POLYLINE = "polyline"  # straight lines from point to point
    POLYGON = "polygon"  # the same, and back to the first
    ELLIPSE = "ellipse"  # centre, end of one half axis, end of the other
    ARROW = "arrow"  # tip, tail
    HANDLE = "handle"  # a grip round each point
    WATERMARK = "watermark"  # words again and again over the box between its two points
    TEXT = "text"  # words whose box has its top left corner at the point


@dataclass(frozen=True)
class Shape:
    """Something drawn over the image: `points` in device pixels of the canvas.

    `style` names its look ("mark", "selected", "drawing", "leader", "lens", "reference" …);
    `lines` are the words of a TEXT or WATERMARK.
    """

    kind: ShapeKind
    points: tuple[tuple[float, float], ...]
    style: str
    lines: tuple[str, ...] = ()


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
class ColorBar:
    """The colours (#rrggbb) of values from the lowest to the highest, and these two in words."""

    colors: tuple[str, ...]
    low: str
    high: str
    unit: str = ""


@dataclass(frozen=True)
class PaneScene:
    """One pane: its part of the canvas, its image and its words.

    `overlays` lie over `image` in their order (fusion); `lines` (cross-hairs) lie over all.
    `shapes` (annotations, reference lines) lie over these, and are painted with the image.
    `badges` are the words that a reader must not miss: what was done to what is shown. `failure`
    ("中文 / English") says why there is no picture where one was expected.
    """

    area: Rectangle
    image: Layer | None
    corners: CornerText
    marks: OrientationMarks
    scale_bar: ScaleBar | None = None
    overlays: tuple[Layer, ...] = ()
    lines: tuple[Line, ...] = ()
    shapes: tuple[Shape, ...] = ()
    badges: tuple[str, ...] = ()
    failure: str = ""
    color_bar: ColorBar | None = None


@dataclass(frozen=True)
class Scene:
    """The whole reading area."""

    width: int
    height: int
    panes: tuple[PaneScene, ...]
