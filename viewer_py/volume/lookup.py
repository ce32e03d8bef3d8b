"""From a point in the patient to (slice, row, column) of a volume, for every state of geometry.

The one rule, which every renderer copies; half is nominal_distance / 2:

1. point - corners[0] = u · column_step + v · row_step + t · normal gives (u, v, t): t in mm.
2. The slice coordinate s is linear in t between two slices, s = k at positions[k]. Up to half
   before the first and after the last slice, s is that slice; farther out there is no data.
3. Between slices k and k + 1 of a gap, what is at most half away from one of them is that slice
   (s = k or s = k + 1), the rest is no data.
4. The corner at s lies on the straight line between the corners of its two slices; with
   corner(s) - corners[0] = su · column_step + sv · row_step + … the column is i = u - su and the
   row is j = v - sv. So between two shifted slices (gantry tilt) one goes along the shift.
5. -½ ≤ i ≤ columns - ½ and -½ ≤ j ≤ rows - ½ is the image; farther out there is no data.

In even states (all but IRREGULAR) su and sv are linear in t, and s would be t / nominal_distance
were no slice missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer_py.volume.model import VolumeGeometry

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SliceTable:
    """A geometry made ready for looking up.

    `origin` is corners[0]; `to_plane` (3, 3) maps point - origin to (u, v, t). `positions` (n) are
    mm along the normal, `shifts` (n, 2) are (su, sv) of each slice in pixels. The two ends of the
    data of each gap, in mm, are `gap_starts` and `gap_ends`.
    """

    origin: Floats
    to_plane: Floats
    positions: Floats
    shifts: Floats
    half: float
    gap_starts: Floats
    gap_ends: Floats
    rows: int
    columns: int

    @classmethod
    def of(cls, geometry: VolumeGeometry) -> SliceTable:
        """Return the table of a geometry that is a volume."""
        basis = np.array([geometry.column_step, geometry.row_step, geometry.normal]).T
        to_plane = np.linalg.inv(basis)
        corners = np.array(geometry.corners)
        positions = np.array(geometry.positions)
        half = geometry.nominal_distance / 2
        gaps = list(geometry.gaps)
        # In a thinned-out volume a gap may be narrower than two halves: then it has no inside.
        reach = np.minimum(half, np.diff(positions)[gaps] / 2)
        return cls(
            origin=corners[0],
            to_plane=to_plane,
            positions=positions,
            shifts=((corners - corners[0]) @ to_plane.T)[:, :2],
            half=half,
            gap_starts=positions[gaps] + reach,
            gap_ends=positions[[gap + 1 for gap in gaps]] - reach,
            rows=geometry.rows,
            columns=geometry.columns,
        )

    def slices(self, t: Floats) -> Floats:
        """Return the slice coordinate s at `t` mm along the normal, nan where no data is (2, 3)."""
        knots, values = self.positions, np.arange(len(self.positions), dtype=float)
        if len(self.gap_starts):
            before = np.searchsorted(knots, self.gap_starts) - 1
            knots = np.concatenate((knots, self.gap_starts, self.gap_ends))
            values = np.concatenate((values, values[before], values[before + 1]))
            order = np.lexsort((values, knots))
            knots, values = knots[order], values[order]
        s = np.interp(t, knots, values)
        outside = (t < -self.half) | (t > self.positions[-1] + self.half)
        if len(self.gap_starts):
            entered = np.searchsorted(self.gap_starts, t, side="left")
            outside |= entered > np.searchsorted(self.gap_ends, t, side="right")
        return np.where(outside, np.nan, s)

    def shifts_at(self, s: Floats) -> tuple[Floats, Floats]:
        """Return su, sv at slice coordinates (4); any number where s is nan."""
        places = np.arange(len(self.positions), dtype=float)
        safe = np.nan_to_num(s)
        return (
            np.interp(safe, places, self.shifts[:, 0]),
            np.interp(safe, places, self.shifts[:, 1]),
        )

    def indices(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Return s, j, i of points (…, 3) in LPS mm; s is nan where no data is (1 to 5)."""
        plane = (points - self.origin) @ self.to_plane.T
        s = self.slices(plane[..., 2])
        su, sv = self.shifts_at(s)
        i, j = plane[..., 0] - su, plane[..., 1] - sv
        inside = (i >= -0.5) & (i <= self.columns - 0.5) & (j >= -0.5) & (j <= self.rows - 0.5)
        return np.where(inside, s, np.nan), j, i


def to_index(geometry: VolumeGeometry, points_lps: NDArray[np.floating]) -> Floats:
    """Return (slice, row, column) of points (…, 3) in LPS mm, shape (…, 3), nan where no data is.

    Whole numbers are voxel centres. Raises ValueError when the geometry is not a volume.
    """
    if not geometry.corners:
        raise ValueError("these slices are not a volume")
    s, j, i = SliceTable.of(geometry).indices(np.asarray(points_lps, dtype=np.float64))
    indices = np.stack((s, j, i), axis=-1)
    indices[np.isnan(s)] = np.nan
    return indices


def to_patient(geometry: VolumeGeometry, indices: NDArray[np.floating]) -> Floats:
    """Return the points (…, 3), LPS mm, of (slice, row, column) (…, 3) within the slices' range.

    The inverse of `to_index` between the first and the last slice; a slice coordinate within a gap
    lies on the line between its two slices. Raises ValueError when the geometry is not a volume.
    """
    if not geometry.corners:
        raise ValueError("these slices are not a volume")
    at = np.asarray(indices, dtype=np.float64)
    corners = np.array(geometry.corners)
    places = np.arange(len(corners), dtype=float)
    corner = np.stack([np.interp(at[..., 0], places, corners[:, axis]) for axis in range(3)], -1)
    inside = at[..., 2:] * np.array(geometry.column_step) + at[..., 1:2] * np.array(
        geometry.row_step
    )
    points: Floats = corner + inside
    return points
