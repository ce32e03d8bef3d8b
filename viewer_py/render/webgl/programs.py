"""Shader programs: compiled when first used, and where their uniforms are."""

from __future__ import annotations

from typing import Any

from viewer_py.render.webgl.context import GraphicsContext, WebGLError

# One triangle that covers the viewport; the scissor cuts out the pane.
VERTEX = """#version 300 es
void main() {
  vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
"""


class Program:
    """One linked program; uniforms are set by name on the program in use."""

    def __init__(self, gl: GraphicsContext, fragment: str) -> None:
        self._gl = gl
        self._places: dict[str, Any] = {}
        self._handle = gl.createProgram()
        gl.attachShader(self._handle, _compile(gl, gl.VERTEX_SHADER, VERTEX))
        gl.attachShader(self._handle, _compile(gl, gl.FRAGMENT_SHADER, fragment))
        gl.linkProgram(self._handle)
        if not gl.getProgramParameter(self._handle, gl.LINK_STATUS):
            raise WebGLError(f"program refused: {gl.getProgramInfoLog(self._handle)}")

    def use(self) -> None:
        """Make this the program that draws."""
        self._gl.useProgram(self._handle)

    def integers(self, name: str, *values: int) -> None:
        """Set an int, bool or sampler uniform, or an ivec of 2 to 4."""
        getattr(self._gl, f"uniform{len(values)}i")(self._place(name), *map(int, values))

    def floats(self, name: str, *values: float) -> None:
        """Set a float uniform, or a vec of 2 to 4."""
        getattr(self._gl, f"uniform{len(values)}f")(self._place(name), *map(float, values))

    def draw(self) -> None:
        """Draw every pixel that viewport and scissor leave."""
        self._gl.drawArrays(self._gl.TRIANGLES, 0, 3)

    def _place(self, name: str) -> Any:
        if name not in self._places:
            self._places[name] = self._gl.getUniformLocation(self._handle, name)
        return self._places[name]


def _compile(gl: GraphicsContext, kind: int, source: str) -> Any:
    shader = gl.createShader(kind)
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    if not gl.getShaderParameter(shader, gl.COMPILE_STATUS):
        raise WebGLError(f"shader refused: {gl.getShaderInfoLog(shader)}")
    return shader


class ProgramCache:
    """The programs by their fragment shader, made when first asked for."""

    def __init__(self, gl: GraphicsContext) -> None:
        self._gl = gl
        self._programs: dict[str, Program] = {}

    def get(self, fragment: str) -> Program:
        """Return the program of a fragment shader. Raises WebGLError when it is refused."""
        if fragment not in self._programs:
            self._programs[fragment] = Program(self._gl, fragment)
        return self._programs[fragment]
