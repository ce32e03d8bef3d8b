"""The cardiothoracic ratio: its value, its warnings, and where it is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.measure import world
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.measure import cardiothoracic
from viewer_py.measure.annotation import Annotation, AnnotationKind
from viewer_py.measure.measured import measured
from viewer_py.measure.model import MeasuredImage
from viewer_py.measure.wording import lines

# Midline, heart from 40 to 88 (radii 20 and 28), chest from 10 to 110: (20 + 28) / 100.
POINTS = [(60, 5), (60, 90), (40, 60), (88, 65), (10, 70), (110, 72)]
DX = {"sop_class_uid": "1.2.840.10008.5.1.4.1.1.1.1"}


def chest(modality: str = "DX", body_part: str = "CHEST", **extra: Any) -> MeasuredImage:
    facts = DX | {"view_position": "PA"} | extra
    return world.picture(world.plain(**facts), modality=modality, body_part=body_part)


def mark(points: list[tuple[float, float]] = POINTS) -> Annotation:
    return world.drawn(AnnotationKind.CARDIOTHORACIC, points, world.plain())


@pytest.mark.requirement("B-29", "C-14")
def test_the_ratio_is_heart_over_chest() -> None:
    measurement = measured(mark(), chest(imager_pixel_spacing=(0.2, 0.2)))
    assert lines(measurement) == (
        "心胸比 0.48",
        "心脏横径 9.6 mm（探测器面，非体内）",
        "胸廓内径 20.0 mm（探测器面，非体内）",
    )
    assert measurement.results[0].value == pytest.approx(0.48)
    assert len(cardiothoracic.STEPS) == len(POINTS)


@pytest.mark.requirement("B-29", "C-14")
@given(
    st.floats(-25, 25), st.floats(2, 20), st.floats(2, 20), st.floats(0.5, 15), st.floats(0.5, 15),
    st.floats(-30, 30), world.spacings, world.spacings, world.screens,
)  # fmt: skip
def test_a_tilted_midline_and_oblong_pixels_do_not_change_it(
    turn: float, right: float, left: float, right_lung: float, left_lung: float, along: float,
    down: float, across: float, screen: np.ndarray,
) -> None:  # fmt: skip
    """The points lie at any height along the midline: only the distances across it count."""
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    frame = world.plain(pixel_spacing=(down, across), view_position="PA", **DX)

    def at(u: float, v: float) -> tuple[float, float]:
        return 60 + (u * c - v * s) / across, 40 + (u * s + v * c) / down

    points = [at(0, -30), at(0, 30), at(-right, along), at(left, -along),
              at(-right - right_lung, 7), at(left + left_lung, -3)]  # fmt: skip
    drawn = world.drawn(AnnotationKind.CARDIOTHORACIC, points, frame, screen)
    ratio = world.values(drawn, world.picture(frame, modality="CR", body_part="胸部"))["ratio"]
    assert ratio == pytest.approx((right + left) / (right + left + right_lung + left_lung))


@pytest.mark.requirement("B-29")
@pytest.mark.parametrize(
    ("image", "words"),
    [
        (chest(), []),
        (chest(view_position="AP"), ["前后位（AP）投照，心影放大，比值偏大"]),
        (chest(view_position=""), ["投照方向未注明，仅后前位（PA）比值可靠"]),
        (chest(patient_position="HFS"), ["卧位摄片，心影增大，比值偏大"]),
        (
            chest(view_position="AP", patient_position="HFS"),
            ["前后位（AP）投照，心影放大，比值偏大", "卧位摄片，心影增大，比值偏大"],
        ),
        (chest(body_part=""), ["检查部位未注明"]),
    ],
)
def test_what_makes_the_ratio_too_large_is_said_beside_it(
    image: MeasuredImage, words: list[str]
) -> None:
    measurement = measured(mark(), image)
    assert measurement.results[0].value == pytest.approx(0.48)
    assert [one.chinese for one in measurement.warnings] == words


@pytest.mark.requirement("B-29")
@pytest.mark.parametrize(
    ("image", "words"),
    [
        (chest(modality="CT"), "心胸比只在胸部 X 线正位片上测量"),
        (chest(modality="US"), "心胸比只在胸部 X 线正位片上测量"),
        (chest(body_part="HAND"), "此图像不是胸部"),
        (chest(view_position="LL"), "侧位片不能测量心胸比"),
        (chest(patient_orientation=("A", "F")), "侧位片不能测量心胸比"),
    ],
)
def test_it_is_refused_in_words_where_it_means_nothing(image: MeasuredImage, words: str) -> None:
    assert cardiothoracic.refusal(image).chinese == words
    measurement = measured(mark(), image)
    assert measurement.results[0].value is None
    assert lines(measurement) == (f"心胸比：{words}",)


@pytest.mark.parametrize(
    ("place", "point", "words"),
    [
        (3, (50, 60), "两侧心缘须在中线的两边"),
        (1, (60, 5), "中线没有长度"),
        (5, (10, 72), "胸廓宽度为零"),
        (5, (80, 72), "胸廓内缘须在两侧心缘之外"),
    ],
)
def test_points_that_make_no_ratio(place: int, point: tuple[float, float], words: str) -> None:
    points = list(POINTS)
    points[place] = point
    assert lines(measured(mark(points), chest()))[0] == f"心胸比：{words}"


def test_it_needs_the_shape_of_a_pixel_but_no_millimetres() -> None:
    assert measured(mark(), chest()).results[0].value == pytest.approx(0.48)
    disputed = chest(pixel_spacing=(0.4, 0.2), imager_pixel_spacing=(0.2, 0.1))
    assert measured(mark(), disputed).results[0].note.chinese == "像素的长宽比不明，不能测量角度"


def test_frames_of_the_manifest_carry_what_it_asks_for() -> None:
    frame = FrameAttributes("1.2.3", 1, 4, 4, view_position="PA", patient_position="HFS")
    image = world.picture(frame, modality="DX", body_part="CHEST")
    assert cardiothoracic.warnings(image) == (cardiothoracic.SUPINE,)
