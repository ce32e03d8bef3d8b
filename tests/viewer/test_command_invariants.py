"""What must hold whatever the reader's hand asks for (hypothesis)."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.viewer import draw, opened
from tests.view.samples import make_series, open_state
from tests.viewer.strategies import (
    words,
)
from viewer_py.view.command import CommandError
from viewer_py.view.commands import COMMANDS, run
from viewer_py.view.fit import image_matrix

absurd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just(10**400),
    st.lists(st.integers(), max_size=2), st.dictionaries(words, st.integers(), max_size=1),
)  # fmt: skip


@st.composite
def calls(draw_one: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A command with arguments that fit, nearly fit, or do not."""
    command = draw_one(st.sampled_from(COMMANDS))
    args: dict[str, Any] = {}
    if command.choices and draw_one(st.booleans()):
        return command.name, dict(draw_one(st.sampled_from(command.choices)).args)
    for argument in command.arguments:
        if argument.type is str:
            fitting: st.SearchStrategy[Any] = st.sampled_from((*argument.allowed, "a", "b"))
        elif argument.type is int:
            low, high = max(argument.minimum, -(10**6)), min(argument.maximum, 10**6)
            fitting = st.integers(int(low), int(high))
        else:
            fitting = st.floats(max(argument.minimum, -1e9), min(argument.maximum, 1e9))
        args[argument.name] = draw_one(st.one_of(fitting, fitting, fitting, absurd))
    return command.name, args


def all_numbers(value: Any) -> Any:
    if isinstance(value, float):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for one in dataclasses.fields(value):
            yield from all_numbers(getattr(value, one.name))
    elif isinstance(value, tuple):
        yield from itertools.chain.from_iterable(map(all_numbers, value))


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.lists(calls(), min_size=1, max_size=10))
def test_commands_refuse_in_words_and_leave_a_state_that_can_be_drawn(
    sequence: list[tuple[str, dict[str, Any]]],
) -> None:
    a, b = make_series(), make_series("b", frames=5, modality="PT")
    state = open_state(a, b)
    for name, args in sequence:
        try:
            state = run(state, name, args)
        except CommandError as error:
            assert " / " in str(error), "a refusal in one language only"
    assert all(math.isfinite(one) for one in all_numbers(dataclasses.replace(state, series=())))
    frame = state.active_frame()
    if frame is not None:
        assert all(map(math.isfinite, image_matrix(frame, state.canvas, state.pane().viewport)))


def test_the_sample_series_can_be_drawn() -> None:
    draw(opened(make_series(frames=3)))
