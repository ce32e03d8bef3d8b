"""The panes of a reformation: planes with a PET over them, the curve, the rendering."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.dicom.geometry import orientation_letters
from viewer_py.dicom.manifest import SeriesManifest, Vector3
from viewer_py.pixels.voi import Window
from viewer_py.scene.badges import (
    geometry_badges,
    loading_badges,
    pace_badges,
    resolution_badges,
)
from viewer_py.scene.bar import bar_of
from viewer_py.scene.corners import REFORMAT_LINES, CornerSource, corner_text
from viewer_py.scene.facts import Facts, VolumeFacts
from viewer_py.scene.lines import curve_lines, plane_lines_of
from viewer_py.scene.model import (
    CornerText,
    CurveLayer,
    Layer,
    OrientationMarks,
    PaneScene,
    PlaneLayer,
    Rectangle,
    RenderingLayer,
)
from viewer_py.view.commands.mpr import PROJECTION_NAMES
from viewer_py.view.commands.rendering import PRESETS
from viewer_py.view.curve_path import course, sample_distance
from viewer_py.view.layout import areas, is_in_strip, pane_size
from viewer_py.view.plane_view import PlaneView, plane_view
from viewer_py.view.planes import finest_step, is_oblique
from viewer_py.view.reformatting import plane_number
from viewer_py.view.state import Direction, Fusion, Pane, PaneKind, Reformat, ViewerState
from viewer_py.volume.model import VolumeGeometry

_NAMES = {Direction.AXIAL: "轴状位", Direction.CORONAL: "冠状位", Direction.SAGITTAL: "矢状位"}
_CURVE_HEIGHT = 80.0  # mm across the curve
_DEFAULT_SUV = 5.0


def reformat_scene(state: ViewerState, index: int, facts: Facts) -> PaneScene | None:
    """Return the scene of pane `index`; None where it is none of a reformation or not in sight."""
    reformat, pane = state.reformat, state.panes[index]
    area = areas(state).get(index)
    if reformat is None or area is None:
        return None
    series, geometry = state.series_by_id(reformat.series_id), state.geometry(reformat.series_id)
    if series is None or geometry is None or pane.kind is PaneKind.EMPTY:
        return PaneScene(
            Rectangle(area.x, area.y, area.width, area.height), None, CornerText(),
            OrientationMarks(),
        )  # fmt: skip
    if pane.kind is PaneKind.PLANE:
        return _plane(state, index, facts, series, geometry)
    if pane.kind is PaneKind.CURVE:
        return _curve(state, index, facts, series, geometry)
    return _rendering(state, index, facts, series, geometry)


def _rectangle(view: PlaneView) -> Rectangle:
    return Rectangle(view.area.x, view.area.y, view.area.width, view.area.height)


def _letters(view: PlaneView) -> OrientationMarks:
    right, down, _ = view.axes
    return OrientationMarks(
        left=orientation_letters(_back(right)),
        right=orientation_letters(right),
        top=orientation_letters(_back(down)),
        bottom=orientation_letters(down),
    )


def _back(direction: Vector3) -> Vector3:
    return (-direction[0], -direction[1], -direction[2])


def _words(
    state: ViewerState, index: int, series: SeriesManifest, geometry: VolumeGeometry, scale: float
) -> CornerSource:
    """Return what the corners of every reformat are made from.

    A frame of the volume's middle stands for all; `scale` is device pixels a voxel.
    """
    return CornerSource(
        series=series,
        frame=series.frames[geometry.frames[len(geometry.frames) // 2]],
        pane=state.panes[index],
        canvas=pane_size(state, index),
        marks=OrientationMarks(),
        zoom=scale / state.canvas.pixel_ratio,
        small=is_in_strip(state, index),
    )


# --- planes ---------------------------------------------------------------------------------


def _plane(
    state: ViewerState, index: int, facts: Facts, series: SeriesManifest, geometry: VolumeGeometry
) -> PaneScene:
    pane, reformat, view = state.panes[index], state.reformat, plane_view(state, index)
    assert reformat is not None and view is not None
    marks = _letters(view)
    layer = PlaneLayer(
        series_id=series.series_id,
        grid=view.grid(),
        slab=pane.slab,
        window=pane.window,
        inverted=pane.inverted,
        color_map=pane.color_map,
        filter=pane.filter,
        detail=facts.detail,
    )
    overlays: tuple[Layer, ...] = ()
    if reformat.fusion is not None:
        overlays = (_pet(reformat.fusion, layer, facts),)
    number, count = plane_number(state, pane)
    source = replace(
        _words(state, index, series, geometry, view.scale * finest_step(geometry)),
        marks=marks,
        name=plane_name(reformat, pane),
        number=f"{number + 1} / {count}",
        place=_place(reformat, pane),
        slab=_slab_words(pane),
        values=_values(reformat, facts),
    )
    return PaneScene(
        area=_rectangle(view),
        image=layer,
        corners=corner_text(source, lines=REFORMAT_LINES),
        marks=marks,
        scale_bar=bar_of(view.scale, view.area.width),
        overlays=overlays,
        lines=plane_lines_of(state, index) + curve_lines(state, index),
        badges=_badges(reformat, series, geometry, facts),
    )


def plane_name(reformat: Reformat, pane: Pane) -> str:
    """Return how a plane is called: turned away from where it started, it is oblique."""
    name = _NAMES[pane.direction]
    oblique = is_oblique(reformat.cross_hair, reformat.home, pane.direction)
    return f"斜{name}" if oblique else name


def _place(reformat: Reformat, pane: Pane) -> str:
    """Return where the plane stands, along the patient's axis that is nearest to its normal."""
    normal = reformat.cross_hair.axes(pane.direction)[2]
    axis = max(range(3), key=lambda one: abs(normal[one]))
    value = reformat.cross_hair.center[axis]
    letter = ("LR", "PA", "HF")[axis][0 if value >= 0 else 1]
    return f"位置 {letter} {abs(value):.1f} mm"


