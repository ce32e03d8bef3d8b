"""Laws of the pixel pipeline that hold for every depth, sign, rescale and window."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer_py.dicom.manifest import FrameAttributes, LookupTable
from viewer_py.pixels import pipeline, transfer, voi
from viewer_py.pixels.modality import UnsupportedPixelsError
from viewer_py.pixels.transfer import TransferMode, display_transfer
from viewer_py.pixels.voi import FUNCTIONS, LINEAR, Window

DTYPES = {(8, False): np.uint8, (8, True): np.int8, (16, False): np.uint16, (16, True): np.int16}


def frame(**attributes: object) -> FrameAttributes:
    return FrameAttributes("1.2.3", 1, 1, 1, **attributes)  # type: ignore[arg-type]


def row_of(values: range | list[int], dtype: type = np.int16) -> np.ndarray:
    return np.array([values], dtype=dtype)


@st.composite
def frames(draw: st.DrawFn) -> tuple[FrameAttributes, np.ndarray]:
    """Draw a frame and stored values that run through its depth."""
    bits, signed = draw(st.integers(1, 32)), draw(st.booleans())
    lowest = -(1 << (bits - 1)) if signed else 0
    ends = [lowest, lowest + (1 << bits) - 1]
    inner = draw(st.lists(st.integers(*ends), min_size=1, max_size=40))
    word = 8 if bits <= 8 else 16 if bits <= 16 else 32
    stored = np.array([sorted(inner + ends)], dtype=f"{'i' if signed else 'u'}{word // 8}")
    attributes = frame(
        bits_stored=bits,
        signed=signed,
        photometric_interpretation=draw(st.sampled_from(["MONOCHROME1", "MONOCHROME2"])),
        rescale_slope=draw(st.sampled_from([1.0, 2.0, 0.37, -1.0])),
        rescale_intercept=draw(st.sampled_from([0.0, -1024.0, 0.5])),
        smallest_value=ends[0],
        largest_value=ends[1],
    )
    return attributes, stored


windows = st.builds(
    Window,
    center=st.floats(-70000, 70000),
    width=st.floats(1, 140000),
    function=st.sampled_from(FUNCTIONS),
)


@given(frames(), windows)
@pytest.mark.requirement("B-25")
def test_grey_follows_the_modality_value(
    drawn: tuple[FrameAttributes, np.ndarray], window: Window
) -> None:
    attributes, stored = drawn
    greys = pipeline.display(stored, attributes, window).astype(int)[0]
    falls = attributes.photometric_interpretation == "MONOCHROME1"
    falls = falls != (attributes.rescale_slope < 0)
    steps = np.diff(greys)
    assert (steps <= 0).all() if falls else (steps >= 0).all()


@given(frames(), st.none() | windows)
@pytest.mark.requirement("B-27")
def test_inverted_is_255_less_p(
    drawn: tuple[FrameAttributes, np.ndarray], window: Window | None
) -> None:
    attributes, stored = drawn
    padded = dataclasses.replace(attributes, pixel_padding_value=int(stored[0, 0]))
    plain = pipeline.display(stored, padded, window)
    inverted = pipeline.display(stored, padded, window, inverted=True)
    assert (inverted == 255 - plain.astype(int)).all()


def formula(modality: float, window: Window) -> float:
    """Return 0…255 as PS3.3 C.11.2.1 writes it, case by case."""
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        return 255 / (1 + math.exp(min(-4 * (modality - center) / width, 700)))
    shift = 0.5 if window.function == LINEAR else 0.0
    narrower = 1.0 if window.function == LINEAR else 0.0
    if modality <= center - shift - (width - narrower) / 2:
        return 0.0
    if modality > center - shift + (width - narrower) / 2:
        return 255.0
    return ((modality - (center - shift)) / (width - narrower) + 0.5) * 255


@given(frames(), windows)
@pytest.mark.requirement("B-25")
def test_display_is_the_formula_rounded(
    drawn: tuple[FrameAttributes, np.ndarray], window: Window
) -> None:
    """Tables for up to 16 bits, arithmetic for more: both are the formula of the standard."""
    attributes, stored = drawn
    greys = pipeline.display(stored, attributes, window)[0].tolist()
    for value, grey in zip(stored[0].tolist(), greys, strict=True):
        modality = value * attributes.rescale_slope + attributes.rescale_intercept
        expected = formula(modality, window)
        if attributes.photometric_interpretation == "MONOCHROME1":
            expected = 255 - expected
        assert abs(grey - expected) <= 0.5 + 1e-6


@given(frames(), st.none() | windows)
def test_table_and_arithmetic_agree(
    drawn: tuple[FrameAttributes, np.ndarray], window: Window | None
) -> None:
    attributes, stored = drawn
    table = pipeline.display(stored, attributes, window)
    arithmetic = pipeline.display(stored.astype(np.float64), attributes, window)
    assert (table == arithmetic).all()


@pytest.mark.parametrize(("bits", "signed"), DTYPES)
def test_byte_order_and_strides_do_not_matter(bits: int, signed: bool) -> None:
    info = np.iinfo(DTYPES[bits, signed])
    stored = np.linspace(info.min, info.max, 64).astype(info.dtype).reshape(8, 8)
    attributes = frame(bits_stored=bits, signed=signed, smallest_value=info.min)
    attributes = dataclasses.replace(attributes, largest_value=info.max)
    expected = pipeline.display(stored, attributes)
    swapped = stored.astype(stored.dtype.newbyteorder(">"))
    assert (pipeline.display(swapped, attributes) == expected).all()
    assert (pipeline.display(stored[::2, ::3], attributes) == expected[::2, ::3]).all()
    assert expected.min() == 0
    assert expected.max() == 255


def test_one_bit() -> None:
    stored = row_of([0, 1, 1, 0], np.uint8)
    attributes = frame(bits_stored=1, largest_value=1)
    assert pipeline.display(stored, attributes).tolist() == [[0, 255, 255, 0]]
    assert pipeline.display(stored.astype(bool), attributes).tolist() == [[0, 255, 255, 0]]


@pytest.mark.requirement("B-16")
def test_modality_values_are_rescaled_once() -> None:
    ct = frame(rescale_slope=2.0, rescale_intercept=-1024.0)
    values = pipeline.modality_values(row_of([-5, 0, 700]), ct)
    assert values.dtype == np.float32
    assert values.tolist() == [[-1034, -1024, 376]]


def test_modality_lut_holds_at_its_ends() -> None:
    table = frame(modality_lut=LookupTable(10, 16, (100, 50, 70)), rescale_slope=99.0)
    values = pipeline.modality_values(row_of([-3, 10, 11, 12, 500]), table)
    assert values.tolist() == [[100, 100, 50, 70, 70]]


def test_window_on_a_modality_lut() -> None:
    table = frame(modality_lut=LookupTable(0, 8, tuple(range(250, -1, -1))))
    greys = pipeline.display(row_of(range(251)), table, Window(125.5, 251))
    assert greys[0].tolist() == [math.floor(v / 250 * 255 + 0.5) for v in range(250, -1, -1)]


VOI_LUT = LookupTable(100, 10, (0, 512, 1023))


@pytest.mark.requirement("B-25")
def test_default_picture_uses_the_voi_lut_and_a_window_overrides_it() -> None:
    both = frame(
        voi_luts=(VOI_LUT,), rescale_intercept=50.0, window_center=(1.0,), window_width=(9.0,)
    )
    stored = row_of([0, 50, 51, 52, 900])
    assert pipeline.display(stored, both).tolist() == [[0, 0, 128, 255, 255]]
    assert pipeline.display(stored, both, Window(101.5, 3)).tolist() == [[0, 0, 128, 255, 255]]
    assert pipeline.display(stored, both, Window(101, 1)).tolist() == [[0, 0, 255, 255, 255]]


def test_voi_lut_is_looked_up_at_the_nearest_modality_value() -> None:
    halves = frame(voi_luts=(VOI_LUT,), rescale_slope=0.5)
    stored = row_of([200, 201, 202, 203, 204])
    assert pipeline.display(stored, halves).tolist() == [[0, 128, 128, 255, 255]]


def test_voi_lut_of_a_falling_rescale() -> None:
    falling = frame(voi_luts=(VOI_LUT,), rescale_slope=-1.0)
    signed = dataclasses.replace(falling, signed=True)
    stored = row_of([-103, -102, -101, -100, 0])
    assert pipeline.display(stored, signed).tolist() == [[255, 255, 128, 0, 0]]


def test_voi_lut_with_fewer_stated_bits_than_its_entries_need() -> None:
    wrong = frame(voi_luts=(LookupTable(0, 8, (0, 65535)),))
    assert pipeline.display(row_of([0, 1]), wrong).tolist() == [[0, 255]]
    black = frame(voi_luts=(LookupTable(0, 0, (0, 0)),))
    assert pipeline.display(row_of([0, 1]), black).tolist() == [[0, 0]]


def test_voi_lut_far_outside_the_stored_values() -> None:
    outside = frame(voi_luts=(LookupTable(100000, 8, (3, 255)),))
    assert set(pipeline.display(row_of(range(0, 30000, 500)), outside)[0].tolist()) == {3}


def test_voi_lut_whose_ends_fall_between_stored_values() -> None:
    steep = frame(voi_luts=(LookupTable(1, 8, (0, 255)),), rescale_slope=3.0)
    assert pipeline.display(row_of([0, 1, 2]), steep).tolist() == [[0, 255, 255]]


def test_voi_lut_on_a_rescale_of_nothing() -> None:
    nothing = frame(voi_luts=(VOI_LUT,), rescale_slope=0.0, rescale_intercept=101.0)
    assert pipeline.display(row_of([1, 2000]), nothing).tolist() == [[128, 128]]


def test_tables_that_cannot_be_drawn_are_refused() -> None:
    nothing = LookupTable(0, 8, ())
    for empty in (frame(voi_luts=(nothing,)), frame(modality_lut=nothing)):
        with pytest.raises(UnsupportedPixelsError, match="empty"):
            display_transfer(empty)
    fine = frame(
        bits_stored=32, rescale_slope=1e-3, voi_luts=(LookupTable(0, 8, tuple(range(200))),)
    )
    with pytest.raises(UnsupportedPixelsError, match="spans"):
        display_transfer(fine)


PADDED = frame(
    signed=True,
    smallest_value=-100,
    largest_value=100,
    pixel_padding_value=-2000,
    pixel_padding_range_limit=-1990,
)


@pytest.mark.requirement("B-16")
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_has_no_part_in_the_full_range(photometric: str) -> None:
    attributes = dataclasses.replace(PADDED, photometric_interpretation=photometric)
    greys = pipeline.display(row_of([-2000, -1995, -1990, -100, 100]), attributes)[0].tolist()
    ends = [255, 0] if photometric == "MONOCHROME1" else [0, 255]
    assert greys == [0, 0, 0, *ends]


def test_padding_range_may_be_written_either_way() -> None:
    turned = dataclasses.replace(PADDED, pixel_padding_value=50, pixel_padding_range_limit=20)
    stored = row_of([19, 20, 35, 50, 51])
    padding = transfer.is_padding(display_transfer(turned), stored)
    assert padding.tolist() == [[False, True, True, True, False]]


def test_padding_is_black_through_a_table_and_in_32_bits() -> None:
    table = dataclasses.replace(PADDED, voi_luts=(LookupTable(-3000, 8, (200, 255)),))
    stored = row_of([-1995, 0])
    assert pipeline.display(stored, table).tolist() == [[0, 255]]
    assert pipeline.display(stored.astype(np.int32), PADDED, Window(-1e4, 1)).tolist() == [[0, 255]]


@pytest.mark.requirement("B-27")
def test_colour_is_shown_as_it_is_and_inverts() -> None:
    color = frame(samples_per_pixel=3, bits_stored=8, photometric_interpretation="RGB")
    stored = np.arange(256 * 3, dtype=np.uint16).reshape(1, 256, 3).astype(np.uint8)
    assert (pipeline.display(stored, color) == stored).all()
    assert (pipeline.display(stored, color, inverted=True) == 255 - stored).all()


@pytest.mark.requirement("B-25")
def test_a_window_on_colour_changes_each_sample() -> None:
    color = frame(samples_per_pixel=3, bits_stored=8)
    stored = np.array([[[0, 100, 200]]], dtype=np.uint8)
    assert pipeline.display(stored, color, voi.from_bounds(50, 150)).tolist() == [[[0, 128, 255]]]


def test_transfer_is_plain_data() -> None:
    """What the shader receives: equal for equal frames, hashable, the table as bytes."""
    one = display_transfer(frame(voi_luts=(VOI_LUT,)))
    assert one == display_transfer(frame(voi_luts=(VOI_LUT,)))
    assert hash(one) == hash(display_transfer(frame(voi_luts=(VOI_LUT,))))
    assert (one.mode, one.lut_first, one.lut) == (TransferMode.LUT, 100, bytes([0, 128, 255]))
    ct = display_transfer(frame(rescale_intercept=-1024.0), Window(40, 400), inverted=True)
    assert (ct.mode, ct.intercept, ct.invert, ct.bounds()) == ("LINEAR", -1024, True, (-160, 239))
