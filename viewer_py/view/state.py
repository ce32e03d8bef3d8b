"""The state of the reading area: immutable data that commands replace."""

from __future__ import annotations

from dataclasses import dataclass, replace

from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest
from viewer_py.pixels.voi import Window


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
    `preset` names the preset in force, "" after a free adjustment.
    """

    series_id: str | None = None
    frame_index: int = 0
    viewport: Viewport = Viewport()
    window: Window | None = None
    preset: str = "default"
    inverted: bool = False


@dataclass(frozen=True)
class CanvasSize:
    """The reading area: width and height in CSS pixels, and device pixels per CSS pixel."""

    width: float = 1.0
    height: float = 1.0
    pixel_ratio: float = 1.0


@dataclass(frozen=True)
class SeriesEntry:
    """One row of the study's series list, known before the series' manifest is read."""

    series_id: str
    modality: str
    frame_count: int
    series_number: int | None = None
    description: str = ""


@dataclass(frozen=True)
class ViewerState:
    """Everything that decides what is on the screen.

    `catalogue` is the whole study; `series` holds the manifests read so far.
    """

    catalogue: tuple[SeriesEntry, ...] = ()
    series: tuple[SeriesManifest, ...] = ()
    panes: tuple[Pane, ...] = (Pane(),)
    active_pane: int = 0
    tool: str = "pan"
    playing: bool = False
    frames_per_second: float = 15.0
    canvas: CanvasSize = CanvasSize()

    def pane(self) -> Pane:
        """Return the active pane."""
        return self.panes[self.active_pane]

    def series_by_id(self, series_id: str | None) -> SeriesManifest | None:
        """Return the series with this id, or None."""
        return next((one for one in self.series if one.series_id == series_id), None)

    def active_series(self) -> SeriesManifest | None:
        """Return the series in the active pane, or None while it is empty."""
        return self.series_by_id(self.pane().series_id)

    def active_frame(self) -> FrameAttributes | None:
        """Return the attributes of the frame in the active pane, or None while it is empty."""
        series = self.active_series()
        return series.frames[self.pane().frame_index] if series and series.frames else None

    def with_pane(self, pane: Pane) -> ViewerState:
        """Return the state with the active pane replaced."""
        panes = list(self.panes)
        panes[self.active_pane] = pane
        return replace(self, panes=tuple(panes))
