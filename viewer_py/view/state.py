"""The state of the reading area: immutable data that commands replace."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest, Vector3
from viewer_py.pixels.voi import Window
from viewer_py.view.annotations.store import NO_ANNOTATIONS, AnnotationStore
from viewer_py.view.entries import SeriesEntry as SeriesEntry
from viewer_py.view.habits import NO_HABITS, Habits
from viewer_py.view.key_images import KeyImage
from viewer_py.view.reading_modes import (
    NO_LENS,
    NO_LINES,
    NO_LINKS,
    ONE_TILE,
    PLAYBACK,
    Lens,
    Linking,
    Playback,
    ReferenceLines,
    Tile,
)
from viewer_py.view.studies import NO_HISTORY, History
from viewer_py.volume.model import Slab, VolumeGeometry

# How a reader sees a plane: the unit directions (LPS) to the right, down, and away from the eye.
Axes = tuple[Vector3, Vector3, Vector3]

PLANE = Slab()


class PaneKind(enum.StrEnum):
    """What a pane shows."""

    STACK = "stack"  # one image of a series as it was stored
    PLANE = "plane"  # a plane or slab through a volume
    CURVE = "curve"  # a curved reformation
    RENDERING = "rendering"  # a volume rendering
    EMPTY = "empty"  # the fourth place of the reformats, until something is put there


class Direction(enum.StrEnum):
    """The three planes of a multiplanar reformation (B-36)."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


@dataclass(frozen=True)
class Viewport:
    """How one image lies in its pane.

    `zoom` 1.0 fits the image into the pane; `pan_x`, `pan_y` are CSS pixels from the centred
    place, right and down; `rotation` is in degrees clockwise; flips apply before the rotation.
    """

    zoom: float = 1.0
    pan_x: float = 0.0
    pan_y: float = 0.0
    rotation: float = 0.0
    flip_horizontal: bool = False
    flip_vertical: bool = False


@dataclass(frozen=True)
class Pane:
    """One image pane: which frame of which series, and how it is shown.

    `window` None means the frame's own default (VOI LUT, window of the file, or full range);
    `preset` names the preset in force, "" after a free adjustment. `direction` and `slab` mean
    something in a PLANE only. `tile` is its place where a series lies in several panes.
    """

    series_id: str | None = None
    frame_index: int = 0
    viewport: Viewport = Viewport()
    window: Window | None = None
    preset: str = "default"
    inverted: bool = False
    color_map: str = ""
    filter: str = ""
    kind: PaneKind = PaneKind.STACK
    direction: Direction = Direction.AXIAL
    slab: Slab = PLANE
    tile: Tile = ONE_TILE


@dataclass(frozen=True)
class CanvasSize:
    """The reading area, or one pane of it: CSS pixels, and device pixels per CSS pixel."""

    width: float = 1.0
    height: float = 1.0
    pixel_ratio: float = 1.0


@dataclass(frozen=True)
class Grid:
    """A lay-out of equal panes."""

    columns: int = 1
    rows: int = 1


@dataclass(frozen=True)
class Hanging:
    """The hanging rule in force, and the one that waits for manifests; "" for none."""

    rule: str = ""
    wished: str = ""


@dataclass(frozen=True)
class CrossHair:
    """The point where the three planes meet (LPS, mm), and how each of them lies."""

    center: Vector3
    axial: Axes
    coronal: Axes
    sagittal: Axes

    def axes(self, direction: Direction) -> Axes:
        """Return how the plane of `direction` lies."""
        axes: Axes = getattr(self, str(direction))
        return axes


@dataclass(frozen=True)
class Curve:
    """The course of a curved reformation: tapped points (LPS, mm) and the normals tapped on."""

    points: tuple[Vector3, ...] = ()
    normals: tuple[Vector3, ...] = ()
    drawing: bool = False


@dataclass(frozen=True)
class Rendering:
    """How the volume rendering is seen: transfer function, direction, and the part cut away.

    `clip_low`, `clip_high` are shares (0…1) of the volume along columns, rows and slices; `cut`
    names what was cut away, "" for nothing.
    """

    preset: str
    axes: Axes
    cut: str = ""
    clip_low: Vector3 = (0.0, 0.0, 0.0)
    clip_high: Vector3 = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Fusion:
    """A PET series laid over the planes; `series_id` is "" while the pair is being looked for."""

    series_id: str = ""
    opacity: float = 0.5
    color_map: str = "hot_iron"
    upper: float | None = None  # the upper end of the window in shown units; None: the default


@dataclass(frozen=True)
class Before:
    """What the reformats replaced, and what closing them brings back."""

    panes: tuple[Pane, ...]
    active_pane: int
    grid: Grid
    tool: str


@dataclass(frozen=True)
class Reformat:
    """The multiplanar reformation that is open: four panes that look at one volume.

    `home` is the cross-hair as it was opened.
    """

    series_id: str
    cross_hair: CrossHair
    home: CrossHair
    before: Before
    curve: Curve = Curve()
    rendering: Rendering | None = None
    fusion: Fusion | None = None


@dataclass(frozen=True)
class ViewerState:
    """Everything that decides what is on the screen.

    `catalogue` is the whole study; `series` holds the manifests read so far and `geometries` what
    their slices are to each other, as far as somebody asked. `maximized` shows the active pane
    alone.
    """

    catalogue: tuple[SeriesEntry, ...] = ()
    series: tuple[SeriesManifest, ...] = ()
    geometries: tuple[tuple[str, VolumeGeometry], ...] = ()
    panes: tuple[Pane, ...] = (Pane(),)
    active_pane: int = 0
    grid: Grid = Grid()
    maximized: bool = False
    reformat: Reformat | None = None
    wants_fusion: bool = False
    tool: str = "pan"
    habits: Habits = NO_HABITS
    playing: bool = False
    frames_per_second: float = 15.0
    playback: Playback = PLAYBACK
    lens: Lens = NO_LENS
    reference: ReferenceLines = NO_LINES
    linking: Linking = NO_LINKS
    shows_bar: bool = False  # a bar of greys beside the picture, too
    canvas: CanvasSize = CanvasSize()
    # Series → its frames whose overlay planes have arrived; and whether they are shown.
    overlay_frames: tuple[tuple[str, frozenset[int]], ...] = ()
    shows_overlays: bool = True
    annotations: AnnotationStore = NO_ANNOTATIONS
    history: History = NO_HISTORY
    shows_tags: bool = False
    hanging: Hanging = Hanging()
    key_images: tuple[KeyImage, ...] = ()

    def pane(self) -> Pane:
        """Return the active pane."""
        return self.panes[self.active_pane]

    def series_by_id(self, series_id: str | None) -> SeriesManifest | None:
        """Return the series with this id, or None."""
        return next((one for one in self.series if one.series_id == series_id), None)

    def geometry(self, series_id: str | None) -> VolumeGeometry | None:
        """Return the geometry of a series as a volume, or None while nobody has asked for it."""
        return next((one for known, one in self.geometries if known == series_id), None)

    def active_series(self) -> SeriesManifest | None:
        """Return the series in the active pane, or None while it is empty."""
        return self.series_by_id(self.pane().series_id)

    def active_frame(self) -> FrameAttributes | None:
        """Return the attributes of the frame in the active pane, or None while it is empty."""
        series = self.active_series()
        return series.frames[self.pane().frame_index] if series and series.frames else None

    def with_pane(self, pane: Pane, index: int | None = None) -> ViewerState:
        """Return the state with the active pane, or the one at `index`, replaced."""
        panes = list(self.panes)
        panes[self.active_pane if index is None else index] = pane
        return replace(self, panes=tuple(panes))
