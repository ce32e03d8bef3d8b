"""Drawing annotations by pointer events, in CPython: each tool with a mouse and with a finger."""

from __future__ import annotations

import math

import pytest

from tests.view.drawing import (
    COLUMNS,
    DOWN,
    MOVE,
    UP,
    Hand,
    choose,
    numbers,
    on_image,
    places,
    the_place,
)
from tests.view.samples import make_series
from tests.view.volume_samples import opened, volume_series
from viewer_py.view.commands import run
from viewer_py.view.gestures import Pinch


@pytest.fixture(params=[False, True], ids=["mouse", "touch"])
def hand(request: pytest.FixtureRequest) -> Hand:
    return Hand(opened(volume_series()), touch=request.param)


# --- each tool, dragged and clicked ---------------------------------------------------------


@pytest.mark.requirement("B-28", "C-13", "C-43")
@pytest.mark.parametrize("dragged", [True, False], ids=["drag", "clicks"])
def test_a_length_is_that_of_the_two_places(hand: Hand, dragged: bool) -> None:
    choose(hand, "length")
    start, end = places(hand, (10, 8), (30, 28))
    if dragged:
        hand.drag(start, end)
    else:
        hand.click(start)
        assert not hand.items
        hand.click(end)
    expected = math.hypot(20 * 1.5, 20 * 0.75)
    assert numbers(hand.state, hand.drawn)["length"] == pytest.approx(expected)
    assert hand.drawn.in_patient and hand.state.annotations.draft is None
    assert hand.state.annotations.selected == hand.drawn.annotation_id


@pytest.mark.requirement("B-28", "C-13")
@pytest.mark.parametrize("dragged", [True, False], ids=["drag", "clicks"])
def test_a_rectangle_and_an_ellipse_fill_the_box_between_the_two_places(
    hand: Hand, dragged: bool
) -> None:
    for kind, share in (("rectangle", 1.0), ("ellipse", math.pi / 4)):
        hand.state = run(hand.state, "annotation.clear")
        choose(hand, kind)
        start, end = places(hand, (5, 6), (25, 26))
        if dragged:
            hand.drag(start, end)
        else:
            hand.click(start)
            hand.click(end)
        area = numbers(hand.state, hand.drawn)["area"]
        assert area == pytest.approx(20 * 1.5 * 20 * 0.75 * share)
        choose(hand, "length")


@pytest.mark.requirement("B-28", "C-13")
def test_a_circle_goes_from_its_centre_to_its_rim(hand: Hand) -> None:
    choose(hand, "circle")
    hand.drag(*places(hand, (25, 20), (31, 20)))
    assert numbers(hand.state, hand.drawn)["area"] == pytest.approx(math.pi * 9.0**2)


@pytest.mark.requirement("B-28", "C-13")
@pytest.mark.parametrize("dragged", [True, False], ids=["drag", "clicks"])
def test_an_angle_has_its_vertex_in_the_middle(hand: Hand, dragged: bool) -> None:
    choose(hand, "angle")
    first, vertex, last = places(hand, (10, 30), (20, 10), (20, 30))
    if dragged:
        hand.drag(first, vertex)
        hand.drag((vertex[0] + 9, vertex[1]), last)
    else:
        for one in (first, vertex, last):
            hand.click(one)
    expected = math.degrees(math.atan2(10 * 1.5, 20 * 0.75))
    assert numbers(hand.state, hand.drawn)["angle"] == pytest.approx(expected)


@pytest.mark.requirement("B-29", "C-14")
@pytest.mark.parametrize("dragged", [True, False], ids=["drag", "clicks"])
def test_cobbs_angle_is_that_of_two_lines_drawn_one_after_the_other(
    hand: Hand, dragged: bool
) -> None:
    choose(hand, "cobb")
    ends = places(hand, (10, 8), (40, 8), (10, 20), (40, 32))
    if dragged:
        hand.drag(*ends[:2])
        assert not hand.items
        hand.drag(*ends[2:])
    else:
        for one in ends:
            hand.click(one)
    expected = math.degrees(math.atan2(12 * 0.75, 30 * 1.5))
    assert numbers(hand.state, hand.drawn)["cobb"] == pytest.approx(expected)


@pytest.mark.requirement("B-29", "C-14")
def test_a_freehand_course_is_a_length_and_closed_an_area(hand: Hand) -> None:
    choose(hand, "freehand")
    corners = places(hand, (8, 5), (38, 5), (38, 35))
    hand.drag(*corners)
    assert not hand.drawn.closed
    length = numbers(hand.state, hand.drawn)["length"]
    assert length == pytest.approx(30 * 1.5 + 30 * 0.75, rel=0.02)
    hand.state = run(hand.state, "annotation.clear")
    hand.drag(*corners, places(hand, (8, 35))[0], corners[0])
    assert hand.drawn.closed
    area = numbers(hand.state, hand.drawn)["area"]
    assert area == pytest.approx(30 * 1.5 * 30 * 0.75, rel=0.03)


@pytest.mark.requirement("B-29", "C-14")
def test_a_freehand_course_of_clicks_ends_with_a_double_click_or_enter(hand: Hand) -> None:
    choose(hand, "freehand")
    first, second, third = places(hand, (8, 5), (38, 5), (38, 35))
    hand.click(first)
    hand.click(second)
    hand.click(third)
    hand.time -= 0.9
    hand.click(third)
    length = numbers(hand.state, hand.drawn)["length"]
    assert length == pytest.approx(30 * 1.5 + 30 * 0.75)
    for one in (second, third):
        hand.click((one[0] - 90, one[1] + 60))
    hand.state = run(hand.state, "annotation.finish")
    assert len(hand.items) == 2


