"""The cardiothoracic ratio (心胸比): width of the heart over inner width of the chest (B-29).

Rule (Danzer 1919; anchors, trap 11): on a frontal chest radiograph, the greatest distance of the
right heart border from the midline plus that of the left one, over the greatest inner width of the
chest, all measured across the midline; written as 0.48, not in per cent. Being a ratio it needs no
millimetres, only the shape of a pixel.

The six points are, in this order: the upper and the lower end of the midline, the heart border
towards the patient's right, the one towards the left, the inner wall of the chest on the right and
on the left. Only their distances across the midline count, so that no line need be drawn level.
"""

from __future__ import annotations

import numpy as np

from viewer_py.dicom.attributes import FrameAttributes
from viewer_py.measure.model import NOTHING, MeasuredImage, Measurement, Points, Result, Words
from viewer_py.measure.ruler import Floats, Ruler, no_angle, ruler

# What to ask for, point by point.
STEPS = (
    Words("点击胸廓中线的上端", "the upper end of the midline"),
    Words("点击胸廓中线的下端", "the lower end of the midline"),
    Words("点击右心缘最外点（图像左侧）", "the outermost point of the right heart border"),
    Words("点击左心缘最外点（图像右侧）", "the outermost point of the left heart border"),
    Words("点击右侧胸廓内缘最宽处", "the inner chest wall on the right, where it is widest"),
    Words("点击左侧胸廓内缘最宽处", "the inner chest wall on the left, where it is widest"),
)

RADIOGRAPHS = frozenset({"CR", "DX", "DR", "RG"})
_CHEST = ("CHEST", "THORAX", "LUNG", "HEART", "RIB", "胸", "肺", "心", "肋")
_FRONT_TO_BACK = frozenset({"AP"})
_BACK_TO_FRONT = frozenset({"PA"})
_LATERAL = frozenset({"LL", "RL", "LAT", "LATERAL", "LLO", "RLO", "LLD", "RLD"})
_LYING = frozenset({"HFS", "FFS", "HFDR", "HFDL", "FFDR", "FFDL", "HFP", "FFP"})

NOT_A_RADIOGRAPH = Words(
    "心胸比只在胸部 X 线正位片上测量", "the ratio is measured on frontal chest radiographs only"
)
NOT_THE_CHEST = Words("此图像不是胸部", "this image does not show the chest")
NOT_FRONTAL = Words("侧位片不能测量心胸比", "no ratio on a lateral view")
ENLARGED = Words(
    "前后位（AP）投照，心影放大，比值偏大", "AP view: the heart is enlarged, the ratio too high"
)
SUPINE = Words("卧位摄片，心影增大，比值偏大", "taken lying down: the ratio is too high")
UNKNOWN_VIEW = Words(
    "投照方向未注明，仅后前位（PA）比值可靠", "view not stated: only a PA view gives a sound ratio"
)
UNKNOWN_PART = Words("检查部位未注明", "the body part is not stated")
ONE_SIDE = Words("两侧心缘须在中线的两边", "the heart borders lie on both sides of the midline")
NO_MIDLINE = Words("中线没有长度", "the midline has no length")
NO_CHEST = Words("胸廓宽度为零", "the chest has no width")
WALLS = Words("胸廓内缘须在两侧心缘之外", "the chest walls must lie outside the heart")


def refusal(image: MeasuredImage) -> Words:
    """Return why the ratio is not measured on this picture, NOTHING where it is."""
    if image.modality not in RADIOGRAPHS or image.frame is None:
        return NOT_A_RADIOGRAPH
    part = image.body_part.strip().upper()
    if part and not any(word in part for word in _CHEST):
        return NOT_THE_CHEST
    return NOT_FRONTAL if _is_lateral(image.frame) else NOTHING


def warnings(image: MeasuredImage) -> tuple[Words, ...]:
    """Return what makes the ratio of this picture less than sound: view, posture, body part."""
    if image.frame is None:
        return ()
    view = image.frame.view_position.strip().upper()
    said = []
    if view in _FRONT_TO_BACK:
        said.append(ENLARGED)
    elif view not in _BACK_TO_FRONT:
        said.append(UNKNOWN_VIEW)
    if image.frame.patient_position.strip().upper() in _LYING:
        said.append(SUPINE)
    if not image.body_part.strip():
        said.append(UNKNOWN_PART)
    return tuple(said)


def measure(points: Points, image: MeasuredImage) -> Measurement:
    """Return the ratio, then the widths of heart and chest, with the warnings of the view."""
    why = refusal(image) or no_angle(image, points)
    scale = ruler(image, points)
    if why or isinstance(scale, Words):
        return Measurement((Result("ratio", None, note=why),))
    distances = _across_midline(scale.scaled(points))
    why = NO_MIDLINE if distances is None else _fault(distances)
    if distances is None or why:
        return Measurement((Result("ratio", None, note=why),), warnings(image))
    right, left, right_wall, left_wall = distances
    heart, chest = abs(left - right), abs(left_wall - right_wall)
    results = (
        Result("ratio", float(heart / chest)),
        _width("heart", heart, scale),
        _width("chest", chest, scale),
    )
    return Measurement(results, warnings(image))


def _width(name: str, value: float, scale: Ruler) -> Result:
    return Result(name, float(value), scale.unit, scale.calibration, scale.note)


def _across_midline(placed: Floats) -> Floats | None:
    """Return the distances of the last four points from the midline, with their side's sign."""
    upper, lower = placed[0], placed[1]
    along = lower - upper
    length = float(np.hypot(*along))
    if length == 0.0:
        return None
    away = placed[2:] - upper
    return np.asarray((along[0] * away[:, 1] - along[1] * away[:, 0]) / length)


def _fault(distances: Floats) -> Words:
    right, left, right_wall, left_wall = (float(one) for one in distances)
    if right * left > 0:
        return ONE_SIDE
    if right_wall == left_wall:
        return NO_CHEST
    low, high = sorted((right_wall, left_wall))
    return WALLS if min(right, left) < low or max(right, left) > high else NOTHING


def _is_lateral(frame: FrameAttributes) -> bool:
    """Tell whether the view is from the side: by View Position, or by an axis from front to back.

    Patient Orientation "A" or "P" first along the rows means that the image is cut from front to
    back (PS3.3 C.7.6.1.1.1).
    """
    if frame.view_position.strip().upper() in _LATERAL:
        return True
    orientation = frame.patient_orientation
    return orientation is not None and orientation[0].strip().upper()[:1] in {"A", "P"}
