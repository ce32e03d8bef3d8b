"""The WebGL renderer against a recorder: what is uploaded, set and drawn, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.view.samples import make_series, open_state
from tests.view.volumes import Shelf, volume
from viewer_py.dicom.manifest import LookupTable
from viewer_py.pixels.transfer import display_transfer
from viewer_py.pixels.voi import Window
from viewer_py.render.sources import FrameSources
from viewer_py.render.webgl.display import ramp
from viewer_py.render.webgl.glsl_display import DISPLAY, SampleKind
from viewer_py.render.webgl.textures import texture_form
from viewer_py.render.webgl_renderer import WebGLError, WebGLRenderer
from viewer_py.scene.compose import compose
from viewer_py.scene.model import (
    CornerText,
    ImageLayer,
    OrientationMarks,
    PaneScene,
    PlaneLayer,
    Rectangle,
    Scene,
)
from viewer_py.view.commands import run
from viewer_py.volume.model import SampleGrid

AREA = Rectangle(0, 0, 9, 9)
GRID = SampleGrid((0.0, 0.0, 10.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), 9, 9)
FRAME = np.arange(40 * 60, dtype=np.int16).reshape(40, 60)


class RecordingGL:
    """Answers every WebGL name: capitals with themselves, functions by writing calls down."""

    def __init__(self, **answers: Any) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.answers: Mapping[str, Any] = answers
        self.made = 0

    def __getattr__(self, name: str) -> Any:
        if name.isupper() or name.replace("_", "").isupper():
            return name
        return lambda *args: self._call(name, args)

    def _call(self, name: str, args: tuple[Any, ...]) -> Any:
        self.calls.append((name, args))
        if name in self.answers:
            return self.answers[name]
        if name == "getParameter":
            return 4096
        if name == "getUniformLocation":
            return args[1]
        if name.startswith("create"):
            self.made += 1
            return f"{name}-{self.made}"
        return True

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [args for called, args in self.calls if called == name]

    def uniform(self, name: str) -> tuple[Any, ...]:
        hits = [a[1:] for n, a in self.calls if n.startswith("uniform") and a[0] == name]
        return hits[-1]


def draw(gl: RecordingGL, pixels: Any = FRAME, budget: int = 10**6, **attributes: Any) -> bool:
    renderer = WebGLRenderer(gl, budget)
    gl.calls.clear()
    state = open_state(make_series(**attributes))
    return renderer.draw(compose(state), FrameSources(lambda *_: pixels))


def test_stored_values_go_up_unchanged_as_an_integer_texture() -> None:
    gl = RecordingGL()
    assert draw(gl)
    upload = gl.of("texImage2D")[0]
    assert upload[:8] == (
        "TEXTURE_2D", 0, "R16I", 60, 40, 0, "RED_INTEGER", "SHORT",
    )  # fmt: skip
    assert upload[8] is FRAME or (upload[8] == FRAME).all()
    assert gl.of("drawArrays") == [("TRIANGLES", 0, 3)]


def test_no_texture_is_ever_filtered() -> None:
    gl = RecordingGL()
    draw(gl)
    filters = {args[2] for args in gl.of("texParameteri") if "FILTER" in args[1]}
    assert filters == {"NEAREST"}


@pytest.mark.parametrize(
    ("dtype", "shape", "internal"),
    [
        ("u1", (2, 3), "R8UI"),
        ("i1", (2, 3), "R8I"),
        ("u2", (2, 3), "R16UI"),
        ("i2", (2, 3), "R16I"),
        ("u1", (2, 3, 3), "RGB8UI"),
        ("f4", (2, 3), "R32UI"),
    ],
)
def test_every_dtype_has_its_texture(dtype: str, shape: tuple[int, ...], internal: str) -> None:
    samples = shape[2] if len(shape) == 3 else 1
    assert texture_form(np.dtype(dtype), samples).internal_format == internal


@pytest.mark.parametrize("dtype", ["i4", "f8", "u4"])
def test_what_no_texture_holds_is_refused(dtype: str) -> None:
    with pytest.raises(WebGLError):
        texture_form(np.dtype(dtype))


@pytest.mark.requirement("B-25")
def test_the_window_reaches_the_shader_as_the_linear_formula() -> None:
    gl = RecordingGL()
    draw(gl, rescale_slope=2.0, rescale_intercept=-1024.0)
    factor, offset = gl.uniform("u_share")
    # PS3.3 C.11.2.1.2.1 with c 40, w 400: (x - (c - 0.5)) / (w - 1) + 0.5
    for stored in (0.0, 400.0, 532.0, 700.0):
        x = stored * 2 - 1024
        assert stored * factor + offset == pytest.approx((x - 39.5) / 399 + 0.5)


def test_the_scissor_counts_from_the_bottom() -> None:
    gl = RecordingGL()
    draw(gl)
    assert gl.of("scissor") == [(0, 0, 600, 400)]
    assert gl.uniform("u_canvas_height") == (400,)


def test_monochrome1_and_padding_reach_the_shader() -> None:
    gl = RecordingGL()
    draw(gl, photometric_interpretation="MONOCHROME1", pixel_padding_value=-2000)
    assert gl.uniform("u_invert") == (1,)
    assert gl.uniform("u_has_padding") == (1,)
    assert gl.uniform("u_padding") == (-2000, -2000)


def test_a_voi_lut_goes_up_as_a_table_once() -> None:
    gl = RecordingGL()
    table = LookupTable(first_mapped=0, bits=8, values=tuple(range(256)))
    renderer = WebGLRenderer(gl, 10**6)
    state = open_state(make_series(voi_luts=(table,)))
    gl.calls.clear()
    for _ in range(3):
        renderer.draw(compose(state), FrameSources(lambda *_: FRAME))
    tables = [args for args in gl.of("texImage2D") if args[2] == "R8UI"]
    assert len(tables) == 1
    assert gl.uniform("u_table_length")[0] >= 256


def test_a_frame_goes_up_once_and_the_oldest_leaves_at_the_budget() -> None:
    gl = RecordingGL()
    renderer = WebGLRenderer(gl, 2 * FRAME.nbytes)
    state = open_state(make_series())
    gl.calls.clear()
    for frame in (0, 1, 0, 2, 0, 1):
        state = run(state, "stack.go", {"frame": frame})
        renderer.draw(compose(state), FrameSources(lambda *_: FRAME))
        assert renderer.texture_bytes <= 2 * FRAME.nbytes
    uploads = [args for args in gl.of("texImage2D") if args[2] == "R16I"]
    assert len(uploads) == 4  # 0, 1, 2 and 1 again; 0 was always the fresher one
    assert len(gl.of("deleteTexture")) == 2
    renderer.forget()
    assert renderer.texture_bytes == 0


def test_a_frame_that_is_not_there_leaves_black_and_says_so() -> None:
    gl = RecordingGL()
    assert not draw(gl, pixels=None)
    assert gl.of("clearColor") == [(0.0, 0.0, 0.0, 1.0)]
    assert not gl.of("drawArrays")


def test_a_refused_shader_is_an_error_with_its_log() -> None:
    with pytest.raises(WebGLError, match="no such sampler"):
        draw(RecordingGL(getShaderParameter=False, getShaderInfoLog="no such sampler"))
    with pytest.raises(WebGLError):
        draw(RecordingGL(getProgramParameter=False))


def test_a_volume_beyond_the_textures_is_refused_in_words() -> None:
    shelf = Shelf(volumes={"ct": volume()})
    layer = PlaneLayer("ct", GRID)
    scene = Scene(9, 9, (PaneScene(AREA, layer, CornerText(), OrientationMarks()),))
    with pytest.raises(WebGLError, match="MiB"):
        WebGLRenderer(RecordingGL(), 1000).draw(scene, shelf)
    with pytest.raises(WebGLError, match="larger than 16"):
        WebGLRenderer(RecordingGL(getParameter=16), 1 << 30).draw(scene, shelf)


def test_frames_give_way_to_a_volume_within_the_budget() -> None:
    gl = RecordingGL(checkFramebufferStatus="FRAMEBUFFER_COMPLETE")
    shelf = Shelf({("a", 0): FRAME}, {"ct": volume()})
    size = shelf.volumes["ct"].values.nbytes
    renderer = WebGLRenderer(gl, size + FRAME.nbytes // 2)
    frame = ImageLayer("a", 0, make_series().frames[0], (1.0, 0.0, 0.0, 1.0, 0.0, 0.0))
    for layer in (frame, PlaneLayer("ct", GRID)):
        pane = PaneScene(AREA, layer, CornerText(), OrientationMarks())
        renderer.draw(Scene(9, 9, (pane,)), shelf)
    assert renderer.texture_bytes == size


def test_a_width_of_one_is_a_threshold() -> None:
    frame = make_series().frames[0]
    factor, offset, threshold = ramp(display_transfer(frame, Window(10, 1)))
    assert threshold and 9.5 * factor + offset == pytest.approx(0)
    sigmoid = replace(frame, voi_lut_function="SIGMOID")
    factor, offset, threshold = ramp(display_transfer(sigmoid, Window(10, 4, "SIGMOID")))
    assert not threshold and 10 * factor + offset == pytest.approx(0)


def test_every_uniform_that_is_set_stands_in_every_shader() -> None:
    gl = RecordingGL()
    draw(gl)
    shaders = [DISPLAY[kind] for kind in (SampleKind.SIGNED, SampleKind.UNSIGNED)]
    for name, args in gl.calls:
        if name.startswith("uniform"):
            assert all(args[0] in source for source in shaders)