@pytest.mark.requirement("B-29", "C-14")
def test_a_probe_reads_the_pixel_under_it(hand: Hand) -> None:
    choose(hand, "probe")
    hand.click(places(hand, (12.3, 7.8))[0])
    assert numbers(hand.state, hand.drawn)["value"] == 7 * COLUMNS + 12


@pytest.mark.requirement("B-29", "C-14")
@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "touch"])
def test_the_cardiothoracic_ratio_is_asked_for_place_by_place(touch: bool) -> None:
    series = make_series(
        "dx", frames=1, modality="DX", rows=200, columns=200, view_position="PA",
        image_position_patient=None, image_orientation_patient=None,
    )  # fmt: skip
    hand = Hand(opened(series), touch=touch)
    choose(hand, "cardiothoracic")
    for point in ((100, 20), (100, 180), (80, 120), (140, 130), (30, 150), (170, 150)):
        assert not hand.items
        hand.click(on_image(hand.state, *point))
    results = numbers(hand.state, hand.drawn)
    assert results["ratio"] == pytest.approx((20 + 40) / 140)


@pytest.mark.requirement("B-29", "C-14")
def test_the_cardiothoracic_ratio_is_not_offered_on_ct() -> None:
    hand = Hand(opened(volume_series()), touch=False)
    with pytest.raises(ValueError, match="胸部"):
        choose(hand, "cardiothoracic")


@pytest.mark.requirement("B-30", "C-15")
def test_an_arrow_points_from_its_tail_and_a_text_asks_for_its_words(hand: Hand) -> None:
    choose(hand, "arrow")
    tip, tail = places(hand, (20, 20), (35, 30))
    hand.drag(tip, tail)
    assert the_place(hand.state).to_screen(hand.drawn.points[0]) == pytest.approx(tip)
    hand.state = run(hand.state, "annotation.clear")
    choose(hand, "text")
    hand.click(tip)
    assert hand.state.annotations.asks == hand.drawn.annotation_id
    args = {"id": hand.drawn.annotation_id, "text": " 结节  8mm "}
    hand.state = run(hand.state, "annotation.name", args)
    assert hand.drawn.text == "结节 8mm" and not hand.state.annotations.asks
    before = hand.drawn.points
    for name, turned in (("viewport.rotate", {"degrees": 90}), ("viewport.zoom", {"factor": 2.0})):
        hand.state = run(hand.state, name, turned)
    assert hand.drawn.points == before


@pytest.mark.requirement("B-30", "C-15")
def test_a_text_without_words_is_none(hand: Hand) -> None:
    choose(hand, "text")
    hand.click(places(hand, (20, 20))[0])
    args = {"id": hand.drawn.annotation_id, "text": "  "}
    hand.state = run(hand.state, "annotation.name", args)
    assert not hand.items


# --- what goes wrong ------------------------------------------------------------------------


@pytest.mark.requirement("B-28", "B-20")
def test_a_late_second_finger_takes_the_line_back_and_pinches() -> None:
    hand = Hand(opened(volume_series()), touch=True)
    choose(hand, "length")
    start, end = places(hand, (10, 8), (30, 28))
    hand.event(DOWN, start)
    hand.event(MOVE, end)
    assert hand.state.annotations.draft is not None
    hand.event(DOWN, (end[0] + 80, end[1]), pointer_id=2)
    assert hand.state.annotations.draft is None and isinstance(hand.gesture, Pinch)
    zoom = hand.state.pane().viewport.zoom
    hand.event(MOVE, (end[0] + 160, end[1]), pointer_id=2)
    assert hand.state.pane().viewport.zoom > zoom
    hand.event(UP, (end[0] + 160, end[1]), pointer_id=2)
    hand.event(UP, end)
    assert not hand.items


def test_a_second_finger_takes_back_the_last_press_only() -> None:
    hand = Hand(opened(volume_series()), touch=True)
    choose(hand, "cobb")
    ends = places(hand, (10, 8), (40, 8), (10, 20), (40, 32))
    hand.drag(*ends[:2])
    hand.event(DOWN, ends[2])
    hand.event(MOVE, ends[3])
    hand.event(DOWN, (5, 5), pointer_id=2)
    draft = hand.state.annotations.draft
    assert draft is not None and len(draft.placed) == 2


def test_escape_lets_go_and_a_slip_of_the_hand_draws_nothing(hand: Hand) -> None:
    choose(hand, "length")
    hand.click(places(hand, (10, 8))[0])
    assert hand.state.annotations.draft is not None
    hand.state = run(hand.state, "annotation.cancel")
    assert hand.state.annotations.draft is None
    x, y = places(hand, (20, 20))[0]
    hand.click((x, y))
    hand.click((x + 1, y))
    assert not hand.items and hand.state.annotations.draft is None


def test_another_tool_lets_a_begun_line_go(hand: Hand) -> None:
    choose(hand, "length")
    hand.click(places(hand, (10, 8))[0])
    hand.state = run(hand.state, "tool.choose", {"tool": "pan"})
    assert hand.state.annotations.draft is None and not hand.items


def test_scrolling_away_lets_a_begun_line_go(hand: Hand) -> None:
    choose(hand, "length")
    hand.click(places(hand, (10, 8))[0])
    hand.state = run(hand.state, "stack.scroll", {"by": 3})
    hand.drag(*places(hand, (10, 8), (30, 8)))
    assert numbers(hand.state, hand.drawn)["length"] == pytest.approx(30.0)
