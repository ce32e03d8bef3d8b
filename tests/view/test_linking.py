"""Panes that go together: by position, by hand, zoom, window; and what is not linked (C-34)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.view.pane_series import CORONAL, axial, reading, sagittal, stack
from tests.view.samples import make_series
from viewer_py.scene.compose import compose
from viewer_py.view.cine import CineClock, advance
from viewer_py.view.commands import run
from viewer_py.view.state import ViewerState
from viewer_py.view.toolbar import in_force, unfitting


def heights(state: ViewerState) -> list[float]:
    """Return at which z the images in the panes lie."""
    found = []
    for pane in state.panes:
        series = state.series_by_id(pane.series_id)
        assert series is not None
        place = series.frames[pane.frame_index].image_position_patient
        assert place is not None
        found.append(place[2])
    return found


def frames(state: ViewerState) -> list[int]:
    return [pane.frame_index for pane in state.panes]


def badges(state: ViewerState, index: int) -> Sequence[str]:
    return compose(state).panes[index].badges


@pytest.mark.requirement("C-34")
@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ([2.0 * k for k in range(30)], 40.0),  # the same
        ([58.0 - 2.0 * k for k in range(30)], 40.0),  # from the head down
        ([5.0 * k for k in range(12)], 40.0),  # thicker
        ([0.7 * k for k in range(80)], 39.9),  # thinner
        ([10.0, 12.0, 14.0, 44.0, 46.0], 44.0),  # a gap where the other one is
    ],
)
def test_scrolling_follows_the_position_whatever_order_and_spacing(
    other: list[float], expected: float
) -> None:
    state = reading(axial(), axial("b", other), axial("c"))
    state = run(run(state, "stack.go", {"frame": 2}), "link.scroll")
    state = run(state, "stack.go", {"frame": 20})
    assert heights(state) == pytest.approx([40.0, expected, 40.0])
    # And back from the other one.
    state = run(run(state, "pane.activate", {"pane": 2}), "stack.scroll", {"by": -13})
    assert heights(state)[0] == 14.0
    assert abs(heights(state)[1] - 14.0) <= 2.5


@pytest.mark.requirement("C-34")
def test_an_image_that_is_not_there_is_said_to_be_missing() -> None:
    state = reading(axial(), axial("b", [0.0, 2.0, 4.0, 40.0]))
    state = run(run(state, "link.scroll"), "stack.go", {"frame": 10})
    assert heights(state) == [20.0, 4.0]
    assert any("16.0 mm" in words for words in badges(state, 1))
    assert badges(run(state, "stack.go", {"frame": 20}), 1) == ()


@pytest.mark.requirement("C-34")
def test_unlinked_panes_scroll_by_themselves() -> None:
    state = reading(axial(), axial("b"))
    before = state.panes[1]
    assert run(state, "stack.scroll", {"by": 4}).panes[1] == before
    linked = run(state, "link.scroll")
    assert in_force(linked)["link.scroll"] is True
    unlinked = run(linked, "link.scroll")
    assert run(unlinked, "stack.scroll", {"by": 4}).panes[1] == before


@pytest.mark.requirement("C-34")
def test_other_directions_are_not_linked_and_the_reader_is_told() -> None:
    tilted = (1.0, 0.0, 0.0, 0.0, 0.906308, 0.422618)  # 25 degrees
    oblique = stack("oblique", [(-39.5, -31.5, 2.0 * k) for k in range(20)], tilted)
    coronal = stack("coronal", [(-39.5, 2.0 * k, 40.0) for k in range(20)], CORONAL)
    state = reading(axial(), sagittal(), oblique, coronal)
    state = run(state, "link.scroll")
    after = run(state, "stack.scroll", {"by": 5})
    assert frames(after)[1:] == frames(state)[1:]
    assert badges(after, 0) == ()
    for index in (1, 2, 3):
        assert badges(after, index) == ("未联动：切面方向不同",)


@pytest.mark.requirement("C-34")
def test_a_slight_tilt_is_linked() -> None:
    tilted = (1.0, 0.0, 0.0, 0.0, 0.99863, 0.052336)  # 3 degrees
    other = stack("tilted", [(-39.5, -31.5, 2.0 * k) for k in range(20)], tilted)
    state = run(run(reading(axial(), other), "link.scroll"), "stack.go", {"frame": 3})
    assert abs(heights(state)[1] - 6.0) <= 4.0 and badges(state, 1) == ()


@pytest.mark.requirement("C-34")
def test_without_a_common_frame_the_offset_by_hand_is_kept() -> None:
    # Another examination: its table stood 300 mm higher, its images are 3 mm apart from above.
    prior = axial("prior", [390.0 - 3.0 * k for k in range(30)], uid="prior")
    state = reading(axial(), prior)
    state = run(run(state, "stack.go", {"frame": 10}), "pane.activate", {"pane": 1})
    state = run(state, "stack.go", {"frame": 20})  # z = 330 beside z = 20
    state = run(run(state, "pane.activate", {"pane": 0}), "link.scroll")
    assert badges(state, 1) == ("按手动偏移联动",)
    state = run(state, "stack.scroll", {"by": 6})
    assert heights(state) == [32.0, 342.0]
    # Adjusted: unlink, scroll, link.
    state = run(run(state, "link.scroll"), "pane.activate", {"pane": 1})
    state = run(run(state, "stack.scroll", {"by": 2}), "link.scroll")
    state = run(run(state, "pane.activate", {"pane": 0}), "stack.scroll", {"by": -3})
    assert heights(state) == [26.0, 330.0]


@pytest.mark.requirement("C-34")
def test_what_has_no_position_goes_image_by_image_from_where_it_was_linked() -> None:
    one, two = (
        make_series(name, frames=count, image_position_patient=None, image_orientation_patient=None)
        for name, count in (("x", 20), ("y", 12))
    )
    state = reading(one, two)  # 10 beside 6
    state = run(state, "link.scroll")
    assert frames(run(state, "stack.scroll", {"by": 3})) == [13, 9]
    assert frames(run(state, "stack.scroll", {"by": 9})) == [19, 11]
    # An end does not shift the offset.
    there = run(state, "stack.go", {"frame": 19})
    assert frames(run(there, "stack.go", {"frame": 8})) == [8, 4]


@pytest.mark.requirement("C-34")
def test_another_series_joins_where_it_opens() -> None:
    state = run(reading(axial(), axial("b", uid="b")), "link.scroll")
    state = run(state, "stack.go", {"frame": 4})
    state = run(run(state, "pane.activate", {"pane": 1}), "series.open", {"series_id": "b"})
    first, second = frames(state)
    state = run(state, "stack.scroll", {"by": 3})
    assert frames(state) == [first + 3, second + 3]


@pytest.mark.requirement("C-34", "C-07")
def test_tiles_are_linked_by_their_first_image() -> None:
    state = reading(axial(), axial("b", [58.0 - 2.0 * k for k in range(30)]))
    state = run(run(state, "layout.tiles", {"columns": 2, "rows": 1}), "link.scroll")
    state = run(state, "stack.go", {"frame": 6})
    assert heights(state) == [12.0, 14.0, 12.0]


@pytest.mark.requirement("C-34")
def test_zoom_and_pan_are_linked_and_turns_are_not() -> None:
    state = run(reading(axial(), axial("b"), sagittal()), "link.zoom")
    state = run(run(state, "viewport.zoom", {"factor": 2.5}), "viewport.pan", {"x": 12, "y": -7})
    views = [pane.viewport for pane in state.panes]
    assert views[0] == views[1] == views[2] and views[0].zoom == 2.5 and views[0].pan_x == 12
    turned = run(state, "viewport.rotate", {"degrees": 90})
    assert [pane.viewport.rotation for pane in turned.panes] == [90, 0, 0]
    alone = run(run(state, "link.zoom"), "viewport.zoom", {"factor": 2})
    assert [pane.viewport.zoom for pane in alone.panes] == [5.0, 2.5, 2.5]


@pytest.mark.requirement("C-34")
def test_a_window_is_linked_within_its_modality() -> None:
    state = reading(axial(), axial("b"), axial("mr", modality="MR"))
    state = run(run(state, "link.window"), "window.preset", {"name": "lung"})
    assert [pane.preset for pane in state.panes] == ["lung", "lung", "default"]
    state = run(state, "window.set", {"center": 5, "width": 60})
    windows = [pane.window and (pane.window.center, pane.window.width) for pane in state.panes]
    assert windows == [(5, 60), (5, 60), None]


@pytest.mark.requirement("C-34")
def test_cine_takes_linked_panes_along() -> None:
    state = run(reading(axial(), axial("b", [58.0 - 2.0 * k for k in range(30)])), "link.scroll")
    state = run(run(state, "stack.go", {"frame": 4}), "cine.toggle")
    after, _ = advance(state, CineClock(), 0.2, lambda _: True)
    assert heights(after) == [14.0, 14.0]


def test_one_pane_alone_cannot_be_linked_and_the_button_says_why() -> None:
    state = reading(axial())
    assert "布局" in unfitting(state)["link.scroll"]
    assert "link.scroll" not in unfitting(reading(axial(), sagittal()))
