"""The shader of volume rendering: `volume.raycast`, into RGB."""

from __future__ import annotations

from viewer_py.render.webgl.glsl_volume import VoxelKind, with_volume

_RENDERING = """
precision highp usampler3D;

uniform usampler3D u_blocks;
uniform sampler2D u_transfer;
uniform vec3 u_start;
uniform vec3 u_across;
uniform vec3 u_down;
uniform vec3 u_along;
uniform vec3 u_view;
uniform ivec2 u_samples;
uniform vec3 u_low;
uniform vec3 u_high;
uniform vec3 u_box_low;
uniform vec3 u_box_high;
uniform vec3 u_by_column;
uniform vec3 u_by_row;
uniform vec3 u_by_slice;
uniform vec2 u_entry;
uniform float u_leap;
uniform float u_edge;
uniform bool u_shaded;
uniform bool u_largest;

out uvec4 rgba;

const float VALID = 0.4999;
const float ENOUGH = 0.98;
const float AMBIENT = 0.25;
const float DIFFUSE = 0.75;
const float SPECULAR = 0.2;
const float SHININESS = 16.0;

vec4 transfer(float value) {
  float entry = clamp(floor((value - u_entry.x) * u_entry.y + 0.5), 0.0, 1023.0);
  return texelFetch(u_transfer, ivec2(int(entry), 0), 0);
}

vec2 corner(ivec2 at, int k, bool present) {
  return present ? voxel(ivec3(at, k)) : vec2(0.0);
}

// The value at (column, row, slice k + share) and its differences an index; false without data.
bool read(vec2 at, int k, float share, out float value, out vec3 differences) {
  ivec2 low = ivec2(at);
  ivec2 high = min(low + 1, u_extent.xy - 1);
  vec2 part = at - vec2(low);
  int above = min(k + 1, u_extent.z - 1);
  bool here = is_present(k);
  bool there = is_present(above);
  vec2 c0 = corner(low, k, here);
  vec2 c1 = corner(ivec2(high.x, low.y), k, here);
  vec2 c2 = corner(ivec2(low.x, high.y), k, here);
  vec2 c3 = corner(high, k, here);
  vec2 c4 = corner(low, above, there);
  vec2 c5 = corner(ivec2(high.x, low.y), above, there);
  vec2 c6 = corner(ivec2(low.x, high.y), above, there);
  vec2 c7 = corner(high, above, there);
  vec4 near = vec4(c0.x * c0.y, c1.x * c1.y, c2.x * c2.y, c3.x * c3.y);
  vec4 far = vec4(c4.x * c4.y, c5.x * c5.y, c6.x * c6.y, c7.x * c7.y);
  vec4 near_weight = vec4(c0.y, c1.y, c2.y, c3.y);
  vec4 far_weight = vec4(c4.y, c5.y, c6.y, c7.y);
  vec4 plane = vec4((1.0 - part.x) * (1.0 - part.y), part.x * (1.0 - part.y),
                    (1.0 - part.x) * part.y, part.x * part.y);
  float weight = mix(dot(plane, near_weight), dot(plane, far_weight), share);
  value = mix(dot(plane, near), dot(plane, far), share) / max(weight, 1e-6);
  near = mix(vec4(value), near, near_weight);
  far = mix(vec4(value), far, far_weight);
  vec4 all = mix(near, far, share);
  differences.x = mix(all.y - all.x, all.w - all.z, part.y);
  differences.y = mix(all.z - all.x, all.w - all.y, part.x);
  differences.z = dot(plane, far - near);
  return weight >= VALID;
}

vec3 lit(vec3 color, vec3 differences) {
  vec3 gradient = (differences.x * u_by_column + differences.y * u_by_row
                 + differences.z * u_by_slice) * u_rescale.x;
  float size = length(gradient);
  float cosine = abs(dot(gradient, u_view)) / max(size, 1e-20);
  float weight = min(size * u_edge, 1.0);
  return color * (1.0 + weight * (AMBIENT + DIFFUSE * cosine - 1.0))
       + weight * SPECULAR * pow(cosine, SHININESS);
}

// The first and the last sample of a ray within a box around all that can show.
ivec2 ends(vec3 start) {
  vec2 range = vec2(u_samples);
  for (int axis = 0; axis < 3; ++axis) {
    if (u_along[axis] == 0.0) {
      if (start[axis] < u_box_low[axis] || start[axis] > u_box_high[axis]) return ivec2(1, 0);
      continue;
    }
    float one = (u_box_low[axis] - start[axis]) / u_along[axis];
    float other = (u_box_high[axis] - start[axis]) / u_along[axis];
    range = vec2(max(range.x, min(one, other) - 1.0), min(range.y, max(one, other) + 1.0));
  }
  // Along a direction that is nothing but a rounding error, the ends lie beyond all integers.
  vec2 bounds = vec2(u_samples);
  return ivec2(ceil(min(range.x, bounds.y + 1.0)), floor(max(range.y, bounds.x - 1.0)));
}

void main() {
  vec3 start = u_start + floor(gl_FragCoord.x) * u_across + floor(gl_FragCoord.y) * u_down;
  ivec2 range = ends(start);
  vec3 color = vec3(0.0);
  float hidden = 0.0;
  float largest = 0.0;
  bool met = false;
  for (int n = range.x; n <= range.y; ++n) {
    vec3 plane = start + float(n) * u_along;
    int k;
    float share;
    vec2 shift;
    if (!slice_at(plane.z, k, share, shift)) continue;
    if (share >= 1.0) {
      k = min(k + 1, u_extent.z - 1);
      share = 0.0;
    }
    vec3 at = vec3(plane.xy - shift, float(k) + share);
    if (any(lessThan(at, u_low)) || any(greaterThan(at, u_high))) continue;
    vec2 limited = clamp(at.xy, vec2(0.0), vec2(u_extent.xy) - 1.0);
    int away = int(texelFetch(u_blocks, ivec3(ivec2(limited), int(at.z)) >> 3, 0).r);
    if (away > 0) {
      n += int(float(away - 1) * u_leap);
      continue;
    }
    float value;
    vec3 differences;
    if (!read(limited, k, share, value, differences)) continue;
    value = value * u_rescale.x + u_rescale.y;
    if (u_largest) {
      largest = met ? max(largest, value) : value;
      met = true;
      continue;
    }
    vec4 seen = transfer(value);
    if (seen.a <= 0.0) continue;
    float adds = seen.a * (1.0 - hidden);
    color += (u_shaded ? lit(seen.rgb, differences) : seen.rgb) * adds;
    hidden += adds;
    if (hidden >= ENOUGH) break;
  }
  if (u_largest && met) color = transfer(largest).rgb;
  rgba = uvec4(floor(clamp(color, 0.0, 1.0) * 255.0 + 0.5), 255.0);
}
"""

RENDERING = {kind: with_volume(kind, _RENDERING) for kind in VoxelKind}
