"""The Cobb angle: between the end plates of two vertebrae (B-29; anchors, trap 10).

Rule: each line runs from its left to its right end as the picture is stored (a line straight up
runs downwards), whichever end was drawn first; the value is the angle between the two directions,
0 … 180°. So it is the difference of the two tilts: what is customarily read, up to 90° and, for
the curves beyond, above. Nothing is folded back to 90°: the supplement stands beside it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from viewer_py.measure.angle import angle_result
from viewer_py.measure.model import MeasuredImage, Measurement, Points


def measure(points: Points, image: MeasuredImage) -> Measurement:
    """Return the angle between the lines (first two points, last two points) and its supplement."""
    ordered = np.concatenate((_left_to_right(points[:2]), _left_to_right(points[2:])))
    found = replace(angle_result(image, ordered, (0, 1), (2, 3)), name="cobb")
    if found.value is None:
        return Measurement((found,))
    supplement = replace(found, name="supplement", value=180.0 - found.value)
    return Measurement((found, supplement))


def _left_to_right(line: Points) -> Points:
    """Return the two ends by column, of one column by row."""
    return line[np.lexsort((line[:, 1], line[:, 0]))]
