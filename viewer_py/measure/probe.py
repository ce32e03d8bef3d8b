"""The value at one place (CT值): that of the pixel or voxel itself, not of the screen (B-29).

On a stored frame it is the pixel that the place lies in; on a plane through a volume the voxel; on
a slab the projected value (anchors, trap 14).
"""

from __future__ import annotations

from viewer_py.measure.model import MeasuredImage, Measurement, Points, Result, Words

OUTSIDE = Words("在图像之外", "outside the image")
NO_DATA = Words("此处没有数据", "no data here")


def measure(points: Points, image: MeasuredImage) -> Measurement:
    """Return the value at the only point, and that of a fused picture."""
    column, row = (float(part) for part in points[0])
    pictures = [image] if image.fused is None else [image, image.fused]
    return Measurement(tuple(_value(one, column, row, len(pictures) > 1) for one in pictures))


def _value(image: MeasuredImage, column: float, row: float, named: bool) -> Result:
    modality = image.modality if named else ""
    if image.probe is None:
        return Result("value", None, image.unit.name, note=image.no_values, modality=modality)
    if not image.within(column, row):
        return Result("value", None, image.unit.name, note=OUTSIDE, modality=modality)
    value = image.probe(column, row)
    if value is None:
        return Result("value", None, image.unit.name, note=NO_DATA, modality=modality)
    unit = image.unit
    return Result("value", value * unit.factor, unit.name, note=unit.note, modality=modality)
