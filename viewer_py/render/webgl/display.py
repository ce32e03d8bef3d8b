"""Draws a picture of values that lies on the GPU onto the canvas, and filters one."""

from __future__ import annotations

import numpy as np

from viewer_py.pixels import filters
from viewer_py.pixels.color_maps import colors_of
from viewer_py.pixels.transfer import DisplayTransfer, TransferMode
from viewer_py.render.pictures import Look
from viewer_py.render.sampling import inverse, tap_counts
from viewer_py.render.webgl.context import GraphicsContext, WebGLError
from viewer_py.render.webgl.glsl_display import DISPLAY, FILTER
from viewer_py.render.webgl.programs import Program, ProgramCache
from viewer_py.render.webgl.textures import FLOATS, Target, Texels, new_texture
from viewer_py.scene.model import Matrix, Rectangle

_MODES = {mode: number for number, mode in enumerate(TransferMode)}
_LUT_ROW = 1024  # entries a row of the table's texture; 65536 entries fit 64 rows
_WIDEST_FILTER = 5


class Display:
    """Draws pictures, with the tables that their looks need."""

    def __init__(self, gl: GraphicsContext, programs: ProgramCache) -> None:
        self._gl, self._programs = gl, programs
        self._table, self._table_of = new_texture(gl), b"none yet"
        self._map, self._map_of = new_texture(gl), "none yet"

    def draw(
        self, picture: Texels, matrix: Matrix, look: Look, area: Rectangle,
        canvas: tuple[int, int], *, above: bool,
    ) -> None:  # fmt: skip
        """Draw one picture into `area` of a canvas of (width, height).

        `above` says that another layer lies below: then what has no data is left as it is, and the
        rest mixed with it. Raises WebGLError for a matrix that cannot be undone.
        """
        gl, height = self._gl, canvas[1]
        program = self._programs.get(DISPLAY[picture.form.kind])
        gl.viewport(0, 0, *canvas)
        gl.enable(gl.SCISSOR_TEST)
        # WebGL counts from the bottom of the canvas.
        gl.scissor(area.x, height - area.y - area.height, area.width, area.height)
        program.use()
        set_pixels(gl, program, picture, look.transfer)
        self._set_place(program, matrix, height)
        self._set_transfer(program, look.transfer)
        self._set_map(program, look.color_map)
        program.integers("u_above", above)
        program.floats("u_opacity", min(max(look.opacity, 0.0), 1.0) if above else 1.0)
        if above:
            gl.enable(gl.BLEND)
            gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA)
        program.draw()
        if above:
            gl.disable(gl.BLEND)

    def filter(self, picture: Texels, transfer: DisplayTransfer, name: str, into: Target) -> Texels:
        """Draw a filtered picture into a target; return its texels. Raises KeyError, WebGLError."""
        gl, chosen = self._gl, filters.FILTERS[name]
        result = into.begin(picture.columns, picture.rows)
        program = self._programs.get(FILTER[picture.form.kind])
        program.use()
        set_pixels(gl, program, picture, transfer)
        weights = np.zeros((_WIDEST_FILTER, _WIDEST_FILTER))
        if chosen.weights:
            small = np.array(chosen.weights)
            edge = (_WIDEST_FILTER - len(small)) // 2
            weights[edge : edge + len(small), edge : edge + len(small)] = small
        for place, weight in enumerate(weights.reshape(-1)):
            program.floats(f"u_weights[{place}]", weight)
        program.floats("u_amount", chosen.amount)
        program.integers("u_median", not chosen.weights)
        program.draw()
        return result

    def _set_place(self, program: Program, matrix: Matrix, canvas_height: int) -> None:
        to_image = inverse(matrix)
        if to_image is None:
            raise WebGLError("the matrix of the image cannot be undone")
        program.floats("u_to_image", *to_image[:4])
        program.floats("u_to_image_offset", *to_image[4:])
        program.integers("u_taps", *tap_counts(to_image))
        program.floats("u_canvas_height", canvas_height)

    def _set_transfer(self, program: Program, transfer: DisplayTransfer) -> None:
        factor, offset, threshold = ramp(transfer)
        program.integers("u_mode", _MODES[transfer.mode])
        program.floats("u_share", factor, offset)
        program.integers("u_threshold", threshold)
        program.integers("u_invert", transfer.invert)
        program.floats("u_padding_grey", transfer.padding_grey / 255.0)
        program.integers("u_table", 1)
        program.integers("u_table_first", transfer.lut_first)
        program.integers("u_table_length", len(transfer.lut))
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

    def _set_map(self, program: Program, name: str) -> None:
        gl = self._gl
        program.integers("u_map", 2)
        program.integers("u_mapped", bool(name))
        gl.activeTexture(gl.TEXTURE2)
        gl.bindTexture(gl.TEXTURE_2D, self._map)
        if name == self._map_of:
            return
        colors = np.full((1, 256, 4), 255, dtype=np.uint8)
        colors[0, :, :3] = colors_of(name)
        gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
        gl.texImage2D(
            gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, colors
        )  # fmt: skip
        self._map_of = name


def set_pixels(
    gl: GraphicsContext, program: Program, picture: Texels, transfer: DisplayTransfer
) -> None:
    """Make a picture the one that a program reads."""
    gl.activeTexture(gl.TEXTURE0)
    gl.bindTexture(gl.TEXTURE_2D, picture.handle)
    program.integers("u_pixels", 0)
    program.integers("u_size", picture.columns, picture.rows)
    program.integers("u_color", transfer.mode is TransferMode.COLOR)
    program.integers("u_has_padding", transfer.has_padding and picture.form is not FLOATS)
    program.floats("u_padding", transfer.padding_low, transfer.padding_high)


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
