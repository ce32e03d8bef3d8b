"""The reference renderer beside its rule written out pixel by pixel, and its edges."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels import pipeline
from viewer_py.pixels.voi import Window
from viewer_py.render import numpy_renderer
from viewer_py.render.sampling import MOST_TAPS
from viewer_py.render.sources import FrameSources
from viewer_py.scene.model import (
    CornerText,
    ImageLayer,
    Matrix,
    OrientationMarks,
    PaneScene,
    Rectangle,
    Scene,
)

PADDING = -2000
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def frame_of(stored: np.ndarray, **attributes: object) -> FrameAttributes:
    return FrameAttributes(
        "1.2.3",
        1,
        *stored.shape[:2],
        samples_per_pixel=stored.shape[2] if stored.ndim == 3 else 1,
        signed=True,
        smallest_value=-1000,
        largest_value=1000,
        **attributes,  # type: ignore[arg-type]
    )


def pane(layer: ImageLayer | None, area: Rectangle) -> PaneScene:
    return PaneScene(area, layer, CornerText(), OrientationMarks())


def draw(
    stored: np.ndarray, layer: ImageLayer, size: tuple[int, int], area: Rectangle | None = None
) -> np.ndarray:
    """Render one layer on a canvas of (width, height); return RGB."""
    scene = Scene(*size, (pane(layer, area or Rectangle(0, 0, *size)),))
    picture = numpy_renderer.render(scene, FrameSources(lambda _series, _frame: stored))
    assert picture.shape == (size[1], size[0], 4)
    assert (picture[..., 3] == 255).all()
    return picture[..., :3]


def grey(picture: np.ndarray) -> np.ndarray:
    """Return one channel of a grey picture."""
    assert (picture == picture[..., :1]).all()
    return picture[..., 0]


def by_the_rule(stored: np.ndarray, layer: ImageLayer, size: tuple[int, int]) -> np.ndarray:
    """Apply the rule of `sampling` to one device pixel after the other, in plain Python."""
    a, b, c, d, e, f = layer.matrix
    to_image = np.linalg.inv(np.array([[a, c, e], [b, d, f], [0, 0, 1]]))
    rows, columns = stored.shape[:2]
    taps_x, taps_y = (
        min(max(math.floor(math.hypot(*to_image[:2, axis]) + 0.5 + 1e-9), 1), MOST_TAPS)
        for axis in (0, 1)
    )
    picture = np.zeros((size[1], size[0], 3))
    for y in range(size[1]):
        for x in range(size[0]):
            u, v, _ = to_image @ [x + 0.5, y + 0.5, 1]
            if not (0 <= u < columns and 0 <= v < rows):
                continue
            total, weight = np.zeros(stored.shape[2:]), 0.0
            for i in range(taps_x):
                for j in range(taps_y):
                    point = [x + (i + 0.5) / taps_x, y + (j + 0.5) / taps_y, 1]
                    s, t, _ = to_image @ point - 0.5
                    s, t = min(max(s, 0), columns - 1), min(max(t, 0), rows - 1)
                    for column in (math.floor(s), math.floor(s) + 1):
                        for row in (math.floor(t), math.floor(t) + 1):
                            share = (1 - abs(s - column)) * (1 - abs(t - row))
                            if share == 0 or (stored[row, column] == PADDING).any():
                                continue
                            total = total + share * stored[row, column]
                            weight += share
            if weight < 0.5 * taps_x * taps_y:
                picture[y, x] = 255 if layer.inverted else 0
                continue
            value = np.array([[total / weight]])
            unpadded = dataclasses.replace(layer.frame, pixel_padding_value=None)
            picture[y, x] = pipeline.display(value, unpadded, layer.window, layer.inverted)[0, 0]
    return picture


@st.composite
def layers(draw_: st.DrawFn) -> tuple[np.ndarray, ImageLayer]:
    """Draw an image, some of it padding or all of it colour, lying anyhow on the canvas."""
    rows, columns = draw_(st.integers(1, 9)), draw_(st.integers(1, 9))
    random = np.random.default_rng(draw_(st.integers(0, 1 << 30)))
    if draw_(st.booleans()):
        stored = random.integers(0, 256, (rows, columns, 3)).astype(np.uint8)
        frame = frame_of(stored)
    else:
        stored = random.integers(-1000, 1000, (rows, columns)).astype(np.int16)
        stored[random.random((rows, columns)) < 0.2] = PADDING
        frame = frame_of(stored, pixel_padding_value=PADDING)
    zoom_x, zoom_y = draw_(st.floats(0.1, 4)), draw_(st.floats(0.1, 4))
    flip = draw_(st.sampled_from([1, -1]))
    quarter = draw_(st.integers(0, 3)) * math.pi / 2
    angle = quarter + draw_(st.sampled_from([0.0, 0.0, 0.3]))
    # Odd shifts keep pixel centres off the edges, where two correct renderers may differ.
    shift = (5.123 + draw_(st.integers(-3, 3)), 5.217 + draw_(st.integers(-3, 3)))
    cosine, sine = math.cos(angle), math.sin(angle)
    a, b, c, d = zoom_x * cosine * flip, zoom_x * sine * flip, -zoom_y * sine, zoom_y * cosine
    e = shift[0] - a * columns / 2 - c * rows / 2
    f = shift[1] - b * columns / 2 - d * rows / 2
    window = Window(0, 2000) if stored.ndim == 2 else None
    return stored, ImageLayer("s", 0, frame, (a, b, c, d, e, f), window, draw_(st.booleans()))


@settings(deadline=None)
@given(layers())
@pytest.mark.requirement("B-16")
def test_the_picture_is_the_rule(drawn: tuple[np.ndarray, ImageLayer]) -> None:
    stored, layer = drawn
    ours = draw(stored, layer, (11, 12)).astype(int)
    expected = by_the_rule(stored, layer, (11, 12))
    # Where padding has almost exactly half of the weight, rounding decides between the two.
    wrong = (np.abs(ours - expected) > 1).any(axis=-1)
    assert wrong.sum() <= (1 if layer.frame.pixel_padding_value is not None else 0)


@pytest.mark.requirement("B-07", "B-16")
@pytest.mark.parametrize("matrix", [IDENTITY, (1.0, 0.0, 0.0, 1.0, 1e-9, 0.0)])
def test_one_to_one_is_the_exact_picture(matrix: Matrix) -> None:
    """By the copy and by interpolation alike."""
    stored = np.random.default_rng(1).integers(-1000, 1000, (40, 30)).astype(np.int16)
    frame = frame_of(stored)
    picture = draw(stored, ImageLayer("s", 0, frame, matrix), (30, 40))
    assert (grey(picture) == pipeline.display(stored, frame)).all()


@pytest.mark.parametrize("zoom", [2, 3, 5])
def test_a_pixel_centre_keeps_its_grey_at_any_zoom(zoom: int) -> None:
    stored = np.random.default_rng(2).integers(-1000, 1000, (7, 9)).astype(np.int16)
    frame = frame_of(stored)
    half = 0.5 - zoom / 2  # puts a pixel centre on the first device pixel's centre
    layer = ImageLayer("s", 0, frame, (zoom, 0.0, 0.0, zoom, half, half))
    picture = grey(draw(stored, layer, (9 * zoom, 7 * zoom)))
    assert (picture[::zoom, ::zoom] == pipeline.display(stored, frame)).all()


@pytest.mark.parametrize(
    ("matrix", "numpy_form"),
    [
        ((0.0, 1.0, -1.0, 0.0, 6.0, 0.0), lambda image: np.rot90(image, -1)),
        ((-1.0, 0.0, 0.0, -1.0, 8.0, 6.0), lambda image: np.rot90(image, 2)),
        ((0.0, -1.0, 1.0, 0.0, 0.0, 8.0), lambda image: np.rot90(image, 1)),
        ((-1.0, 0.0, 0.0, 1.0, 8.0, 0.0), np.fliplr),
        ((1.0, 0.0, 0.0, -1.0, 0.0, 6.0), np.flipud),
    ],
    ids=["right", "half", "left", "mirrored", "upside down"],
)
def test_quarter_turns_and_flips_move_pixels_only(matrix: Matrix, numpy_form) -> None:
    stored = np.random.default_rng(3).integers(-1000, 1000, (6, 8)).astype(np.int16)
    frame = frame_of(stored)
    expected = numpy_form(pipeline.display(stored, frame))
    picture = draw(stored, ImageLayer("s", 0, frame, matrix), expected.shape[::-1])
    assert (grey(picture) == expected).all()


@pytest.mark.parametrize("zoom", [0.3, 0.9, 1.7, 6.5])
@pytest.mark.parametrize("turn", [0.0, 0.4])
def test_padding_never_mixes_with_its_neighbours(zoom: float, turn: float) -> None:
    """An even image with holes: each device pixel is the image's grey or black, nothing between."""
    stored = np.full((30, 30), 500, dtype=np.int16)
    stored[np.random.default_rng(4).random(stored.shape) < 0.3] = PADDING
    frame = frame_of(stored, pixel_padding_value=PADDING)
    a, b = zoom * math.cos(turn), zoom * math.sin(turn)
    layer = ImageLayer("s", 0, frame, (a, b, -b, a, 10.0, 0.0), Window(0, 2000))
    greys = set(np.unique(draw(stored, layer, (40, 40))).tolist())
    assert greys == {0, int(pipeline.display(np.array([[500]]), frame, Window(0, 2000))[0, 0])}


