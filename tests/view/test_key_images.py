"""Key images: marked, gone through alone, taken from the server, shown on their panes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.view.samples import make_series, open_state
from tests.view.study_samples import entry, other, stack
from viewer_py.browser.arranging import key_badges
from viewer_py.view.command import CommandError
from viewer_py.view.commands import run
from viewer_py.view.commands.key_images import is_key
from viewer_py.view.keys import call_for_key
from viewer_py.view.state import ViewerState


@pytest.fixture
def state() -> ViewerState:
    return open_state(make_series(), make_series("b", frames=5, modality="MR"))


def marked(state: ViewerState, series_id: str, *frames: int) -> ViewerState:
    for frame in frames:
        state = run(state, "series.open", {"series_id": series_id, "frame": frame})
        state = run(state, "key.toggle")
    return state


def shown(state: ViewerState) -> tuple[str | None, int]:
    return state.pane().series_id, state.pane().frame_index


def test_a_key_marks_the_current_image_and_takes_the_mark_away(state: ViewerState) -> None:
    call = call_for_key("K")
    assert call is not None and call.name == "key.toggle"
    state = run(state, call.name)
    assert is_key(state) and key_badges(state, 0) == ("★ 关键影像",)
    moved = run(state, "stack.scroll", {"by": 1})
    assert not is_key(moved) and key_badges(moved, 0) == ()
    assert run(state, "key.toggle").key_images == ()


def test_key_images_are_gone_through_in_the_order_of_the_study_round_its_end(
    state: ViewerState,
) -> None:
    state = marked(marked(state, "b", 3), "a", 12, 4)
    way = []
    for _ in range(4):
        state = run(state, "key.next")
        way.append(shown(state))
    assert way == [("a", 12), ("b", 3), ("a", 4), ("a", 12)]
    state = run(state, "stack.go", {"frame": 8})
    assert shown(run(state, "key.previous")) == ("a", 4)
    assert shown(run(state, "key.next")) == ("a", 12)


def test_the_view_stays_while_one_series_is_gone_through(state: ViewerState) -> None:
    state = run(marked(state, "a", 2, 9), "window.preset", {"name": "lung"})
    assert run(state, "key.next").pane().preset == "lung"


def test_without_any_there_is_nowhere_to_go(state: ViewerState) -> None:
    with pytest.raises(CommandError, match="还没有"):
        run(state, "key.next")


def test_what_the_server_keeps_joins_what_was_marked_meanwhile(state: ViewerState) -> None:
    state = marked(state, "a", 5)
    rows = [
        {"series_id": "a", "sop_instance_uid": "1.2.3.2", "frame_number": 1, "frame_index": 2},
        {"series_id": "a", "sop_instance_uid": "1.2.3.5", "frame_number": 1, "frame_index": 5},
        {"series_id": "gone", "sop_instance_uid": "9", "frame_number": 1, "frame_index": 0},
    ]
    state = run(state, "key.load", {"images": json.dumps(rows)})
    assert [one.frame_index for one in state.key_images] == [2, 5]
    for wrong in ("no json", "[{}]", '[{"series_id": 1}]', "7"):
        with pytest.raises(CommandError):
            run(state, "key.load", {"images": wrong})


def test_a_change_is_taken_back_wherever_the_reader_is_by_then(state: ViewerState) -> None:
    before = marked(state, "a", 5, 9)
    for changed in (marked(before, "a", 12), marked(before, "a", 9)):
        elsewhere = run(changed, "series.open", {"series_id": "b"})
        images = json.dumps([vars(one) for one in before.key_images])
        back = run(elsewhere, "key.restore", {"images": images})
        assert back.key_images == before.key_images != changed.key_images
        assert back.pane().series_id == "b"
    assert run(before, "key.restore", {"images": "[]"}).key_images == ()
    with pytest.raises(CommandError):
        run(before, "key.restore", {"images": "[{}]"})


def test_images_of_another_study_and_reformats_are_refused(state: ViewerState) -> None:
    prior = stack("prior", "CT", "平扫")
    beside = replace(
        state,
        catalogue=(*state.catalogue, entry(prior, "s2")),
        series=(*state.series, prior),
        history=replace(state.history, studies=(other("s2", prior),), added=("s2",)),
    )
    beside = run(beside, "series.open", {"series_id": "prior"})
    with pytest.raises(CommandError, match="本次检查"):
        run(beside, "key.toggle")
    with pytest.raises(CommandError, match="本次检查"):
        run(run(state, "mpr.toggle"), "key.toggle")
