"""The scene: where the image lies, what the corners and letters say, how long the bar is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.view.samples import make_frame, make_series, open_state
from viewer_py.render.sampling import inverse
from viewer_py.scene.compose import compose, first_corners, orientation_marks, scale_bar
from viewer_py.scene.texts import age_text, date_text, person_name
from viewer_py.view.commands import run
from viewer_py.view.fit import image_matrix
from viewer_py.view.state import CanvasSize, ViewerState, Viewport


def at(matrix: tuple[float, ...], x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def test_a_fitted_image_is_centred_and_touches_two_edges() -> None:
    matrix = image_matrix(make_frame(), CanvasSize(300, 100, 2), Viewport())
    # 60 × 40 pixels into 600 × 200 device pixels: 5 device pixels each, 150 left free.
    assert at(matrix, 0, 0) == pytest.approx((150, 0))
    assert at(matrix, 60, 40) == pytest.approx((450, 200))


def test_unequal_spacing_stretches_the_image() -> None:
    frame = make_frame(pixel_spacing=(1.0, 0.5))
    matrix = image_matrix(frame, CanvasSize(600, 800, 1), Viewport())
    # 60 columns of 0.5 mm and 40 rows of 1 mm: 30 × 40 mm, 20 pixels a mm.
    assert at(matrix, 60, 40) == pytest.approx((600, 800))


def test_a_quarter_turn_fits_the_turned_image() -> None:
    matrix = image_matrix(make_frame(), CanvasSize(400, 600, 1), Viewport(rotation=90))
    assert at(matrix, 0, 0) == pytest.approx((400, 0))  # the first pixel is now top right
    assert at(matrix, 60, 0) == pytest.approx((400, 600))


viewports = st.builds(
    Viewport,
    zoom=st.floats(0.1, 40),
    pan_x=st.floats(-500, 500),
    pan_y=st.floats(-500, 500),
    rotation=st.one_of(st.sampled_from([0.0, 90.0, 180.0, 270.0]), st.floats(0, 360)),
    flip_horizontal=st.booleans(),
    flip_vertical=st.booleans(),
)
canvases = st.builds(
    CanvasSize,
    width=st.floats(50, 3000),
    height=st.floats(50, 3000),
    pixel_ratio=st.sampled_from([1, 1.5, 2, 3]),
)


@given(viewports, canvases, st.floats(-100, 100), st.floats(-100, 100))
def test_the_matrix_and_its_inverse_undo_each_other(
    viewport: Viewport, canvas: CanvasSize, x: float, y: float
) -> None:
    matrix = image_matrix(make_frame(), canvas, viewport)
    back = inverse(matrix)
    assert back is not None
    assert at(back, *at(matrix, x, y)) == pytest.approx((x, y), abs=1e-6)


@given(viewports, canvases)
def test_the_image_centre_lies_on_the_canvas_centre_plus_the_pan(
    viewport: Viewport, canvas: CanvasSize
) -> None:
    matrix = image_matrix(make_frame(), canvas, viewport)
    expected = (
        (canvas.width / 2 + viewport.pan_x) * canvas.pixel_ratio,
        (canvas.height / 2 + viewport.pan_y) * canvas.pixel_ratio,
    )
    assert at(matrix, 30, 20) == pytest.approx(expected, abs=1e-6)


@pytest.mark.requirement("B-23")
@given(st.floats(0.5, 2), st.floats(0, 300), st.floats(0, 200), st.sampled_from([0.0, 90.0, 31.0]))
def test_zooming_keeps_the_point_under_the_finger(
    factor: float, x: float, y: float, rotation: float
) -> None:
    state = open_state(make_series())
    state = run(state, "viewport.set", {"zoom": 1.5, "pan_x": 20, "rotation": rotation})
    before = compose(state).panes[0].image
    zoomed = run(state, "viewport.zoom", {"factor": factor, "x": x, "y": y})
    after = compose(zoomed).panes[0].image
    assert before is not None and after is not None
    there = inverse(before.matrix)
    assert there is not None
    device = (x * 2, y * 2)
    assert at(after.matrix, *at(there, *device)) == pytest.approx(device, abs=1e-6)


@pytest.mark.requirement("B-24")
@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(0.1, 40))
def test_no_pan_loses_the_picture(x: float, y: float, zoom: float) -> None:
    state = run(open_state(make_series()), "viewport.set", {"zoom": zoom})
    view = run(state, "viewport.pan", {"x": x, "y": y}).pane().viewport
    side = 200 * zoom
    assert abs(view.pan_x) < (300 + side) / 2
    assert abs(view.pan_y) < (200 + side) / 2


def test_orientation_letters_follow_turning_and_mirroring() -> None:
    frame = make_frame()
    plain = orientation_marks(frame, Viewport())
    assert (plain.left, plain.right, plain.top, plain.bottom) == ("R", "L", "A", "P")
    turned = orientation_marks(frame, Viewport(rotation=90))
    assert (turned.left, turned.right, turned.top, turned.bottom) == ("P", "A", "R", "L")
    mirrored = orientation_marks(frame, Viewport(flip_horizontal=True))
    assert (mirrored.left, mirrored.right, mirrored.top) == ("L", "R", "A")


def test_letters_agree_with_where_the_matrix_puts_the_patient(state: ViewerState) -> None:
    for rotation in (0.0, 90.0, 180.0, 270.0):
        for flip in (False, True):
            viewport = Viewport(rotation=rotation, flip_horizontal=flip)
            matrix = image_matrix(make_frame(), state.canvas, viewport)
            left = orientation_marks(make_frame(), viewport).left
            # Column index grows to the patient's left (L), row index to the back (P).
            directions = {
                "L": (matrix[0], matrix[1]),
                "R": (-matrix[0], -matrix[1]),
                "P": (matrix[2], matrix[3]),
                "A": (-matrix[2], -matrix[3]),
            }
            across, down = directions[left]
            assert across < 0 and down == pytest.approx(0)


def test_no_letters_without_orientation() -> None:
    marks = orientation_marks(make_frame(image_orientation_patient=None), Viewport())
    assert marks.left == marks.right == marks.top == marks.bottom == ""


@pytest.mark.requirement("B-16")
def test_mirroring_what_is_seen_swaps_the_sides_even_when_turned(state: ViewerState) -> None:
    turned = run(state, "viewport.rotate", {"degrees": 90})
    before = compose(turned).panes[0].marks
    after = compose(run(turned, "viewport.flip", {"axis": "horizontal"})).panes[0].marks
    assert (after.left, after.right) == (before.right, before.left)
    assert (after.top, after.bottom) == (before.top, before.bottom)


@pytest.mark.requirement("B-16", "I-11")
@pytest.mark.parametrize("width", [320, 1200])
def test_the_six_items_stand_in_the_corners_of_phone_and_desktop(width: float) -> None:
    state = run(
        open_state(make_series()),
        "canvas.resize",
        {"width": width, "height": 500, "pixel_ratio": 1},
    )
    corners = compose(state).panes[0].corners
    words = "\n".join(
        corners.top_left + corners.top_right + corners.bottom_left + corners.bottom_right
    )
    for item in ("R ↔ L", "ACC7", "2026-03-09 14:05", "示范医院", "张 三", "男 58岁", "120 kV"):
        assert item in words
    assert "11 / 20" in words and "W 400  L 40" in words


def test_missing_values_are_a_dash_and_never_a_guess() -> None:
    bare = replace(
        make_series(image_orientation_patient=None, kvp=None, tube_current=None, pitch=None),
        heading=type(make_series().heading)(),
    )
    corners = first_corners(bare, 0, CanvasSize(1200, 800, 1))
    assert corners.top_left == ("-", "ID -", "- -", "检查号 -", "左/右 -")
    assert corners.top_right[:3] == ("-", "-", "-")
    assert "-  -  螺距 -" in corners.bottom_left


def test_an_mr_shows_its_own_parameters() -> None:
    series = make_series(
        modality="MR", repetition_time=450.0, echo_time=12.5, magnetic_field_strength=1.5
    )
    lines = first_corners(series, 0, CanvasSize(1200, 800, 1)).bottom_left
    assert "TR 450 ms  TE 12.5 ms  1.5 T" in lines
    assert not any("螺距" in line for line in lines)


def test_the_window_corner_follows_the_window(state: ViewerState) -> None:
    lung = run(state, "window.preset", {"name": "lung"})
    assert compose(lung).panes[0].corners.bottom_right[-1] == "W 1500  L -600"


@pytest.mark.requirement("B-23")
def test_the_zoom_corner_follows_the_zoom(state: ViewerState) -> None:
    first = compose(state).panes[0].corners.bottom_right
    zoomed = compose(run(state, "viewport.zoom", {"factor": 2})).panes[0].corners.bottom_right
    assert "缩放 500%" in first and "缩放 1000%" in zoomed


def test_the_scale_bar_is_as_long_as_its_millimetres() -> None:
    canvas = CanvasSize(300, 200, 2)
    bar = scale_bar(make_frame(), canvas, Viewport())
    assert bar is not None
    # 10 device pixels an image pixel of 0.5 mm: 20 a mm.
    assert bar.length_px == pytest.approx(bar.length_mm * 20)
    assert bar.length_mm == 5.0 and bar.calibration == ""


def test_a_bar_at_the_detector_says_so_and_none_stands_without_spacing() -> None:
    detector = make_frame(pixel_spacing=None, imager_pixel_spacing=(0.2, 0.2))
    bar = scale_bar(detector, CanvasSize(300, 200, 1), Viewport())
    assert bar is not None and "探测器" in bar.calibration
    unknown = make_frame(pixel_spacing=None)
    assert scale_bar(unknown, CanvasSize(300, 200, 1), Viewport()) is None


def test_an_empty_pane_is_an_empty_scene() -> None:
    scene = compose(ViewerState(canvas=CanvasSize(10.4, 20, 2)))
    assert (scene.width, scene.height) == (21, 40)
    assert scene.panes[0].image is None


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Zhang^San=张^三", "张 三"),
        ("Doe^John^^Dr", "Doe John Dr"),
        ("=王^五", "王 五"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田 太郎"),
        ("", ""),
    ],
)
def test_person_names(raw: str, shown: str) -> None:
    assert person_name(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"), [("045Y", "45岁"), ("006M", "6月"), ("", "-"), ("young", "young")]
)
def test_ages(raw: str, shown: str) -> None:
    assert age_text(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("20260309140512.123", "2026-03-09 14:05"),
        ("2026-03-09T14:05:12+08:00", "2026-03-09 14:05"),
        ("20260309", "2026-03-09"),
        ("", "-"),
    ],
)
def test_dates(raw: str, shown: str) -> None:
    assert date_text(raw) == shown


def test_a_picture_drawn_by_numpy_lies_where_the_matrix_says(state: ViewerState) -> None:
    from viewer_py.render import numpy_renderer
    from viewer_py.render.sources import FrameSources

    stored = np.full((40, 60), -1000, dtype=np.int16)
    stored[10, 20] = 1000
    picture = numpy_renderer.render(compose(state), FrameSources(lambda *_: stored))
    image = compose(state).panes[0].image
    assert image is not None
    x, y = at(image.matrix, 20.5, 10.5)
    brightest = np.unravel_index(picture[..., 0].argmax(), picture.shape[:2])
    assert abs(brightest[1] - x) <= 6 and abs(brightest[0] - y) <= 6


def test_colours_show_no_window_until_one_is_chosen() -> None:
    grey, color = make_series(), make_series(samples_per_pixel=3, photometric_interpretation="RGB")
    canvas = CanvasSize(1200, 800, 1)
    assert any(line.startswith("W ") for line in first_corners(grey, 0, canvas).bottom_right)
    assert not any(line.startswith("W ") for line in first_corners(color, 0, canvas).bottom_right)