def test_a_small_bright_spot_survives_being_drawn_small() -> None:
    """A single pixel (a micro-calcification) drawn at a quarter darkens, but never vanishes."""
    frame = frame_of(np.zeros((64, 64)))
    for offset in range(4):
        stored = np.zeros((64, 64), dtype=np.int16)
        stored[30 + offset, 33 - offset] = 1000
        layer = ImageLayer("s", 0, frame, (0.25, 0.0, 0.0, 0.25, 0.0, 0.0), Window(500, 1000))
        assert draw(stored, layer, (16, 16)).max() >= 12


@pytest.mark.requirement("B-27")
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_inverted_canvas_is_255_less_p(photometric: str) -> None:
    stored = np.random.default_rng(5).integers(-1000, 1000, (20, 20)).astype(np.int16)
    stored[:5] = PADDING
    frame = frame_of(stored, pixel_padding_value=PADDING, photometric_interpretation=photometric)
    plain = ImageLayer("s", 0, frame, (1.7, 0.0, 0.0, 1.7, 0.0, 0.0))
    picture = draw(stored, plain, (34, 34)).astype(int)
    inverted = draw(stored, dataclasses.replace(plain, inverted=True), (34, 34)).astype(int)
    assert (inverted == 255 - picture).all()


def test_outside_the_image_is_black_even_when_inverted() -> None:
    stored = np.full((4, 4), -1000, dtype=np.int16)
    layer = ImageLayer("s", 0, frame_of(stored), (1.0, 0.0, 0.0, 1.0, 3.0, 2.0), inverted=True)
    picture = grey(draw(stored, layer, (10, 10)))
    assert (picture[2:6, 3:7] == 255).all()
    assert picture.sum() == 16 * 255


