"""What the pixels of a region say: how many, mean, standard deviation, smallest, largest (B-29).

Which pixel belongs: the one whose centre lies inside the region, whole; others not at all (anchors,
trap 13). A region without any centre is the pixel under its own centre. Padding, and voxels that
are not there, never belong: how many were left out is told.

The standard deviation is that of the population (divided by n): the pixels of the region are all
that is spoken of, not a sample of others, and one pixel alone then has 0 instead of nothing.
The moments are merged band by band (Chan, Golub, LeVeque 1979): no cancellation, little memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from viewer_py.measure.model import NOTHING, MeasuredImage, Points, Result, Words
from viewer_py.measure.outline import InsideLine
from viewer_py.measure.ruler import Floats

BAND_ROWS = 128

NO_DATA = Words("区域内没有数据", "no data in the region")
OUTSIDE = Words("区域在图像之外", "the region lies outside the image")
ONE_PIXEL = Words("区域小于像素，取其中心的像素", "smaller than a pixel: the one under its centre")


@dataclass(frozen=True)
class Region:
    """A closed region on a picture: membership and (column, row) bounds and centre."""

    inside: InsideLine
    low: Floats
    high: Floats
    centre: Floats

    @classmethod
    def of(cls, inside: InsideLine, outline: Points) -> Region:
        """Return the region whose extreme points are all in `outline` (n, 2)."""
        return cls(inside, outline.min(axis=0), outline.max(axis=0), outline.mean(axis=0))


@dataclass(frozen=True)
class Moments:
    """Moments of so many values; `left_out` pixels of the region have no data."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0  # sum of squared differences from the mean
    smallest: float = math.inf
    largest: float = -math.inf
    left_out: int = 0

    @property
    def deviation(self) -> float:
        """The standard deviation of the population."""
        return math.sqrt(self.squares / self.count) if self.count else math.nan

    def merged(self, values: Floats, left_out: int) -> Moments:
        """Return the moments with further values."""
        more = len(values)
        if not more:
            return Moments(
                self.count, self.mean, self.squares, self.smallest, self.largest,
                self.left_out + left_out,
            )  # fmt: skip
        mean = float(values.mean())
        count = self.count + more
        apart = mean - self.mean
        return Moments(
            count,
            self.mean + apart * more / count,
            self.squares
            + float(((values - mean) ** 2).sum())
            + apart * apart * self.count * more / count,
            min(self.smallest, float(values.min())),
            max(self.largest, float(values.max())),
            self.left_out + left_out,
        )


def statistics(image: MeasuredImage, region: Region) -> tuple[Result, ...]:
    """Return the results of a region: mean first, in the unit of the picture, then of a fused one.

    Where there are no values one result says why, and colours say nothing at all (trap 13).
    """
    pictures = [image] if image.fused is None else [image, image.fused]
    return tuple(result for one in pictures for result in _of_picture(one, region, len(pictures)))


def _of_picture(image: MeasuredImage, region: Region, pictures: int) -> list[Result]:
    modality = image.modality if pictures > 1 else ""
    if image.read is None:
        return [Result("mean", None, note=image.no_values, modality=modality)]
    moments, note = moments_of(image, region)
    if not moments.count:
        return [Result("mean", None, note=note or NO_DATA, modality=modality)]
    factor, unit = image.unit.factor, image.unit.name
    numbers = {
        "mean": moments.mean * factor,
        "deviation": moments.deviation * abs(factor),
        "smallest": moments.smallest * factor,
        "largest": moments.largest * factor,
    }
    said = note or image.unit.note or image.interpolated
    results = [
        Result(name, value, unit, note=said if name == "mean" else NOTHING, modality=modality)
        for name, value in numbers.items()
    ]
    left_out = _left_out(moments.left_out)
    return [*results, Result("pixels", float(moments.count), note=left_out, modality=modality)]


def _left_out(count: int) -> Words:
    if not count:
        return NOTHING
    return Words(f"另有 {count} 个像素没有数据", f"{count} more have no data")


def moments_of(image: MeasuredImage, region: Region) -> tuple[Moments, Words]:
    """Return the moments of the modality values in a region, and what must be said of them."""
    if image.read is None:
        raise ValueError("the picture has no values")
    columns = _centres(region.low[0], region.high[0], image.columns)
    rows = _centres(region.low[1], region.high[1], image.rows)
    places = np.arange(columns.start, columns.stop, dtype=np.float64) + 0.5
    moments, found = Moments(), False
    for first in range(rows.start, rows.stop, BAND_ROWS):
        band = range(first, min(first + BAND_ROWS, rows.stop))
        mask = np.array([region.inside(places, row + 0.5) for row in band])
        if not mask.any():
            continue
        found = True
        picture = image.read(band, columns)
        chosen = picture.values[mask & picture.valid].astype(np.float64)
        moments = moments.merged(chosen, int((mask & ~picture.valid).sum()))
    return (moments, NOTHING) if found else _under_centre(image, region)


def _under_centre(image: MeasuredImage, region: Region) -> tuple[Moments, Words]:
    column, row = (float(part) for part in region.centre)
    if image.read is None or not image.within(column, row):
        return Moments(), OUTSIDE
    i, j = math.floor(column), math.floor(row)
    picture = image.read(range(j, j + 1), range(i, i + 1))
    values = picture.values[picture.valid].astype(np.float64)
    return Moments().merged(values, int((~picture.valid).sum())), ONE_PIXEL


def _centres(low: float, high: float, size: int) -> range:
    """Return the indices whose centres lie between two coordinates, inside the picture."""
    first = min(max(math.ceil(low - 0.5), 0), size)
    last = min(max(math.floor(high - 0.5) + 1, first), size)
    return range(first, last)
