"""Filters beside their definition written as plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from viewer_py.pixels import filters
from viewer_py.pixels.filters import FILTERS

GENERATOR = np.random.default_rng(5)
IMAGE = GENERATOR.integers(-1000, 3000, (23, 31)).astype(np.int16)
HOLES = GENERATOR.random(IMAGE.shape) > 0.25
HOLES[10:15, 10:15] = False  # a hole in whose middle no neighbour is image
HOLES[12, 12] = True
LINEAR = [name for name, chosen in FILTERS.items() if chosen.weights]


def by_hand(name: str, valid: np.ndarray) -> np.ndarray:
    """Return the filtered image, pixel by pixel as the module says."""
    chosen = FILTERS[name]
    weights = np.array(chosen.weights) if chosen.weights else np.ones((3, 3))
    half = len(weights) // 2
    result = IMAGE.astype(np.float64)
    for row, column in np.argwhere(valid):
        values, shares = [], []
        for down in range(-half, half + 1):
            for across in range(-half, half + 1):
                r, c = row + down, column + across
                weight = weights[down + half, across + half]
                within = 0 <= r < IMAGE.shape[0] and 0 <= c < IMAGE.shape[1]
                if weight and within and valid[r, c]:
                    values.append(float(IMAGE[r, c]))
                    shares.append(weight)
        if not chosen.weights:
            result[row, column] = sorted(values)[(len(values) - 1) // 2]
        elif values:
            x = float(IMAGE[row, column])
            result[row, column] = x + chosen.amount * (np.average(values, weights=shares) - x)
    return result


@pytest.mark.requirement("C-36")
@pytest.mark.parametrize("holes", [False, True], ids=["all image", "with padding"])
@pytest.mark.parametrize("name", FILTERS)
def test_filter_is_its_definition(name: str, holes: bool) -> None:
    valid = HOLES if holes else np.ones(IMAGE.shape, dtype=np.bool_)
    filtered = filters.apply(name, IMAGE, valid if holes else None)
    assert filtered.dtype == np.float32
    assert np.allclose(filtered, by_hand(name, valid), atol=0.01)


@pytest.mark.requirement("C-36")
@pytest.mark.parametrize("name", LINEAR)
def test_kernel_is_the_filter_where_all_neighbours_are_image(name: str) -> None:
    kernel = filters.kernel(name)
    assert kernel.sum() == pytest.approx(1)
    side = len(kernel)
    windows = np.lib.stride_tricks.sliding_window_view(IMAGE.astype(np.float64), (side, side))
    half = side // 2
    inner = filters.apply(name, IMAGE)[half:-half, half:-half]
    assert np.allclose(inner, np.einsum("ijkl,kl->ij", windows, kernel), atol=0.01)


@pytest.mark.parametrize("name", FILTERS)
def test_padding_neither_changes_nor_takes_part(name: str) -> None:
    loud = IMAGE.copy()
    loud[~HOLES] = 32767
    quiet, noisy = filters.apply(name, IMAGE, HOLES), filters.apply(name, loud, HOLES)
    assert np.array_equal(quiet[HOLES], noisy[HOLES])
    assert (noisy[~HOLES] == 32767).all()


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2), (3, 3)])
def test_an_even_image_stays_even_however_small(name: str, shape: tuple[int, int]) -> None:
    assert np.allclose(filters.apply(name, np.full(shape, 41)), 41)


def test_each_filter_does_what_its_name_says() -> None:
    noise, sharp = IMAGE.std(), filters.apply("sharpen", IMAGE).std()
    assert filters.apply("smooth", IMAGE).std() < noise < sharp
    assert filters.apply("edge_enhance", IMAGE).std() > sharp
    spike = np.zeros((9, 9))
    spike[4, 4] = 1000
    assert not filters.apply("median", spike).any()


def test_no_filter_and_unknown_ones() -> None:
    assert np.array_equal(filters.apply("", IMAGE), IMAGE)
    with pytest.raises(KeyError):
        filters.apply("nonsense", IMAGE)
    with pytest.raises(ValueError, match="median"):
        filters.kernel("median")
