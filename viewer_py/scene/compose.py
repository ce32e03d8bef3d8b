"""From the state to the scene: what should be on the screen now."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.dicom.calibration import spacing
from viewer_py.dicom.geometry import direction_letters
from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest
from viewer_py.scene.badges import stack_badges
from viewer_py.scene.bar import bar_of
from viewer_py.scene.corners import CornerSource, corner_text
from viewer_py.scene.facts import NO_FACTS, Facts
from viewer_py.scene.model import (
    CornerText,
    ImageLayer,
    OrientationMarks,
    PaneScene,
    Rectangle,
    ScaleBar,
    Scene,
)
from viewer_py.scene.overlays import overlay_layers
from viewer_py.scene.watermark import with_watermark
from viewer_py.view.fit import image_matrix, pixel_aspect, scale_of, turn
from viewer_py.view.layout import Area, areas, pane_size, shown_panes
from viewer_py.view.state import CanvasSize, Pane, PaneKind, ViewerState, Viewport


def compose(state: ViewerState, facts: Facts = NO_FACTS) -> Scene:
    """Return the scene of `state`; an empty pane has no image and no words.

    `panes` are those on the screen, in the order of `view.layout.shown_panes`.
    """
    width = max(round(state.canvas.width * state.canvas.pixel_ratio), 1)
    height = max(round(state.canvas.height * state.canvas.pixel_ratio), 1)
    placed = areas(state)
    panes = tuple(_scene_of(state, index, placed[index], facts) for index in shown_panes(state))
    return Scene(width, height, panes)


def _scene_of(state: ViewerState, index: int, area: Area, facts: Facts) -> PaneScene:
    bare = with_watermark(state, index, _bare_scene_of(state, index, area, facts))
    scene = _with_aids(state, index, bare, facts)
    if not state.annotations.items and state.annotations.draft is None:
        return scene
    from viewer_py.scene.shapes import with_annotations  # nothing is drawn before the first picture

    return with_annotations(state, index, scene, facts)


def _with_aids(state: ViewerState, index: int, scene: PaneScene, facts: Facts) -> PaneScene:
    """Add what is there only sometimes, by modules that the first picture does not wait for."""
    if len(state.panes) > 1 and state.reformat is None:
        from viewer_py.scene.panes_together import with_company

        scene = with_company(state, index, scene)
    colored = state.panes[index].color_map or state.shows_bar
    if colored or (state.reformat is not None and state.reformat.fusion is not None):
        from viewer_py.scene.color_bar import with_bar

        scene = with_bar(state, index, scene, facts)
    return scene


def _bare_scene_of(state: ViewerState, index: int, area: Area, facts: Facts) -> PaneScene:
    rectangle = Rectangle(area.x, area.y, area.width, area.height)
    if state.panes[index].kind is PaneKind.STACK:
        return _stack_scene(state, index, rectangle)
    from viewer_py.scene.reformats import reformat_scene  # not before the first picture

    found = reformat_scene(state, index, facts)
    return found or PaneScene(rectangle, None, CornerText(), OrientationMarks())


def _stack_scene(state: ViewerState, index: int, area: Rectangle) -> PaneScene:
    pane = state.panes[index]
    series = state.series_by_id(pane.series_id)
    if series is None or not series.frames:
        return PaneScene(area, None, CornerText(), OrientationMarks())
    size = pane_size(state, index)
    # The list of series may have promised more images than there are.
    pane = replace(pane, frame_index=min(pane.frame_index, len(series.frames) - 1))
    frame = series.frames[pane.frame_index]
    marks = orientation_marks(frame, pane.viewport)
    a, b, c, d, e, f = image_matrix(frame, size, pane.viewport)
    image = ImageLayer(
        series_id=series.series_id,
        frame_index=pane.frame_index,
        frame=frame,
        matrix=(a, b, c, d, e + area.x, f + area.y),
        window=pane.window,
        inverted=pane.inverted,
        color_map=pane.color_map,
        filter=pane.filter,
    )
    corners = corner_text(CornerSource(series, frame, pane, size, marks))
    bar = scale_bar(frame, size, pane.viewport)
    return PaneScene(
        area,
        image,
        corners,
        marks,
        bar,
        overlays=overlay_layers(state, image),
        badges=stack_badges(frame),
    )


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

    How the spacing is known (calibration) stands beside it, unless it is that in the patient.
    """
    known = spacing(frame)
    if not known.in_mm:
        return None
    mm_a_unit = known.between_columns / pixel_aspect(frame)[0]
    pixels_a_mm = scale_of(frame, canvas, viewport) / mm_a_unit
    return bar_of(pixels_a_mm, canvas.width * canvas.pixel_ratio, known.label.chinese)
