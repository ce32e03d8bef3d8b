"""Textures of integers or of the bits of floats: no filtering by the GPU is ever asked for."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.render.webgl.context import GraphicsContext, WebGLError
from viewer_py.render.webgl.glsl_display import SampleKind


@dataclass(frozen=True)
class TextureForm:
    """How pixels of one dtype are kept on the GPU (names are WebGL's constants)."""

    kind: SampleKind
    internal_format: str
    format: str
    type: str


FLOATS = TextureForm(SampleKind.FLOAT, "R32UI", "RED_INTEGER", "UNSIGNED_INT")
COLORS = TextureForm(SampleKind.UNSIGNED, "RGBA8UI", "RGBA_INTEGER", "UNSIGNED_BYTE")

_FORMS = {
    ("u", 1, 1): TextureForm(SampleKind.UNSIGNED, "R8UI", "RED_INTEGER", "UNSIGNED_BYTE"),
    ("i", 1, 1): TextureForm(SampleKind.SIGNED, "R8I", "RED_INTEGER", "BYTE"),
    ("u", 2, 1): TextureForm(SampleKind.UNSIGNED, "R16UI", "RED_INTEGER", "UNSIGNED_SHORT"),
    ("i", 2, 1): TextureForm(SampleKind.SIGNED, "R16I", "RED_INTEGER", "SHORT"),
    ("u", 1, 3): TextureForm(SampleKind.UNSIGNED, "RGB8UI", "RGB_INTEGER", "UNSIGNED_BYTE"),
    ("f", 4, 1): FLOATS,
}


def texture_form(dtype: np.dtype[Any], samples: int = 1) -> TextureForm:
    """Return the form for pixels of `dtype` with so many samples.

    Raises WebGLError for a dtype that no such texture holds exactly.
    """
    form = _FORMS.get((dtype.kind, dtype.itemsize, samples))
    if form is None:
        raise WebGLError(f"no texture holds {dtype} with {samples} samples")
    return form


def as_texels(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return pixels in the memory order and type that WebGL takes; floats as their bits."""
    texels = np.ascontiguousarray(pixels)
    return texels.view(np.uint32) if texels.dtype.kind == "f" else texels


def new_texture(gl: GraphicsContext, target: str = "TEXTURE_2D") -> Any:
    """Return a new texture, bound, that is read texel by texel only."""
    handle, where = gl.createTexture(), getattr(gl, target)
    gl.bindTexture(where, handle)
    for name in ("TEXTURE_MIN_FILTER", "TEXTURE_MAG_FILTER"):
        gl.texParameteri(where, getattr(gl, name), gl.NEAREST)
    for name in ("TEXTURE_WRAP_S", "TEXTURE_WRAP_T"):
        gl.texParameteri(where, getattr(gl, name), gl.CLAMP_TO_EDGE)
    return handle


def upload(gl: GraphicsContext, form: TextureForm, texels: NDArray[Any]) -> None:
    """Fill the bound 2-D texture with texels (rows, columns[, samples]); they give its size."""
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    rows, columns = texels.shape[:2]
    gl.texImage2D(
        gl.TEXTURE_2D, 0, getattr(gl, form.internal_format), columns, rows, 0,
        getattr(gl, form.format), getattr(gl, form.type), texels,
    )  # fmt: skip


@dataclass(frozen=True)
class Texels:
    """A picture on the GPU: (columns, rows) texels."""

    handle: Any
    form: TextureForm
    columns: int
    rows: int
    bytes: int = 0


class FrameTextures:
    """Textures of frames, the least recently drawn deleted first once `budget` bytes are passed."""

    def __init__(self, gl: GraphicsContext, budget: int) -> None:
        self._gl = gl
        self.budget = budget
        self._textures: OrderedDict[tuple[str, int], Texels] = OrderedDict()

    @property
    def bytes(self) -> int:
        """Return the bytes held."""
        return sum(texture.bytes for texture in self._textures.values())

    def get(self, key: tuple[str, int], pixels: NDArray[Any]) -> Texels:
        """Return the texture of a frame, uploading it first when it is not there."""
        if key not in self._textures:
            self._textures[key] = upload_picture(self._gl, pixels)
        self._textures.move_to_end(key)
        self.shrink(1)
        return self._textures[key]

    def shrink(self, keep: int = 0) -> None:
        """Delete the oldest, all but `keep`, until the budget holds."""
        while self.bytes > self.budget and len(self._textures) > keep:
            _, oldest = self._textures.popitem(last=False)
            self._gl.deleteTexture(oldest.handle)

    def clear(self) -> None:
        """Delete every texture."""
        for texture in self._textures.values():
            self._gl.deleteTexture(texture.handle)
        self._textures.clear()


def upload_picture(gl: GraphicsContext, pixels: NDArray[Any]) -> Texels:
    """Return a new texture of pixels (rows, columns) or (rows, columns, 3). Raises WebGLError."""
    form = texture_form(pixels.dtype, 1 if pixels.ndim == 2 else pixels.shape[2])
    largest = int(gl.getParameter(gl.MAX_TEXTURE_SIZE))
    if max(pixels.shape[:2]) > largest:
        raise WebGLError(f"a picture of {pixels.shape} is larger than {largest} texels")
    handle = new_texture(gl)
    texels = as_texels(pixels)
    upload(gl, form, texels)
    return Texels(handle, form, pixels.shape[1], pixels.shape[0], texels.nbytes)


class Target:
    """A texture that is drawn into, with its framebuffer; made anew when its size changes."""

    def __init__(self, gl: GraphicsContext, form: TextureForm) -> None:
        self._gl, self._form = gl, form
        self._framebuffer = gl.createFramebuffer()
        self.texels: Texels | None = None
        self.content: object = None

    def begin(self, columns: int, rows: int) -> Texels:
        """Make everything that is drawn go here, until `end`. Raises WebGLError."""
        gl = self._gl
        if self.texels is None or (self.texels.columns, self.texels.rows) != (columns, rows):
            self._resize(columns, rows)
        gl.bindFramebuffer(gl.FRAMEBUFFER, self._framebuffer)
        gl.disable(gl.SCISSOR_TEST)
        gl.disable(gl.BLEND)
        gl.viewport(0, 0, columns, rows)
        self.content = None
        assert self.texels is not None
        return self.texels

    def end(self, content: object) -> None:
        """Draw on the canvas again; `content` is what the texture now shows."""
        self._gl.bindFramebuffer(self._gl.FRAMEBUFFER, None)
        self.content = content

    def fill(self, pixels: NDArray[np.float32]) -> None:
        """Put pixels here that were computed elsewhere (nan: no data). Raises WebGLError."""
        if self.texels is not None:
            self._gl.deleteTexture(self.texels.handle)
            self.texels = None
        self.texels = upload_picture(self._gl, pixels)

    def delete(self) -> None:
        """Give back the memory."""
        self._gl.deleteFramebuffer(self._framebuffer)
        if self.texels is not None:
            self._gl.deleteTexture(self.texels.handle)
        self.texels = None

    def _resize(self, columns: int, rows: int) -> None:
        gl, form = self._gl, self._form
        if self.texels is not None:
            gl.deleteTexture(self.texels.handle)
        handle = new_texture(gl)
        gl.texStorage2D(gl.TEXTURE_2D, 1, getattr(gl, form.internal_format), columns, rows)
        self.texels = Texels(handle, form, columns, rows, 4 * columns * rows)
        gl.bindFramebuffer(gl.FRAMEBUFFER, self._framebuffer)
        gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, handle, 0)
        if gl.checkFramebufferStatus(gl.FRAMEBUFFER) != gl.FRAMEBUFFER_COMPLETE:
            gl.bindFramebuffer(gl.FRAMEBUFFER, None)
            raise WebGLError(f"the GPU cannot draw into {form.internal_format}")
