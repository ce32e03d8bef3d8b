"""What must hold whatever the stored values and the window (hypothesis)."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.view.samples import make_frame
from tests.viewer.strategies import (
    calm,
)
from viewer_py.pixels import pipeline, transfer, voi


def grey(value: float, window: voi.Window) -> float:
    """PS3.3 C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2 word by word, 0…255, not rounded."""
    c, w = window.center, window.width
    if window.function == "SIGMOID":
        exponent = min(-4.0 * (value - c) / w, 700.0)
        return 255.0 / (1.0 + math.exp(exponent))
    if window.function == "LINEAR_EXACT":
        if value <= c - w / 2:
            return 0.0
        return 255.0 if value > c + w / 2 else ((value - c) / w + 0.5) * 255.0
    if value <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if value > c - 0.5 + (w - 1) / 2:
        return 255.0
    return ((value - (c - 0.5)) / (w - 1) + 0.5) * 255.0


windows = st.builds(
    voi.Window,
    center=st.floats(-2000, 4000),
    width=st.floats(1.0, 5000),
    function=st.sampled_from(("LINEAR", "LINEAR_EXACT", "SIGMOID")),
)
rescales = st.tuples(st.floats(0.01, 20), st.floats(-2000, 2000))
stored_values = st.lists(st.integers(-32768, 32767), min_size=2, max_size=40)


def ct(stored: list[int], rescale: tuple[float, float], **attributes: Any) -> tuple[Any, Any]:
    values = np.array([sorted(stored)], dtype=np.int16)
    frame = make_frame(
        rows=1,
        columns=len(stored),
        bits_stored=16,
        rescale_slope=rescale[0],
        rescale_intercept=rescale[1],
        smallest_value=int(values.min()),
        largest_value=int(values.max()),
        **attributes,
    )
    return values, frame


@pytest.mark.requirement("B-25")
@calm
@given(stored_values, rescales, windows)
def test_greys_are_the_standards_formula_and_never_fall(
    stored: list[int], rescale: tuple[float, float], window: voi.Window
) -> None:
    values, frame = ct(stored, rescale)
    greys = pipeline.display(values, frame, window)[0].astype(float)
    assert (np.diff(greys) >= 0).all()
    for value, shown in zip(values[0], greys, strict=True):
        exact = grey(float(value) * rescale[0] + rescale[1], window)
        assert abs(shown - exact) <= 0.5 + 1e-6 or window.width < 1.0 + 1e-6


@calm
@given(st.integers(-1000, 1000), st.integers(1, 2000))
def test_greys_are_exact_at_both_ends_of_the_window(low: int, span: int) -> None:
    window = voi.from_bounds(low, low + span)
    values = np.array([[low - 1, low, low + span, low + span + 1]], dtype=np.int16)
    frame = make_frame(rows=1, columns=4, bits_stored=16)
    assert pipeline.display(values, frame, window).tolist() == [[0, 0, 255, 255]]


@pytest.mark.requirement("B-27")
@calm
@given(
    stored_values,
    rescales,
    windows,
    st.sampled_from(("MONOCHROME1", "MONOCHROME2")),
    st.sampled_from(("", "IDENTITY", "INVERSE")),
    st.one_of(st.none(), st.integers(-32768, 32767)),
)
def test_inverted_is_255_minus_the_picture(
    stored: list[int],
    rescale: tuple[float, float],
    window: voi.Window,
    photometric: str,
    shape: str,
    padding: int | None,
) -> None:
    values, frame = ct(
        stored,
        rescale,
        photometric_interpretation=photometric,
        presentation_lut_shape=shape,
        pixel_padding_value=padding,
    )
    plain = pipeline.display(values, frame, window)
    inverted = pipeline.display(values, frame, window, inverted=True)
    assert (plain.astype(int) + inverted == 255).all()


@calm
@given(stored_values, rescales, st.integers(-32768, 32767), st.integers(-32768, 32767))
def test_padding_influences_nothing(
    stored: list[int], rescale: tuple[float, float], padding: int, other_padding: int
) -> None:
    """The full range, and the greys of all that is not padding, are as if there were none."""
    kept = [value for value in stored if value not in (padding, other_padding)]
    assume(len(kept) >= 2)
    from server.imaging.frames import value_range

    pictures = []
    for pad in (padding, other_padding):
        values, frame = ct(
            kept, rescale, window_center=(), window_width=(), pixel_padding_value=pad
        )
        padded = np.append(values, np.full((1, 3), pad, dtype=np.int16), axis=1)
        low, high = value_range(padded, frame)
        assert (low, high) == (min(kept), max(kept))
        frame = dataclasses.replace(frame, smallest_value=low, largest_value=high)
        picture = pipeline.display(padded, frame)
        assert (picture[0, len(kept) :] == transfer.display_transfer(frame).padding_grey).all()
        pictures.append(picture[0, : len(kept)])
    assert (pictures[0] == pictures[1]).all()
