"""Volume rendering on the GPU, with the tables that it needs beside the volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.render.webgl.context import GraphicsContext
from viewer_py.render.webgl.glsl_rendering import RENDERING
from viewer_py.render.webgl.programs import Program, ProgramCache
from viewer_py.render.webgl.textures import Target, Texels, new_texture
from viewer_py.render.webgl.volumes import VolumeTexture, set_volume
from viewer_py.volume.lookup import SliceTable
from viewer_py.volume.model import SampleGrid, Volume
from viewer_py.volume.occupancy import BlockRanges, block_ranges, distances
from viewer_py.volume.raycast import EDGE_MM
from viewer_py.volume.rays import RayPlan, ray_plan
from viewer_py.volume.transfer import ENTRIES, TransferTable


@dataclass(frozen=True)
class View:
    """What is rendered, and from where; the clip box as in scene.RenderingLayer."""

    grid: SampleGrid
    table: TransferTable
    clip_low: tuple[float, float, float]
    clip_high: tuple[float, float, float]


class Rendering:
    """Casts rays; keeps the ranges of the blocks of the last volume."""

    def __init__(self, gl: GraphicsContext, programs: ProgramCache) -> None:
        self._gl, self._programs = gl, programs
        self._transfer = new_texture(gl)
        self._blocks = new_texture(gl, "TEXTURE_3D")
        self._ranges: tuple[object, BlockRanges] | None = None
        self._blocks_of: object = None

    def draw(self, texture: VolumeTexture, volume: Volume, view: View, into: Target) -> Texels:
        """Draw the RGB of a rendering into a target; return its texels.

        Raises WebGLError, and ValueError when the grid has no direction.
        """
        gl = self._gl
        plan = ray_plan(volume.geometry, view.grid, view.clip_low, view.clip_high)
        result = into.begin(view.grid.width, view.grid.height)
        program = self._programs.get(RENDERING[texture.kind])
        program.use()
        gl.activeTexture(gl.TEXTURE2)
        self._set_blocks(texture, volume, view.table)
        program.integers("u_blocks", 2)
        gl.activeTexture(gl.TEXTURE3)
        self._set_transfer(view.table, plan.step_mm)
        program.integers("u_transfer", 3)
        set_volume(gl, program, texture, volume)
        _set_rays(program, plan, volume)
        program.floats("u_entry", view.table.first, view.table.per_value)
        program.floats("u_edge", EDGE_MM * view.table.per_value / (ENTRIES - 1))
        program.integers("u_shaded", view.table.shaded)
        program.integers("u_largest", view.table.projection)
        program.draw()
        return result

    def forget(self) -> None:
        """Forget what was computed of volumes."""
        self._ranges = None
        self._blocks_of = None

    def _set_transfer(self, table: TransferTable, step_mm: float) -> None:
        gl = self._gl
        texels = np.empty((1, ENTRIES, 4), dtype=np.float32)
        texels[0, :, :3] = table.colors
        texels[0, :, 3] = table.of_step(step_mm)
        gl.bindTexture(gl.TEXTURE_2D, self._transfer)
        gl.texImage2D(
            gl.TEXTURE_2D, 0, gl.RGBA32F, ENTRIES, 1, 0, gl.RGBA, gl.FLOAT, texels
        )  # fmt: skip

    def _set_blocks(self, texture: VolumeTexture, volume: Volume, table: TransferTable) -> None:
        gl = self._gl
        gl.bindTexture(gl.TEXTURE_3D, self._blocks)
        content = (texture.source, texture.uploaded.tobytes(), volume.generation)
        if self._ranges is None or self._ranges[0] != content:
            self._ranges = (content, block_ranges(volume))
        wanted = (content, table.first, table.per_value, table.opacities.tobytes())
        if wanted == self._blocks_of:
            return
        away: NDArray[Any] = distances(self._ranges[1], volume, table)
        slices, rows, columns = away.shape
        gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
        gl.texImage3D(
            gl.TEXTURE_3D, 0, gl.R8UI, columns, rows, slices, 0, gl.RED_INTEGER,
            gl.UNSIGNED_BYTE, away,
        )  # fmt: skip
        self._blocks_of = wanted


def _set_rays(program: Program, plan: RayPlan, volume: Volume) -> None:
    table = SliceTable.of(volume.geometry)
    shifts = table.shifts
    program.floats("u_start", *plan.start)
    program.floats("u_across", *plan.across)
    program.floats("u_down", *plan.down)
    program.floats("u_along", *plan.along)
    program.floats("u_view", *plan.view)
    program.integers("u_samples", plan.first, plan.last)
    program.floats("u_low", *plan.low)
    program.floats("u_high", *plan.high)
    low = [*(plan.low[:2] + shifts.min(axis=0)), -table.half]
    high = [*(plan.high[:2] + shifts.max(axis=0)), table.positions[-1] + table.half]
    program.floats("u_box_low", *low)
    program.floats("u_box_high", *high)
    for name, column in zip(("column", "row", "slice"), plan.to_gradient.T, strict=True):
        program.floats(f"u_by_{name}", *column)
    program.floats("u_leap", plan.leap)
