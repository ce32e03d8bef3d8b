"""Filters in the image plane: smooth, sharpen, edges, median (C-36).

They work on stored or modality values, before the window; padding neither changes nor takes part.
A linear filter is x + amount · (blur(x) - x), where blur is the mean of the neighbours under
`weights`, those outside the image or in the padding left out:

    blur(x) = Σ weights · x over the neighbours that are valid / Σ weights over the same

and x itself where none is. A shader copies just that. The median is that of the valid values of
the 3 × 3 neighbours, the pixel among them; of an even number of values the lower middle one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Weights = tuple[tuple[float, ...], ...]

_BINOMIAL = (1.0, 4.0, 6.0, 4.0, 1.0)
_CROSS: Weights = ((0.0, 0.25, 0.0), (0.25, 0.0, 0.25), (0.0, 0.25, 0.0))
_AROUND = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
# Comparators that bring the median of nine values to place 4 (Paeth's, 19 of them).
_NETWORK = (
    *((1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8), (0, 3)),
    *((5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7), (4, 2), (6, 4), (4, 2)),
)


@dataclass(frozen=True)
class Filter:
    """One filter: its labels, and for a linear one its weights (odd square, sum 1) and amount.

    `weights` empty is the median. `profile` is the vector whose outer product the weights are.
    """

    label: str
    label_english: str
    weights: Weights = ()
    amount: float = 0.0
    profile: tuple[float, ...] = ()


def _separable(label: str, english: str, profile: tuple[float, ...], amount: float) -> Filter:
    total = sum(profile) ** 2
    weights = tuple(tuple(a * b / total for b in profile) for a in profile)
    return Filter(label, english, weights, amount, profile)


FILTERS: dict[str, Filter] = {
    "smooth": _separable("平滑", "Smooth", _BINOMIAL, 1.0),
    "sharpen": _separable("锐化", "Sharpen", _BINOMIAL, -1.0),
    "edge_enhance": Filter("边缘增强", "Edges", _CROSS, -4.0),
    "median": Filter("中值去噪", "Median"),
}


def kernel(name: str) -> NDArray[np.float64]:
    """Return a linear filter as one kernel, amount worked in, for pixels whose neighbours all are
    valid. Raises KeyError for an unknown filter, ValueError for the median.
    """
    chosen = FILTERS[name]
    if not chosen.weights:
        raise ValueError("the median has no kernel")
    whole = chosen.amount * np.array(chosen.weights)
    middle = len(whole) // 2
    whole[middle, middle] += 1.0 - chosen.amount
    return whole


def apply(name: str, values: NDArray[Any], valid: Mask | None = None) -> Floats:
    """Return the filtered image as float32, of shape (rows, columns) like `values`.

    `valid` says which pixels are image (None: all); the others keep their value. "" is no filter.
    Raises KeyError for an unknown one.
    """
    image = np.ascontiguousarray(values, dtype=np.float32)
    if not name:
        return image
    chosen = FILTERS[name]
    inside = np.ones(image.shape, dtype=np.bool_) if valid is None else valid
    if not chosen.weights:
        return _median(image, inside)
    shares = inside.astype(np.float32)
    total, weight = _spread(chosen, image * shares), _spread(chosen, shares)
    reached = inside & (weight > 0)
    mean = np.divide(total, weight, out=image.copy(), where=reached)
    return image + np.float32(chosen.amount) * (mean - image)


def _spread(chosen: Filter, image: Floats) -> Floats:
    """Return Σ weights · image over the neighbours, outside the image 0."""
    if not chosen.profile:
        middle = len(chosen.weights) // 2
        taps = [
            (row - middle, column - middle, weight)
            for row, line in enumerate(chosen.weights)
            for column, weight in enumerate(line)
        ]
        return _sum(image, taps)
    middle = len(chosen.profile) // 2
    share = [weight / sum(chosen.profile) for weight in chosen.profile]
    down = _sum(image, [(place - middle, 0, weight) for place, weight in enumerate(share)])
    return _sum(down, [(0, place - middle, weight) for place, weight in enumerate(share)])


def _sum(image: Floats, taps: list[tuple[int, int, float]]) -> Floats:
    total = np.zeros_like(image)
    for row, column, weight in taps:
        if weight:
            to, source = _overlap(image.shape, row, column)
            total[to] += np.float32(weight) * image[source]
    return total


def _overlap(
    shape: tuple[int, ...], row: int, column: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return where a shifted image lands, and from where: image[i + row] at i."""
    rows, columns = shape[:2]
    to = (slice(max(-row, 0), rows - max(row, 0)), slice(max(-column, 0), columns - max(column, 0)))
    source = (
        slice(max(row, 0), rows - max(-row, 0)),
        slice(max(column, 0), columns - max(-column, 0)),
    )
    return to, source


def _median(image: Floats, inside: Mask) -> Floats:
    shares = inside.astype(np.float32)
    count = _sum(shares, [(row, column, 1.0) for row, column in _AROUND])
    whole = inside & (count == len(_AROUND))
    result = image.copy()
    if whole.any():
        result[1:-1, 1:-1] = np.where(whole[1:-1, 1:-1], _middle_of_nine(image), image[1:-1, 1:-1])
    rows, columns = np.nonzero(inside & ~whole)
    padded = np.pad(np.where(inside, image, np.float32(np.inf)), 1, constant_values=np.inf)
    around = np.sort([padded[rows + 1 + r, columns + 1 + c] for r, c in _AROUND], axis=0)
    middle = (count[rows, columns].astype(np.intp) - 1) // 2
    result[rows, columns] = around[middle, np.arange(len(rows))]
    return result


def _middle_of_nine(image: Floats) -> Floats:
    """Return the median of the 3 × 3 neighbours of each pixel that has all of them."""
    rows, columns = image.shape
    nine = [image[1 + r : rows - 1 + r, 1 + c : columns - 1 + c] for r, c in _AROUND]
    for low, high in _NETWORK:
        nine[low], nine[high] = np.minimum(nine[low], nine[high]), np.maximum(nine[low], nine[high])
    return nine[4]
