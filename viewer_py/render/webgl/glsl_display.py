"""The shader that draws a picture of values: texels in, colours out.

Sampling follows the rule of `render.sampling`, arithmetic that of `pixels.transfer.shade`.
"""

from __future__ import annotations

import enum

# The bits of a float that stand for no data in textures of floats.
NO_DATA = 0x7FC00000


class SampleKind(enum.StrEnum):
    """What a texture holds: whole numbers with or without a sign, or the bits of floats."""

    SIGNED = "SIGNED"
    UNSIGNED = "UNSIGNED"
    FLOAT = "FLOAT"


# `texel(at)` returns rgb and a weight, 0 where there is padding, no data or no picture.
_TEXELS = """#version 300 es
precision highp float;
precision highp int;
precision highp isampler2D;
precision highp usampler2D;
precision highp sampler2D;
#define %(kind)s

#ifdef SIGNED
uniform isampler2D u_pixels;
#else
uniform usampler2D u_pixels;
#endif
uniform ivec2 u_size;
uniform bool u_color;
uniform bool u_has_padding;
uniform vec2 u_padding;

vec4 texel(ivec2 at) {
#ifdef FLOAT
  uint bits = texelFetch(u_pixels, at, 0).r;
  return bits == 0x7fc00000u ? vec4(0.0) : vec4(vec3(uintBitsToFloat(bits)), 1.0);
#else
  vec3 stored = vec3(texelFetch(u_pixels, at, 0).rgb);
  if (u_has_padding && stored.r >= u_padding.x && stored.r <= u_padding.y)
    return vec4(0.0);
  return vec4(u_color ? stored : stored.rrr, 1.0);
#endif
}
"""

_DISPLAY = """
uniform usampler2D u_table;
uniform sampler2D u_map;
uniform vec4 u_to_image;
uniform vec2 u_to_image_offset;
uniform float u_canvas_height;
uniform ivec2 u_taps;
uniform int u_mode;
uniform vec2 u_share;
uniform bool u_threshold;
uniform bool u_invert;
uniform float u_padding_grey;
uniform int u_table_first;
uniform int u_table_length;
uniform bool u_mapped;
uniform bool u_above;
uniform float u_opacity;

out vec4 color;

const int SIGMOID = 2;
const int LUT = 3;

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

vec3 colored(float grey) {
  return u_mapped ? texelFetch(u_map, ivec2(int(grey * 255.0 + 0.5), 0), 0).rgb : vec3(grey);
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
      float weight = (x == 1 ? part.x : 1.0 - part.x) * (y == 1 ? part.y : 1.0 - part.y);
      if (weight > 0.0) {
        vec4 read = texel(clamp(corner + ivec2(x, y), ivec2(0), u_size - 1));
        total += vec4(read.rgb, 1.0) * (read.a * weight);
      }
    }
  }
  return total;
}

void main() {
  vec2 pixel = vec2(gl_FragCoord.x, u_canvas_height - gl_FragCoord.y);
  vec2 image = to_image(pixel);
  color = vec4(0.0, 0.0, 0.0, 1.0);
  if (any(lessThan(image, vec2(0.0))) || any(greaterThanEqual(image, vec2(u_size)))) {
    if (u_above) discard;
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
    if (u_above) discard;
    color.rgb = colored(u_padding_grey);
    return;
  }
  vec3 stored = total.rgb / total.a;
  float red = grey_of(stored.r);
  color.rgb = u_color ? vec3(red, grey_of(stored.g), grey_of(stored.b)) : colored(red);
  color.a = u_opacity;
}
"""

# `pixels.filters`, once for each pixel of a picture; the result are the bits of floats.
_FILTER = """
uniform float u_weights[25];
uniform float u_amount;
uniform bool u_median;

out uint bits;

vec4 neighbour(ivec2 at) {
  bool outside = any(lessThan(at, ivec2(0))) || any(greaterThanEqual(at, u_size));
  return outside ? vec4(0.0) : texel(at);
}

float blurred(ivec2 at, float value) {
  float total = 0.0;
  float weight = 0.0;
  for (int n = 0; n < 25; ++n) {
    if (u_weights[n] == 0.0) continue;
    vec4 read = neighbour(at + ivec2(n % 5, n / 5) - 2);
    total += u_weights[n] * read.a * read.r;
    weight += u_weights[n] * read.a;
  }
  return weight > 0.0 ? total / weight : value;
}

float median(ivec2 at) {
  float sorted[9];
  int count = 0;
  for (int n = 0; n < 9; ++n) {
    vec4 read = neighbour(at + ivec2(n % 3, n / 3) - 1);
    if (read.a == 0.0) continue;
    int place = count;
    for (; place > 0 && sorted[place - 1] > read.r; --place) sorted[place] = sorted[place - 1];
    sorted[place] = read.r;
    ++count;
  }
  return sorted[(count - 1) / 2];
}

void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec4 read = texel(at);
  bits = 0x7fc00000u;
  if (read.a == 0.0) return;
  float value = u_median ? median(at) : read.r + u_amount * (blurred(at, read.r) - read.r);
  bits = floatBitsToUint(value);
}
"""

DISPLAY = {kind: _TEXELS % {"kind": kind.value} + _DISPLAY for kind in SampleKind}
FILTER = {kind: _TEXELS % {"kind": kind.value} + _FILTER for kind in SampleKind}
