"""The magnifier: where it lies, what pointers do with it, and that it shows the real pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.view.pane_series import axial, pixels, reading, sagittal
from tests.view.volume_samples import opened, volume_of, volume_series
from tests.view.volumes import Shelf
from viewer_py.render.lens import render_lens
from viewer_py.render.numpy_renderer import render
from viewer_py.render.sources import FrameSources, Sources
from viewer_py.scene.compose import compose
from viewer_py.scene.lens import lens_scene
from viewer_py.scene.model import Scene
from viewer_py.view.commands import run
from viewer_py.view.gestures import Gesture, Idle, PointerEvent, PointerKind
from viewer_py.view.magnifier import lens_calls, lens_place
from viewer_py.view.pointer import step
from viewer_py.view.state import ViewerState

DOWN, MOVE, UP, CANCEL = PointerKind
STACK = pixels(axial())
FRAMES = FrameSources(lambda _, index: STACK[index])


def lens(state: ViewerState) -> Scene:
    found = lens_scene(state, compose(state))
    assert found is not None
    return found


def shown(state: ViewerState, sources: Sources = FRAMES) -> NDArray[np.uint8]:
    return render_lens(lens(state), sources)


def at(state: ViewerState, x: float, y: float, **args: Any) -> ViewerState:
    return run(state, "magnifier.at", {"x": x, "y": y, **args})


@pytest.mark.requirement("B-26", "C-11")
@pytest.mark.parametrize("factor", [2.0, 3.0, 4.0])
@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("window.set", {"center": 60, "width": 200}),
        ("image.color_map", {"name": "rainbow"}),
        ("image.filter", {"name": "sharpen"}),
        ("image.filter", {"name": "median"}),
        ("image.invert", {}),
        ("viewport.rotate", {"degrees": 33}),
        ("viewport.flip", {"axis": "horizontal"}),
    ],
)
def test_the_lens_shows_what_the_pane_shows_at_so_many_times_its_zoom(
    factor: float, name: str, args: dict[str, Any]
) -> None:
    state = run(run(reading(axial()), name, args), "viewport.zoom", {"factor": 0.8})
    x, y = 421, 287
    seen = shown(run(at(state, x, y), "magnifier.factor", {"factor": factor}))
    half = seen.shape[0] // 2
    # The judge: the whole pane drawn at that zoom, with the same point under the middle.
    large = run(state, "viewport.zoom", {"factor": factor, "x": x, "y": y})
    whole = render(compose(large), FRAMES)
    wanted = whole[y - half : y + half, x - half : x + half]
    assert np.abs(seen.astype(int) - wanted).max() <= 1
    assert len(np.unique(wanted)) > 20


@pytest.mark.requirement("B-26", "C-11")
def test_the_middle_of_the_lens_is_the_pixel_under_the_pointer() -> None:
    state = run(at(reading(axial()), 300, 250), "magnifier.factor", {"factor": 4.0})
    whole = render(compose(state), FRAMES)
    seen = shown(state)
    half = seen.shape[0] // 2
    near = whole[249:252, 299:302, 0].astype(int)
    assert near.min() - 3 <= int(seen[half, half, 0]) <= near.max() + 3


@pytest.mark.requirement("B-26", "C-11")
def test_a_plane_is_cut_anew_for_the_lens() -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(-200, 300, (60, 40, 50)).astype(np.int16)
    state = run(opened(volume_series()), "mpr.open", {"direction": "sagittal"})
    sources = Shelf(volumes={"v": volume_of(state, values)})
    area = compose(state).panes[state.active_pane].area
    x, y = area.x + 200, area.y + 150
    seen = shown(run(at(state, x, y), "magnifier.factor", {"factor": 3.0}), sources)
    half = seen.shape[0] // 2
    large = run(state, "viewport.zoom", {"factor": 3.0, "x": x, "y": y})
    wanted = render(compose(large), sources)[y - half : y + half, x - half : x + half]
    inside = np.zeros(wanted.shape[:2], dtype=bool)
    inside[
        max(area.y - y + half, 0) : area.y + area.height - y + half,
        max(area.x - x + half, 0) : area.x + area.width - x + half,
    ] = True
    assert np.abs(seen.astype(int) - wanted)[inside].max() <= 1
    assert len(np.unique(wanted[inside])) > 20


def test_only_the_part_under_the_lens_is_read_of_a_large_image() -> None:
    read: list[tuple[int, ...]] = []

    class Large:
        def frame(self, series_id: str, frame_index: int) -> NDArray[Any]:
            return np.zeros((4000, 4800), dtype=np.int16).view(Spy)

        def volume(self, series_id: str) -> None:
            return None

    class Spy(np.ndarray[Any, Any]):
        def astype(self, *args: Any, **kwargs: Any) -> Any:
            read.append(self.shape)
            return np.asarray(self).astype(*args, **kwargs)

    series = axial(rows=4000, columns=4800, pixel_spacing=(0.1, 0.1))
    seen = render_lens(lens(at(reading(series), 400, 300)), Large())
    assert seen.shape[2] == 4 and read and all(h * w < 1_500_000 for h, w in read)


@pytest.mark.requirement("B-26", "C-11")
def test_a_lens_lies_about_the_mouse_and_over_a_finger_and_never_off_the_area() -> None:
    state = reading(axial())
    place = lens_place(at(state, 400, 300))
    assert place is not None
    assert (place.left + place.size / 2, place.top + place.size / 2) == (400, 300)
    above = lens_place(at(state, 400, 400, place="beside"))
    assert above is not None and above.top + above.size < 400 - 30
    for x in (0, 5, 890):
        beside = lens_place(at(state, x, 20, place="beside"))
        assert beside is not None and 0 <= beside.left <= 900 - beside.size and beside.top >= 0
        covers = beside.left <= x <= beside.left + beside.size
        assert not covers  # no room above: it stands at the side


@pytest.mark.requirement("B-26", "C-11")
def test_there_is_no_lens_over_an_empty_pane() -> None:
    state = run(reading(axial()), "layout.set", {"columns": 2, "rows": 1})
    empty = at(state, 700, 300)
    assert lens_scene(empty, compose(empty)) is None
    both = reading(axial(), sagittal())
    over = at(both, 700, 300)  # over the pane that is not active
    image = lens(over).panes[0].image
    assert image is not None and image.series_id == "sagittal"


def play(state: ViewerState, *events: PointerEvent) -> ViewerState:
    gesture: Gesture = Idle()
    for event in events:
        gesture, calls = step(gesture, event, state)
        for call in (*calls, *lens_calls(gesture, event, state)):
            state = run(state, call.name, call.args)
    return state


def finger(kind: PointerKind, x: float, y: float, number: int = 1) -> PointerEvent:
    return PointerEvent(kind, number, x, y, touch=True)


@pytest.mark.requirement("B-26")
def test_a_finger_shows_it_while_it_is_down_and_a_second_one_takes_it_away() -> None:
    state = run(reading(axial()), "tool.choose", {"tool": "magnifier"})
    down = play(state, finger(DOWN, 400, 400))
    assert down.lens.shown and down.lens.beside
    moved = play(state, finger(DOWN, 400, 400), finger(MOVE, 380, 350))
    assert (moved.lens.x, moved.lens.y) == (380, 350)
    assert moved.pane().viewport == state.pane().viewport
    assert not play(state, finger(DOWN, 400, 400), finger(UP, 400, 400)).lens.shown
    second = play(state, finger(DOWN, 400, 400), finger(DOWN, 500, 400, 2))
    assert not second.lens.shown


@pytest.mark.requirement("C-11")
def test_a_mouse_takes_it_along_without_a_button_until_it_leaves_or_another_tool_is_chosen() -> (
    None
):
    state = run(reading(axial()), "tool.choose", {"tool": "magnifier"})
    over = play(state, PointerEvent(MOVE, 1, 300, 200))
    assert over.lens.shown and not over.lens.beside and (over.lens.x, over.lens.y) == (300, 200)
    assert play(over, PointerEvent(MOVE, 1, 310, 205)).lens.x == 310
    assert not play(over, PointerEvent(CANCEL, 1, 310, 205)).lens.shown
    panning = run(over, "tool.choose", {"tool": "pan"})
    assert not play(panning, PointerEvent(MOVE, 1, 310, 205)).lens.shown
