"""Where viewers go wrong, row by row, and which test of ours would fail with that mistake.

The rows are those of a survey of other viewers: "traps" of geometry and greys, "complaints" of
their users. A row that touches the engine names its tests, in whatever module they stand, or says
why it has none. What had no test elsewhere has one below.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import numpy as np
import pytest

from tests.view.samples import make_frame
from tests.view.volume_samples import volume_series
from viewer_py.browser.pace import REST, SMOOTH, Pace
from viewer_py.browser.volume_facts import volume_facts
from viewer_py.dicom.calibration import CalibrationState, spacing
from viewer_py.pixels import pipeline, voi
from viewer_py.volume.assemble import assemble
from viewer_py.volume.lookup import to_patient
from viewer_py.volume.states import volume_geometry

ROOT = Path(__file__).parents[2]

Tests = tuple[str, ...]

TRAPS: dict[str, Tests | str] = {
    "1 spacing and calibration": (
        "viewer/test_calibration.py::test_spacing_and_what_it_is_worth",
        "viewer/test_calibration.py::test_only_projections_take_the_radiographic_path",
        "viewer/test_calibration.py::test_ultrasound_is_measured_inside_one_region",
        "viewer/test_view_invariants.py::"
        "test_no_length_in_mm_without_a_spacing_and_no_doubtful_one_without_words",
    ),
    "2 slice order": (
        "viewer/test_ordering.py::test_the_projection_not_a_coordinate",
        "viewer/test_wire_invariants.py::test_the_reading_order_does_not_hang_on_the_order_of_arrival",
        "volume/test_states.py::test_the_distance_is_that_along_the_normal_of_an_oblique_stack",
    ),
    "3 regular volume test": (
        "volume/test_states.py::test_the_tolerance_is_one_percent",
        "volume/test_states.py::test_missing_slices_are_counted_and_keep_their_place",
        "volume/test_states.py::test_uneven_distances_are_irregular_and_stay_as_stated",
        "volume/test_states.py::test_not_a_volume_and_why",
    ),
    "4 gantry tilt": (
        "volume/test_states.py::test_tilt_is_the_shift_of_the_positions_not_a_tag",
        "volume/test_lookup.py::test_a_tilted_volume_is_followed_along_its_shift",
        "volume/test_simpleitk.py::test_a_tilted_volume_is_what_a_sheared_direction_makes_of_it",
    ),
    "5 rescale once, an image at a time": (
        "viewer/test_pipeline.py::test_modality_values_are_rescaled_once",
        "volume/test_assemble.py::test_slices_with_a_slope_each_become_modality_values",
        "volume/test_assemble.py::test_a_modality_lut_is_applied_once",
    ),
    "6 VOI": (
        "viewer/test_grey_invariants.py::test_greys_are_the_standards_formula_and_never_fall",
        "viewer/test_dcmtk.py::test_sigmoid",
        "viewer/test_dcmtk.py::test_voi_lut_of_the_file",
        "viewer/test_voi.py::test_a_linear_width_below_one_in_the_file_is_an_exact_one",
        "view/test_webgl_renderer.py::test_a_voi_lut_goes_up_as_a_table_once",
    ),
    "7 MONOCHROME1": (
        "viewer/test_traps.py::test_the_inversion_comes_after_the_window",
        "viewer/test_dcmtk.py::test_polarity",
        "view/test_webgl_renderer.py::test_monochrome1_and_padding_reach_the_shader",
    ),
    "8 pixel padding": (
        "viewer/test_grey_invariants.py::test_padding_influences_nothing",
        "imaging/test_describe.py::test_padding_is_left_out_of_the_value_range",
        "viewer/test_pipeline.py::test_padding_range_may_be_written_either_way",
        "volume/test_reslice.py::test_padding_has_no_part_in_the_darkest",
        "viewer/test_numpy_renderer.py::test_padding_never_mixes_with_its_neighbours",
    ),
    "9 SUVbw": (
        "volume/test_suv.py::test_the_published_value_of_the_digital_reference_object",
        "volume/test_suv.py::test_over_midnight",
        "volume/test_suv.py::test_values_corrected_to_the_injection_decay_no_further",
        "volume/test_suv.py::test_refused_with_a_reason",
        "volume/test_fusion.py::test_pet_without_suv_shows_its_own_units",
    ),
    "10 Cobb": "no angle is measured yet: measurements are another part",
    "11 CTR": "no ratio is measured yet: measurements are another part",
    "12 ellipse": "no area is measured yet: measurements are another part",
    "13 statistics": (
        # HU is the unit of CT alone; the statistics themselves are another part.
        "volume/test_fusion.py::test_hounsfield_units_are_those_of_ct",
    ),
    "14 the value of a voxel": (
        "volume/test_fusion.py::test_the_voxel_itself_is_told_not_an_interpolated_value",
        "viewer/test_traps.py::test_the_value_at_the_cross_hair_is_that_of_the_stored_voxel",
    ),
    "15 half a pixel": (
        "viewer/test_geometry.py::test_pixel_to_patient",
        "viewer/test_view_invariants.py::"
        "test_no_view_changes_where_a_point_lies_or_how_long_a_distance_is",
        "volume/test_lookup.py::test_every_pixel_centre_is_its_own_index",
        "volume/test_lookup.py::test_a_pixel_reaches_half_beyond_its_centre",
    ),
    "16 geometry of reformats": (
        "view/test_mpr.py::test_distances_on_the_screen_are_millimetres_in_the_patient",
        "viewer/test_traps.py::test_rows_are_slices_apart_in_a_coronal_plane",
        "volume/test_reslice.py::test_a_linear_ramp_stays_exact",
        "volume/test_lookup.py::test_no_slice_is_invented_over_a_gap_or_beyond_the_ends",
    ),
    "17 reference lines": (
        # Only the planes of one volume are drawn in each other; lines between series are another
        # part.
        "view/test_mpr.py::test_cross_hairs_stay_inside_their_panes",
        "view/test_mpr.py::test_a_marked_voxel_lies_where_the_cross_hair_is_in_all_three_planes",
    ),
    "18 frame of reference": (
        "view/test_reformat_tools.py::test_another_or_an_unknown_frame_of_reference_is_never_fused",
        "volume/test_fusion.py::test_a_missing_frame_of_reference_is_unlike_every_other",
    ),
    "19 colour, palette, sign, high bit, functional groups": (
        "imaging/test_decode.py::test_pixels_are_those_that_pydicom_reads",
        "imaging/test_decode.py::test_a_high_bit_above_the_usual_place_is_shifted_down",
        "imaging/test_decode.py::test_overlay_bits_above_the_stored_ones_are_masked",
        "imaging/test_decode.py::test_signed_values_of_twelve_bits_get_their_sign",
        "imaging/test_describe.py::"
        "test_functional_groups_speak_for_their_frame_and_shared_ones_for_all",
        "viewer/test_collections.py::test_picture",
    ),
    "20 which differences matter": "a rule for judging; the judges' tolerances are one grey level",
}

COMPLAINTS: dict[str, Tests | str] = {
    "3 long series on an iPhone": (
        "view/test_frame_store.py::test_memory_stays_in_the_budget_and_the_nearest_frames_stay",
        "view/test_frame_store.py::test_a_phone_gets_the_small_budget",
    ),
    "4 a tab of 1 GB": (
        "view/test_volume_store.py::test_a_series_that_fits_is_a_volume_without_a_copy",
        "view/test_volume_store.py::test_a_released_volume_gives_its_memory_back",
    ),
    "5 hundreds of images on a phone": (
        "view/test_session.py::test_a_series_too_long_for_memory_is_windowed_and_follows_the_reader",
    ),
    "6 float textures": (
        "view/test_webgl_renderer.py::test_no_texture_is_ever_filtered",
        "viewer/test_traps.py::test_no_extension_is_asked_for_and_nothing_is_filtered_by_the_gpu",
    ),
    "7 3-D black without a good GPU": (
        "view/test_session.py::test_a_lost_context_hands_over_to_numpy",
        "view/test_choice.py::test_the_slower_painter_is_never_chosen",
        "volume/test_reslice.py::test_slabs_along_the_voxels_are_what_numpy_says",
    ),
    "8 stuttering volumes": (
        "viewer/test_traps.py::test_what_moves_is_drawn_as_fast_as_the_device_can_and_rest_in_full",
    ),
    "9 sheared reformats": (
        "volume/test_lookup.py::test_a_tilted_volume_is_followed_along_its_shift",
        "view/test_mpr.py::test_what_was_corrected_or_is_missing_is_said_in_each_pane",
    ),
    "10 the first image waits for all metadata": (
        "view/test_session.py::"
        "test_it_asks_for_the_manifest_then_for_frames_nearest_to_the_opening_one",
        "view/test_session.py::test_interactive_is_told_once_the_opening_frame_is_painted",
    ),
    "11 slow metadata": (
        "viewer/test_manifest.py::test_six_hundred_frames_stay_below_a_hundred_kilobytes",
    ),
    "12 bulk data before the first image": (
        "view/test_session.py::test_interactive_is_told_once_the_opening_frame_is_painted",
    ),
    "13 ultrasound scale of the first frame": (
        "viewer/test_traps.py::test_each_frame_of_an_ultrasound_has_its_own_scale",
        "viewer/test_calibration.py::test_ultrasound_is_measured_inside_one_region",
    ),
    "14 lengths at the detector": (
        "viewer/test_calibration.py::"
        "test_every_state_but_the_plain_one_says_what_it_is_in_both_languages",
        "view/test_scene.py::test_a_bar_at_the_detector_says_so_and_none_stands_without_spacing",
    ),
    "16 statistics of nothing": "regions of interest are another part",
    "17 HU off by a factor": (
        "viewer/test_pipeline.py::test_modality_values_are_rescaled_once",
        "volume/test_assemble.py::test_modality_values_of_a_slice_are_those_of_the_pipeline",
    ),
    "18 only one value of a fusion": (
        "volume/test_fusion.py::test_both_values_are_told",
        "view/test_reformat_tools.py::test_both_values_stand_beside_each_other_and_no_suv_says_why",
    ),
    "19 lines between frames of reference": (
        "view/test_reformat_tools.py::test_another_or_an_unknown_frame_of_reference_is_never_fused",
    ),
    "20 VOI LUT and SIGMOID on the GPU": (
        "view/test_webgl_renderer.py::test_a_voi_lut_goes_up_as_a_table_once",
        "viewer/test_voi.py::test_the_function_of_the_file_counts",
    ),
    "23 presets swapped": (
        "viewer/test_voi.py::test_presets_are_the_eight_in_order_with_these_values",
    ),
    "25 third-party hosts": ("portal/test_headers.py::test_every_page_is_strict",),
}


@functools.cache
def functions(module: str) -> frozenset[str]:
    """Return the names of all tests of a module, those in classes too."""
    tree = ast.parse((ROOT / "tests" / module).read_text(encoding="utf-8"))
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef))


@pytest.mark.parametrize("row", [*TRAPS.items(), *COMPLAINTS.items()], ids=lambda row: row[0])
def test_every_row_has_its_tests(row: tuple[str, Tests | str]) -> None:
    _, tests = row
    if isinstance(tests, str):
        return
    for test in tests:
        module, _, name = test.partition("::")
        assert name in functions(module), f"{test} is gone"


def test_no_row_is_forgotten() -> None:
    assert [int(row.split()[0]) for row in TRAPS] == list(range(1, 21))


# --- what is tested nowhere else ----------------------------------------------------------------


def test_the_inversion_comes_after_the_window() -> None:
    """LINEAR is not symmetric about its centre, so inverting first would shift every grey."""
    values = np.arange(0, 101, dtype=np.int16)[None, :]
    frame = make_frame(rows=1, columns=101, bits_stored=16)
    window = voi.Window(50, 41)
    plain = pipeline.display(values, frame, window)
    for other in (
        {"photometric_interpretation": "MONOCHROME1"},
        {"presentation_lut_shape": "INVERSE"},
    ):
        said = make_frame(rows=1, columns=101, bits_stored=16, **other)
        assert (pipeline.display(values, said, window) == 255 - plain).all()
    # PS3.3 C.11.2.1.2.1: black up to 50 - 0.5 - 20 = 29.5, white above 69.5.
    assert plain[0, 29] == 0 and plain[0, 30] > 0 and plain[0, 69] < 255 and plain[0, 70] == 255


def test_the_value_at_the_cross_hair_is_that_of_the_stored_voxel() -> None:
    """Between two voxels the nearer one speaks, at the outermost half one nothing overflows."""
    series = volume_series("a", slices=5, rows=6, columns=7)
    geometry = volume_geometry(series.frames)
    values = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)
    volume = assemble(series, geometry, lambda index: values[geometry.frames.index(index)])
    slope, intercept = series.frames[0].rescale_slope, series.frames[0].rescale_intercept
    for index in ((2, 3, 4), (2.4, 2.6, 4.3), (0, 0, 0), (4, 5.49999, 6.49999), (4, 5.5, 6.5)):
        point = to_patient(geometry, np.array(index))
        said = volume_facts(series, volume, tuple(map(float, point)), None, "").value
        k, j, i = (
            min(int(one + 0.5), size - 1) for one, size in zip(index, (5, 6, 7), strict=True)
        )
        assert said == f"{values[k, j, i] * slope + intercept:.0f} HU"


def test_rows_are_slices_apart_in_a_coronal_plane() -> None:
    """2.5 mm between rows, 0.75 between columns, 7.25 between slices: no two can be mixed up."""
    series = volume_series("a", slices=5, rows=6, columns=7)
    frames = tuple(
        make_frame(
            k, rows=6, columns=7, pixel_spacing=(2.5, 0.75),
            image_position_patient=(0.0, 0.0, 7.25 * k), slice_thickness=99.0,
        )
        for k, _ in enumerate(series.frames)
    )  # fmt: skip
    geometry = volume_geometry(frames)
    first = to_patient(geometry, np.array((0, 0, 0)))
    for index, length in (((1, 0, 0), 7.25), ((0, 1, 0), 2.5), ((0, 0, 1), 0.75)):
        there = to_patient(geometry, np.array(index))
        assert np.linalg.norm(there - first) == pytest.approx(length)


def test_no_extension_is_asked_for_and_nothing_is_filtered_by_the_gpu() -> None:
    """Phones lack the filtering of float textures: shaders read single texels and interpolate."""
    forbidden = ("getExtension", "float_linear", '"LINEAR"', "gl.LINEAR")
    sources = [*(ROOT / "viewer_py").rglob("*webgl*.py"), *ROOT.glob("viewer_py/render/webgl/*.py")]
    assert len(sources) > 5
    for path in sources:
        text = path.read_text(encoding="utf-8")
        found = [word for word in forbidden if word in text]
        assert not found, f"{path.name} uses {found}"
    shaders = [path for path in sources if "glsl" in path.name]
    reads = [path.read_text(encoding="utf-8") for path in shaders]
    assert any("texelFetch" in text for text in reads)
    assert not any("texture(" in text for text in reads), "a filtered read"


def test_each_frame_of_an_ultrasound_has_its_own_scale() -> None:
    one = make_frame(0, pixel_spacing=(0.2, 0.2))
    another = make_frame(1, pixel_spacing=(0.4, 0.4))
    silent = make_frame(2, pixel_spacing=None)
    assert spacing(one).between_rows == 0.2 and spacing(another).between_rows == 0.4
    assert spacing(silent).state is CalibrationState.UNKNOWN


def test_what_moves_is_drawn_as_fast_as_the_device_can_and_rest_in_full() -> None:
    """A device that needs 0.48 s for a full picture gets a coarser one of 0.03 s while it moves."""
    pace, now = Pace(), 100.0
    pace.painted(1.0, 0.48)
    for _ in range(20):
        now += 0.05
        pace.moved(now)
        detail = pace.detail(now)
        seconds = 0.48 * detail**2
        assert detail < 1.0 and seconds <= SMOOTH * 1.01
        pace.painted(detail, seconds)
    assert pace.is_coarse and not pace.at_rest(now)
    assert pace.detail(now + REST) == 1.0
    pace.painted(1.0, 0.48)
    assert not pace.is_coarse
    pace.painted(0.95, 0.4)
    assert pace.is_coarse, "nearly full is not full"
    slow = Pace()
    slow.painted(1.0, 50.0)
    assert 50.0 * slow.detail(now + REST) ** 2 == pytest.approx(2.0), "seconds at rest"
    slow.painted(slow.detail(now + REST), 2.0)
    assert not slow.is_coarse, "it would be drawn again and again"
    fast = Pace()
    fast.painted(1.0, 0.01)
    fast.moved(now)
    assert fast.detail(now) == 1.0
