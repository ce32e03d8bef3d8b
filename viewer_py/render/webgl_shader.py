"""The shader: integer texels in, greys out.

Sampling follows the rule of `render.sampling`, arithmetic that of `pixels.transfer.shade`.
"""

from __future__ import annotations

import enum


class SampleKind(enum.StrEnum):
    """Which sampler reads the texture."""

    SIGNED = "isampler2D"
    UNSIGNED = "usampler2D"


# One triangle that covers the canvas; the scissor cuts out the pane.
VERTEX = """#version 300 es
void main() {
  vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
"""

_FRAGMENT = """#version 300 es
precision highp float;
precision highp int;
precision highp %(sampler)s;
precision highp usampler2D;

uniform %(sampler)s u_pixels;
uniform usampler2D u_table;
uniform ivec2 u_size;
uniform vec4 u_to_image;
uniform vec2 u_to_image_offset;
uniform float u_canvas_height;
uniform ivec2 u_taps;
uniform bool u_color;
uniform int u_mode;
uniform vec2 u_share;
uniform bool u_threshold;
uniform bool u_invert;
uniform bool u_has_padding;
uniform ivec2 u_padding;
uniform float u_padding_grey;
uniform int u_table_first;
uniform int u_table_length;

out vec4 color;

const int SIGMOID = 2;
const int LUT = 3;

vec3 texel(ivec2 at) {
  vec3 stored = vec3(texelFetch(u_pixels, clamp(at, ivec2(0), u_size - 1), 0).rgb);
  return u_color ? stored : stored.rrr;
}

bool is_padding(vec3 stored) {
  return u_has_padding && stored.r >= float(u_padding.x) && stored.r <= float(u_padding.y);
}

float from_table(float stored) {
  int index = int(floor(stored - (float(u_table_first) - 0.5)));
  index = clamp(index, 0, u_table_length - 1);
  return float(texelFetch(u_table, ivec2(index & 1023, index >> 10), 0).r) / 255.0;
}

float grey_of(float stored) {
  float share = stored * u_share.x + u_share.y;
  if (u_mode == LUT) {
    share = from_table(stored);
  } else if (u_mode == SIGMOID) {
    share = 1.0 / (1.0 + exp(clamp(share, -60.0, 60.0)));
  } else if (u_threshold) {
    share = share > 0.0 ? 1.0 : 0.0;
  }
  float grey = floor(clamp(share, 0.0, 1.0) * 255.0 + 0.5) / 255.0;
  return u_invert ? 1.0 - grey : grey;
}

vec2 to_image(vec2 at) {
  return vec2(u_to_image.x * at.x + u_to_image.z * at.y,
              u_to_image.y * at.x + u_to_image.w * at.y) + u_to_image_offset;
}

// Adds the four nearest pixels of one point: rgb times weight, and the weight.
vec4 tap(vec2 image) {
  vec2 place = image - 0.5;
  ivec2 corner = ivec2(floor(place));
  vec2 part = place - vec2(corner);
  vec4 total = vec4(0.0);
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 2; ++x) {
      vec3 stored = texel(corner + ivec2(x, y));
      float weight = (x == 1 ? part.x : 1.0 - part.x) * (y == 1 ? part.y : 1.0 - part.y);
      total += is_padding(stored) ? vec4(0.0) : vec4(stored * weight, weight);
    }
  }
  return total;
}

void main() {
  vec2 pixel = vec2(gl_FragCoord.x, u_canvas_height - gl_FragCoord.y);
  vec2 image = to_image(pixel);
  if (any(lessThan(image, vec2(0.0))) || any(greaterThanEqual(image, vec2(u_size)))) {
    color = vec4(0.0, 0.0, 0.0, 1.0);
    return;
  }
  vec4 total = vec4(0.0);
  for (int j = 0; j < u_taps.y; ++j) {
    for (int i = 0; i < u_taps.x; ++i) {
      vec2 inside = (vec2(float(i), float(j)) + 0.5) / vec2(u_taps) - 0.5;
      total += tap(to_image(pixel + inside));
    }
  }
  if (total.a < 0.5 * float(u_taps.x * u_taps.y)) {
    color = vec4(vec3(u_padding_grey), 1.0);
    return;
  }
  vec3 stored = total.rgb / total.a;
  float red = grey_of(stored.r);
  color = u_color ? vec4(red, grey_of(stored.g), grey_of(stored.b), 1.0) : vec4(vec3(red), 1.0);
}
"""

FRAGMENT = {kind: _FRAGMENT % {"sampler": kind.value} for kind in SampleKind}
