"""Windows: the formulas of PS3.3 C.11.2 at their edges, the default window, the presets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from viewer_py.dicom.manifest import FrameAttributes, LookupTable
from viewer_py.pixels import presets, voi
from viewer_py.pixels.transfer import DisplayTransfer, TransferMode, shade
from viewer_py.pixels.voi import LINEAR, LINEAR_EXACT, SIGMOID, Window


def frame(**attributes: object) -> FrameAttributes:
    return FrameAttributes("1.2.3", 1, 2, 2, **attributes)  # type: ignore[arg-type]


def greys(window: Window, *modality: float) -> list[int]:
    transfer = DisplayTransfer(
        TransferMode(window.function), center=window.center, width=window.width
    )
    return shade(transfer, np.array(modality, dtype=np.float64)).tolist()


@pytest.mark.requirement("B-25")
def test_linear_example_of_the_standard() -> None:
    """PS3.3 C.11.2.1.2.1: c=2048, w=4096 is a ramp from 0 to 4095."""
    assert voi.bounds(Window(2048, 4096)) == (0, 4095)
    assert greys(Window(2048, 4096), -1, 0, 4095, 4096) == [0, 0, 255, 255]
    expected = [math.floor(x / 4095 * 255 + 0.5) for x in (1, 8, 9, 2047, 2048, 4094)]
    assert greys(Window(2048, 4096), 1, 8, 9, 2047, 2048, 4094) == expected


@pytest.mark.requirement("B-25")
@pytest.mark.parametrize(
    ("window", "edges"),
    [
        (Window(2048, 1), (2047.5, 2047.5)),
        (Window(0, 100), (-50, 49)),
        (Window(0, 100, LINEAR_EXACT), (-50, 50)),
        (Window(0, 100, SIGMOID), (-50, 50)),
        (Window(0.5, 0.2, LINEAR_EXACT), (0.4, 0.6)),
    ],
)
def test_bounds(window: Window, edges: tuple[float, float]) -> None:
    assert voi.bounds(window) == pytest.approx(edges)


@pytest.mark.requirement("B-25")
def test_examples_of_the_standard_for_narrow_windows() -> None:
    """PS3.3 C.11.2.1.2.1 for c=2048, w=1: black up to 2047, white from 2048; for c=0, w=100."""
    assert greys(Window(2048, 1), 2047, 2047.5, 2047.6, 2048) == [0, 0, 255, 255]
    assert greys(Window(0, 100), -50, -49, 48, 49) == [0, 3, 252, 255]
    assert greys(Window(0, 100, LINEAR_EXACT), -50, 0, 50) == [0, 128, 255]
    assert greys(Window(0, 1, LINEAR_EXACT), -1, 0, 1) == [0, 128, 255]


@pytest.mark.requirement("B-25")
def test_sigmoid_formula() -> None:
    window = Window(100, 40, SIGMOID)
    values = [-1e9, 60, 80, 100, 120, 140, 1e9]
    share = [1 / (1 + math.exp(min(-4 * (x - 100) / 40, 700))) for x in values]
    assert greys(window, *values) == [math.floor(255 * y + 0.5) for y in share]


@pytest.mark.requirement("B-25")
@pytest.mark.parametrize(
    ("window", "width"),
    [
        (Window(0, 0.2), 1.0),
        (Window(0, -5), 1.0),
        (Window(0, 0.2, LINEAR_EXACT), 0.2),
        (Window(0, 0, SIGMOID), voi.SMALLEST_WIDTH),
    ],
)
def test_a_width_below_the_smallest_is_raised_to_it(window: Window, width: float) -> None:
    assert voi.usable(window).width == width


@pytest.mark.parametrize(
    "window", [Window(math.nan, 1), Window(0, math.inf), Window(0, 1, "LOGARITHMIC")]
)
def test_a_window_without_meaning_is_refused(window: Window) -> None:
    with pytest.raises(ValueError, match=r"window|VOI LUT function"):
        voi.usable(window)


@pytest.mark.requirement("B-39")
def test_default_window_is_the_first_of_the_file() -> None:
    two = frame(window_center=(40.0, -600.0), window_width=(400.0, 1500.0))
    assert voi.default_window(two) == Window(40, 400)
    assert voi.file_windows(two) == (Window(40, 400), Window(-600, 1500))


def test_unusable_windows_of_the_file_are_left_out() -> None:
    broken = frame(
        window_center=(1.0, 2.0, math.nan, 4.0, 5.0), window_width=(0.0, -3.0, 10.0, 7.0)
    )
    assert voi.file_windows(broken) == (Window(4, 7),)


def test_the_function_of_the_file_counts() -> None:
    sigmoid = frame(window_center=(5.0,), window_width=(9.0,), voi_lut_function="SIGMOID")
    assert voi.default_window(sigmoid) == Window(5, 9, SIGMOID)
    unknown = frame(window_center=(5.0,), window_width=(9.0,), voi_lut_function="?")
    assert voi.default_window(unknown) == Window(5, 9, LINEAR)


def test_a_linear_width_below_one_in_the_file_is_an_exact_one() -> None:
    fraction = frame(window_center=(0.5,), window_width=(0.25,))
    assert voi.default_window(fraction) == Window(0.5, 0.25, LINEAR_EXACT)


@pytest.mark.requirement("B-39")
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (1, -1024), (2, 10), (-1, 5), (0.01, 0)])
def test_full_range_when_the_file_has_no_window(slope: float, intercept: float) -> None:
    plain = frame(
        smallest_value=3, largest_value=500, rescale_slope=slope, rescale_intercept=intercept
    )
    ends = sorted((3 * slope + intercept, 500 * slope + intercept))
    window = voi.default_window(plain)
    assert voi.bounds(window) == pytest.approx(ends)
    assert greys(window, *ends) == [0, 255]


def test_full_range_of_a_flat_frame_is_a_window() -> None:
    assert voi.default_window(frame(smallest_value=7, largest_value=7)) == Window(7.5, 1)


def test_full_range_through_a_modality_lut() -> None:
    table = LookupTable(10, 8, (5, 200, 90))
    ranged = frame(smallest_value=0, largest_value=11, modality_lut=table)
    assert voi.bounds(voi.full_range(ranged)) == (5, 200)
    hill = frame(smallest_value=0, largest_value=99, modality_lut=table)
    assert voi.bounds(voi.full_range(hill)) == (5, 200)
    beyond = frame(smallest_value=-9, largest_value=-5, modality_lut=table)
    assert voi.bounds(voi.full_range(beyond)) == (5, 5)


def test_adjustment_starts_at_the_input_of_the_voi_lut() -> None:
    table = frame(voi_luts=(LookupTable(100, 8, (0, 1, 2, 3)),), largest_value=9)
    assert voi.bounds(voi.default_window(table)) == (100, 103)
    both = frame(voi_luts=table.voi_luts, window_center=(40.0,), window_width=(80.0,))
    assert voi.default_window(both) == Window(40, 80)


def test_the_window_of_a_colour_frame_changes_nothing() -> None:
    window = voi.default_window(frame(samples_per_pixel=3, window_center=(1.0,), bits_stored=16))
    assert greys(window, *range(256)) == list(range(256))


@pytest.mark.requirement("B-39")
def test_presets_are_the_eight_in_order_with_these_values() -> None:
    """Frozen: viewers have shipped presets swapped or short of a zero."""
    rows = [
        (one.label, one.window and (one.window.width, one.window.center)) for one in presets.PRESETS
    ]
    assert rows == [
        ("默认", None),
        ("头部", (80, 40)),
        ("肺部", (1500, -600)),
        ("胸部", (350, 40)),
        ("心脏", (400, 40)),
        ("腹部", (400, 50)),
        ("肝脏", (160, 60)),
        ("骨骼", (1500, 300)),
    ]


def test_presets_are_found_by_name_and_fit_ct_only() -> None:
    assert presets.find("lung").window == Window(-600, 1500)
    with pytest.raises(KeyError):
        presets.find("kidney")
    assert presets.apply_to("CT")
    assert not presets.apply_to("MR")
