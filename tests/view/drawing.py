"""A hand over a viewer's state: draws with pointer events, in CPython, and reads the numbers."""

from __future__ import annotations

import itertools

import numpy as np

from viewer_py.measure.annotation import Annotation
from viewer_py.measure.measured import measured
from viewer_py.measure.pictures import stored_picture
from viewer_py.view.annotations.places import Place, place_of
from viewer_py.view.commands import run
from viewer_py.view.gestures import Gesture, Idle, PointerEvent, PointerKind
from viewer_py.view.pointer import step
from viewer_py.view.state import ViewerState

DOWN, MOVE, UP, CANCEL = PointerKind
ROWS, COLUMNS = 40, 50  # of volume_series: 0.75 mm between rows, 1.5 mm between columns
Where = tuple[float, float]


class Hand:
    """A mouse or a finger over a state; `at` are CSS pixels."""

    def __init__(self, state: ViewerState, *, touch: bool) -> None:
        self.state = state
        self.touch = touch
        self.gesture: Gesture = Idle()
        self.time = 0.0

    def event(self, kind: PointerKind, at: Where, pointer_id: int = 1) -> None:
        event = PointerEvent(kind, pointer_id, *at, touch=self.touch, time=self.time)
        self.gesture, calls = step(self.gesture, event, self.state)
        for call in calls:
            self.state = run(self.state, call.name, call.args)
        self.time += 0.05

    def drag(self, *course: Where) -> None:
        self.time += 1.0
        self.event(DOWN, course[0])
        for start, end in itertools.pairwise(course):
            for share in (0.25, 0.5, 0.75, 1.0):
                self.event(MOVE, tuple(np.array(start) + share * np.subtract(end, start)))
        self.event(UP, course[-1])

    def click(self, at: Where) -> None:
        self.time += 1.0
        if not self.touch:
            self.event(MOVE, at)
        self.event(DOWN, at)
        self.event(UP, at)

    @property
    def items(self) -> tuple[Annotation, ...]:
        return self.state.annotations.items

    @property
    def drawn(self) -> Annotation:
        assert len(self.items) == 1, self.items
        return self.items[0]


def choose(hand: Hand, kind: str) -> None:
    command = "mark" if kind in ("arrow", "text") else "measure"
    hand.state = run(hand.state, f"annotation.{command}", {"kind": kind})


def the_place(state: ViewerState, index: int | None = None) -> Place:
    found = place_of(state, state.active_pane if index is None else index)
    assert found is not None
    return found


def on_image(state: ViewerState, column: float, row: float) -> Where:
    """Return where image coordinates of the stack lie, in CSS pixels."""
    series = state.active_series()
    assert series is not None
    frame = series.frames[state.pane().frame_index]
    matrix = stored_picture(series, state.pane().frame_index, None).to_patient
    if matrix is None:
        point = (column, row, 0.0)
    else:
        x, y, z, _ = matrix @ (column - 0.5, row - 0.5, 0.0, 1.0)
        point = (float(x), float(y), float(z))
    assert frame is not None
    x, y = the_place(state).to_screen(point)
    return x / state.canvas.pixel_ratio, y / state.canvas.pixel_ratio


def numbers(state: ViewerState, annotation: Annotation) -> dict[str, float | None]:
    series = state.active_series()
    assert series is not None
    index = state.pane().frame_index
    rows, columns = series.frames[index].rows, series.frames[index].columns
    stored = np.arange(rows * columns, dtype=np.int16).reshape(rows, columns)
    results = measured(annotation, stored_picture(series, index, stored)).results
    return {one.name: one.value for one in results}


def places(hand: Hand, *points: Where) -> list[Where]:
    return [on_image(hand.state, *point) for point in points]
