"""Series grid and image tiles, set separately; panes fill by themselves (C-07, B-43, C-47)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.view.pane_series import axial, reading, sagittal
from tests.view.samples import make_series, open_state
from viewer_py.scene.compose import compose
from viewer_py.view.command import CommandError
from viewer_py.view.commands import run
from viewer_py.view.keys import call_for_key
from viewer_py.view.layout import areas
from viewer_py.view.state import ViewerState
from viewer_py.view.tiles import MOST_PANES, group_of, leaders


def many() -> ViewerState:
    """Six series, the third of them open."""
    names = ("a", "b", "c", "d", "e", "f")
    state = open_state(*(make_series(name, frames=10 + n) for n, name in enumerate(names)))
    return run(state, "series.open", {"series_id": "c"})


def shown(state: ViewerState) -> list[str | None]:
    return [state.panes[index].series_id for index in leaders(state)]


def frames(state: ViewerState) -> list[int]:
    return [pane.frame_index for pane in state.panes if pane.series_id is not None]


@pytest.mark.requirement("C-07", "B-43")
def test_new_places_show_the_series_that_follow_and_wrap_to_the_first() -> None:
    state = run(many(), "layout.set", {"columns": 2, "rows": 2})
    assert shown(state) == ["c", "d", "e", "f"] and state.pane().series_id == "c"
    state = run(state, "layout.set", {"columns": 3, "rows": 3})
    assert shown(state) == ["c", "d", "e", "f", "a", "b", None, None, None]
    assert [pane.frame_index for pane in state.panes[:2]] == [6, 6]  # the middle of 12 and of 13


@pytest.mark.requirement("C-07")
def test_the_series_that_is_read_stays_when_the_grid_shrinks() -> None:
    state = run(many(), "layout.set", {"columns": 2, "rows": 2})
    state = run(run(state, "pane.activate", {"pane": 3}), "stack.go", {"frame": 2})
    state = run(state, "layout.set", {"columns": 1, "rows": 1})
    assert shown(state) == ["f"] and frames(state) == [2]


@pytest.mark.requirement("C-07")
@pytest.mark.parametrize(("columns", "rows"), [(3, 2), (4, 4), (1, 4)])
def test_rows_and_columns_of_ones_own_cover_the_reading_area(columns: int, rows: int) -> None:
    state = run(many(), "layout.set", {"columns": columns, "rows": rows})
    parts = areas(state)
    whole = state.canvas.width * state.canvas.height * state.canvas.pixel_ratio**2
    assert len(parts) == columns * rows
    assert sum(one.width * one.height for one in parts.values()) == whole
    assert len(compose(state).panes) == columns * rows
    with pytest.raises(CommandError):
        run(state, "layout.set", {"columns": 5, "rows": 1})


@pytest.mark.requirement("C-07")
def test_images_of_one_series_lie_in_tiles_beside_another_series() -> None:
    state = run(reading(axial(), sagittal()), "stack.go", {"frame": 4})
    state = run(state, "layout.tiles", {"columns": 3, "rows": 2})
    assert shown(state) == ["axial", "sagittal"] and len(state.panes) == 7
    assert frames(state) == [4, 5, 6, 7, 8, 9, 10]
    scene = compose(state)
    left = [pane.area for pane in scene.panes[:6]]
    assert [(area.x, area.y) for area in left] == [
        (0, 0), (150, 0), (300, 0), (0, 300), (150, 300), (300, 300),
    ]  # fmt: skip
    assert (scene.panes[6].area.x, scene.panes[6].area.width) == (450, 450)
    # The grid of series is another matter.
    single = run(state, "layout.set", {"columns": 1, "rows": 1})
    assert frames(single) == [4, 5, 6, 7, 8, 9] and shown(single) == ["axial"]


@pytest.mark.requirement("C-07", "C-47")
def test_tiles_go_on_by_one_image_or_by_a_page() -> None:
    state = run(run(many(), "stack.go", {"frame": 0}), "layout.tiles", {"columns": 2, "rows": 2})
    state = run(state, "stack.scroll", {"by": 1})
    assert frames(state) == [1, 2, 3, 4]
    state = run(state, "stack.page", {"by": 1})
    assert frames(state) == [5, 6, 7, 8]
    state = run(state, "stack.page", {"by": 1})
    assert frames(state) == [8, 9, 10, 11]  # the last page is full
    assert state.pane().frame_index == 9  # the image that was meant
    state = run(state, "stack.scroll", {"by": -100})
    assert frames(state) == [0, 1, 2, 3] and state.pane().frame_index == 0


@pytest.mark.requirement("C-07")
def test_what_is_done_to_one_tile_is_done_to_all_of_its_series() -> None:
    state = run(reading(axial(), sagittal()), "layout.tiles", {"columns": 2, "rows": 1})
    state = run(state, "pane.activate", {"pane": 1})
    state = run(state, "viewport.zoom", {"factor": 2})
    state = run(state, "window.set", {"center": 10, "width": 20})
    one, other, beside = state.panes
    assert one.viewport == other.viewport and one.window == other.window
    assert one.viewport.zoom == 2 and beside.viewport.zoom == 1 and beside.window is None


@pytest.mark.requirement("C-07")
def test_a_short_series_leaves_tiles_empty_and_they_cannot_be_chosen() -> None:
    state = open_state(make_series("a", frames=3), make_series("b", frames=30))
    state = run(state, "layout.tiles", {"columns": 2, "rows": 2})
    assert [pane.series_id for pane in state.panes] == ["a", "a", "a", None]
    assert run(state, "pane.activate", {"pane": 3}) == state
    state = run(state, "series.open", {"series_id": "b"})
    assert state.pane().frame_index == 15 and frames(state) == [14, 15, 16, 17]


@pytest.mark.requirement("C-07", "B-43")
def test_a_series_dropped_on_a_pane_opens_there() -> None:
    state = run(many(), "layout.set", {"columns": 2, "rows": 1})
    right = state.canvas.width * 0.75
    state = run(state, "pane.open", {"series_id": "a", "x": right, "y": 10})
    assert shown(state) == ["c", "a"] and state.active_pane == 1
    with pytest.raises(CommandError):
        run(state, "pane.open", {"series_id": "zzz", "x": 1, "y": 1})


def test_more_panes_than_can_be_read_are_refused() -> None:
    state = run(many(), "layout.set", {"columns": 4, "rows": 4})
    for pane in range(3):
        state = run(state, "layout.tiles", {"columns": 4, "rows": 4})
        state = run(state, "pane.activate", {"pane": len(group_of(state, 0)) * (pane + 1)})
    with pytest.raises(CommandError, match=str(MOST_PANES)):
        run(state, "layout.tiles", {"columns": 4, "rows": 4})


@pytest.mark.requirement("C-47", "C-19")
@pytest.mark.parametrize(
    ("key", "frame"),
    [("PageDown", 6), ("PageUp", 4), ("ArrowDown", 6), ("ArrowUp", 4), ("Home", 0), ("End", 19)],
)
def test_keys_page_one_image_a_step_and_to_the_ends(key: str, frame: int) -> None:
    state = run(open_state(make_series()), "stack.go", {"frame": 5})
    call = call_for_key(key)
    assert call is not None
    assert run(state, call.name, call.args).pane().frame_index == frame


STEPS = (
    ("stack.scroll", {"by": 3}),
    ("stack.scroll", {"by": -50}),
    ("stack.page", {"by": 1}),
    ("layout.set", {"columns": 2, "rows": 2}),
    ("layout.set", {"columns": 1, "rows": 2}),
    ("layout.tiles", {"columns": 3, "rows": 2}),
    ("layout.tiles", {"columns": 1, "rows": 1}),
    ("pane.activate", {"pane": 1}),
    ("pane.activate", {"pane": 2}),
    ("series.open", {"series_id": "b"}),
    ("series.step", {"by": 1}),
    ("mpr.toggle", {}),
    ("layout.maximize", {}),
    ("link.scroll", {}),
    ("link.zoom", {}),
    ("viewport.zoom", {"factor": 1.5}),
    ("stack.go", {"frame": 2}),
)


@given(st.lists(st.sampled_from(STEPS), max_size=14))
def test_tiles_show_consecutive_images_whatever_is_done(
    steps: list[tuple[str, dict[str, object]]],
) -> None:
    state = open_state(
        *(make_series(name, frames=n) for name, n in (("a", 20), ("b", 4), ("c", 9)))
    )
    for name, args in steps:
        try:
            state = run(state, name, args)
        except CommandError:
            continue
        compose(state)
        for leader in leaders(state):
            group = [state.panes[index] for index in group_of(state, leader)]
            assert [pane.tile.number for pane in group] == list(range(len(group)))
            there = [pane.frame_index for pane in group if pane.series_id is not None]
            assert there == list(range(there[0], there[0] + len(there))) if there else True
