"""What is drawn of annotations: shapes and words in device pixels, painted once, told once."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.view.samples import make_series
from tests.view.test_session import Reading
from tests.view.volume_samples import opened, pane_scene, volume_series
from viewer_py.measure.annotation import Annotation, AnnotationKind, ImageReference
from viewer_py.measure.annotation_json import to_json
from viewer_py.measure.model import Measurement, Result, Words
from viewer_py.scene.boxes import Box, Measured, around, placed
from viewer_py.scene.compose import compose
from viewer_py.scene.facts import Facts
from viewer_py.scene.model import Shape, ShapeKind
from viewer_py.view.annotations.words import text_size
from viewer_py.view.commands import run
from viewer_py.view.state import ViewerState

PANE = Box(0.0, 0.0, 900.0, 700.0)
PLACES = st.tuples(st.floats(50, 850), st.floats(50, 650))


@given(
    points=st.lists(PLACES, min_size=2, max_size=4, unique=True),
    area=st.booleans(),
    width=st.floats(20, 200),
    height=st.floats(20, 90),
)
def test_words_stay_in_the_pane_and_off_what_they_measure_where_there_is_room(
    points: list[tuple[float, float]], area: bool, width: float, height: float
) -> None:
    measured = Measured((tuple(points),), area)
    box = placed((width, height), measured, PANE, [], [], 10.0)
    assert box.left >= 0 and box.top >= 0 and box.right <= 900 and box.bottom <= 700
    about = around(points)
    room = max(about.left, 900 - about.right) > width + 15
    room |= max(about.top, 700 - about.bottom) > height + 15
    if room:
        assert not measured.is_covered(box)


@given(boxes=st.lists(PLACES, max_size=3), place=PLACES)
def test_words_do_not_cover_other_words_where_there_is_room(
    boxes: list[tuple[float, float]], place: tuple[float, float]
) -> None:
    taken = [Box(x, y, 120.0, 40.0) for x, y in boxes]
    box = placed((100.0, 30.0), Measured(((place,),)), PANE, taken, [], 10.0)
    assert not any(box.overlap(one) for one in taken)


@given(start=PLACES, end=PLACES, left=st.floats(0, 800), top=st.floats(0, 600))
def test_a_line_meets_a_box_when_one_of_its_points_lies_inside(
    start: tuple[float, float], end: tuple[float, float], left: float, top: float
) -> None:
    box = Box(left, top, 120.0, 60.0)
    shares = np.linspace(0.0, 1.0, 2000)[:, None]
    points = np.array(start) + shares * (np.array(end) - np.array(start))
    inside = (points > (left + 1, top + 1)) & (points < (left + 119, top + 59))
    if inside.all(axis=1).any():
        assert box.meets((start, end))
    grown = (points > (left - 1, top - 1)) & (points < (left + 121, top + 61))
    if not grown.all(axis=1).any():
        assert not box.meets((start, end))


def created(state: ViewerState, kind: str, points: str) -> ViewerState:
    return run(state, "annotation.create", {"kind": kind, "points": points})


def shapes(state: ViewerState, facts: Facts | None = None) -> tuple[Shape, ...]:
    return pane_scene(state, state.active_pane, facts or Facts()).shapes


@pytest.mark.requirement("B-28", "B-30", "C-13", "C-15")
@pytest.mark.parametrize("kind", list(AnnotationKind))
def test_every_kind_is_drawn_where_it_lies_and_scales_with_the_screen(kind: AnnotationKind) -> None:
    counts = {"rectangle": 4, "ellipse": 4, "angle": 3, "cobb": 4, "probe": 1, "cardiothoracic": 6}
    all_points = [[10, 10], [20, 10], [20, 20], [10, 20], [5, 15], [30, 15]]
    points = json.dumps(all_points[: counts.get(str(kind), 2)])
    state = created(opened(volume_series()), str(kind), points)
    state = run(state, "annotation.select", {"id": ""})
    once = [one for one in shapes(state) if one.kind is not ShapeKind.TEXT]
    double = run(state, "canvas.resize", {"width": 900, "height": 700, "pixel_ratio": 2})
    twice = [one for one in shapes(double) if one.kind is not ShapeKind.TEXT]
    assert once or kind is AnnotationKind.TEXT
    for one, other in zip(once, twice, strict=True):
        assert np.allclose(np.array(one.points) * 2, other.points)
    away = run(state, "stack.scroll", {"by": 1})
    assert not shapes(away)


@pytest.mark.requirement("B-28", "C-13")
def test_numbers_stand_beside_what_is_measured_with_what_they_are_worth() -> None:
    state = created(opened(volume_series()), "length", "[[10, 10], [30, 10]]")
    name = state.annotations.items[0].annotation_id
    worth = Words("探测器面，非体内", "at detector")
    measurement = Measurement((Result("length", 30.04, "mm", worth),))
    (words,) = (
        one
        for one in shapes(state, Facts(measurements={name: measurement}))
        if one.kind is ShapeKind.TEXT
    )
    assert words.lines == ("30.0 mm（探测器面，非体内）",)
    (left, top), (right, bottom) = words.points
    assert (right - left, bottom - top) == pytest.approx(text_size(words.lines, 1.0))


def test_values_stand_on_the_image_they_belong_to_only() -> None:
    state = created(opened(volume_series("v"), volume_series("w")), "rectangle",
                    "[[10, 10], [30, 10], [30, 30], [10, 30]]")  # fmt: skip
    name = state.annotations.items[0].annotation_id
    results = (Result("area", 5.0, "mm²"), Result("mean", 40.0, "HU"))
    facts = Facts(measurements={name: Measurement(results)})

    def said(state: ViewerState) -> str:
        return "".join(line for one in shapes(state, facts) for line in one.lines)

    index = state.pane().frame_index
    assert "HU" in said(state)
    other = run(state, "series.open", {"series_id": "w", "frame": index})
    assert "mm²" in said(other) and "HU" not in said(other)


def test_hidden_annotations_are_not_drawn() -> None:
    state = created(opened(volume_series()), "length", "[[10, 10], [30, 10]]")
    (one,) = state.annotations.items
    assert not shapes(run(state, "annotation.hide", {"id": one.annotation_id}))
    hidden = run(state, "annotation.show")
    assert not shapes(hidden) and shapes(run(hidden, "annotation.show"))


def test_without_annotations_nothing_is_drawn() -> None:
    assert all(not pane.shapes for pane in compose(opened(volume_series())).panes)


@settings(max_examples=20)
@given(zoom=st.floats(0.2, 30), rotation=st.floats(0, 359))
def test_shapes_follow_the_picture(zoom: float, rotation: float) -> None:
    state = created(opened(volume_series()), "length", "[[10, 10], [30, 10]]")
    state = run(state, "viewport.set", {"zoom": zoom, "rotation": rotation})
    (line,) = (one for one in shapes(state) if one.kind is ShapeKind.POLYLINE)
    image = compose(state).panes[0].image
    assert image is not None
    a, b, c, d, e, f = image.matrix  # type: ignore[union-attr]
    for point, (column, row) in zip(line.points, ((10, 10), (30, 10)), strict=True):
        assert math.isclose(point[0], a * column + c * row + e, abs_tol=1e-6)
        assert math.isclose(point[1], b * column + d * row + f, abs_tol=1e-6)


# --- the session ----------------------------------------------------------------------------


class Drawing(Reading):
    """A reading whose host takes shapes."""

    def __init__(self) -> None:
        self.drawn: list[list[Any]] = []
        self.saved: list[dict[str, Any]] = []
        super().__init__(make_series())
        self.host.draw_shapes = self._draw  # type: ignore[attr-defined]
        self.host.save_picture = lambda text: self.saved.append(json.loads(text))  # type: ignore[attr-defined]
        self.manifest()
        self.frame(10)

    def _draw(self, text: str, width: int, height: int, pixel_ratio: float) -> None:
        self.drawn.append(json.loads(text))

    def run(self, name: str, **args: Any) -> None:
        self.session.receive({"type": "command", "name": name, "args": args})
        self.session.tick()

    def told(self) -> dict[str, Any]:
        return self.host.of("annotations")[-1]


@pytest.fixture
def drawing() -> Drawing:
    return Drawing()


def test_shapes_are_painted_when_they_change_and_given_back(drawing: Drawing) -> None:
    assert not drawing.drawn
    drawing.run("annotation.create", kind="length", points="[[10, 10], [30, 10]]")
    assert len(drawing.drawn) == 1 and drawing.drawn[0][0][0] == "polyline"
    drawing.run("window.set", center=50, width=300)
    drawing.session.tick()
    assert len(drawing.drawn) == 1
    drawing.run("annotation.undo")
    assert drawing.drawn[-1] == []


@pytest.mark.requirement("B-28", "B-29")
def test_the_page_is_told_numbers_place_and_what_to_save(drawing: Drawing) -> None:
    drawing.run("annotation.create", kind="length", points="[[10, 10], [30, 10]]")
    told = drawing.told()
    (row,) = told["rows"]
    assert row["results"][0]["value"] == pytest.approx(10.0) and row["results"][0]["unit"] == "mm"
    assert row["image_number"] == 11 and row["panes"] == [0] and row["words"]["zh"]
    document = json.loads(told["document"])
    assert document["annotations"][0]["kind"] == "length"
    drawing.run("annotation.select", id="")
    assert drawing.told()["document"] is None  # nothing of it is to be saved
    report = drawing.session.report()["annotations"]
    assert report["items"][0]["id"] == row["id"] and report["undo"] == 1


def test_values_come_when_the_pixels_do_and_stay_when_they_go(drawing: Drawing) -> None:
    drawing.run("annotation.create", kind="probe", points="[[5, 5]]", frame=12)
    first = drawing.session.report()["annotations"]["items"][0]["results"][0]
    assert first["value"] is None and first["note"]
    drawing.frame(12)
    drawing.session.tick()
    then = drawing.session.report()["annotations"]["items"][0]["results"][0]
    assert then["value"] is not None and then["unit"] == "HU"


def test_keys_nudge_undo_and_delete_what_is_selected(drawing: Drawing) -> None:
    drawing.run("annotation.create", kind="length", points="[[10, 10], [30, 10]]")
    before = drawing.session.state.annotations.items[0].points
    drawing.session.receive({"type": "key", "key": "ArrowRight", "shift": True})
    assert drawing.session.state.annotations.items[0].points != before
    assert drawing.session.state.pane().frame_index == 10
    drawing.session.receive({"type": "key", "key": "z", "control": True})
    assert drawing.session.state.annotations.items[0].points == before
    drawing.session.receive({"type": "key", "key": "Delete"})
    assert not drawing.session.state.annotations.items
    drawing.session.receive({"type": "key", "key": "ArrowDown"})
    assert drawing.session.state.pane().frame_index == 11


def test_a_picture_holds_the_words_and_the_shapes(drawing: Drawing) -> None:
    drawing.run("annotation.create", kind="length", points="[[10, 10], [30, 10]]")
    drawing.session.receive({"type": "picture", "id": 7})
    (asked,) = drawing.saved
    assert asked["id"] == 7 and asked["panes"][0]["corners"]["top_left"] and asked["shapes"]


def test_nothing_stays_when_access_has_ended(drawing: Drawing) -> None:
    drawing.run("annotation.create", kind="length", points="[[10, 10], [30, 10]]")
    drawing.run("series.open", series_id="a")
    drawing.session.manifest_arrived("b", 403, "")
    assert drawing.drawn[-1] == []
    assert not drawing.session.state.annotations.items


def test_going_to_a_series_that_is_not_read_yet_comes_to_the_very_image() -> None:
    reading = Reading(make_series("a"), make_series("b", frame_of_reference_uid="9.9"))
    reading.host.draw_shapes = lambda *_: None  # type: ignore[attr-defined]
    reading.manifest()
    image = ImageReference("b", "1.2.3.3")
    one = Annotation("one", AnnotationKind.PROBE, ((5.0, 5.0, 0.0),), image)
    document = to_json([one])
    for name, args in (
        ("annotation.load", {"document": document}),
        ("annotation.go", {"id": "one"}),
    ):
        reading.session.receive({"type": "command", "name": name, "args": args})
    assert reading.session.state.pane().series_id == "b"
    reading.manifest("b")
    assert reading.session.state.pane().frame_index == 3
    assert not reading.session.state.annotations.going


@pytest.mark.requirement("B-28", "B-36")
def test_what_was_drawn_on_a_reformat_has_its_length_before_one_is_open() -> None:
    reading = Reading(volume_series("v"))
    reading.host.draw_shapes = lambda *_: None  # type: ignore[attr-defined]
    reading.manifest("v")
    points = ((-20.0, -5.0, 60.0), (10.0, -5.0, 20.0))
    one = Annotation("one", AnnotationKind.LENGTH, points, ImageReference("v"), "1.2.9", (0, 1, 0))
    document = {"document": to_json([one])}
    reading.session.receive({"type": "command", "name": "annotation.load", "args": document})
    (row,) = reading.session.report()["annotations"]["items"]
    assert row["results"][0]["value"] == pytest.approx(50.0) and row["panes"] == []
