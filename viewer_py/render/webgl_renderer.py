"""Draw a scene with WebGL 2: the same picture as `numpy_renderer`, made on the GPU.

Stored values go into integer textures (no float filtering is needed, which phones lack) and the
shader does what `pixels.transfer.shade` does. One context for the whole reading area, a scissor a
pane. `gl` is anything with the WebGL2RenderingContext's methods, so a recorder can stand in.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from viewer_py.pixels.transfer import DisplayTransfer, TransferMode, display_transfer
from viewer_py.render.sampling import inverse, tap_counts
from viewer_py.render.sources import Sources, is_complete, layers_of
from viewer_py.render.webgl_shader import FRAGMENT, VERTEX, SampleKind
from viewer_py.scene.model import ImageLayer, PaneScene, Scene


class WebGLError(RuntimeError):
    """The GPU refused the shader, or cannot hold these pixels."""


class GraphicsContext(Protocol):
    """The part of WebGL2RenderingContext used here; pixels are passed as C-ordered arrays."""

    def __getattr__(self, name: str) -> Any: ...


@dataclass(frozen=True)
class TextureForm:
    """How pixels of one dtype are kept on the GPU (names are WebGL's constants)."""

    kind: SampleKind
    internal_format: str
    format: str
    type: str


_FORMS = {
    ("u", 1, 1): TextureForm(SampleKind.UNSIGNED, "R8UI", "RED_INTEGER", "UNSIGNED_BYTE"),
    ("i", 1, 1): TextureForm(SampleKind.SIGNED, "R8I", "RED_INTEGER", "BYTE"),
    ("u", 2, 1): TextureForm(SampleKind.UNSIGNED, "R16UI", "RED_INTEGER", "UNSIGNED_SHORT"),
    ("i", 2, 1): TextureForm(SampleKind.SIGNED, "R16I", "RED_INTEGER", "SHORT"),
    ("u", 1, 3): TextureForm(SampleKind.UNSIGNED, "RGB8UI", "RGB_INTEGER", "UNSIGNED_BYTE"),
}

_MODES = {mode: number for number, mode in enumerate(TransferMode)}
_LUT_ROW = 1024  # entries a row of the table's texture; 65536 entries fit 64 rows


def texture_form(pixels: NDArray[Any]) -> TextureForm:
    """Return the texture form for `pixels`, (rows, columns) or (rows, columns, 3).

    Raises WebGLError for a dtype that no integer texture holds.
    """
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    form = _FORMS.get((pixels.dtype.kind, pixels.dtype.itemsize, samples))
    if form is None:
        raise WebGLError(f"no texture holds {pixels.dtype} with {samples} samples")
    return form


@dataclass(frozen=True)
class _Texture:
    handle: Any
    form: TextureForm
    size: int


class TextureCache:
    """Textures of frames, the least recently drawn deleted first once `budget` bytes are passed."""

    def __init__(self, gl: GraphicsContext, budget: int) -> None:
        self._gl = gl
        self._budget = budget
        self._textures: OrderedDict[tuple[str, int], _Texture] = OrderedDict()

    @property
    def size(self) -> int:
        """Return the bytes held."""
        return sum(texture.size for texture in self._textures.values())

    def get(self, key: tuple[str, int], pixels: NDArray[Any]) -> _Texture:
        """Return the texture of a frame, uploading it first when it is not there."""
        texture = self._textures.get(key)
        if texture is None:
            texture = _upload(self._gl, pixels)
            self._textures[key] = texture
        self._textures.move_to_end(key)
        while self.size > self._budget and len(self._textures) > 1:
            _, oldest = self._textures.popitem(last=False)
            self._gl.deleteTexture(oldest.handle)
        return texture

    def clear(self) -> None:
        """Delete every texture."""
        for texture in self._textures.values():
            self._gl.deleteTexture(texture.handle)
        self._textures.clear()


def _new_texture(gl: GraphicsContext) -> Any:
    handle = gl.createTexture()
    gl.bindTexture(gl.TEXTURE_2D, handle)
    for name in ("TEXTURE_MIN_FILTER", "TEXTURE_MAG_FILTER"):
        gl.texParameteri(gl.TEXTURE_2D, getattr(gl, name), gl.NEAREST)
    for name in ("TEXTURE_WRAP_S", "TEXTURE_WRAP_T"):
        gl.texParameteri(gl.TEXTURE_2D, getattr(gl, name), gl.CLAMP_TO_EDGE)
    return handle


def _upload(gl: GraphicsContext, pixels: NDArray[Any]) -> _Texture:
    form = texture_form(pixels)
    handle = _new_texture(gl)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    rows, columns = pixels.shape[:2]
    gl.texImage2D(
        gl.TEXTURE_2D,
        0,
        getattr(gl, form.internal_format),
        columns,
        rows,
        0,
        getattr(gl, form.format),
        getattr(gl, form.type),
        np.ascontiguousarray(pixels),
    )
    return _Texture(handle, form, pixels.nbytes)


def _compile(gl: GraphicsContext, kind: int, source: str) -> Any:
    shader = gl.createShader(kind)
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    if not gl.getShaderParameter(shader, gl.COMPILE_STATUS):
        raise WebGLError(f"shader refused: {gl.getShaderInfoLog(shader)}")
    return shader


_UNIFORMS = (
    "u_pixels",
    "u_table",
    "u_size",
    "u_to_image",
    "u_to_image_offset",
    "u_canvas_height",
    "u_taps",
    "u_color",
    "u_mode",
    "u_share",
    "u_threshold",
    "u_invert",
    "u_padding",
    "u_has_padding",
    "u_padding_grey",
    "u_table_first",
    "u_table_length",
)


class _Program:
    """One linked program and where its uniforms are."""

    def __init__(self, gl: GraphicsContext, kind: SampleKind) -> None:
        self.handle = gl.createProgram()
        gl.attachShader(self.handle, _compile(gl, gl.VERTEX_SHADER, VERTEX))
        gl.attachShader(self.handle, _compile(gl, gl.FRAGMENT_SHADER, FRAGMENT[kind]))
        gl.linkProgram(self.handle)
        if not gl.getProgramParameter(self.handle, gl.LINK_STATUS):
            raise WebGLError(f"program refused: {gl.getProgramInfoLog(self.handle)}")
        self.at = {name: gl.getUniformLocation(self.handle, name) for name in _UNIFORMS}


class WebGLRenderer:
    """Draws scenes; raises WebGLError when the GPU cannot, the caller then falls back to numpy."""

    def __init__(self, gl: GraphicsContext, texture_budget: int) -> None:
        self._gl = gl
        self._programs = {kind: _Program(gl, kind) for kind in SampleKind}
        self._textures = TextureCache(gl, texture_budget)
        self._table = _new_texture(gl)
        self._table_of: bytes | None = None
        gl.disable(gl.DEPTH_TEST)
        gl.disable(gl.BLEND)
        gl.disable(gl.DITHER)
        gl.bindVertexArray(gl.createVertexArray())

    @property
    def texture_bytes(self) -> int:
        """Return the bytes of pixels on the GPU."""
        return self._textures.size

    def forget(self) -> None:
        """Delete the pixels on the GPU."""
        self._textures.clear()

    def clear(self, width: int, height: int) -> None:
        """Paint the whole canvas black."""
        gl = self._gl
        gl.disable(gl.SCISSOR_TEST)
        gl.viewport(0, 0, width, height)
        gl.clearColor(0.0, 0.0, 0.0, 1.0)
        gl.clear(gl.COLOR_BUFFER_BIT)

    def draw(self, scene: Scene, sources: Sources) -> bool:
        """Draw what `sources` has of `scene`; return whether that was every layer."""
        self.clear(scene.width, scene.height)
        for pane in scene.panes:
            for layer in layers_of(pane):
                if not isinstance(layer, ImageLayer):
                    continue
                stored = sources.frame(layer.series_id, layer.frame_index)
                if stored is not None:
                    self._draw_pane(scene, pane, layer, stored)
        return is_complete(scene, sources)

    def _draw_pane(
        self, scene: Scene, pane: PaneScene, image: ImageLayer, stored: NDArray[Any]
    ) -> None:
        gl, area = self._gl, pane.area
        texture = self._textures.get((image.series_id, image.frame_index), stored)
        program = self._programs[texture.form.kind]
        gl.enable(gl.SCISSOR_TEST)
        # WebGL counts from the bottom of the canvas.
        gl.scissor(area.x, scene.height - area.y - area.height, area.width, area.height)
        gl.useProgram(program.handle)
        gl.activeTexture(gl.TEXTURE0)
        gl.bindTexture(gl.TEXTURE_2D, texture.handle)
        gl.uniform1i(program.at["u_pixels"], 0)
        gl.uniform2i(program.at["u_size"], stored.shape[1], stored.shape[0])
        gl.uniform1i(program.at["u_color"], int(stored.ndim == 3))
        self._set_place(program, image, scene.height)
        self._set_transfer(program, display_transfer(image.frame, image.window, image.inverted))
        gl.drawArrays(gl.TRIANGLES, 0, 3)

    def _set_place(self, program: _Program, image: ImageLayer, canvas_height: int) -> None:
        to_image = inverse(image.matrix)
        if to_image is None:
            raise WebGLError("the matrix of the image cannot be undone")
        gl = self._gl
        gl.uniform4f(program.at["u_to_image"], *to_image[:4])
        gl.uniform2f(program.at["u_to_image_offset"], *to_image[4:])
        gl.uniform2i(program.at["u_taps"], *tap_counts(to_image))
        gl.uniform1f(program.at["u_canvas_height"], canvas_height)

    def _set_transfer(self, program: _Program, transfer: DisplayTransfer) -> None:
        gl, at = self._gl, program.at
        factor, offset, threshold = ramp(transfer)
        gl.uniform1i(at["u_mode"], _MODES[transfer.mode])
        gl.uniform2f(at["u_share"], factor, offset)
        gl.uniform1i(at["u_threshold"], int(threshold))
        gl.uniform1i(at["u_invert"], int(transfer.invert))
        gl.uniform1i(at["u_has_padding"], int(transfer.has_padding))
        gl.uniform2i(at["u_padding"], transfer.padding_low, transfer.padding_high)
        gl.uniform1f(at["u_padding_grey"], transfer.padding_grey / 255.0)
        gl.uniform1i(at["u_table"], 1)
        gl.uniform1i(at["u_table_first"], transfer.lut_first)
        gl.uniform1i(at["u_table_length"], len(transfer.lut))
        self._set_table(transfer.lut)

    def _set_table(self, table: bytes) -> None:
        gl = self._gl
        gl.activeTexture(gl.TEXTURE1)
        gl.bindTexture(gl.TEXTURE_2D, self._table)
        if table == self._table_of:
            return
        # An integer texture must be bound even when the mode needs no table.
        rows = max(-(-len(table) // _LUT_ROW), 1)
        entries = np.zeros(rows * _LUT_ROW, dtype=np.uint8)
        entries[: len(table)] = np.frombuffer(table, dtype=np.uint8)
        gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
        gl.texImage2D(
            gl.TEXTURE_2D, 0, gl.R8UI, _LUT_ROW, rows, 0, gl.RED_INTEGER, gl.UNSIGNED_BYTE,
            entries.reshape(rows, _LUT_ROW),
        )  # fmt: skip
        self._table_of = table


def ramp(transfer: DisplayTransfer) -> tuple[float, float, bool]:
    """Return (factor, offset, threshold): share = stored · factor + offset.

    For SIGMOID the share is 1 / (1 + exp(stored · factor + offset)). With `threshold` (LINEAR of
    width 1) the share is 1 where stored · factor + offset > 0.
    """
    slope, intercept = transfer.slope, transfer.intercept
    if transfer.mode is TransferMode.SIGMOID:
        return (
            -4.0 * slope / transfer.width,
            -4.0 * (intercept - transfer.center) / transfer.width,
            False,
        )
    if transfer.mode is TransferMode.LUT:
        return 1.0, 0.0, False
    low, high = transfer.bounds()
    if high <= low:
        return slope, intercept - low, True
    return slope / (high - low), (intercept - low) / (high - low), False
