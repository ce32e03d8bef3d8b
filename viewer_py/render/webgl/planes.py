"""Cuts planes and slabs out of volumes on the GPU."""

from __future__ import annotations

import numpy as np

from viewer_py.render.webgl.context import GraphicsContext
from viewer_py.render.webgl.glsl_plane import PLANE
from viewer_py.render.webgl.programs import ProgramCache
from viewer_py.render.webgl.textures import Target, Texels
from viewer_py.render.webgl.volumes import VolumeTexture, set_volume
from viewer_py.volume.lookup import SliceTable
from viewer_py.volume.model import Projection, SampleGrid, Slab, Volume, VolumeGeometry
from viewer_py.volume.plan import SlabPlan, slab_plan
from viewer_py.volume.projection import numeric_projection

_PROJECTIONS = {Projection.MIP: 0, Projection.MINIP: 1, Projection.AVGIP: 2}


def cut(
    gl: GraphicsContext, programs: ProgramCache, texture: VolumeTexture, volume: Volume,
    grid: SampleGrid, slab: Slab, into: Target,
) -> Texels:  # fmt: skip
    """Draw the modality values of a plane or slab into a target; return its texels.

    Raises WebGLError, and ValueError when the slab has no direction.
    """
    plan = slab_plan(volume.geometry, grid, slab)
    table = SliceTable.of(volume.geometry)
    result = into.begin(grid.width, grid.height)
    program = programs.get(PLANE[texture.kind])
    program.use()
    set_volume(gl, program, texture, volume)
    program.floats("u_start", *(table.to_plane @ (np.array(grid.origin) - table.origin)))
    program.floats("u_across", *(table.to_plane @ np.array(grid.step_x)))
    program.floats("u_down", *(table.to_plane @ np.array(grid.step_y)))
    program.floats("u_through", *(table.to_plane @ (np.array(grid.normal) * plan.step_mm)))
    program.floats("u_first", plan.first_mm / plan.step_mm)
    program.integers("u_count", plan.count)
    program.integers("u_projection", _PROJECTIONS[numeric_projection(volume, slab.projection)])
    program.integers("u_axis", -1 if plan.axis is None else plan.axis)
    program.integers("u_range", *voxel_range(volume.geometry, plan))
    program.draw()
    return result


def voxel_range(geometry: VolumeGeometry, plan: SlabPlan) -> tuple[int, int]:
    """Return the first index along the plan's axis that lies in the slab, and the one after it."""
    first, after = plan.start, plan.start + plan.count
    if plan.axis == 0:
        places = np.rint(np.array(geometry.positions) / geometry.nominal_distance)
        return int(np.searchsorted(places, first)), int(np.searchsorted(places, after))
    size = geometry.rows if plan.axis == 1 else geometry.columns
    return min(max(first, 0), size), min(max(after, 0), size)
