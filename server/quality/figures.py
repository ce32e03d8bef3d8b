"""Objective figures of a picture (I-10): noise, contrast, sharpness, signal to noise, lines.

Each is a pure function of an array (rows, columns); docs/quality.md says what each is judged by.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Median of |x| of a normal deviate with σ = 1.
_MEDIAN_DEVIATION = 0.6744897501960817
# Root of the sum of squares of the kernel [[1, -2, 1], [-2, 4, -2], [1, -2, 1]].
_KERNEL_NORM = 6.0
_HISTOGRAM_BINS = 256
_LEAST_FREQUENCY = 0.25  # cycles a pixel; below it anatomy has its own lines
_RISE_OF_SIGMA = 2 * 1.2815515655446004  # 10 % to 90 % of an edge blurred by a Gaussian


def mean_squared_error(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the mean squared difference of two pictures of one shape. Raises ValueError."""
    if one.shape != other.shape:
        raise ValueError(f"pictures of different shape: {one.shape} and {other.shape}")
    difference = one.astype(np.float64) - other.astype(np.float64)
    return float(np.mean(difference * difference))


def peak_signal_to_noise_ratio(one: NDArray[Any], other: NDArray[Any], peak: float) -> float:
    """Return the PSNR in dB for a largest possible value `peak`; infinite for equal pictures."""
    error = mean_squared_error(one, other)
    return math.inf if error == 0 else 10 * math.log10(peak * peak / error)


def noise(values: Values, mask: Mask | None = None) -> float:
    """Return the standard deviation of white noise, in the unit of `values`.

    Second differences along both axes (Immerkær 1996) leave noise and remove planes; their median
    is not moved by edges. Only pixels of `mask` count. 0 for fewer than 3 × 3 pixels.
    """
    if min(values.shape) < 3:
        return 0.0
    along = values[:, :-2] - 2 * values[:, 1:-1] + values[:, 2:]
    both = np.abs(along[:-2] - 2 * along[1:-1] + along[2:])
    chosen = both if mask is None else both[mask[1:-1, 1:-1]]
    if chosen.size == 0:
        return 0.0
    return float(np.median(chosen) / (_MEDIAN_DEVIATION * _KERNEL_NORM))


def foreground(values: Values) -> Mask:
    """Return which pixels stand out of the surroundings (Otsu 1979); all False where none do."""
    low, high = float(values.min()), float(values.max())
    if not high > low:
        return np.zeros(values.shape, dtype=bool)
    counts, edges = np.histogram(values, bins=_HISTOGRAM_BINS, range=(low, high))
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    weight = np.cumsum(counts * middles)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = weight / below - (weight[-1] - weight) / above
        between = np.where((below > 0) & (above > 0), below * above * distance**2, 0.0)
    mask: Mask = values > edges[int(np.argmax(between)) + 1]
    return mask


def contrast(shown: Values) -> float:
    """Return the RMS contrast of displayed greys 0 … 1: their standard deviation (Peli 1990)."""
    return float(shown.std())


def rise_distance(values: Values) -> float | None:
    """Return how many pixels the sharpest edges need from 10 % to 90 %; None without any edge.

    For a step blurred by a Gaussian of σ pixels that is 2.563 σ: its steepest slope is
    step / (σ √2π), taken here as the 99.9th percentile of the gradient, which single noisy pixels
    do not move. The height of the step is the range of the 0.5th to the 99.5th percentile.
    """
    if min(values.shape) < 3:
        return None
    low, high = np.percentile(values, (0.5, 99.5))
    down, across = np.gradient(values)
    steepest = float(np.percentile(np.hypot(down, across), 99.9))
    if not high > low or steepest <= 0:
        return None
    sigma = float(high - low) / (steepest * math.sqrt(2 * math.pi))
    return _RISE_OF_SIGMA * sigma


def signal_to_noise(values: Values, mask: Mask) -> float | None:
    """Return how high the body stands above its surroundings, in standard deviations of noise.

    None where nothing stands out or there is no noise.
    """
    deviation = noise(values, mask)
    if deviation == 0 or not mask.any() or mask.all():
        return None
    height = float(values[mask].mean()) - float(np.median(values[~mask]))
    return height / deviation


def line_index(values: Values) -> float:
    """Return how far a regular pattern of lines stands out: about 3 for noise, ≫ 10 for a zipper.

    The profile of all rows and that of all columns are looked at above 0.25 cycles a pixel: highest
    amplitude over the median one, of the worse direction.
    """
    return max(_peak(values.mean(axis=axis)) for axis in (0, 1))


def _peak(profile: Values) -> float:
    if profile.size < 32:
        return 0.0
    window = np.hanning(profile.size)
    spectrum = np.abs(np.fft.rfft((profile - profile.mean()) * window))
    high = spectrum[np.fft.rfftfreq(profile.size) >= _LEAST_FREQUENCY]
    median = float(np.median(high))
    # Rounding alone must not look like a pattern.
    least = 1e-9 * max(float(np.abs(profile).max()), 1.0)
    return float(high.max()) / median if median > least else 0.0


def center_offset(mask: Mask) -> float | None:
    """Return how far the body's centre of mass is from the picture's, as a share of its side.

    0 is centred, 0.5 is at the edge; of the worse direction. None where nothing stands out.
    """
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return None
    offsets = (
        abs((rows.mean() + 0.5) / mask.shape[0] - 0.5),
        abs((columns.mean() + 0.5) / mask.shape[1] - 0.5),
    )
    return float(max(offsets))


def smoothed(values: Values, radius: int = 2) -> Values:
    """Return means over squares of 2 · radius + 1 pixels, edges repeated."""
    padded = np.pad(values, radius, mode="edge")
    width = 2 * radius + 1
    sums = np.cumsum(np.cumsum(np.pad(padded, ((1, 0), (1, 0))), axis=0), axis=1)
    total = sums[width:, width:] - sums[:-width, width:] - sums[width:, :-width]
    result: Values = (total + sums[:-width, :-width]) / width**2
    return result


def inner_spread(values: Values, mask: Mask) -> float | None:
    """Return the spread inside the body over its height above the surroundings.

    The 10th to the 90th percentile of smoothed values whose whole neighbourhood is body. Near 0 in
    a water phantom, and far above in a human body. None where too little stands out.
    """
    inside = smoothed(mask.astype(np.float64), 6) > 0.999
    if inside.sum() < 400 or mask.all():
        return None
    smooth = smoothed(values)[inside]
    height = float(np.median(smooth)) - float(np.median(values[~mask]))
    low, high = np.percentile(smooth, (10, 90))
    return float(high - low) / height if height > 0 else None