def test_layers_keep_to_their_panes() -> None:
    stored = np.full((10, 10), 1000, dtype=np.int16)
    frame = frame_of(stored)
    layer = ImageLayer("s", 0, frame, (2.0, 0.0, 0.0, 2.0, -3.0, -3.0))
    area = Rectangle(4, 5, 6, 3)
    for matrix in (layer.matrix, IDENTITY, (2.0, 0.5, -0.5, 2.0, 0.0, 0.0)):
        picture = draw(stored, dataclasses.replace(layer, matrix=matrix), (12, 12), area)
        inside = grey(picture)[5:8, 4:10]
        assert (inside == 255).all()
        assert int(grey(picture).astype(int).sum()) == 18 * 255


def test_each_pane_shows_its_own_frame() -> None:
    images = {("a", 0): np.full((2, 2), 1000), ("b", 3): np.full((2, 2), -1000)}
    frame = frame_of(np.zeros((2, 2)))
    panes = (
        pane(ImageLayer("a", 0, frame, IDENTITY), Rectangle(0, 0, 2, 2)),
        pane(ImageLayer("b", 3, frame, (1.0, 0.0, 0.0, 1.0, 2.0, 0.0)), Rectangle(2, 0, 2, 2)),
        pane(ImageLayer("b", 4, frame, (1.0, 0.0, 0.0, 1.0, 4.0, 0.0)), Rectangle(4, 0, 2, 2)),
        pane(None, Rectangle(6, 0, 2, 2)),
    )
    picture = numpy_renderer.render(
        Scene(8, 2, panes), FrameSources(lambda series, index: images.get((series, index)))
    )
    assert picture[0, :, 0].tolist() == [255, 255, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    "matrix",
    [
        (0.0,) * 6,
        (1.0, 1.0, 1.0, 1.0, 0.0, 0.0),
        (math.nan, 0.0, 0.0, 1.0, 0.0, 0.0),
        (1.0, 0.0, 0.0, 1.0, math.nan, 0.0),
        (1.0, 0.0, 0.0, 1.0, 0.0, math.inf),
        (1.5, 0.0, 0.0, 1.5, 500.0, 0.0),
        (1.0, 0.0, 0.0, 1.0, 500.0, -500.0),
        (1.0, 1.0, -1.0, 1.0, -500.0, 0.0),
    ],
)
def test_nothing_to_see_is_black(matrix: Matrix) -> None:
    stored = np.full((4, 4), 1000, dtype=np.int16)
    assert not draw(stored, ImageLayer("s", 0, frame_of(stored), matrix), (10, 10)).any()


def test_a_pane_partly_off_the_canvas_is_cut() -> None:
    stored = np.full((20, 20), 1000, dtype=np.int16)
    layer = ImageLayer("s", 0, frame_of(stored), (1.5, 0.0, 0.0, 1.5, -5.0, -5.0))
    picture = draw(stored, layer, (10, 10), Rectangle(-3, -3, 8, 30))
    assert (picture[:, :5] == 255).all()
    assert not picture[:, 5:].any()