def _slab_words(pane: Pane) -> str:
    if pane.slab.thickness_mm <= 0:
        return "单层重建（插值）"
    return f"{PROJECTION_NAMES[pane.slab.projection]} {pane.slab.thickness_mm:g} mm（插值）"


def _values(reformat: Reformat, facts: Facts) -> tuple[str, ...]:
    ids = (reformat.series_id, *((reformat.fusion.series_id,) if reformat.fusion else ()))
    return tuple(words for one in ids if (words := facts.of(one).value))


def _badges(
    reformat: Reformat, series: SeriesManifest, geometry: VolumeGeometry, facts: Facts
) -> tuple[str, ...]:
    own = facts.of(reformat.series_id)
    of_slices = geometry_badges(geometry, len(series.frames))
    words = (*of_slices, *resolution_badges(own), *loading_badges(own), *pace_badges(facts))
    if reformat.fusion is None:
        return words
    over = facts.of(reformat.fusion.series_id)
    words = (*words, *(f"PET {one}" for one in resolution_badges(over)))
    words = (*words, *(f"PET {one}" for one in loading_badges(over)))
    return (*words, f"无 SUV：{over.no_unit}") if over.no_unit else words


def _pet(fusion: Fusion, under: PlaneLayer, facts: Facts) -> PlaneLayer:
    return replace(
        under,
        series_id=fusion.series_id,
        window=fusion_window(fusion, facts.of(fusion.series_id)),
        inverted=False,
        color_map=fusion.color_map,
        filter="",
        opacity=fusion.opacity,
    )


def fusion_window(fusion: Fusion, facts: VolumeFacts) -> Window | None:
    """Return the window of the PET in modality values: from 0 to its upper end.

    None, the series' own window, where nobody chose one and there is no SUV.
    """
    if fusion.upper is None and facts.unit_factor is None:
        return None
    upper = (fusion.upper or _DEFAULT_SUV) / (facts.unit_factor or 1.0)
    return Window(upper / 2, upper, "LINEAR_EXACT")


# --- curve ----------------------------------------------------------------------------------


def _curve(
    state: ViewerState, index: int, facts: Facts, series: SeriesManifest, geometry: VolumeGeometry
) -> PaneScene:
    pane, reformat, area = state.panes[index], state.reformat, areas(state)[index]
    assert reformat is not None
    step = sample_distance(reformat.curve.points, finest_step(geometry))
    curve = course(reformat.curve.points, reformat.curve.normals, step)
    path = curve.points
    rows = max(round(_CURVE_HEIGHT / step), 8)
    size, view = pane_size(state, index), pane.viewport
    scale = min(area.width / len(path), area.height / rows) * view.zoom
    middle_x = area.x + area.width / 2 + view.pan_x * size.pixel_ratio
    middle_y = area.y + area.height / 2 + view.pan_y * size.pixel_ratio
    layer = CurveLayer(
        series_id=series.series_id,
        points=path,
        across=curve.across,
        step_mm=step,
        rows=rows,
        matrix=(
            scale, 0.0, 0.0, scale, middle_x - scale * len(path) / 2, middle_y - scale * rows / 2,
        ),
        slab=pane.slab,
        window=pane.window,
        inverted=pane.inverted,
        color_map=pane.color_map,
    )  # fmt: skip
    marks = OrientationMarks(
        top=orientation_letters(_back(layer.across[0])), bottom=orientation_letters(layer.across[0])
    )
    source = replace(
        _words(state, index, series, geometry, scale),
        marks=marks,
        name="曲面重建",
        place=f"曲线长 {len(path) * step:.1f} mm",
        slab=_slab_words(pane),
    )
    return PaneScene(
        area=Rectangle(area.x, area.y, area.width, area.height),
        image=layer,
        corners=corner_text(source, lines=REFORMAT_LINES),
        marks=marks,
        scale_bar=bar_of(scale / step, area.width),
        badges=_badges(replace(reformat, fusion=None), series, geometry, facts),
    )


# --- rendering ------------------------------------------------------------------------------


def _rendering(
    state: ViewerState, index: int, facts: Facts, series: SeriesManifest, geometry: VolumeGeometry
) -> PaneScene:
    pane, reformat, view = state.panes[index], state.reformat, plane_view(state, index)
    assert reformat is not None and reformat.rendering is not None and view is not None
    rendering, marks = reformat.rendering, _letters(view)
    layer = RenderingLayer(
        series_id=series.series_id,
        grid=view.grid(),
        preset=rendering.preset,
        window=pane.window,
        clip_low=rendering.clip_low,
        clip_high=rendering.clip_high,
        detail=facts.rendering_detail,
    )
    source = replace(
        _words(state, index, series, geometry, view.scale * finest_step(geometry)),
        marks=marks,
        name="三维重建",
        number=PRESETS[rendering.preset][0],
    )
    return PaneScene(
        area=_rectangle(view),
        image=layer,
        corners=corner_text(source, lines=REFORMAT_LINES),
        marks=marks,
        scale_bar=bar_of(view.scale, view.area.width),
        badges=_badges(replace(reformat, fusion=None), series, geometry, facts),
    )
