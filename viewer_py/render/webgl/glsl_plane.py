"""The shader that cuts planes and slabs: `volume.reslice`, into the bits of floats."""

from __future__ import annotations

from viewer_py.render.webgl.glsl_volume import VoxelKind, with_volume

_PLANE = """
uniform vec3 u_start;
uniform vec3 u_across;
uniform vec3 u_down;
uniform vec3 u_through;
uniform float u_first;
uniform int u_count;
uniform int u_projection;
uniform int u_axis;
uniform ivec2 u_range;

out uint bits;

const int MIP = 0;
const int MINIP = 1;
const int AVGIP = 2;
const float VALID = 0.4999;

// Collects values: their projection so far, and how many there were.
void collect(inout vec2 sum, float value) {
  if (u_projection == MIP) sum.x = sum.y == 0.0 ? value : max(sum.x, value);
  else if (u_projection == MINIP) sum.x = sum.y == 0.0 ? value : min(sum.x, value);
  else sum.x += value;
  sum.y += 1.0;
}

float projected(vec2 sum) {
  return u_projection == AVGIP ? sum.x / max(sum.y, 1.0) : sum.x;
}

// The weighted total and the weight of the eight voxels around (column, row, slice k + share).
vec2 trilinear(vec2 at, int k, float share) {
  vec2 limited = clamp(at, vec2(0.0), vec2(u_extent.xy) - 1.0);
  ivec2 low = ivec2(limited);
  vec2 part = limited - vec2(low);
  vec2 total = vec2(0.0);
  for (int n = 0; n < 8; ++n) {
    ivec3 step = ivec3(n & 1, (n >> 1) & 1, n >> 2);
    float weight = (step.x == 1 ? part.x : 1.0 - part.x) * (step.y == 1 ? part.y : 1.0 - part.y)
                 * (step.z == 1 ? share : 1.0 - share);
    int slice = min(k + step.z, u_extent.z - 1);
    if (weight == 0.0 || !is_present(slice)) continue;
    vec2 read = voxel(ivec3(min(low + step.xy, u_extent.xy - 1), slice));
    total += weight * vec2(read.x * read.y, read.y);
  }
  return total;
}

// One sample of a slab through points.
void sample_point(vec3 plane, inout vec2 sum) {
  int k;
  float share;
  vec2 shift;
  if (!slice_at(plane.z, k, share, shift)) return;
  vec2 at = plane.xy - shift;
  if (!in_image(at.x, u_extent.x) || !in_image(at.y, u_extent.y)) return;
  vec2 total = trilinear(at, k, share);
  if (total.y >= VALID) collect(sum, total.x / max(total.y, 1e-6));
}

// All voxels of the slab along its axis, the two other indices being those of `at`.
vec2 voxels_through(ivec3 at) {
  vec2 sum = vec2(0.0);
  if (u_axis != 0 && !is_present(at.z)) return sum;
  for (int n = u_range.x; n < u_range.y; ++n) {
    if (u_axis == 0) at.z = n;
    else if (u_axis == 1) at.y = n;
    else at.x = n;
    if (u_axis == 0 && !is_present(n)) continue;
    vec2 read = voxel(at);
    if (read.y > 0.0) collect(sum, read.x);
  }
  return sum;
}

// A slab of whole voxels, projected before it is interpolated.
bool straight(vec3 plane, out float value) {
  int k = 0;
  float share = 0.0;
  vec2 shift = vec2(0.0);
  bool known = slice_at(plane.z, k, share, shift);
  value = 0.0;
  if (u_axis != 0 && !known) return false;
  if (u_axis == 0) {
    k = 0;
    share = 0.0;
    shift = vec2(0.0);
  }
  vec2 at = plane.xy - shift;
  if (u_axis != 2 && !in_image(at.x, u_extent.x)) return false;
  if (u_axis != 1 && !in_image(at.y, u_extent.y)) return false;
  vec2 limited = clamp(at, vec2(0.0), vec2(u_extent.xy) - 1.0);
  ivec3 low = ivec3(ivec2(limited), k);
  vec3 part = vec3(limited - vec2(low.xy), share);
  if (u_axis == 1) part.y = 0.0;
  if (u_axis == 2) part.x = 0.0;
  vec2 total = vec2(0.0);
  for (int n = 0; n < 8; ++n) {
    ivec3 step = ivec3(n & 1, (n >> 1) & 1, n >> 2);
    float weight = (step.x == 1 ? part.x : 1.0 - part.x) * (step.y == 1 ? part.y : 1.0 - part.y)
                 * (step.z == 1 ? part.z : 1.0 - part.z);
    if (weight == 0.0) continue;
    vec2 sum = voxels_through(min(low + step, u_extent - 1));
    if (sum.y > 0.0) total += weight * vec2(projected(sum), 1.0);
  }
  value = total.x / max(total.y, 1e-6);
  return total.y >= VALID;
}

void main() {
  bits = 0x7fc00000u;
  vec3 plane = u_start + floor(gl_FragCoord.x) * u_across + floor(gl_FragCoord.y) * u_down;
  float value;
  if (u_axis >= 0) {
    if (!straight(plane, value)) return;
  } else {
    vec2 sum = vec2(0.0);
    for (int n = 0; n < u_count; ++n) sample_point(plane + (u_first + float(n)) * u_through, sum);
    if (sum.y == 0.0) return;
    value = projected(sum);
  }
  bits = floatBitsToUint(value * u_rescale.x + u_rescale.y);
}
"""

PLANE = {kind: with_volume(kind, _PLANE) for kind in VoxelKind}
