"""Annotations edited, kept on their place, undone, found again and joined, in CPython."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.view.drawing import (
    Hand,
    choose,
    numbers,
    places,
    the_place,
)
from tests.view.samples import make_series
from tests.view.volume_samples import opened, pane_of, volume_series
from viewer_py.measure.annotation import Annotation, AnnotationKind, ImageReference
from viewer_py.measure.measured import measured
from viewer_py.measure.pictures import plane_picture
from viewer_py.view.annotations.creating import joined
from viewer_py.view.annotations.fresh import new_id
from viewer_py.view.commands import run
from viewer_py.view.state import Direction


@pytest.fixture(params=[False, True], ids=["mouse", "touch"])
def hand(request: pytest.FixtureRequest) -> Hand:
    return Hand(opened(volume_series()), touch=request.param)


# --- editing --------------------------------------------------------------------------------


@pytest.mark.requirement("B-28", "C-13")
def test_handles_and_bodies_move_what_is_selected(hand: Hand) -> None:
    choose(hand, "length")
    start, end, further = places(hand, (10, 8), (30, 8), (40, 8))
    hand.drag(start, end)
    hand.drag(end, further)
    assert numbers(hand.state, hand.drawn)["length"] == pytest.approx(30 * 1.5)
    before = hand.drawn.points
    middle = ((start[0] + further[0]) / 2, start[1])
    hand.drag(middle, (middle[0], middle[1] + 50))
    moved = np.subtract(hand.drawn.points, before)
    assert np.allclose(moved[0], moved[1]) and np.linalg.norm(moved[0]) > 0
    assert numbers(hand.state, hand.drawn)["length"] == pytest.approx(30 * 1.5)
    for _ in range(2):
        hand.state = run(hand.state, "annotation.undo")
    assert numbers(hand.state, hand.drawn)["length"] == pytest.approx(20 * 1.5)
    hand.state = run(hand.state, "annotation.redo")
    assert numbers(hand.state, hand.drawn)["length"] == pytest.approx(30 * 1.5)


@pytest.mark.parametrize("kind", ["rectangle", "ellipse", "circle"])
@settings(max_examples=25)
@given(data=st.data())
def test_dragged_handles_keep_a_rectangle_and_an_ellipse_what_they_are(
    kind: str, data: st.DataObject
) -> None:
    hand = Hand(opened(volume_series()), touch=False)
    hand.state = run(hand.state, "viewport.set", {"rotation": 33.0, "zoom": 1.3})
    choose(hand, kind)
    hand.drag((300, 250), (520, 400))
    count = len(hand.drawn.points)
    for _ in range(3):
        handle = data.draw(st.integers(0, count - 1))
        grip = the_place(hand.state).to_screen(hand.drawn.points[handle])
        to = (data.draw(st.floats(100, 800)), data.draw(st.floats(100, 600)))
        hand.drag(grip, to)
    points = np.array(hand.drawn.points)
    if kind == "rectangle":
        sides = points - np.roll(points, 1, axis=0)
        assert np.allclose(sides[0], -sides[2]) and np.allclose(sides[1], -sides[3])
        assert sides[0] @ sides[1] == pytest.approx(0.0, abs=1e-6)
    if kind == "ellipse":
        assert np.allclose(points[0] + points[1], points[2] + points[3])
        across = (points[1] - points[0]) @ (points[3] - points[2])
        assert across == pytest.approx(0.0, abs=1e-6)


@pytest.mark.requirement("B-30", "C-15")
def test_what_is_selected_is_nudged_by_a_pixel_and_deleted() -> None:
    hand = Hand(opened(volume_series()), touch=False)
    choose(hand, "length")
    hand.drag((300, 300), (400, 300))
    hand.state = run(hand.state, "annotation.nudge", {"right": 10, "down": -1})
    at = [the_place(hand.state).to_screen(point) for point in hand.drawn.points]
    assert at == [pytest.approx((310, 299)), pytest.approx((410, 299))]
    hand.state = run(hand.state, "annotation.remove")
    assert not hand.items
    hand.state = run(hand.state, "annotation.undo")
    assert len(hand.items) == 1


def test_another_tool_selects_with_a_tap_and_moves_only_what_is_selected(hand: Hand) -> None:
    choose(hand, "length")
    start, end = places(hand, (10, 8), (40, 8))
    hand.drag(start, end)
    hand.state = run(hand.state, "annotation.select", {"id": ""})
    hand.state = run(hand.state, "tool.choose", {"tool": "pan"})
    before = hand.drawn.points
    middle = ((start[0] + end[0]) / 2, start[1])
    hand.drag(middle, (middle[0] + 10, middle[1]))
    assert hand.drawn.points == before and hand.state.pane().viewport.pan_x == 10
    hand.click((middle[0] + 10, middle[1]))
    assert hand.state.annotations.selected == hand.drawn.annotation_id
    hand.drag((middle[0] + 10, middle[1]), (middle[0] + 10, middle[1] + 30))
    assert hand.drawn.points != before and hand.state.pane().viewport.pan_x == 10
    hand.click((20.0, 20.0))
    assert hand.state.annotations.selected == ""


# --- where they are -------------------------------------------------------------------------

VIEWS = st.fixed_dictionaries(
    {
        "rotation": st.floats(0, 359),
        "zoom": st.floats(0.3, 8),
        "pan_x": st.floats(-100, 100),
        "pan_y": st.floats(-100, 100),
    }
)

FLIPS = st.sampled_from(("horizontal", "vertical"))


@pytest.mark.requirement("B-28", "B-30", "B-45", "C-13")
@settings(max_examples=25)
@given(
    views=st.lists(VIEWS, max_size=3),
    flips=st.lists(st.sampled_from(("horizontal", "vertical")), max_size=3),
)
def test_no_viewport_command_moves_an_annotation(
    views: Iterable[dict[str, float]], flips: Iterable[str]
) -> None:
    hand = Hand(opened(volume_series()), touch=False)
    choose(hand, "length")
    hand.drag((300, 300), (460, 380))
    points, length = hand.drawn.points, numbers(hand.state, hand.drawn)["length"]
    for view in views:
        hand.state = run(hand.state, "viewport.set", view)
    for flip in flips:
        hand.state = run(hand.state, "viewport.flip", {"axis": flip})
    hand.state = run(hand.state, "canvas.resize", {"width": 500, "height": 900, "pixel_ratio": 3})
    assert hand.drawn.points == points
    assert numbers(hand.state, hand.drawn)["length"] == length
    place = the_place(hand.state)
    for point in points:
        assert place.to_space(*place.to_screen(point)) == pytest.approx(point, abs=1e-6)


@pytest.mark.requirement("B-28", "C-13")
@settings(max_examples=25)
@given(view=VIEWS, touch=st.booleans())
def test_a_length_is_right_however_the_image_lies(view: dict[str, float], touch: bool) -> None:
    hand = Hand(opened(volume_series()), touch=touch)
    hand.state = run(hand.state, "viewport.set", view)
    choose(hand, "length")
    hand.drag((300, 300), (460, 380))
    place = the_place(hand.state)
    a, b = (np.array(place.to_space(x, y)) for x, y in ((300, 300), (460, 380)))
    assert numbers(hand.state, hand.drawn)["length"] == pytest.approx(float(np.linalg.norm(a - b)))


@pytest.mark.requirement("B-28", "B-29")
def test_annotations_belong_to_their_slice_and_to_that_of_another_series_of_the_scan() -> None:
    state = opened(volume_series("v"), volume_series("w"), volume_series("x", slices=5))
    hand = Hand(state, touch=False)
    choose(hand, "length")
    hand.drag((300, 300), (400, 300))
    index = state.pane().frame_index
    there = {
        (name, number)
        for name in ("v", "w")
        for number in range(60)
        if the_place(run(hand.state, "series.open", {"series_id": name, "frame": number})).holds(
            hand.drawn
        )
    }
    assert there == {("v", index), ("w", index)}


def test_an_annotation_of_another_frame_of_reference_or_turned_plane_is_not_shown() -> None:
    turned = {"image_orientation_patient": (1.0, 0.0, 0.0, 0.0, 0.99, -0.14106735979665885)}
    state = opened(
        volume_series("v"),
        volume_series("other", frame_of_reference_uid="9.9"),
        volume_series("turned", **turned),
    )
    hand = Hand(state, touch=False)
    choose(hand, "length")
    hand.drag((300, 300), (400, 300))
    for name in ("other", "turned"):
        other = run(hand.state, "series.open", {"series_id": name, "frame": 30})
        assert not the_place(other).holds(hand.drawn)


def test_without_a_position_an_annotation_stays_on_its_image() -> None:
    series = make_series("u", frames=3, image_position_patient=None)
    hand = Hand(opened(series), touch=False)
    choose(hand, "length")
    hand.drag((300, 300), (400, 300))
    assert not hand.drawn.in_patient
    shown = [
        the_place(run(hand.state, "stack.go", {"frame": number})).holds(hand.drawn)
        for number in range(3)
    ]
    assert shown == [False, True, False]


@pytest.mark.requirement("B-28", "B-36", "C-13")
@pytest.mark.parametrize("degrees", [0.0, 20.0])
def test_planes_are_measured_in_the_patient(degrees: float) -> None:
    hand = Hand(run(opened(volume_series()), "mpr.toggle"), touch=False)
    index = pane_of(hand.state, Direction.CORONAL)
    hand.state = run(hand.state, "pane.activate", {"pane": pane_of(hand.state, Direction.AXIAL)})
    hand.state = run(hand.state, "mpr.turn", {"degrees": degrees})
    hand.state = run(hand.state, "pane.activate", {"pane": index})
    choose(hand, "length")
    place = the_place(hand.state, index)
    x, y = place.area.x + place.area.width / 2, place.area.y + place.area.height / 2
    hand.drag((x - 60, y - 20), (x + 60, y + 30))
    scale = float(np.linalg.norm(place.across))
    series, geometry = hand.state.active_series(), hand.state.geometry("v")
    assert series is not None and geometry is not None
    picture = plane_picture(series, geometry, None, hand.drawn)
    length = measured(hand.drawn, picture).results[0].value
    assert length == pytest.approx(math.hypot(120, 50) * scale)
    assert hand.drawn.frame_of_reference_uid == "1.2.9"
    away = run(hand.state, "stack.scroll", {"by": 2})
    assert not the_place(away, index).holds(hand.drawn)


# --- the store ------------------------------------------------------------------------------


@settings(max_examples=25)
@given(steps=st.lists(st.sampled_from(["draw", "remove", "undo", "redo", "nudge"]), max_size=25))
def test_undoing_everything_and_doing_it_again_comes_back_to_the_same(steps: list[str]) -> None:
    state = opened(volume_series())
    for number, name in enumerate(steps):
        store = state.annotations
        if name == "draw":
            args = {"kind": "length", "points": f"[[1, 2], [{number + 3}, 9]]"}
            state = run(state, "annotation.create", args)
        elif name in ("undo", "redo"):
            state = run(state, f"annotation.{name}")
        elif store.selected:
            args = {"right": 1, "down": 2} if name == "nudge" else {}
            state = run(state, f"annotation.{name}", args)
    end = set(state.annotations.items)
    back = state
    for _ in range(len(state.annotations.undo)):
        back = run(back, "annotation.undo")
    assert not back.annotations.items
    for _ in range(len(state.annotations.undo)):
        back = run(back, "annotation.redo")
    assert set(back.annotations.items) == end


@pytest.mark.requirement("B-45", "C-43")
def test_annotations_stay_through_series_layout_and_reset() -> None:
    state = opened(volume_series("v"), volume_series("w"))
    args = {"kind": "length", "points": "[[1, 2], [30, 9]]"}
    state = run(state, "annotation.create", args)
    kept = state.annotations.items
    for name, more in (
        ("series.open", {"series_id": "w"}),
        ("layout.set", {"columns": 2, "rows": 2}),
        ("viewport.reset", {}),
        ("mpr.toggle", {}),
        ("mpr.toggle", {}),
    ):
        state = run(state, name, more)
        assert state.annotations.items == kept


def test_going_to_an_annotation_brings_its_image_even_of_another_series() -> None:
    state = opened(volume_series("v"), volume_series("w", frame_of_reference_uid="9.9"))
    made = {"kind": "length", "points": "[[1, 2], [30, 9]]", "series_id": "w", "frame": 7}
    state = run(state, "annotation.create", made)
    (one,) = state.annotations.items
    state = run(state, "annotation.go", {"id": one.annotation_id})
    assert (state.pane().series_id, state.pane().frame_index) == ("w", 7)
    assert the_place(state).holds(one)


@pytest.mark.parametrize(
    "points", ["", "[[1, 2]]", "[[1, 2], [3, NaN]]", "[[1, 2, 3], [1, 2, 3]]", "[1, 2]", "{}"]
)
def test_points_that_are_none_are_refused_in_words(points: str) -> None:
    state = opened(volume_series())
    with pytest.raises(ValueError, match=" / "):
        run(state, "annotation.create", {"kind": "length", "points": points})


def test_every_kind_of_annotation_has_a_tool() -> None:
    state = opened(volume_series())
    for kind in AnnotationKind:
        if kind is not AnnotationKind.CARDIOTHORACIC:
            name = "mark" if kind in ("arrow", "text") else "measure"
            chosen = run(state, f"annotation.{name}", {"kind": str(kind)})
            assert chosen.tool == str(kind)


# --- two devices ----------------------------------------------------------------------------

NAMES = st.sampled_from("abcd")
SETS = st.dictionaries(NAMES, st.integers(0, 2), max_size=4)


def as_annotations(known: dict[str, int]) -> tuple[Annotation, ...]:
    image = ImageReference("v", "1.2")
    return tuple(
        Annotation(name, AnnotationKind.PROBE, ((float(value), 0.0, 0.0),), image)
        for name, value in known.items()
    )


@given(ours=SETS, theirs=SETS, base=SETS)
def test_joining_loses_nothing_that_either_device_drew(
    ours: dict[str, int], theirs: dict[str, int], base: dict[str, int]
) -> None:
    result = joined(*map(as_annotations, (ours, theirs, base)), lambda: "fresh" + new_id())
    values = {(one.annotation_id[:1], one.points[0][0]) for one in result}
    ids = [one.annotation_id for one in result]
    assert len(ids) == len(set(ids))
    for name, value in ours.items():
        if value != base.get(name):
            assert (name, value) in values
    for name, value in theirs.items():
        if value != base.get(name):
            assert (name, value) in values or ("f", value) in values
    for name, value in base.items():
        if ours.get(name, value) == value and name not in theirs:
            assert name not in ids
        if theirs.get(name, value) == value and name not in ours:
            assert name not in ids
