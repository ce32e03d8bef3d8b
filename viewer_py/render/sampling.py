"""How a renderer reads an image between its pixels: the one rule, and its numpy form.

The rule, which every renderer copies:

1. The centre of device pixel (x, y), (x + ½, y + ½), is carried by the inverse of the layer's
   matrix into image coordinates (u, v). It shows the image when 0 ≤ u < columns and 0 ≤ v < rows;
   elsewhere the canvas stays black.
2. The device pixel is read at taps_x × taps_y points, evenly spaced within it: at
   x + (i + ½) / taps_x, likewise y. One point suffices while an image pixel is not much smaller
   than a device pixel; `tap_counts` says how many it takes when a large image is drawn small, so
   that no image pixel (a micro-calcification) falls between them.
3. Each point is read bilinearly from the four nearest pixel centres (u - ½, v - ½), points beyond
   the outermost centres from those. There is no nearest-neighbour mode at any zoom.
4. What is interpolated is the *stored* value, as a float: the rescale is linear, so this is the
   same as modality values before the VOI. (With a Modality LUT, stored values before that table.)
5. A padding pixel has weight 0; the result is the weighted mean of the others over all taps. Where
   they have less than half of the whole weight, the device pixel is padding itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.scene.model import Matrix, Rectangle

# More taps than this would only serve images drawn smaller than 1 : 8 (thumbnails of mammograms).
MOST_TAPS = 8
# Output values computed at a time, so that the temporaries stay in the processor's cache.
CHUNK = 1 << 16

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """A block of the canvas, read from an image; `top` and `left` are its first device pixel.

    `values` are stored values, shape (height, width) or (height, width, 3); `inside` says which
    device pixels show the image (None: all), `padding` which show only padding (None: none).
    """

    top: int
    left: int
    values: Floats
    inside: NDArray[np.bool_] | None
    padding: NDArray[np.bool_] | None


def inverse(matrix: Matrix) -> Matrix | None:
    """Return the matrix from device pixels to image coordinates; None when there is none."""
    a, b, c, d, e, f = matrix
    determinant = a * d - b * c
    if determinant == 0.0 or not all(map(math.isfinite, (determinant, e, f))):
        return None
    ia, ib, ic, id_ = d / determinant, -b / determinant, -c / determinant, a / determinant
    return (ia, ib, ic, id_, -(ia * e + ic * f), -(ib * e + id_ * f))


def tap_counts(to_image: Matrix) -> tuple[int, int]:
    """Return taps_x, taps_y: image pixels per device pixel along x and y, rounded, 1…MOST_TAPS."""
    a, b, c, d, _, _ = to_image
    return _tap_count(math.hypot(a, b)), _tap_count(math.hypot(c, d))


def _tap_count(image_pixels: float) -> int:
    # Halves go up, whatever side the inverse of a matrix has rounded them to.
    return int(min(max(math.floor(image_pixels + 0.5 + 1e-9), 1), MOST_TAPS))


def covered(matrix: Matrix, columns: int, rows: int, area: Rectangle) -> Rectangle:
    """Return the part of `area` in which the image can lie (its bounding box)."""
    a, b, c, d, e, f = matrix
    corners = [(u, v) for u in (0, columns) for v in (0, rows)]
    xs = [a * u + c * v + e for u, v in corners]
    ys = [b * u + d * v + f for u, v in corners]
    left = max(area.x, math.floor(min(xs)))
    top = max(area.y, math.floor(min(ys)))
    right = min(area.x + area.width, math.ceil(max(xs)))
    bottom = min(area.y + area.height, math.ceil(max(ys)))
    return Rectangle(left, top, max(right - left, 0), max(bottom - top, 0))


def samples(
    stored: NDArray[Any], padding: NDArray[np.bool_] | None, matrix: Matrix, area: Rectangle
) -> Iterator[Sample]:
    """Yield the blocks of `area` that show the image, from top to bottom.

    `stored` is (rows, columns) or (rows, columns, 3), `padding` (rows, columns) or None when no
    pixel is padding; `matrix` maps image coordinates to device pixels. A matrix that cannot be
    inverted shows nothing.
    """
    to_image = inverse(matrix)
    rows, columns = stored.shape[:2]
    if to_image is None or stored.size == 0:
        return
    block = covered(matrix, columns, rows, area)
    source = _Source.of(stored, padding)
    if _vanish(matrix[1] * columns, matrix[2] * rows):
        yield from _aligned(source, to_image, block)
    elif _vanish(matrix[0] * columns, matrix[3] * rows):
        # A quarter turn is the transposed image without one.
        _, b, c, _, e, f = to_image
        yield from _aligned(source.transposed(), (b, 0.0, 0.0, c, f, e), block)
    else:
        yield from _turned(source, to_image, block)


def _vanish(*shifts: float) -> bool:
    """Say whether these shifts, in device pixels over the whole image, are rounding errors."""
    return all(abs(shift) < 1e-3 for shift in shifts)


@dataclass(frozen=True)
class _Source:
    """The image as floats: `weighted` values times weight, and the weights (None: all are 1)."""

    weighted: Floats
    weights: Floats | None

    @classmethod
    def of(cls, stored: NDArray[Any], padding: NDArray[np.bool_] | None) -> _Source:
        values = stored.astype(np.float32)
        if padding is None:
            return cls(values, None)
        values[padding] = 0.0
        return cls(values, np.logical_not(padding).astype(np.float32))

    def transposed(self) -> _Source:
        weights = None if self.weights is None else _transposed(self.weights)
        return _Source(_transposed(self.weighted), weights)

    def sample(
        self,
        top: int,
        left: int,
        read: Callable[[Floats], Floats],
        inside: NDArray[np.bool_] | None,
    ) -> Sample:
        """Return what `read`, a weighted mean over all pixels, makes of this source."""
        mean = read(self.weighted)
        if self.weights is None:
            return Sample(top, left, mean, inside, None)
        weight = read(self.weights)
        mean /= np.maximum(weight, np.float32(1e-6))
        return Sample(top, left, mean, inside, weight < 0.5)


@dataclass(frozen=True)
class _AxisTaps:
    """Along one axis: each output value is the sum of `weights[k]` times input `indices[k]`."""

    first: int
    indices: NDArray[np.intp]
    weights: Floats

    @classmethod
    def of(cls, scale: float, offset: float, first: int, count: int, size: int) -> _AxisTaps:
        """Return the taps of the device pixels from `first` whose centre lies in the image."""
        centres = (first + np.arange(count) + 0.5) * scale + offset
        inside = np.flatnonzero((centres >= 0) & (centres < size))
        device = first + inside
        indices, weights = [], []
        taps = _tap_count(abs(scale))
        for tap in range(taps):
            at = (device + (tap + 0.5) / taps) * scale + offset - 0.5
            at = np.clip(at, 0, size - 1)
            lower = np.floor(at).astype(np.intp)
            share = (at - lower) / taps
            indices += [lower, np.minimum(lower + 1, size - 1)]
            weights += [1.0 / taps - share, share]
        start = int(device[0]) if len(device) else first
        return cls(start, np.stack(indices), np.stack(weights).astype(np.float32))

    def __len__(self) -> int:
        return int(self.indices.shape[1])

    def part(self, start: int, stop: int) -> _AxisTaps:
        """Return the taps of output values `start` to `stop`, not included."""
        return _AxisTaps(
            self.first + start, self.indices[:, start:stop], self.weights[:, start:stop]
        )

    def down(self, values: Floats) -> Floats:
        """Combine rows of `values`."""
        shape = (-1,) + (1,) * (values.ndim - 1)
        total: Floats = np.take(values, self.indices[0], 0) * self.weights[0].reshape(shape)
        for index, weight in zip(self.indices[1:], self.weights[1:], strict=True):
            total += np.take(values, index, 0) * weight.reshape(shape)
        return total

    def across(self, values: Floats) -> Floats:
        """Combine columns of `values`.

        As rows of the transposed: rows are copied whole, columns element by element, which takes
        longer than to transpose twice.
        """
        return _transposed(self.down(_transposed(values)))


def _transposed(values: Floats) -> Floats:
    return np.ascontiguousarray(values.swapaxes(0, 1))


def _aligned(source: _Source, to_image: Matrix, block: Rectangle) -> Iterator[Sample]:
    """Read an image whose rows lie along the canvas rows: first across, then down."""
    rows, columns = source.weighted.shape[:2]
    across = _AxisTaps.of(to_image[0], to_image[4], block.x, block.width, columns)
    down = _AxisTaps.of(to_image[3], to_image[5], block.y, block.height, rows)
    if not len(across) or not len(down):
        return
    weights = None if source.weights is None else across.across(source.weights)
    narrowed = _Source(across.across(source.weighted), weights)
    step = max(CHUNK // len(across), 1)
    for start in range(0, len(down), step):
        part = down.part(start, start + step)
        yield narrowed.sample(part.first, across.first, part.down, None)


def _turned(source: _Source, to_image: Matrix, block: Rectangle) -> Iterator[Sample]:
    """Read an image that lies askew."""
    if not block.width:
        return
    step = max(CHUNK // block.width, 1)
    for top in range(block.y, block.y + block.height, step):
        height = min(step, block.y + block.height - top)
        points = _Points.of(to_image, Rectangle(block.x, top, block.width, height))
        rows, columns = source.weighted.shape[:2]
        yield source.sample(top, block.x, points.read, points.inside(rows, columns))


@dataclass(frozen=True)
class _Points:
    """The device pixels of a block, and where they lie in the image."""

    to_image: Matrix
    x: NDArray[np.float64]
    y: NDArray[np.float64]

    @classmethod
    def of(cls, to_image: Matrix, block: Rectangle) -> _Points:
        x = np.arange(block.x, block.x + block.width, dtype=np.float64)
        y = np.arange(block.y, block.y + block.height, dtype=np.float64)
        return cls(to_image, x[None, :], y[:, None])

    def at(self, dx: float, dy: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return u, v of the points (dx, dy) within each device pixel."""
        a, b, c, d, e, f = self.to_image
        x, y = self.x + dx, self.y + dy
        return a * x + c * y + e, b * x + d * y + f

    def inside(self, rows: int, columns: int) -> NDArray[np.bool_]:
        u, v = self.at(0.5, 0.5)
        inside: NDArray[np.bool_] = (u >= 0) & (u < columns) & (v >= 0) & (v < rows)
        return inside

    def read(self, values: Floats) -> Floats:
        """Return the mean of `values` over the taps of each device pixel."""
        taps_x, taps_y = tap_counts(self.to_image)
        taps = [
            ((i + 0.5) / taps_x, (j + 0.5) / taps_y) for i in range(taps_x) for j in range(taps_y)
        ]
        total = bilinear(values, *self.at(*taps[0]))
        for tap in taps[1:]:
            total += bilinear(values, *self.at(*tap))
        total /= len(taps)
        return total


def bilinear(values: Floats, u: NDArray[np.float64], v: NDArray[np.float64]) -> Floats:
    """Read `values` at image coordinates (u, v), pixel centres lying at the halves."""
    rows, columns = values.shape[:2]
    across, right, x = _neighbours(u, columns)
    down, below, y = _neighbours(v, rows)
    if values.ndim == 3:
        x, y = x[..., None], y[..., None]
    pixels = values.reshape(rows * columns, *values.shape[2:])
    upper = pixels[down * columns + across] * (1 - x) + pixels[down * columns + right] * x
    lower = pixels[below * columns + across] * (1 - x) + pixels[below * columns + right] * x
    result: Floats = upper * (1 - y) + lower * y
    return result


def _neighbours(
    at: NDArray[np.float64], size: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Return the pixels before and after each coordinate, and the share of the one after."""
    clipped = np.clip(at - 0.5, 0, size - 1)
    before = np.floor(clipped).astype(np.intp)
    return before, np.minimum(before + 1, size - 1), (clipped - before).astype(np.float32)
