"""Messages that say what changed: whoever joins them has the whole of the last."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from viewer_py.browser.changes import Changes

FIELDS = ("panes", "frame_index", "waiting", "hint")
VALUES = st.one_of(st.none(), st.integers(0, 2), st.lists(st.sampled_from("ab"), max_size=2))


def message(values: tuple[Any, ...]) -> dict[str, Any]:
    return {"type": "scene", **dict(zip(FIELDS, values, strict=True))}


@given(st.lists(st.tuples(*(VALUES for _ in FIELDS)), min_size=1, max_size=8))
def test_joined_they_are_the_last_message(said: list[tuple[Any, ...]]) -> None:
    changes, joined = Changes(), {}
    for values in said:
        joined.update(changes.of(message(values)))
        assert joined == message(values)


def test_what_did_not_change_is_not_said_again() -> None:
    changes = Changes()
    assert changes.of(message(([1], 4, False, ""))) == message(([1], 4, False, ""))
    assert changes.of(message(([1], 5, False, ""))) == {"type": "scene", "frame_index": 5}
    assert changes.of(message(([1], 5, False, ""))) == {"type": "scene"}


def test_a_message_of_another_object_is_compared_by_what_it_says() -> None:
    changes = Changes()
    panes = [{"corners": {"top_left": ["CT"]}}]
    changes.of(message((panes, 0, False, "")))
    again = changes.of(message(([{"corners": {"top_left": ["CT"]}}], 0, True, "")))
    assert again == {"type": "scene", "waiting": True}
