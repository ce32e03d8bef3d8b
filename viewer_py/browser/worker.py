"""The worker's entry in the browser: gives a session what JavaScript has. The only user of `js`.

`static/viewer/host.js` calls `start` once Python is up, then the methods of what it returns.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.browser.budget import budget_for
from viewer_py.browser.changes import Changes
from viewer_py.browser.frame_store import FrameStore
from viewer_py.browser.messages import read_start
from viewer_py.browser.painters import NumpyPainter, WebGLPainter
from viewer_py.browser.session import Session
from viewer_py.render.webgl_renderer import GraphicsContext
from viewer_py.scene.model import Rectangle


class JavaScriptHost:
    """The session's `Host` on top of the host object of host.js."""

    def __init__(self, outside: Any) -> None:
        self._outside = outside
        self._scene = Changes()

    def now(self) -> float:
        """Return seconds of a clock that never goes back."""
        return time.perf_counter()

    def post(self, message: Mapping[str, Any]) -> None:
        """Send a message to the page; of a scene, what changed since the last."""
        said = self._scene.of(message) if message["type"] == "scene" else message
        self._outside.post(json.dumps(said, ensure_ascii=False).encode())

    def request_tick(self) -> None:
        """Ask for a call of `tick` with the next frame of the screen."""
        self._outside.requestTick()

    def fetch_manifest(self, series_id: str) -> None:
        """Fetch a manifest; the answer comes to `manifest_arrived`."""
        self._outside.fetchManifest(series_id)

    def open_stream(self, series_id: str, request: int, query: str) -> None:
        """Open a stream of frames; they come to `frame_arrived`."""
        self._outside.openStream(series_id, request, query)

    def close_stream(self) -> None:
        """Drop the stream."""
        self._outside.closeStream()

    def coming(self, series_id: str) -> Iterable[int]:
        """Return the frames that are received but not decoded yet, or fetched beforehand."""
        return list(self._outside.coming(series_id))

    def fetch_overlays(self, series_id: str) -> None:
        """Fetch the overlay planes of a series; the answer comes to `overlays_arrived`."""
        self._outside.fetchOverlays(series_id)

    def put_lens(self, pixels: NDArray[np.uint8]) -> None:
        """Show pixels on the lens's canvas."""
        height, width = pixels.shape[:2]
        self._outside.putLens(np.ascontiguousarray(pixels), width, height)

    def draw_shapes(self, shapes: str, width: int, height: int, pixel_ratio: float) -> None:
        """Draw over the picture what viewer_py.browser.marks says."""
        self._outside.drawShapes(shapes.encode(), width, height, pixel_ratio)

    def fetch_studies(self) -> None:
        """Fetch the list of the person's other studies; it comes to `studies_arrived`."""
        self._outside.fetchStudies()

    def serve_from(self, series_id: str, base: str) -> None:
        """Have the data of a series fetched below another address than the study's own."""
        self._outside.serveFrom(series_id, base)

    def save_picture(self, request: str) -> None:
        """Have what was just painted saved as a file; the page gets it as its answer."""
        self._outside.savePicture(request.encode())

    def call_later(self, seconds: float) -> None:
        """Ask for a call of `woken`."""
        self._outside.callLater(seconds)


class _PixelCanvas:
    """The 2-D canvas."""

    def __init__(self, outside: Any) -> None:
        self._outside = outside

    def resize(self, width: int, height: int) -> bool:
        return bool(self._outside.resizePixels(width, height))

    def put(self, pixels: NDArray[np.uint8], area: Rectangle) -> None:
        height, width = pixels.shape[:2]
        place = (area.x, area.y, area.width, area.height)
        self._outside.putPixels(np.ascontiguousarray(pixels), width, height, *place)


class _GraphicsCanvas:
    """The WebGL 2 canvas."""

    def __init__(self, outside: Any) -> None:
        self._outside = outside

    def open(self) -> GraphicsContext | None:
        return _Graphics(self._outside) if self._outside.openGraphics() else None

    def close(self) -> None:
        self._outside.closeGraphics()

    def resize(self, width: int, height: int) -> None:
        self._outside.resizeGraphics(width, height)

    def finish(self) -> None:
        self._outside.finishGraphics()


class _Graphics:
    """The WebGL 2 context; an array goes to the GPU from where it lies, without a copy."""

    def __init__(self, outside: Any) -> None:
        self._outside = outside
        self._gl = outside.gl

    def __getattr__(self, name: str) -> Any:
        # Constants and methods are looked up through the language border once only.
        value = getattr(self._gl, name)
        setattr(self, name, value)
        return value

    def texImage2D(self, *arguments: Any) -> None:  # noqa: N802 - WebGL's name
        """Upload pixels; the last argument is an array."""
        self._outside.upload("texImage2D", *arguments)

    def texImage3D(self, *arguments: Any) -> None:  # noqa: N802 - WebGL's name
        """Upload voxels; the last argument is an array."""
        self._outside.upload("texImage3D", *arguments)

    def texSubImage3D(self, *arguments: Any) -> None:  # noqa: N802 - WebGL's name
        """Upload some voxels; the last argument is an array."""
        self._outside.upload("texSubImage3D", *arguments)


class BrowserSession:
    """What host.js calls; JSON text in, JavaScript buffers in, nothing out."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def receive(self, message: str) -> None:
        """Take one message of the page."""
        self._session.receive(json.loads(message))

    def tick(self) -> None:
        """Paint."""
        self._session.tick()

    def woken(self) -> None:
        """Go on after `callLater`."""
        self._session.woken()

    def manifest_arrived(self, series_id: str, status: int, text: str) -> None:
        """Take a manifest."""
        self._session.manifest_arrived(series_id, status, text)

    def overlays_arrived(self, series_id: str, status: int, data: Any) -> None:
        """Take the overlay planes of a series: a Uint8Array."""
        self._session.overlays_arrived(series_id, status, bytes(data.to_py()))

    def studies_arrived(self, status: int, text: str) -> None:
        """Take the list of the person's other studies."""
        self._session.studies_arrived(status, text)

    def frame_arrived(self, request: int, frame_index: int, data: Any) -> None:
        """Take a decoded frame: a Uint8Array, copied once, to where it stays."""
        self._session.frame_arrived(request, frame_index, data.byteLength, data.assign_to)

    def frame_failed(self, request: int, frame_index: int) -> None:
        """Take note of a frame that no decoder could read."""
        self._session.frame_failed(request, frame_index)

    def stream_ended(self, request: int, status: int) -> None:
        """Take note that a stream is over."""
        self._session.stream_ended(request, status)

    def context_lost(self) -> None:
        """The WebGL context is lost."""
        self._session.context_lost()


def start(message: str, outside: Any) -> BrowserSession:
    """Begin a reading. `message` is the page's `start` as JSON, `outside` host.js's host."""
    begin = read_start(json.loads(message))
    budget = budget_for(
        touch=begin.touch,
        shorter_side=min(begin.width, begin.height),
        gigabytes=begin.gigabytes,
    )
    session = Session(
        JavaScriptHost(outside),
        begin,
        FrameStore(budget.frames),
        cpu=NumpyPainter(_PixelCanvas(outside)),
        gpu=WebGLPainter(_GraphicsCanvas(outside), budget.textures),
    )
    return BrowserSession(session)
