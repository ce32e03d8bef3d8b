"""The GPU beside numpy on the same scenes, in a real headless Chromium: at most one grey level.

Every picture is drawn by the WebGL renderer on the browser's own WebGL 2 and by the numpy renderer
here. Where the two round a value to different sides, or a sample lies on the very edge of the
data, single pixels may differ by more: of `MOST` pixels none may.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Playwright

from tests.view.gl_bridge import BrowserGL
from tests.view.volumes import Shelf, body, frame_of, volume
from tests.volume.grids import center, plane_grid
from viewer_py.dicom.manifest import LookupTable
from viewer_py.pixels.color_maps import COLOR_MAPS
from viewer_py.pixels.filters import FILTERS
from viewer_py.pixels.voi import LINEAR_EXACT, SIGMOID, Window
from viewer_py.render import numpy_renderer
from viewer_py.render.webgl_renderer import WebGLRenderer
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
from viewer_py.volume.model import Projection, SampleGrid, Slab, VolumeState
from viewer_py.volume.planes import Plane, PlaneAxes, standard_planes
from viewer_py.volume.transfer import PRESETS

WIDTH, HEIGHT = 150, 120
MOST = 0.999
SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
STATES = [
    VolumeState.REGULAR,
    VolumeState.TILTED,
    VolumeState.IRREGULAR,
    VolumeState.MISSING_SLICES,
]


@pytest.fixture(scope="module")
def gl(playwright: Playwright) -> Iterator[BrowserGL]:
    executable = shutil.which("chromium")
    assert executable, "chromium is missing: run `make system`"
    browser = playwright.chromium.launch(
        executable_path=executable, args=["--no-sandbox", *SOFTWARE_GL]
    )
    yield BrowserGL(browser.new_page())
    browser.close()


@pytest.fixture(scope="module")
def gpu(gl: BrowserGL) -> WebGLRenderer:
    gl.resize(WIDTH, HEIGHT)
    return WebGLRenderer(gl, 1 << 26)


def scene_of(*layers: Layer) -> Scene:
    area = Rectangle(8, 5, WIDTH - 20, HEIGHT - 12)
    pane = PaneScene(area, layers[0], CornerText(), OrientationMarks(), overlays=layers[1:])
    return Scene(WIDTH, HEIGHT, (pane,))


def far(gl: BrowserGL, gpu: WebGLRenderer, scene: Scene, shelf: Shelf) -> Any:
    """Return how far the two pictures are apart in each pixel; the picture may not be flat."""
    gpu.forget()
    assert gpu.draw(scene, shelf)
    drawn = gl.picture(scene.width, scene.height).astype(int)
    expected = numpy_renderer.render(scene, shelf)[..., :3].astype(int)
    assert (expected > 0).mean() > 0.01, "nothing to be compared"
    return np.abs(drawn - expected).max(axis=2)


def same(gl: BrowserGL, gpu: WebGLRenderer, shelf: Shelf, *layers: Layer) -> None:
    apart = far(gl, gpu, scene_of(*layers), shelf)
    assert (apart <= 1).mean() >= MOST, f"{(apart > 1).sum()} pixels, up to {apart.max()}"


# --- frames --------------------------------------------------------------------------------------

UPRIGHT = (2.3, 0.0, 0.0, 2.3, 11.4, 9.7)
TURNED = (1.4, 0.9, -0.9, 1.4, 50.3, -20.2)
SMALL = (0.4, 0.0, 0.0, 0.4, 30.0, 30.0)


def image(values: np.ndarray, matrix: Any = UPRIGHT, **look: Any) -> tuple[Shelf, ImageLayer]:
    frame = look.pop("frame", None) or frame_of(values)
    return Shelf({("a", 0): values}), ImageLayer("a", 0, frame, matrix, **look)


@pytest.mark.requirement("B-25")
@pytest.mark.parametrize("matrix", [UPRIGHT, TURNED, SMALL])
@pytest.mark.parametrize("dtype", ["i2", "u2", "u1", "f4"])
def test_frames_of_every_type(gl: BrowserGL, gpu: WebGLRenderer, dtype: str, matrix: Any) -> None:
    values = body(dtype)[12]
    window = Window(float(np.median(values)), float(np.ptp(values)) / 2)
    shelf, layer = image(values, matrix, window=window)
    same(gl, gpu, shelf, layer)


MODES = {
    "LINEAR": {"window": Window(40, 400)},
    "LINEAR_EXACT": {"window": Window(40, 400, LINEAR_EXACT)},
    "SIGMOID": {"window": Window(40, 400, SIGMOID)},
    "threshold": {"window": Window(40, 1)},
    "inverted": {"inverted": True},
}
FRAMES = {
    "MONOCHROME1": {"photometric_interpretation": "MONOCHROME1"},
    "padding": {"pixel_padding_value": -1200, "pixel_padding_range_limit": -900},
    "VOI LUT": {
        "voi_luts": (
            LookupTable(-500, 8, tuple(int(255 * (n / 1500) ** 0.5) for n in range(1501))),
        )
    },
    "Modality LUT": {
        "modality_lut": LookupTable(-1100, 16, tuple(n // 2 for n in range(2700))),
        "window_center": (600.0,),
    },
}


@pytest.mark.requirement("B-25", "B-27")
@pytest.mark.parametrize("mode", MODES)
def test_every_voi_function(gl: BrowserGL, gpu: WebGLRenderer, mode: str) -> None:
    shelf, layer = image(body()[12], **MODES[mode])
    same(gl, gpu, shelf, layer)


@pytest.mark.requirement("B-25")
@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_frame(gl: BrowserGL, gpu: WebGLRenderer, kind: str) -> None:
    values = body()[12]
    shelf, layer = image(values, TURNED, frame=frame_of(values, **FRAMES[kind]))
    same(gl, gpu, shelf, layer)


def test_colours(gl: BrowserGL, gpu: WebGLRenderer) -> None:
    values = np.stack([body("u1", seed)[12] for seed in (1, 2, 3)], axis=-1)
    frame = replace(frame_of(values[..., 0]), samples_per_pixel=3, photometric_interpretation="RGB")
    shelf, layer = image(values, TURNED, frame=frame)
    same(gl, gpu, shelf, layer)


@pytest.mark.requirement("B-35", "C-23")
@pytest.mark.parametrize("name", COLOR_MAPS)
def test_colour_maps(gl: BrowserGL, gpu: WebGLRenderer, name: str) -> None:
    """One grey level may be one step of the map, which can be wide: only greys are compared."""
    shelf, layer = image(body()[12], color_map=name)
    apart = far(gl, gpu, scene_of(layer), shelf)
    step = int(np.abs(np.diff(COLOR_MAPS[name].astype(int), axis=0)).max())
    assert (apart <= step).mean() >= MOST
    assert (apart <= 1).mean() >= 0.99


@pytest.mark.requirement("C-36")
@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("padded", [False, True])
def test_filters(gl: BrowserGL, gpu: WebGLRenderer, name: str, padded: bool) -> None:
    values = body()[12]
    frame = frame_of(values, **(FRAMES["padding"] if padded else {}))
    shelf, layer = image(values, frame=frame, filter=name, window=Window(100, 900))
    same(gl, gpu, shelf, layer)


# --- planes and slabs ----------------------------------------------------------------------------


def grid_of(
    shelf: Shelf, plane: str = "oblique", off: float = 0.0, step: float = 0.4
) -> SampleGrid:
    geometry = shelf.volumes["ct"].geometry
    if plane == "oblique":
        normal = np.array([0.5, 0.7, 0.35]) / np.linalg.norm([0.5, 0.7, 0.35])
        right = np.cross([0, 0, 1], normal)
        right /= np.linalg.norm(right)
        axes = PlaneAxes(*(tuple(map(float, v)) for v in (right, np.cross(normal, right), normal)))
    else:
        axes = standard_planes(geometry)[Plane(plane)]
    through = np.array(center(geometry)) + np.array(axes.normal) * off
    return plane_grid(axes, tuple(map(float, through)), WIDTH - 20, HEIGHT - 12, step)


@pytest.mark.requirement("B-36", "C-20")
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("plane", [*Plane, "oblique"])
def test_planes(gl: BrowserGL, gpu: WebGLRenderer, state: VolumeState, plane: str) -> None:
    shelf = Shelf(volumes={"ct": volume(state=state)})
    same(gl, gpu, shelf, PlaneLayer("ct", grid_of(shelf, plane, 0.83)))


SLABS = [
    pytest.param(projection, marks=pytest.mark.requirement(*marks))
    for projection, marks in (
        (Projection.MIP, ("B-37", "C-21", "B-42")),
        (Projection.MINIP, ("B-38", "C-22", "B-42")),
        (Projection.AVGIP, ("B-42",)),
    )
]


@pytest.mark.parametrize("projection", SLABS)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("plane", [*Plane, "oblique"])
def test_slabs(
    gl: BrowserGL, gpu: WebGLRenderer, state: VolumeState, plane: str, projection: Projection
) -> None:
    shelf = Shelf(volumes={"ct": volume(state=state)})
    layer = PlaneLayer("ct", grid_of(shelf, plane, 3.1), Slab(20.0, projection), Window(0, 1200))
    same(gl, gpu, shelf, layer)


@pytest.mark.parametrize("thickness", [0.1, 0.5, 1.0, 20.0, 40.0, 80.0, 160.0])
@pytest.mark.requirement("B-42")
def test_every_thickness(gl: BrowserGL, gpu: WebGLRenderer, thickness: float) -> None:
    shelf = Shelf(volumes={"ct": volume()})
    layer = PlaneLayer("ct", grid_of(shelf, "CORONAL"), Slab(thickness), Window(200, 1500))
    same(gl, gpu, shelf, layer)


def absent(*missing: int) -> np.ndarray:
    present = np.ones(24, dtype=np.bool_)
    present[list(missing)] = False
    return present


VOLUMES: dict[str, dict[str, Any]] = {
    "unsigned 8": {"values": body("u1"), "slope": 12.0, "intercept": -1000.0},
    "unsigned 16": {"values": body("u2"), "intercept": -1100.0},
    "float (PET)": {"values": body("f4")},
    "negative slope": {"values": -body(), "slope": -1.0},
    "padding": {"has_padding": True, "padding_low": -1200.0, "padding_high": -980.0},
    "slices to come": {"present": absent(3, 4, 11, 23)},
}


@pytest.mark.parametrize("slab", [Slab(), Slab(15.0), Slab(15.0, Projection.AVGIP)])
@pytest.mark.parametrize("plane", ["SAGITTAL", "AXIAL", "oblique"])
@pytest.mark.parametrize("kind", VOLUMES)
def test_every_kind_of_volume(
    gl: BrowserGL, gpu: WebGLRenderer, kind: str, plane: str, slab: Slab
) -> None:
    shelf = Shelf(volumes={"ct": volume(frame=frame_of(body()), **VOLUMES[kind])})
    same(gl, gpu, shelf, PlaneLayer("ct", grid_of(shelf, plane, 1.3), slab, Window(100, 1500)))


@pytest.mark.parametrize("detail", [0.5, 0.3])
def test_a_plane_that_moves_is_coarser(gl: BrowserGL, gpu: WebGLRenderer, detail: float) -> None:
    shelf = Shelf(volumes={"ct": volume()})
    same(gl, gpu, shelf, PlaneLayer("ct", grid_of(shelf), window=Window(0, 900), detail=detail))


@pytest.mark.parametrize("name", FILTERS)
def test_filtered_planes(gl: BrowserGL, gpu: WebGLRenderer, name: str) -> None:
    shelf = Shelf(volumes={"ct": volume()})
    same(gl, gpu, shelf, PlaneLayer("ct", grid_of(shelf), window=Window(0, 1500), filter=name))


@pytest.mark.requirement("B-46", "C-24", "C-35")
@pytest.mark.parametrize("opacity", [0.0, 0.35, 1.0])
@pytest.mark.parametrize("base", ["plane", "frame"])
def test_fusion(gl: BrowserGL, gpu: WebGLRenderer, opacity: float, base: str) -> None:
    pet = volume("pet", values=body("f4", 3)[::2, :, ::-1].copy())
    shelf = Shelf(volumes={"ct": volume(), "pet": pet})
    grid = grid_of(shelf, "AXIAL")
    lower: Layer = PlaneLayer("ct", grid)
    if base == "frame":
        single, lower = image(body()[12])
        shelf.frames = single.frames
    above = PlaneLayer("pet", grid, window=Window(0, 900), color_map="hot_iron", opacity=opacity)
    apart = far(gl, gpu, scene_of(lower, above), shelf)
    # A grey level is up to two steps of hot iron.
    assert (apart <= 2).mean() >= MOST and (apart <= 1).mean() >= 0.99


def test_curves(gl: BrowserGL, gpu: WebGLRenderer) -> None:
    shelf = Shelf(volumes={"ct": volume()})
    points = tuple((-15.0 + 0.4 * n, -10 + 0.2 * n, 6.0 + 0.35 * n) for n in range(90))
    layer = CurveLayer(
        "ct", points, ((0.0, 1.0, 0.0),) * 90, 0.5, 60, (1.3, 0.0, 0.0, 1.3, 9.0, 12.0), Slab(4.0)
    )
    same(gl, gpu, shelf, layer)


def test_a_window_step_computes_no_values(gl: BrowserGL, gpu: WebGLRenderer) -> None:
    shelf = Shelf(volumes={"ct": volume()})
    layer = PlaneLayer("ct", grid_of(shelf), Slab(20.0), Window(40, 400))
    gpu.draw(scene_of(layer), shelf)
    gl.flush()
    gpu.draw(scene_of(replace(layer, window=Window(100, 900))), shelf)
    assert [call[0] for call in gl.queue].count("drawArrays") == 1
    drawn = gl.picture(WIDTH, HEIGHT).astype(int)
    expected = numpy_renderer.render(scene_of(replace(layer, window=Window(100, 900))), shelf)
    assert np.abs(drawn - expected[..., :3]).max() <= 1


def test_slices_go_up_as_they_come(gl: BrowserGL, gpu: WebGLRenderer) -> None:
    gpu.forget()
    present = absent(*range(5, 24))
    shelf = Shelf(volumes={"ct": volume(present=present)})
    layer = PlaneLayer("ct", grid_of(shelf, "CORONAL"))
    gpu.draw(scene_of(layer), shelf)
    gl.flush()
    present[5:9] = True
    shelf.volumes["ct"] = replace(shelf.volumes["ct"], generation=1)
    gpu.draw(scene_of(layer), shelf)
    assert [call[0] for call in gl.queue].count("texSubImage3D") == 4
    drawn = gl.picture(WIDTH, HEIGHT).astype(int)
    expected = numpy_renderer.render(scene_of(layer), shelf)[..., :3]
    assert (np.abs(drawn - expected) <= 1).mean() >= MOST


# --- volume rendering ----------------------------------------------------------------------------

# A sample on the border of two entries of the table, or at the end of a ray, may fall to either
# side; the picture is a sum over many. So two levels, and one for nearly all.
RENDERED = 2


@pytest.mark.requirement("B-47", "C-32")
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("state", STATES)
def test_renderings(gl: BrowserGL, gpu: WebGLRenderer, state: VolumeState, preset: str) -> None:
    shelf = Shelf(volumes={"ct": volume(state=state)})
    apart = far(gl, gpu, scene_of(RenderingLayer("ct", grid_of(shelf), preset)), shelf)
    assert (apart <= RENDERED).mean() >= 0.998, f"{(apart > RENDERED).sum()}, {apart.max()}"
    assert (apart <= 1).mean() >= 0.99


@pytest.mark.requirement("B-47", "C-32")
@pytest.mark.parametrize(
    "change",
    [
        {"clip_low": (0.3, 0.0, 0.2), "clip_high": (0.9, 0.55, 1.0)},
        {"window": Window(300, 800)},
        {"detail": 0.4},
    ],
)
def test_renderings_clipped_windowed_and_coarse(
    gl: BrowserGL, gpu: WebGLRenderer, change: dict[str, Any]
) -> None:
    shelf = Shelf(volumes={"ct": volume(present=absent(4))})
    apart = far(gl, gpu, scene_of(RenderingLayer("ct", grid_of(shelf), "bone", **change)), shelf)
    assert (apart <= RENDERED).mean() >= 0.998, f"{(apart > RENDERED).sum()}, {apart.max()}"
