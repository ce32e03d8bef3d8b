"""Reformats: planes of a marked volume, directions, slabs, cross-hairs, refusals in words."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.view.samples import make_series
from tests.view.volume_samples import (
    BETWEEN_COLUMNS,
    BETWEEN_ROWS,
    COLUMNS,
    DISTANCE,
    ROWS,
    SLICES,
    brightest,
    opened,
    pane_of,
    pane_scene,
    picture,
    point_of,
    volume_of,
    volume_series,
)
from viewer_py.scene.facts import Facts, VolumeFacts
from viewer_py.scene.model import PlaneLayer
from viewer_py.view.command import CommandError
from viewer_py.view.commands import COMMANDS, run
from viewer_py.view.commands.mpr import THICKNESSES
from viewer_py.view.plane_view import plane_view
from viewer_py.view.state import Direction, PaneKind, ViewerState
from viewer_py.view.toolbar import in_force, unfitting
from viewer_py.volume.model import Projection, Slab

MARK = (20, 11, 33)  # frame, row, column


@pytest.fixture
def mpr() -> ViewerState:
    """The reformats of a CT, the cross-hair on the marked voxel."""
    state = run(opened(volume_series()), "mpr.toggle")
    return run(state, "mpr.cursor", dict(zip("xyz", point_of(*MARK), strict=True)))


def marked() -> np.ndarray:
    """Return frames with one bright voxel, and a ramp so that no two voxels are alike."""
    values = np.arange(SLICES * ROWS * COLUMNS, dtype=np.int16).reshape(SLICES, ROWS, COLUMNS) % 97
    values[MARK] = 3000
    return values.astype(np.int16)


@pytest.mark.requirement("B-36", "C-20")
@pytest.mark.parametrize("direction", list(Direction))
def test_a_marked_voxel_lies_where_the_cross_hair_is_in_all_three_planes(
    mpr: ViewerState, direction: Direction
) -> None:
    index = pane_of(mpr, direction)
    view = plane_view(mpr, index)
    assert view is not None
    area = view.area
    x, y = brightest(picture(mpr, volume_of(mpr, marked()), index))
    assert (x + area.x, y + area.y) == pytest.approx(view.to_screen(point_of(*MARK)), abs=1.01)


@pytest.mark.requirement("B-36", "C-20")
def test_the_letters_are_those_of_the_radiological_convention(mpr: ViewerState) -> None:
    wanted = {
        Direction.AXIAL: ("R", "L", "A", "P"),
        Direction.CORONAL: ("R", "L", "H", "F"),
        Direction.SAGITTAL: ("A", "P", "H", "F"),
    }
    for direction, letters in wanted.items():
        marks = pane_scene(mpr, pane_of(mpr, direction)).marks
        assert (marks.left, marks.right, marks.top, marks.bottom) == letters


@pytest.mark.requirement("B-36")
def test_distances_on_the_screen_are_millimetres_in_the_patient(mpr: ViewerState) -> None:
    for direction in Direction:
        index = pane_of(mpr, direction)
        view, bar = plane_view(mpr, index), pane_scene(mpr, index).scale_bar
        assert view is not None and bar is not None
        one, other = point_of(10, 5, 5), point_of(40, 30, 45)
        right, down, _ = view.axes
        away = np.subtract(other, one)
        in_plane = math.hypot(float(away @ right), float(away @ down))
        assert math.dist(view.to_screen(one), view.to_screen(other)) == pytest.approx(
            in_plane * view.scale
        )
        assert bar.length_px == pytest.approx(bar.length_mm * view.scale)


@pytest.mark.requirement("B-41")
def test_the_selected_pane_switches_direction_and_its_letters_change(mpr: ViewerState) -> None:
    selected = run(mpr, "pane.activate", {"pane": 1})
    before = pane_scene(selected, 1).marks
    switched = run(selected, "mpr.direction", {"direction": "sagittal"})
    after = pane_scene(switched, 1).marks
    assert (before.left, after.left) == ("R", "A")
    assert switched.panes[0] == selected.panes[0] and switched.panes[2] == selected.panes[2]
    assert in_force(switched)["mpr.direction"] == 2
    assert "矢状位" in " ".join(pane_scene(switched, 1).corners.bottom_left)


@pytest.mark.requirement("B-37", "B-38", "B-42", "C-21", "C-22")
def test_three_projections_and_seven_thicknesses_stand_in_the_menu() -> None:
    rows = {command.name: command for command in COMMANDS}
    names = [choice.label for choice in rows["mpr.projection"].choices]
    assert names == ["MIP", "MinIP", "AvgIP"]
    labels = [choice.label for choice in rows["mpr.thickness"].choices]
    assert labels == ["单层", "0.1mm", "0.5mm", "1mm", "20mm", "40mm", "80mm", "160mm"]
    assert THICKNESSES == (0.1, 0.5, 1.0, 20.0, 40.0, 80.0, 160.0)


@pytest.mark.requirement("B-37", "B-38", "B-42")
@pytest.mark.parametrize(
    ("name", "reduce"), [("MIP", np.max), ("MinIP", np.min), ("AvgIP", np.mean)]
)
def test_a_slab_is_what_numpy_makes_of_the_slices_in_it(
    mpr: ViewerState, name: str, reduce: object
) -> None:
    values = marked()
    state = run(
        run(mpr, "mpr.projection", {"projection": name}), "mpr.thickness", {"thickness": 20}
    )
    layer = pane_scene(state, 0).image
    assert isinstance(layer, PlaneLayer)
    assert layer.slab == Slab(20.0, Projection(name.upper()))
    shown = picture(state, volume_of(state, values), 0)
    view = plane_view(state, 0)
    assert view is not None
    slab = values[MARK[0] - 4 : MARK[0] + 4]  # 20 mm of 2.5 mm slices
    wide = values[MARK[0] - 4 : MARK[0] + 5]
    for j, i in ((5, 5), (20, 30), (33, 12)):
        x, y = view.to_screen(point_of(MARK[0], j, i))
        seen = shown.values[int(y - view.area.y), int(x - view.area.x)]
        answers = [float(reduce(part[:, j, i])) for part in (slab, wide)]  # type: ignore[operator]
        # The sample is beside the voxel's centre by less than a pixel of the screen.
        assert min(abs(seen - answer) for answer in answers) < 40


@pytest.mark.requirement("B-42")
def test_a_projection_of_a_plane_starts_with_a_slab_and_the_plane_comes_back(
    mpr: ViewerState,
) -> None:
    slab = run(mpr, "mpr.projection", {"projection": "MinIP"})
    assert slab.pane().slab == Slab(20.0, Projection.MINIP)
    assert "MinIP 20 mm（插值）" in pane_scene(slab, 0).corners.bottom_left
    plane = run(slab, "mpr.thickness", {"thickness": 0})
    assert "单层重建（插值）" in pane_scene(plane, 0).corners.bottom_left
    assert in_force(plane)["mpr.projection"] == -1


@pytest.mark.requirement("B-36")
def test_scrolling_moves_one_slice_and_the_other_planes_follow(mpr: ViewerState) -> None:
    before = mpr.reformat
    after = run(mpr, "stack.scroll", {"by": 1}).reformat
    assert before is not None and after is not None
    moved = np.subtract(after.cross_hair.center, before.cross_hair.center)
    assert moved == pytest.approx([0, 0, DISTANCE])
    coronal = run(run(mpr, "pane.activate", {"pane": 1}), "stack.scroll", {"by": 1}).reformat
    assert coronal is not None
    moved = np.subtract(coronal.cross_hair.center, before.cross_hair.center)
    assert np.abs(moved) == pytest.approx([0, BETWEEN_ROWS, 0], abs=BETWEEN_ROWS / 2 + 1e-6)


@pytest.mark.requirement("B-36")
def test_the_slider_goes_through_every_slice_and_stops_at_the_ends(mpr: ViewerState) -> None:
    for pane, count in ((0, SLICES), (1, ROWS), (2, COLUMNS)):
        state = run(mpr, "pane.activate", {"pane": pane})
        state = run(state, "stack.go", {"frame": count - 1})
        assert run(state, "stack.scroll", {"by": 5}) == state
        with pytest.raises(CommandError):
            run(state, "stack.go", {"frame": count})


@pytest.mark.requirement("B-36")
def test_every_axial_step_is_a_stored_slice(mpr: ViewerState) -> None:
    values = marked()
    volume = volume_of(mpr, values)
    for step in (0, 7, SLICES - 1):
        state = run(mpr, "stack.go", {"frame": step})
        assert state.reformat is not None
        _, _, z = point_of(SLICES - 1 - step, 20, 25)
        assert state.reformat.cross_hair.center[2] == pytest.approx(z)
        view = plane_view(state, 0)
        assert view is not None
        # Read at voxel centres, the plane is the slice itself.
        from viewer_py.volume.model import SampleGrid
        from viewer_py.volume.reslice import reslice

        grid = SampleGrid(
            (point_of(0, 0, 0)[0], point_of(0, 0, 0)[1], state.reformat.cross_hair.center[2]),
            (BETWEEN_COLUMNS, 0, 0), (0, BETWEEN_ROWS, 0), view.axes[2], COLUMNS, ROWS,
        )  # fmt: skip
        assert np.array_equal(reslice(volume, grid, Slab()).values, values[SLICES - 1 - step])


@pytest.mark.requirement("B-36")
def test_dragging_the_centre_moves_the_other_planes(mpr: ViewerState) -> None:
    view = plane_view(mpr, 0)
    assert view is not None
    x, y = view.to_screen(point_of(*MARK))
    picked = run(mpr, "mpr.pick", {"x": x + 3 * view.scale, "y": y - 3 * view.scale}).reformat
    assert picked is not None
    wanted = np.add(point_of(*MARK), (3, -3, 0))
    assert picked.cross_hair.center == pytest.approx(wanted, abs=1e-6)


@pytest.mark.requirement("B-36")
@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2), st.floats(-180, 180)), max_size=6))
def test_turned_planes_stay_perpendicular_and_right_handed(
    turns: list[tuple[int, float]],
) -> None:
    state = run(opened(volume_series()), "mpr.toggle")
    for pane, degrees in turns:
        state = run(run(state, "pane.activate", {"pane": pane}), "mpr.turn", {"degrees": degrees})
    assert state.reformat is not None
    normals = []
    for direction in Direction:
        axes = np.array(state.reformat.cross_hair.axes(direction))
        assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-6)
        normals.append(axes[2])
    assert np.array(normals) @ np.array(normals).T == pytest.approx(np.eye(3), abs=1e-6)


@pytest.mark.requirement("B-36")
def test_turning_lines_leaves_the_plane_and_makes_the_others_oblique(mpr: ViewerState) -> None:
    turned = run(mpr, "mpr.turn", {"degrees": 30})
    assert pane_scene(turned, 0).image == pane_scene(mpr, 0).image
    words = " ".join(pane_scene(turned, 1).corners.bottom_left)
    assert "斜冠状位" in words
    marks = pane_scene(turned, 1).marks
    assert marks.right == "LP" and marks.left == "RA"  # clockwise on the screen: right sinks
    line = next(one for one in pane_scene(turned, 0).lines if one.style == "coronal")
    slope = math.degrees(math.atan2(line.y2 - line.y1, line.x2 - line.x1))
    assert slope % 180 == pytest.approx(30, abs=1e-6)
    view = plane_view(turned, 1)
    before = plane_view(mpr, 1)
    assert view is not None and before is not None and view.scale == before.scale
    assert run(turned, "mpr.reset").reformat == run(mpr, "mpr.reset").reformat


@pytest.mark.requirement("B-25", "B-39")
def test_window_invert_colours_and_filter_are_linked_and_zoom_is_not(mpr: ViewerState) -> None:
    for name, args in (
        ("window.preset", {"name": "bone"}),
        ("image.invert", {}),
        ("image.color_map", {"name": "hot_iron"}),
        ("image.filter", {"name": "sharpen"}),
    ):
        mpr = run(mpr, name, args)
    looks = {(p.preset, p.inverted, p.color_map, p.filter) for p in mpr.panes[:3]}
    assert looks == {("bone", True, "hot_iron", "sharpen")}
    zoomed = run(mpr, "viewport.zoom", {"factor": 2})
    assert [pane.viewport.zoom for pane in zoomed.panes[:3]] == [2, 1, 1]


@pytest.mark.requirement("B-36")
def test_closing_brings_the_stack_back_on_the_slice_of_the_cross_hair(mpr: ViewerState) -> None:
    windowed = run(mpr, "window.preset", {"name": "lung"})
    closed = run(windowed, "mpr.toggle")
    assert closed.reformat is None and closed.tool == "pan"
    assert closed.pane().kind is PaneKind.STACK
    assert (closed.pane().frame_index, closed.pane().preset) == (MARK[0], "lung")


@pytest.mark.requirement("B-40")
@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
@pytest.mark.parametrize("slices", [49, 50])
def test_fifty_images_of_ct_mr_and_pet_are_enough_and_fewer_too_where_geometry_permits(
    modality: str, slices: int
) -> None:
    state = opened(volume_series(modality=modality, slices=slices))
    assert "mpr.toggle" not in unfitting(state)
    assert run(state, "mpr.toggle").reformat is not None


@pytest.mark.requirement("B-40")
def test_what_is_no_volume_is_refused_with_the_reason() -> None:
    cases = {
        "DX": (opened(volume_series(modality="DX")), "DX"),
        "few": (opened(volume_series(slices=4)), "4 幅"),
        "where": (opened(make_series(frames=60, image_position_patient=None)), "空间位置"),
        "place": (
            opened(make_series(frames=60, image_position_patient=(0.0, 0.0, 1.0))), "同一位置",
        ),
    }  # fmt: skip
    for state, words in cases.values():
        with pytest.raises(CommandError, match=words) as refused:
            run(state, "mpr.toggle")
        assert " / " in str(refused.value)
    assert "DX" in unfitting(cases["DX"][0])["mpr.toggle"]


@pytest.mark.requirement("B-36")
@pytest.mark.parametrize(
    ("series", "words"),
    [
        (volume_series(tilt=12.0), "层面倾斜 12.0°，已校正"),
        (volume_series(missing=(30, 31)), "缺少 2 层，空缺处不插补"),
        (volume_series(), ""),
    ],
)
def test_what_was_corrected_or_is_missing_is_said_in_each_pane(series: object, words: str) -> None:
    state = run(opened(series), "mpr.toggle")  # type: ignore[arg-type]
    for index in range(3):
        assert pane_scene(state, index).badges == ((words,) if words else ())


@pytest.mark.requirement("B-36")
def test_a_localiser_among_the_slices_is_left_out_and_that_is_said() -> None:
    slices = volume_series()
    scout = replace(slices.frames[0], image_orientation_patient=(0, 1, 0, 0, 0, -1))
    state = opened(replace(slices, frames=(scout, *slices.frames)))
    state = run(state, "mpr.toggle")
    assert pane_scene(state, 0).badges == ("仅重建同组的 60 / 61 幅",)


def test_a_coarser_volume_and_slices_still_to_come_are_said(mpr: ViewerState) -> None:
    facts = Facts({"v": VolumeFacts(reduction=(1, 2, 2), loaded=3, total=60, value="41 HU")})
    scene = pane_scene(mpr, 0, facts)
    assert scene.badges == ("内存有限，以 1/2 分辨率重建", "载入中 3 / 60 层")
    assert "41 HU" in scene.corners.bottom_right


def test_a_phone_shows_one_large_plane_and_a_tap_swaps_it() -> None:
    state = run(opened(volume_series(), width=390, height=480), "mpr.toggle")
    areas = {index: pane_scene(state, index).area for index in range(3)}
    assert areas[0].width == 390 and areas[0].height > 2 * areas[1].height
    assert areas[1].y == areas[2].y == areas[0].height
    swapped = run(state, "pane.activate", {"pane": 2})
    assert pane_scene(swapped, 2).area == areas[0]
    small = pane_scene(state, 1).corners
    assert small.top_left == () and "冠状位" in small.bottom_left[0]


def test_cross_hairs_stay_inside_their_panes(mpr: ViewerState) -> None:
    state = run(mpr, "mpr.turn", {"degrees": 41})
    state = run(state, "mpr.thickness", {"thickness": 40})
    for index in range(3):
        scene = pane_scene(state, index)
        assert {line.style.removesuffix("-slab") for line in scene.lines} == {
            str(other) for other in Direction if other is not state.panes[index].direction
        }
        for line in scene.lines:
            for x, y in ((line.x1, line.y1), (line.x2, line.y2)):
                assert scene.area.x - 1e-6 <= x <= scene.area.x + scene.area.width + 1e-6
                assert scene.area.y - 1e-6 <= y <= scene.area.y + scene.area.height + 1e-6
