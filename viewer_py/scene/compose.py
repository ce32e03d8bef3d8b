"""From the state to the scene: what should be on the screen now."""

from __future__ import annotations

import math

from viewer_py.dicom.geometry import CalibrationState, direction_letters, spacing
from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest
from viewer_py.scene.corners import CornerSource, corner_text
from viewer_py.scene.model import (
    CornerText,
    ImageLayer,
    OrientationMarks,
    PaneScene,
    Rectangle,
    ScaleBar,
    Scene,
)
from viewer_py.view.fit import image_matrix, pixel_aspect, scale_of, turn
from viewer_py.view.state import CanvasSize, Pane, ViewerState, Viewport

_SCALE_SHARE = 0.28  # of the pane's width that the bar may take
_AT_DETECTOR = "探测器平面"


def compose(state: ViewerState) -> Scene:
    """Return the scene of `state`; an empty pane has no image and no words."""
    width = max(round(state.canvas.width * state.canvas.pixel_ratio), 1)
    height = max(round(state.canvas.height * state.canvas.pixel_ratio), 1)
    area = Rectangle(0, 0, width, height)
    panes = tuple(_pane_scene(state, pane, area) for pane in state.panes)
    return Scene(width, height, panes)


def _pane_scene(state: ViewerState, pane: Pane, area: Rectangle) -> PaneScene:
    series = state.series_by_id(pane.series_id)
    if series is None or not series.frames:
        return PaneScene(area, None, CornerText(), OrientationMarks())
    frame = series.frames[pane.frame_index]
    marks = orientation_marks(frame, pane.viewport)
    image = ImageLayer(
        series_id=series.series_id,
        frame_index=pane.frame_index,
        frame=frame,
        matrix=image_matrix(frame, state.canvas, pane.viewport),
        window=pane.window,
        inverted=pane.inverted,
    )
    corners = corner_text(CornerSource(series, frame, pane, state.canvas, marks))
    return PaneScene(area, image, corners, marks, scale_bar(frame, state.canvas, pane.viewport))


def first_corners(series: SeriesManifest, frame_index: int, canvas: CanvasSize) -> CornerText:
    """Return the corners as a series opens, for a page that shows them before Python runs.

    `canvas` tells only whether the lines are long or short: the zoom is the screen's to say.
    """
    pane = Pane(series_id=series.series_id, frame_index=frame_index)
    frame = series.frames[frame_index]
    marks = orientation_marks(frame, pane.viewport)
    return corner_text(CornerSource(series, frame, pane, canvas, marks), zoom=False)


def orientation_marks(frame: FrameAttributes, viewport: Viewport) -> OrientationMarks:
    """Return the letters at the four edges, following rotation and flips (ui.md §5).

    None stands where the object does not say how the patient lay.
    """
    return OrientationMarks(
        left=_letters(frame, viewport, -1.0, 0.0),
        right=_letters(frame, viewport, 1.0, 0.0),
        top=_letters(frame, viewport, 0.0, -1.0),
        bottom=_letters(frame, viewport, 0.0, 1.0),
    )


def _letters(frame: FrameAttributes, viewport: Viewport, right: float, down: float) -> str:
    """Return the letters of a direction on the screen: turned back, then flipped back."""
    cosine, sine = turn(viewport.rotation)
    across = cosine * right + sine * down
    along = -sine * right + cosine * down
    if viewport.flip_horizontal:
        across = -across
    if viewport.flip_vertical:
        along = -along
    return direction_letters(frame, across, along)


def scale_bar(frame: FrameAttributes, canvas: CanvasSize, viewport: Viewport) -> ScaleBar | None:
    """Return a bar of 1, 2 or 5 · 10ⁿ mm; None where the spacing is not in mm.

    At the detector a length is not one in the patient, and the bar says so.
    """
    known = spacing(frame)
    if not known.in_mm:
        return None
    mm_a_unit = known.between_columns / pixel_aspect(frame)[0]
    pixels_a_mm = scale_of(frame, canvas, viewport) / mm_a_unit
    longest_mm = canvas.width * canvas.pixel_ratio * _SCALE_SHARE / pixels_a_mm
    power = 10.0 ** math.floor(math.log10(longest_mm))
    length_mm = next(step * power for step in (5.0, 2.0, 1.0) if step * power <= longest_mm)
    calibration = _AT_DETECTOR if known.state is CalibrationState.DETECTOR else ""
    return ScaleBar(length_mm, length_mm * pixels_a_mm, calibration)
