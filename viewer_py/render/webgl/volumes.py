"""Volumes on the GPU: 3-D textures of the values as they are, filled slice by slice as they come.

Whole numbers lie in R8UI, R8I, R16UI or R16I, float32 modality values (PET) in R32F, which core
WebGL 2 reads texel by texel: nothing is ever filtered by the GPU.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.render.webgl.context import GraphicsContext, WebGLError
from viewer_py.render.webgl.glsl_volume import VoxelKind
from viewer_py.render.webgl.programs import Program
from viewer_py.render.webgl.textures import new_texture
from viewer_py.volume.lookup import SliceTable
from viewer_py.volume.model import Volume

_FORMS = {
    ("u", 1): (VoxelKind.UNSIGNED, "R8UI", "RED_INTEGER", "UNSIGNED_BYTE"),
    ("i", 1): (VoxelKind.SIGNED, "R8I", "RED_INTEGER", "BYTE"),
    ("u", 2): (VoxelKind.UNSIGNED, "R16UI", "RED_INTEGER", "UNSIGNED_SHORT"),
    ("i", 2): (VoxelKind.SIGNED, "R16I", "RED_INTEGER", "SHORT"),
    ("f", 4): (VoxelKind.FLOAT, "R32F", "RED", "FLOAT"),
}
_ROW = 1024  # texels a row of the slices' texture
_MEBIBYTE = 1 << 20

Source = tuple[int, tuple[int, ...], str, tuple[int, ...]]


@dataclass
class VolumeTexture:
    """One volume on the GPU."""

    kind: VoxelKind
    voxels: Any
    slices: Any
    source: Source
    geometry: object
    bytes: int
    uploaded: NDArray[np.bool_]
    generation: int = -1
    drawn: int = field(default=0)


def _source_of(volume: Volume) -> Source:
    """Return what a texture was made of: another stack of a series may come to lie in its place."""
    values = volume.values
    return (values.ctypes.data, values.shape, values.dtype.str, volume.geometry.frames)


class VolumeTextures:
    """The volumes that were drawn lately, under a budget in bytes."""

    def __init__(self, gl: GraphicsContext, budget: int) -> None:
        self._gl, self._budget = gl, budget
        self._largest = 0
        self._textures: dict[str, VolumeTexture] = {}
        self._clock = 0

    @property
    def bytes(self) -> int:
        """Return the bytes held."""
        return sum(texture.bytes for texture in self._textures.values())

    def get(self, volume: Volume, needed: frozenset[str]) -> VolumeTexture:
        """Return the texture of a volume with every slice that is there.

        Volumes whose series is not `needed` give way to it. Raises WebGLError for a volume that
        does not fit, or whose values no texture holds.
        """
        self._clock += 1
        texture = self._textures.get(volume.series_id)
        if texture is None or texture.source != _source_of(volume):
            self.drop(volume.series_id)
            texture = self._make(volume, needed)
            self._textures[volume.series_id] = texture
        texture.drawn = self._clock
        self._fill(texture, volume)
        return texture

    def drop(self, series_id: str) -> None:
        """Delete a volume, if it is here."""
        texture = self._textures.pop(series_id, None)
        if texture is not None:
            self._gl.deleteTexture(texture.voxels)
            self._gl.deleteTexture(texture.slices)

    def clear(self) -> None:
        """Delete every volume."""
        for series_id in list(self._textures):
            self.drop(series_id)

    def _make(self, volume: Volume, needed: frozenset[str]) -> VolumeTexture:
        gl, values = self._gl, volume.values
        form = _FORMS.get((values.dtype.kind, values.dtype.itemsize))
        if form is None:
            raise WebGLError(f"no 3-D texture holds {values.dtype}")
        self._largest = self._largest or int(gl.getParameter(gl.MAX_3D_TEXTURE_SIZE))
        if max(values.shape) > self._largest:
            raise WebGLError(f"a volume of {values.shape} is larger than {self._largest} texels")
        self._make_room(values.size * values.itemsize, needed)
        voxels = new_texture(gl, "TEXTURE_3D")
        gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_WRAP_R, gl.CLAMP_TO_EDGE)
        gl.texStorage3D(gl.TEXTURE_3D, 1, getattr(gl, form[1]), *values.shape[::-1])
        return VolumeTexture(
            kind=form[0],
            voxels=voxels,
            slices=new_texture(gl),
            source=_source_of(volume),
            geometry=None,
            bytes=values.size * values.itemsize,
            uploaded=np.zeros(len(values), dtype=np.bool_),
        )

    def _make_room(self, wanted: int, needed: frozenset[str]) -> None:
        spare = sorted(
            (one for one in self._textures if one not in needed),
            key=lambda one: self._textures[one].drawn,
        )
        for series_id in spare:
            if self.bytes + wanted > self._budget:
                self.drop(series_id)
        if self.bytes + wanted > self._budget:
            held, budget = (self.bytes + wanted) // _MEBIBYTE, self._budget // _MEBIBYTE
            raise WebGLError(f"{held} MiB of volumes do not fit the {budget} MiB for textures")

    def _fill(self, texture: VolumeTexture, volume: Volume) -> None:
        gl = self._gl
        if texture.generation == volume.generation and texture.geometry is volume.geometry:
            return
        form = _FORMS[(volume.values.dtype.kind, volume.values.dtype.itemsize)]
        new = np.flatnonzero(volume.present & ~texture.uploaded)
        if len(new):
            gl.bindTexture(gl.TEXTURE_3D, texture.voxels)
            gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
        rows, columns = volume.values.shape[1:]
        for k in new.tolist():
            gl.texSubImage3D(
                gl.TEXTURE_3D, 0, 0, 0, k, columns, rows, 1,
                getattr(gl, form[2]), getattr(gl, form[3]), np.ascontiguousarray(volume.values[k]),
            )  # fmt: skip
        texture.uploaded = volume.present.copy()
        self._describe(texture, volume)
        texture.generation, texture.geometry = volume.generation, volume.geometry

    def _describe(self, texture: VolumeTexture, volume: Volume) -> None:
        """Upload where the slices lie and which are there."""
        gl, count = self._gl, len(volume.present)
        rows = -(-2 * count // _ROW)
        texels = np.zeros((rows * _ROW, 4), dtype=np.float32)
        texels[: 2 * count] = slice_rows(volume)
        gl.activeTexture(gl.TEXTURE1)
        gl.bindTexture(gl.TEXTURE_2D, texture.slices)
        gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
        gl.texImage2D(
            gl.TEXTURE_2D, 0, gl.RGBA32F, _ROW, rows, 0, gl.RGBA, gl.FLOAT,
            texels.reshape(rows, _ROW, 4),
        )  # fmt: skip


def slice_rows(volume: Volume) -> NDArray[np.float32]:
    """Return the two texels (2 · slices, 4) of each slice that `glsl_volume` reads."""
    table = SliceTable.of(volume.geometry)
    rows = np.zeros((len(table.positions), 2, 4), dtype=np.float32)
    rows[:, 0, 0] = table.positions
    rows[:, 0, 1:3] = table.shifts
    rows[:, 0, 3] = volume.present
    rows[:, 1, 0] = -1.0
    gaps = list(volume.geometry.gaps)
    rows[gaps, 1, 0] = table.gap_starts - table.positions[gaps]
    return rows.reshape(-1, 4)


def set_volume(
    gl: GraphicsContext, program: Program, texture: VolumeTexture, volume: Volume
) -> None:
    """Make a volume the one that a program reads; texture units 0 and 1."""
    gl.activeTexture(gl.TEXTURE0)
    gl.bindTexture(gl.TEXTURE_3D, texture.voxels)
    gl.activeTexture(gl.TEXTURE1)
    gl.bindTexture(gl.TEXTURE_2D, texture.slices)
    program.integers("u_voxels", 0)
    program.integers("u_slices", 1)
    slices, rows, columns = volume.values.shape
    program.integers("u_extent", columns, rows, slices)
    length = volume.geometry.positions[-1]
    program.floats("u_slices_a_mm", (slices - 1) / length if length else 0.0)
    program.floats("u_half", volume.geometry.nominal_distance / 2)
    program.integers("u_padded", volume.has_padding)
    program.floats("u_padding_range", volume.padding_low, volume.padding_high)
    program.integers("u_all_present", bool(volume.present.all()))
    program.floats("u_rescale", volume.slope, volume.intercept)
