"""The part of the shaders that reads a volume: `volume.lookup` and `volume.reslice` (1 to 3).

The slices' positions and shifts lie in a small texture, two texels a slice: (position in mm, column
shift, row shift, present), (how far the slice reaches into the gap above it in mm, or -1, …). So
tilted, uneven and interrupted volumes are read as they were taken.
"""

from __future__ import annotations

import enum


class VoxelKind(enum.StrEnum):
    """Which sampler reads the voxels."""

    SIGNED = "isampler3D"
    UNSIGNED = "usampler3D"
    FLOAT = "sampler3D"


_VOLUME = """#version 300 es
precision highp float;
precision highp int;
precision highp %(sampler)s;
precision highp usampler3D;
precision highp sampler2D;

uniform %(sampler)s u_voxels;
uniform sampler2D u_slices;
uniform ivec3 u_extent;
uniform float u_slices_a_mm;
uniform float u_half;
uniform bool u_padded;
uniform vec2 u_padding_range;
uniform bool u_all_present;
uniform vec2 u_rescale;

vec4 slice_row(int k, int part) {
  int at = 2 * k + part;
  return texelFetch(u_slices, ivec2(at & 1023, at >> 10), 0);
}

// The slice below `t` mm and the share of the next, and the shift there; false where no data is.
bool slice_at(float t, out int k, out float share, out vec2 shift) {
  int last = max(u_extent.z - 2, 0);
  k = clamp(int(floor(t * u_slices_a_mm)), 0, last);
  vec4 here = slice_row(k, 0);
  for (int n = 0; n < 65536 && k > 0 && here.x > t; ++n) here = slice_row(--k, 0);
  vec4 above = slice_row(min(k + 1, u_extent.z - 1), 0);
  for (int n = 0; n < 65536 && k < last && above.x <= t; ++n) {
    here = above;
    ++k;
    above = slice_row(k + 1, 0);
  }
  share = 0.0;
  shift = here.yz;
  if (t < -u_half || t > above.x + u_half) return false;
  if (u_extent.z == 1) return true;
  share = clamp((t - here.x) / (above.x - here.x), 0.0, 1.0);
  float reach = slice_row(k, 1).x;
  if (reach >= 0.0) {
    if (t <= here.x + reach) share = 0.0;
    else if (t >= above.x - reach) share = 1.0;
    else return false;
  }
  shift = mix(here.yz, above.yz, share);
  return true;
}

bool is_present(int k) {
  return u_all_present || slice_row(k, 0).w > 0.5;
}

// A voxel's value, and 1 where it is neither padding nor absent.
vec2 voxel(ivec3 at) {
  float value = float(texelFetch(u_voxels, at, 0).r);
  if (u_padded && value >= u_padding_range.x && value <= u_padding_range.y) return vec2(0.0);
  return vec2(value, 1.0);
}

bool in_image(float at, int size) {
  return at >= -0.5 && at <= float(size) - 0.5;
}
"""


def with_volume(kind: VoxelKind, shader: str) -> str:
    """Return a fragment shader that reads a volume of this kind."""
    return _VOLUME % {"sampler": kind.value} + shader
