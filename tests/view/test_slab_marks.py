"""What is drawn on a MIP, MinIP or AvgIP is measured on the projected picture, and says so."""

from __future__ import annotations

import numpy as np
import pytest

from tests.view.drawing import COLUMNS, ROWS, Hand
from tests.view.volume_samples import opened, pane_of, volume_of, volume_series
from viewer_py.measure.measured import measured
from viewer_py.measure.pictures import plane_picture
from viewer_py.scene.mark_words import box_lines
from viewer_py.view.annotations.places import place_of
from viewer_py.view.commands import run
from viewer_py.view.state import Direction, ViewerState

SLICES = 24
BRIGHT, DARK, REST = 900, -700, 100


def phantom() -> np.ndarray:
    """Return a body of REST with one bright and one dark slice, neither of them in the middle."""
    values = np.full((SLICES, ROWS, COLUMNS), REST, dtype=np.int16)
    values[SLICES // 2 - 2] = BRIGHT
    values[SLICES // 2 + 2] = DARK
    return values


def drawn(kind: str, projection: str = "") -> tuple[ViewerState, np.ndarray]:
    """Return an axial plane (or slab of 40 mm) on which something was drawn, and the voxels."""
    series = volume_series("v", slices=SLICES, rows=ROWS, columns=COLUMNS)
    state = run(opened(series), "mpr.toggle")
    state = run(state, "pane.activate", {"pane": pane_of(state, Direction.AXIAL)})
    if projection:
        state = run(state, "mpr.projection", {"projection": projection})
        state = run(state, "mpr.thickness", {"thickness": 40.0})
    hand = Hand(run(state, "annotation.measure", {"kind": kind}), touch=False)
    place = place_of(hand.state, hand.state.active_pane)
    assert place is not None
    x = place.area.x + place.area.width / 2 + 21
    y = place.area.y + place.area.height / 2 + 17
    if kind == "probe":
        hand.click((x, y))
    else:
        hand.drag((x, y), (x + 40, y + 30))
    assert len(hand.items) == 1
    return hand.state, phantom()


def words(state: ViewerState, values: np.ndarray) -> tuple[dict[str, float | None], str]:
    """Return the numbers of the only mark, and what stands beside it."""
    annotation, series = state.annotations.items[0], state.series[0]
    volume = volume_of(state, values)
    found = measured(annotation, plane_picture(series, volume.geometry, volume, annotation))
    return {one.name: one.value for one in found.results}, "\n".join(box_lines(annotation, found))


@pytest.mark.requirement("B-29", "B-37", "B-38", "C-14", "C-21", "C-22")
@pytest.mark.parametrize(("projection", "value"), [("MIP", BRIGHT), ("MinIP", DARK)])
def test_a_region_on_a_projection_has_the_values_that_are_seen(projection: str, value: int) -> None:
    numbers, said = words(*drawn("rectangle", projection))
    assert numbers["mean"] == numbers["largest"] == numbers["smallest"] == value
    assert f"取自 {projection} 40 mm 投影" in said
    numbers, said = words(*drawn("probe", projection))
    assert numbers["value"] == value
    assert f"取自 {projection} 40 mm 投影" in said


@pytest.mark.requirement("B-29", "C-14")
def test_an_average_lies_between_and_a_plane_has_its_own_values() -> None:
    numbers, said = words(*drawn("rectangle", "AvgIP"))
    assert numbers["mean"] is not None and DARK < numbers["mean"] < BRIGHT
    assert "AvgIP 40 mm" in said
    numbers, said = words(*drawn("rectangle"))
    assert numbers["mean"] == REST and "投影" not in said


@pytest.mark.requirement("B-28", "C-13")
def test_a_length_on_a_projection_says_that_it_is_one() -> None:
    numbers, said = words(*drawn("length", "MIP"))
    assert numbers["length"] is not None and numbers["length"] > 0
    assert "取自 MIP 40 mm 投影" in said


def test_a_mark_keeps_its_slab_when_the_pane_goes_back_to_the_plane() -> None:
    state, values = drawn("rectangle", "MIP")
    before = words(state, values)
    state = run(state, "mpr.thickness", {"thickness": 0.0})
    assert words(state, values) == before
