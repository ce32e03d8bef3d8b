"""Another size of the reading area moves nothing that is looked at: a window resized, a tablet
turned, the navigation folded away, one pane alone (C-25, C-34)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.view.pane_series import axial, reading, sagittal
from tests.view.samples import make_series, open_state
from tests.view.volume_samples import opened, volume_series
from viewer_py.scene.compose import compose
from viewer_py.scene.model import ImageLayer, PlaneLayer
from viewer_py.view.commands import run
from viewer_py.view.hanging import against_wall
from viewer_py.view.state import ViewerState

SIZES = st.tuples(st.floats(300, 2000), st.floats(300, 1500), st.sampled_from([1.0, 2.0, 3.0]))


def resized(state: ViewerState, width: float, height: float, ratio: float = 2.0) -> ViewerState:
    size = {"width": width, "height": height, "pixel_ratio": ratio}
    return run(state, "canvas.resize", size)


def middle(state: ViewerState, index: int = 0) -> tuple[float, float]:
    """Return the image coordinates in the middle of a pane."""
    pane = compose(state).panes[index]
    assert isinstance(pane.image, ImageLayer)
    a, b, c, d, e, f = pane.image.matrix
    x = pane.area.x + pane.area.width / 2 - e
    y = pane.area.y + pane.area.height / 2 - f
    whole = a * d - b * c
    return (d * x - c * y) / whole, (a * y - b * x) / whole


@given(SIZES, st.floats(1.5, 4), st.floats(-60, 60), st.floats(-60, 60), st.floats(0, 359))
def test_what_is_in_the_middle_stays_there(
    size: tuple[float, float, float], zoom: float, x: float, y: float, rotation: float
) -> None:
    state = open_state(make_series())
    placed = {"zoom": zoom, "pan_x": x, "pan_y": y, "rotation": rotation}
    state = run(state, "viewport.set", placed)
    assert middle(resized(state, *size)) == pytest.approx(middle(state), abs=0.05)


@pytest.mark.requirement("C-34")
def test_linked_panes_stay_linked_on_their_images() -> None:
    state = reading(axial(), sagittal(), axial("down", [58.0 - 2.0 * k for k in range(30)]))
    state = run(run(state, "link.scroll"), "stack.scroll", {"by": 5})
    before = [middle(state, index) for index in range(3)]
    turned = resized(state, 600, 900)
    assert [pane.frame_index for pane in turned.panes] == [p.frame_index for p in state.panes]
    assert turned.linking == state.linking
    assert [middle(turned, index) for index in range(3)] == [
        pytest.approx(place, abs=0.5) for place in before
    ]
    on = run(turned, "stack.scroll", {"by": 1})
    assert on.panes[2].frame_index == turned.panes[2].frame_index - 1


@pytest.mark.requirement("C-25")
@pytest.mark.parametrize("wall", ["left", "right"])
def test_a_breast_stays_at_its_chest_wall(wall: str) -> None:
    series = make_series(modality="MG", rows=60, columns=40, patient_orientation=("A", "R"))
    state = resized(open_state(series), 300, 200)
    frame = series.frames[0]
    hung = replace(state.pane(), viewport=against_wall(state, 0, frame, wall))
    state = state.with_pane(hung)
    for size in ((900, 300), (500, 480), (1600, 900)):
        state = resized(state, *size)
        assert state.pane().viewport == against_wall(state, 0, frame, wall)


def test_one_pane_alone_and_back_is_as_before() -> None:
    state = reading(axial(), sagittal())
    state = run(state, "viewport.set", {"zoom": 2.0, "pan_x": 30, "pan_y": -20})
    alone = run(state, "layout.maximize")
    assert middle(alone) == pytest.approx(middle(state), abs=0.1)
    again = run(alone, "layout.maximize")
    assert middle(again) == pytest.approx(middle(state), abs=0.1)


def test_a_plane_keeps_its_place() -> None:
    state = run(opened(volume_series("v")), "mpr.toggle")
    state = run(state, "viewport.set", {"zoom": 2.0, "pan_x": 40, "pan_y": 10})

    def center(one: ViewerState) -> list[float]:
        layer = compose(one).panes[0].image
        assert isinstance(layer, PlaneLayer)
        grid = layer.grid
        return [
            origin + x * grid.width / 2 + y * grid.height / 2
            for origin, x, y in zip(grid.origin, grid.step_x, grid.step_y, strict=True)
        ]

    assert center(resized(state, 1400, 1000)) == pytest.approx(center(state), abs=1.0)
