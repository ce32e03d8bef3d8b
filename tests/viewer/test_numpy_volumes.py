"""The numpy renderer's planes, curves, fusion, maps and filters beside the functions they stand on.

What a plane shows is judged in tests/volume; here it is that the picture is that, drawn with the
greys that a frame would have, in its place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.view.volumes import Shelf, body, frame_of, volume
from tests.volume.grids import center, plane_grid
from viewer_py.dicom.manifest import LookupTable
from viewer_py.pixels import filters, pipeline
from viewer_py.pixels.color_maps import COLOR_MAPS
from viewer_py.pixels.voi import LINEAR_EXACT, SIGMOID, Window
from viewer_py.render import numpy_renderer
from viewer_py.render.memory import Memory
from viewer_py.render.pictures import coarse_grid
from viewer_py.scene.model import (
    CornerText,
    CurveLayer,
    ImageLayer,
    Layer,
    OrientationMarks,
    PaneScene,
    PlaneLayer,
    Rectangle,
    RenderingLayer,
    Scene,
)
from viewer_py.volume.curved import curved
from viewer_py.volume.model import Projection, SampleGrid, Slab, Volume
from viewer_py.volume.planes import Plane, standard_planes
from viewer_py.volume.raycast import cast
from viewer_py.volume.reslice import reslice
from viewer_py.volume.transfer import PRESETS, transfer_table

AREA = Rectangle(6, 4, 70, 60)
SIZE = (90, 70)


def render(shelf: Shelf, *layers: Layer, memory: Memory | None = None) -> np.ndarray:
    pane = PaneScene(AREA, layers[0], CornerText(), OrientationMarks(), overlays=layers[1:])
    return numpy_renderer.render(Scene(*SIZE, (pane,)), shelf, memory)


def inside(picture: np.ndarray) -> np.ndarray:
    """Return the RGB of the pane; around it all is black."""
    part = (slice(AREA.y, AREA.y + AREA.height), slice(AREA.x, AREA.x + AREA.width))
    around = picture[..., :3].copy()
    around[part] = 0
    assert not around.any() and (picture[..., 3] == 255).all()
    return picture[part][..., :3]


def grid_of(one: Volume, plane: Plane = Plane.CORONAL, step: float = 0.7) -> SampleGrid:
    axes, through = standard_planes(one.geometry)[plane], center(one.geometry)
    return plane_grid(axes, through, AREA.width, AREA.height, step)


LOOKS: list[dict[str, Any]] = [
    {},
    {"window": Window(0, 900)},
    {"window": Window(0, 900, LINEAR_EXACT), "inverted": True},
    {"window": Window(0, 900, SIGMOID)},
]
KINDS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "rescaled": {"rescale_slope": 2.0, "rescale_intercept": -30.0},
    "MONOCHROME1": {"photometric_interpretation": "MONOCHROME1"},
    "VOI LUT": {"voi_luts": (LookupTable(-900, 8, tuple(n // 9 for n in range(2295))),)},
}


@pytest.mark.requirement("B-36", "B-25", "B-27")
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_plane_has_the_greys_of_its_frames(kind: str, look: dict[str, Any]) -> None:
    """Planes go through the VOI chain of stacks: the axial plane through a slice is that slice."""
    values = body()
    frame = frame_of(values, **KINDS[kind])
    one = volume(
        values=values, frame=frame, slope=frame.rescale_slope, intercept=frame.rescale_intercept
    )
    geometry = one.geometry
    grid = SampleGrid(
        geometry.corners[7], geometry.column_step, geometry.row_step, (0.0, 0.0, 1.0), 56, 40
    )
    picture = inside(render(Shelf(volumes={"ct": one}), PlaneLayer("ct", grid, **look)))
    shown = pipeline.display(values[7], frame, look.get("window"), look.get("inverted", False))
    assert np.abs(picture[:40, :56, 0].astype(int) - shown).max() <= 1
    assert not picture[40:].any() and not picture[:, 56:].any()


@pytest.mark.requirement("B-37", "B-38", "B-42")
@pytest.mark.parametrize("projection", list(Projection))
def test_a_slab_is_what_reslice_makes_of_it(projection: Projection) -> None:
    one = volume()
    grid, slab, window = grid_of(one), Slab(20.0, projection), Window(0, 1500)
    picture = inside(render(Shelf(volumes={"ct": one}), PlaneLayer("ct", grid, slab, window)))
    cut = reslice(one, grid, slab)
    expected = np.clip((cut.values + 0.5) / 1499 + 0.5, 0, 1) * 255
    assert np.abs(picture[..., 1] - np.where(cut.valid, expected, 0)).max() <= 1


@pytest.mark.requirement("B-35", "C-23")
def test_a_colour_map_colours_greys_and_goes_again() -> None:
    values = body()[12]
    shelf = Shelf({("a", 0): values})
    for matrix in ((1.0, 0.0, 0.0, 1.0, 6.0, 4.0), (1.3, 0.0, 0.0, 1.3, 6.0, 4.0)):
        layer = ImageLayer("a", 0, frame_of(values), matrix)
        grey = render(shelf, layer)
        assert (grey[..., 0] == grey[..., 2]).all()
        mapped = inside(render(shelf, replace(layer, color_map="hot_iron")))
        assert (mapped == COLOR_MAPS["hot_iron"][inside(grey)[..., 0]])[:40, :56].all()


@pytest.mark.requirement("C-36")
@pytest.mark.parametrize("name", filters.FILTERS)
def test_a_filter_is_that_of_the_pixels(name: str) -> None:
    values = body()[12]
    frame = frame_of(values, pixel_padding_value=-1000, pixel_padding_range_limit=-2000)
    layer = ImageLayer("a", 0, frame, (1.0, 0.0, 0.0, 1.0, 6.0, 4.0), filter=name)
    picture = inside(render(Shelf({("a", 0): values}), layer))[:40, :56, 0]
    filtered = filters.apply(name, values, values > -1000).astype(np.float64)
    expected = np.where(values > -1000, np.clip((filtered - 39.5) / 399 + 0.5, 0, 1) * 255, 0)
    assert np.abs(picture - expected).max() <= 1


@pytest.mark.requirement("B-46", "C-24", "C-35")
@pytest.mark.parametrize("opacity", [0.0, 0.4, 1.0])
def test_fusion_mixes_by_opacity_where_there_is_data(opacity: float) -> None:
    ct, pet = volume(), volume("pet", values=body("f4", 5)[6:15].copy())
    shelf = Shelf(volumes={"ct": ct, "pet": pet})
    grid = grid_of(ct)
    lower = PlaneLayer("ct", grid)
    upper = PlaneLayer("pet", grid, window=Window(0, 900), color_map="pet", opacity=opacity)
    below = inside(render(shelf, lower)).astype(float)
    above = inside(render(shelf, replace(upper, opacity=1.0))).astype(float)
    valid = reslice(pet, grid).valid
    assert 0.1 < valid.mean() < 0.9
    expected = np.where(valid[..., None], below + opacity * (above - below), below)
    assert np.abs(inside(render(shelf, lower, upper)) - expected).max() <= 1


def test_a_curve_lies_where_its_matrix_says() -> None:
    one = volume()
    points = tuple((-15.0 + 0.5 * n, -10.0, 6.0 + 0.6 * n) for n in range(50))
    across = ((0.0, 1.0, 0.0),) * 50
    layer = CurveLayer("ct", points, across, 0.5, 30, (1.0, 0.0, 0.0, 1.0, 10.0, 9.0))
    picture = inside(render(Shelf(volumes={"ct": one}), layer))
    cut = curved(one, points, across, 0.5, 30)
    expected = np.where(cut.valid, np.clip((cut.values - 39.5) / 399 + 0.5, 0, 1) * 255, 0)
    assert np.abs(picture[5:35, 4:54, 0] - expected).max() <= 1
    assert not picture[:5].any() and not picture[35:].any()


@pytest.mark.requirement("B-47", "C-32")
def test_a_rendering_is_cast_and_coarse_while_it_moves() -> None:
    one = volume()
    layer = RenderingLayer("ct", grid_of(one), "bone")
    shelf = Shelf(volumes={"ct": one})
    full = inside(render(shelf, layer))
    assert (full == cast(one, layer.grid, transfer_table(PRESETS["bone"], one.frame))).all()
    coarse = inside(render(shelf, replace(layer, detail=0.5)))
    assert full.any() and np.abs(full.astype(int) - coarse).mean() < 12


@pytest.mark.parametrize("detail", [1.0, 0.5, 0.3, 0.0])
def test_a_coarse_grid_covers_the_same_rectangle(detail: float) -> None:
    grid = grid_of(volume())
    coarse = coarse_grid(grid, detail)
    for one in (grid, coarse):
        corner = np.array(one.origin) - (np.array(one.step_x) + np.array(one.step_y)) / 2
        assert corner == pytest.approx(np.array(grid.origin) - np.array([0.35, 0, -0.35]))
        assert np.array(one.step_x) * one.width == pytest.approx(np.array([49.0, 0, 0]))
    assert 1 <= coarse.width <= grid.width


def test_what_is_remembered_is_what_would_be_read() -> None:
    """A picture after others, with memory, is the picture alone: nothing stale is shown."""
    values, one = body(), volume()
    shelf = Shelf({("a", n): values[n] for n in (7, 8)}, {"ct": one})
    stack = ImageLayer("a", 7, frame_of(values), (1.7, 0.0, 0.0, 1.7, 6.0, 4.0))
    plane = PlaneLayer("ct", grid_of(one))
    steps: list[Layer] = [
        stack,
        replace(stack, window=Window(100, 900)),
        replace(stack, frame_index=8),
        replace(stack, frame_index=8, filter="sharpen"),
        plane,
        replace(plane, window=Window(100, 900), color_map="pet"),
        replace(plane, slab=Slab(20.0)),
        RenderingLayer("ct", plane.grid, "skin"),
    ]
    memory = Memory()
    for layer in [*steps, *reversed(steps)]:
        assert (render(shelf, layer, memory=memory) == render(shelf, layer)).all()


def test_slices_that_came_in_the_meantime_are_seen() -> None:
    present = np.zeros(24, dtype=np.bool_)
    present[:9] = True
    shelf, memory = Shelf(volumes={"ct": volume(present=present)}), Memory()
    layer = PlaneLayer("ct", grid_of(shelf.volumes["ct"]))
    before = render(shelf, layer, memory=memory).copy()
    present[9:] = True
    shelf.volumes["ct"] = replace(shelf.volumes["ct"], generation=1)
    after = render(shelf, layer, memory=memory)
    assert (after == render(shelf, layer)).all() and (after != before).any()


def test_what_is_not_there_is_black() -> None:
    layers = (PlaneLayer("ct", grid_of(volume())), RenderingLayer("ct", grid_of(volume()), "bone"))
    for layer in layers:
        assert not inside(render(Shelf(), layer)).any()
