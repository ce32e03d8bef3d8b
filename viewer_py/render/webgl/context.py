"""What the WebGL 2 renderer asks of a graphics context, and how it says that it cannot go on."""

from __future__ import annotations

from typing import Any, Protocol


class WebGLError(RuntimeError):
    """The GPU refused a shader, or cannot hold or draw these pixels."""


class GraphicsContext(Protocol):
    """The part of WebGL2RenderingContext used here; pixels are passed as C-ordered arrays."""

    def __getattr__(self, name: str) -> Any: ...
