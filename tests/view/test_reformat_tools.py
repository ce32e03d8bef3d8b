"""Curves, renderings, fusion and several panes: commands in, scene out."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.view.samples import make_series
from tests.view.volume_samples import (
    DISTANCE,
    SLICES,
    opened,
    pane_scene,
    point_of,
    volume_series,
)
from viewer_py.pixels.voi import Window
from viewer_py.scene.compose import compose
from viewer_py.scene.facts import Facts, VolumeFacts
from viewer_py.scene.model import CurveLayer, ImageLayer, PlaneLayer, RenderingLayer
from viewer_py.view.command import CommandError
from viewer_py.view.commands import run
from viewer_py.view.commands.fusion import settle, wanted_manifests
from viewer_py.view.commands.rendering import PRESETS
from viewer_py.view.curve_path import course
from viewer_py.view.layout import areas
from viewer_py.view.plane_view import plane_view
from viewer_py.view.state import PaneKind, ViewerState
from viewer_py.view.toolbar import unfitting
from viewer_py.volume.transfer import PRESETS as TRANSFERS


@pytest.fixture
def mpr() -> ViewerState:
    """The reformats of a CT."""
    return run(opened(volume_series()), "mpr.toggle")


def tapped(state: ViewerState, *points: tuple[float, float, float]) -> ViewerState:
    """Tap points on the active plane."""
    for point in points:
        view = plane_view(state, state.active_pane)
        assert view is not None
        x, y = view.to_screen(point)
        state = run(state, "curve.add", {"x": x, "y": y})
    return state


# --- curve ----------------------------------------------------------------------------------


@pytest.mark.requirement("C-33")
def test_tapped_points_become_an_even_curve_through_them(mpr: ViewerState) -> None:
    drawing = run(mpr, "curve.draw")
    state = tapped(drawing, point_of(30, 5, 5), point_of(30, 20, 30), point_of(30, 35, 40))
    assert any(line.style == "curve" for line in pane_scene(state, 0).lines)
    done = run(state, "curve.finish")
    assert done.active_pane == 3 and done.panes[3].kind is PaneKind.CURVE
    layer = pane_scene(done, 3).image
    assert isinstance(layer, CurveLayer)
    steps = [math.dist(a, b) for a, b in zip(layer.points, layer.points[1:], strict=False)]
    assert max(steps) == pytest.approx(layer.step_mm, rel=0.02)
    # The rows run across the plane that was tapped on.
    assert np.abs(np.array(layer.across)[:, 2]) == pytest.approx(1, abs=1e-6)
    marks = pane_scene(done, 3).marks
    assert (marks.top, marks.bottom) == ("H", "F")
    assert "曲面重建" in pane_scene(done, 3).corners.bottom_left
    cleared = run(done, "curve.clear")
    assert cleared.panes[3].kind is PaneKind.EMPTY and cleared.active_pane == 0


@pytest.mark.requirement("C-33")
def test_a_curve_needs_two_points_apart(mpr: ViewerState) -> None:
    drawing = run(mpr, "curve.draw")
    for points in ((), (point_of(30, 5, 5),), (point_of(30, 5, 5), point_of(30, 5, 5))):
        with pytest.raises(CommandError, match="两个"):
            run(tapped(drawing, *points), "curve.finish")


def test_an_even_path_goes_through_its_points_and_is_as_long_as_its_samples() -> None:
    points = ((0.0, 0.0, 0.0), (30.0, 10.0, 0.0), (60.0, 0.0, 5.0), (90.0, 20.0, 5.0))
    curve = course(points, ((0.0, 0.0, 1.0),) * 4, 0.5)
    path, across = curve.points, curve.across
    for point in points[:-1]:
        assert min(math.dist(point, one) for one in path) < 0.3
    tangents = np.gradient(np.array(path), axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    assert np.abs((tangents * np.array(across)).sum(1)).max() < 0.02


# --- rendering ------------------------------------------------------------------------------


@pytest.mark.requirement("B-47", "C-32")
def test_the_rendering_opens_turns_and_is_cut(mpr: ViewerState) -> None:
    state = run(mpr, "rendering.open")
    layer = pane_scene(state, 3).image
    assert isinstance(layer, RenderingLayer) and layer.preset == "bone"
    marks = pane_scene(state, 3).marks
    assert (marks.left, marks.right, marks.top, marks.bottom) == ("R", "L", "H", "F")
    turned = run(state, "rendering.rotate", {"right": 90, "down": 0})
    letters = pane_scene(turned, 3).marks
    assert {letters.left, letters.right} == {"A", "P"} and letters.top == "H"
    back = run(turned, "rendering.rotate", {"right": -90, "down": 0})
    assert pane_scene(back, 3).marks == marks
    cut = run(state, "rendering.clip", {"cut": "anterior"})
    layer = pane_scene(cut, 3).image
    assert isinstance(layer, RenderingLayer)
    # Rows run to the back (P): without the front half they begin in the middle.
    assert layer.clip_low == (0.0, 0.5, 0.0) and layer.clip_high == (1.0, 1.0, 1.0)
    whole = run(cut, "rendering.clip", {"cut": "none"})
    assert pane_scene(whole, 3).image == pane_scene(state, 3).image
    assert run(state, "rendering.open").panes[3].kind is PaneKind.EMPTY


@pytest.mark.requirement("B-47")
def test_dragging_to_the_right_brings_the_left_side_of_the_screen_forward(
    mpr: ViewerState,
) -> None:
    state = run(mpr, "rendering.open")
    turned = run(state, "rendering.rotate", {"right": 20, "down": 0})
    view, before = plane_view(turned, 3), plane_view(state, 3)
    assert view is not None and before is not None
    front = (0.0, -60.0, 0.0)  # towards the reader (A)
    middle = before.middle
    point = (middle[0] + front[0], middle[1] + front[1], middle[2] + front[2])
    assert view.to_screen(point)[0] > before.to_screen(point)[0]
    down = plane_view(run(state, "rendering.rotate", {"right": 0, "down": 20}), 3)
    assert down is not None and down.to_screen(point)[1] > before.to_screen(point)[1]


def test_the_presets_are_those_of_the_renderer() -> None:
    assert set(PRESETS) == set(TRANSFERS)


# --- fusion ---------------------------------------------------------------------------------


def pet_ct(frame_of_reference_uid: str = "1.2.9") -> ViewerState:
    """Return a study of a CT and a PET, the CT in front."""
    pet = volume_series(
        "pet", modality="PT", slices=40, frame_of_reference_uid=frame_of_reference_uid
    )
    return opened(volume_series("ct"), pet)


@pytest.mark.requirement("C-24", "C-35", "B-46")
@pytest.mark.parametrize("shown", ["ct", "pet"])
def test_the_pet_is_laid_over_the_ct_of_its_frame_of_reference(shown: str) -> None:
    state = run(run(pet_ct(), "series.open", {"series_id": shown}), "fusion.toggle")
    assert state.reformat is not None and state.reformat.series_id == "ct"
    for index in range(3):
        scene = pane_scene(state, index)
        (over,) = scene.overlays
        assert isinstance(scene.image, PlaneLayer) and isinstance(over, PlaneLayer)
        assert (scene.image.series_id, over.series_id) == ("ct", "pet")
        assert over.grid == scene.image.grid and over.slab == scene.image.slab
        assert over.opacity == 0.5 and over.color_map
    colored = run(state, "fusion.color_map", {"name": "rainbow"})
    over = pane_scene(colored, 0).overlays[0]
    assert isinstance(over, PlaneLayer) and over.color_map == "rainbow"
    state = run(run(state, "fusion.opacity", {"opacity": 0.25}), "fusion.toggle")
    assert pane_scene(state, 0).overlays == ()


@pytest.mark.requirement("C-24", "B-46")
@pytest.mark.parametrize("uid", ["1.2.8", ""])
def test_another_or_an_unknown_frame_of_reference_is_never_fused(uid: str) -> None:
    with pytest.raises(CommandError, match="参考坐标系"):
        run(pet_ct(uid), "fusion.toggle")


@pytest.mark.requirement("C-24")
def test_a_study_without_pet_says_so() -> None:
    state = opened(volume_series())
    with pytest.raises(CommandError, match="没有 PET"):
        run(state, "fusion.toggle")
    assert "没有 PET" in unfitting(state)["fusion.toggle"]


@pytest.mark.requirement("C-24")
def test_a_wish_waits_for_the_manifests_that_decide() -> None:
    both = pet_ct()
    read = both.series
    unread = replace(both, series=read[:1])
    waiting = run(unread, "fusion.toggle")
    assert waiting.wants_fusion and waiting.reformat is None
    assert wanted_manifests(waiting) == ("pet",)
    assert settle(replace(waiting, series=read)).reformat is not None
    assert not run(waiting, "fusion.toggle").wants_fusion


@pytest.mark.requirement("C-24", "B-46")
def test_both_values_stand_beside_each_other_and_no_suv_says_why() -> None:
    state = run(pet_ct(), "fusion.toggle")
    known = Facts(
        {
            "ct": VolumeFacts(loaded=60, total=60, value="-59 HU"),
            "pet": VolumeFacts(loaded=40, total=40, value="SUV 0.92", unit_factor=0.0005),
        }
    )
    scene = pane_scene(state, 0, known)
    assert "-59 HU  SUV 0.92" in scene.corners.bottom_right
    over = scene.overlays[0]
    assert isinstance(over, PlaneLayer)
    assert over.window == Window(5000.0, 10000.0, "LINEAR_EXACT")  # SUV 0 … 5 in Bq/ml
    assert isinstance(over, PlaneLayer)
    unknown = Facts({"pet": VolumeFacts(loaded=40, total=40, no_unit="缺少体重")})
    assert "无 SUV：缺少体重" in pane_scene(state, 0, unknown).badges


# --- panes ----------------------------------------------------------------------------------


@pytest.mark.requirement("B-43")
@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (2, 1), (2, 2)])
def test_a_lay_out_tiles_the_reading_area_and_panes_hold_different_series(
    columns: int, rows: int
) -> None:
    state = opened(volume_series(), make_series("b", frames=5, modality="MR"))
    state = run(state, "layout.set", {"columns": columns, "rows": rows})
    tiles = areas(state)
    assert len(tiles) == columns * rows
    assert sum(area.width * area.height for area in tiles.values()) == 900 * 700
    if columns > 1:
        state = run(run(state, "pane.activate", {"pane": 1}), "series.open", {"series_id": "b"})
        scenes = compose(state).panes
        for scene, name in zip(scenes, ("v", "b"), strict=False):
            assert isinstance(scene.image, ImageLayer) and scene.image.series_id == name
            x, y = scene.image.matrix[4:]
            assert x >= scene.area.x - 1e-6 and y >= scene.area.y - 1e-6
        single = run(state, "layout.set", {"columns": 1, "rows": 1})
        assert single.pane().series_id == "b"  # what is being read stays


def test_one_pane_alone_and_all_of_them_again(mpr: ViewerState) -> None:
    alone = run(run(mpr, "pane.activate", {"pane": 1}), "layout.maximize")
    (only,) = compose(alone).panes
    assert (only.area.width, only.area.height) == (900, 700)
    assert compose(run(alone, "layout.maximize")) == compose(run(mpr, "pane.activate", {"pane": 1}))


def test_opening_another_series_closes_the_reformats(mpr: ViewerState) -> None:
    assert run(mpr, "series.open", {"series_id": "v"}).reformat is None
    assert len(run(mpr, "series.open", {"series_id": "v"}).panes) == 1


def test_the_slider_of_a_rendering_has_nothing_to_go_through(mpr: ViewerState) -> None:
    state = run(mpr, "rendering.open")
    with pytest.raises(CommandError):
        run(state, "stack.scroll", {"by": 1})


@pytest.mark.requirement("B-34")
def test_cine_goes_through_the_planes(mpr: ViewerState) -> None:
    from viewer_py.view.cine import CineClock, advance

    playing = run(mpr, "cine.toggle")
    after, _ = advance(playing, CineClock(), 0.2, lambda _: True)
    assert after.reformat is not None and playing.reformat is not None
    moved = after.reformat.cross_hair.center[2] - playing.reformat.cross_hair.center[2]
    assert moved == pytest.approx(3 * DISTANCE) and SLICES > 3
