"""Rendered frames: windowed, cut, scaled and encoded as a caller asks (PS3.18 8.3.5, 10.4.1.2)."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from server.dicom_index import QueryError
from server.dicomweb.media_types import MediaRange, NotAcceptableError
from server.imaging.decoded import DecodedFrame, FrameReader, PictureMissingError
from server.imaging.opening import opening_frame, opening_series
from server.imaging.pictures import square_pixels
from server.model import Series
from viewer_py.pixels import pipeline
from viewer_py.pixels.modality import UnsupportedPixelsError
from viewer_py.pixels.voi import Window

if TYPE_CHECKING:
    from server.cloud import ImageCloud

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

JPEG, PNG, GIF = "image/jpeg", "image/png", "image/gif"
TYPES = (JPEG, PNG, GIF)
FUNCTIONS = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
USUAL_QUALITY = 90
THUMBNAIL_SIDE = 160
MOST_SIDE = 8192
MOST_GIF_FRAMES = 500
MOST_GIF_BYTES = 256 << 20  # all frames, decoded: they are in memory together
GIF_MILLISECONDS = 100


@dataclass(frozen=True)
class Viewport:
    """The size to fit into, and the region shown: left, top, width, height in columns and rows.

    A negative width or height mirrors; None is to the edge of the image.
    """

    width: int
    height: int
    left: float = 0.0
    top: float = 0.0
    source_width: float | None = None
    source_height: float | None = None


@dataclass(frozen=True)
class Rendering:
    """How frames are to be rendered; `window` None is each frame's own."""

    window: Window | None = None
    viewport: Viewport | None = None
    quality: int = USUAL_QUALITY


@dataclass(frozen=True)
class RenderedChoice:
    """The media type of the pictures, and whether they come as parts of a multipart answer."""

    media_type: str
    multipart: bool


@dataclass(frozen=True)
class FramePlace:
    """A frame to be rendered: its series, and its place in it from 0; its object and number."""

    series: Series
    index: int
    sop_instance_uid: str
    frame_number: int


def parse_rendering(parameters: Mapping[str, str]) -> Rendering:
    """Read `window`, `viewport` and `quality` (PS3.18 8.3.5.1). Raises QueryError."""
    quality = parameters.get("quality", str(USUAL_QUALITY))
    short = quality.isascii() and quality.isdecimal() and len(quality) < 10
    if not short or not 1 <= int(quality) <= 100:
        raise QueryError("quality 为 1 至 100 / quality is 1 to 100")
    window = parameters.get("window")
    viewport = parameters.get("viewport")
    return Rendering(
        None if window is None else _window(window),
        None if viewport is None else parse_viewport(viewport),
        int(quality),
    )


def parse_viewport(text: str) -> Viewport:
    """Read `vw,vh` or `vw,vh,sx,sy,sw,sh`, of which sx to sh may be empty. Raises QueryError."""
    parts = text.split(",")
    numbers = [_number(part) for part in parts]
    if len(numbers) not in {2, 6} or numbers[0] is None or numbers[1] is None:
        raise _bad_viewport()
    width, height = numbers[0], numbers[1]
    if not (1 <= width <= MOST_SIDE and 1 <= height <= MOST_SIDE):
        raise _bad_viewport()
    if len(numbers) == 2:
        return Viewport(int(width), int(height))
    left, top, source_width, source_height = numbers[2:]
    if source_width == 0 or source_height == 0:
        raise _bad_viewport()
    return Viewport(int(width), int(height), left or 0.0, top or 0.0, source_width, source_height)


def choose_rendered(wanted: Sequence[MediaRange], count: int) -> RenderedChoice:
    """Choose how pictures are sent: JPEG unless another type is asked for.

    Several pictures come as parts, or as an animated GIF. Raises NotAcceptableError.
    """
    for one in wanted:
        for media_type in TYPES:
            if not one.takes(media_type):
                continue
            if one.multipart or count == 1 or media_type == GIF:
                return RenderedChoice(media_type, one.multipart)
            if one.media_type in {"*/*", "image/*"}:
                return RenderedChoice(media_type, True)
    raise NotAcceptableError(
        f"图像以 {JPEG}、{PNG} 或 {GIF} 提供，多幅时须为 multipart/related / "
        f"pictures are {JPEG}, {PNG} or {GIF}; several come as multipart/related"
    )


def places_of(
    cloud: ImageCloud,
    several: Iterable[Series],
    sop_instance_uid: str | None = None,
    frame_numbers: Sequence[int] | None = None,
) -> list[FramePlace]:
    """Return the frames of series, of one object or of some of its frames, in reading order.

    Raises PictureMissingError where pictures are not ready, or there are none.
    """
    found = [
        FramePlace(series, index, one.sop_instance_uid, max(1, one.frame_number))
        for series in several
        for index, one in enumerate(FrameReader(cloud, series).manifest.frames)
        if sop_instance_uid in {None, one.sop_instance_uid}
    ]
    if frame_numbers is not None:
        by_number = {place.frame_number: place for place in found}
        if not by_number.keys() >= set(frame_numbers):
            raise PictureMissingError("a frame cannot be shown, or does not exist")
        found = [by_number[number] for number in frame_numbers]
    if not found:
        raise PictureMissingError("there is no picture")
    return found


def representative(cloud: ImageCloud, several: Sequence[Series]) -> FramePlace:
    """Return the frame that stands for a study or a series. Raises PictureMissingError."""
    ready = [one for one in several if one.prepared_key is not None and one.frame_count]
    if not ready:
        raise PictureMissingError("the pictures are not ready")
    series = opening_series(ready)
    frames = FrameReader(cloud, series).manifest.frames
    index = min(opening_frame(series), len(frames) - 1)
    if index < 0:
        raise PictureMissingError("there is no picture")
    return FramePlace(
        series, index, frames[index].sop_instance_uid, max(1, frames[index].frame_number)
    )


def thumbnail_rendering(parameters: Mapping[str, str]) -> Rendering:
    """Return how a thumbnail is rendered, as small as usual or as its `viewport` asks.

    Raises QueryError.
    """
    viewport = parameters.get("viewport")
    usual = Viewport(THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    return Rendering(viewport=usual if viewport is None else parse_viewport(viewport))


class Renderer:
    """Renders frames; the series that was read last is kept."""

    def __init__(self, cloud: ImageCloud, rendering: Rendering) -> None:
        self._cloud = cloud
        self._rendering = rendering
        self._series_id = ""
        self._reader: FrameReader | None = None

    def encoded(self, place: FramePlace, media_type: str) -> bytes:
        """Return one frame as JPEG, PNG or GIF. Raises PictureMissingError, StorageError."""
        return _encode([self.picture(place)], media_type, self._rendering.quality)

    def animated(self, places: Sequence[FramePlace]) -> bytes:
        """Return frames as one animated GIF. Raises NotAcceptableError for too many or large."""
        if len(places) > MOST_GIF_FRAMES:
            raise NotAcceptableError(
                f"动图最多 {MOST_GIF_FRAMES} 帧 / an animation has {MOST_GIF_FRAMES} frames at most"
            )
        pictures: list[Image.Image] = []
        size = 0
        for one in places:
            pictures.append(self.picture(one))
            size += pictures[-1].width * pictures[-1].height * len(pictures[-1].getbands())
            if size > MOST_GIF_BYTES:
                raise NotAcceptableError("动图过大，请缩小 viewport / the animation is too large")
        return _encode(pictures, GIF, self._rendering.quality)

    def picture(self, place: FramePlace) -> Image.Image:
        """Return a frame windowed, cut and scaled, with square pixels."""
        if self._reader is None or self._series_id != place.series.series_id:
            self._reader = FrameReader(self._cloud, place.series)
            self._series_id = place.series.series_id
        found = self._reader.frame(place.index)
        shown = _shown(found, self._rendering.window)
        viewport = self._rendering.viewport
        if viewport is None:
            return Image.fromarray(np.ascontiguousarray(square_pixels(shown, found.attributes)))
        return _fitted(shown, found, viewport)


def _shown(found: DecodedFrame, window: Window | None) -> Pixels:
    try:
        return pipeline.display(found.stored, found.attributes, window, planes=found.planes)
    except UnsupportedPixelsError as error:
        raise PictureMissingError("the frame cannot be shown") from error


def _fitted(shown: Pixels, found: DecodedFrame, viewport: Viewport) -> Image.Image:
    """Cut out the region, mirror it as asked, and scale it into the viewport, its shape kept."""
    rows, columns = shown.shape[:2]
    first, last, mirrored = _extent(viewport.left, viewport.source_width, columns)
    top, bottom, flipped = _extent(viewport.top, viewport.source_height, rows)
    region = shown[top:bottom, first:last]
    if mirrored:
        region = region[:, ::-1]
    if flipped:
        region = region[::-1]
    attributes = replace(found.attributes, rows=bottom - top, columns=last - first)
    square = np.ascontiguousarray(square_pixels(np.ascontiguousarray(region), attributes))
    height, width = square.shape[:2]
    scale = min(viewport.width / width, viewport.height / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return Image.fromarray(square).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _extent(start: float, length: float | None, most: int) -> tuple[int, int, bool]:
    """Return first and last (exclusive) row or column of a region, and whether it is mirrored."""
    mirrored = length is not None and length < 0
    first = math.floor(start)
    last = most if length is None else math.ceil(start + abs(length))
    first, last = max(0, first), min(most, last)
    if first >= last:
        raise _bad_viewport()
    return first, last, mirrored


def _encode(pictures: Sequence[Image.Image], media_type: str, quality: int) -> bytes:
    file = io.BytesIO()
    first, *rest = pictures
    if media_type == JPEG:
        first.save(file, "JPEG", quality=quality, subsampling=0)
    elif media_type == PNG:
        first.save(file, "PNG", compress_level=1)
    else:
        first.save(
            file,
            "GIF",
            save_all=True,
            append_images=rest,
            duration=GIF_MILLISECONDS,
            loop=0,
        )
    return file.getvalue()


def _window(text: str) -> Window:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 3 and parts[2].lower() in FUNCTIONS:
        center, width = _number(parts[0]), _number(parts[1])
        if center is not None and width is not None and width > 0:
            return Window(center, width, FUNCTIONS[parts[2].lower()])
    raise QueryError(
        "window 为 窗位,窗宽,linear|linear-exact|sigmoid / "
        "window is center,width and linear, linear-exact or sigmoid"
    )


def _number(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e9:
        raise QueryError("参数须为数字 / a parameter must be a number")
    return number


def _bad_viewport() -> QueryError:
    return QueryError(
        "viewport 为 宽,高 或 宽,高,左,上,宽,高 / viewport is vw,vh or vw,vh,sx,sy,sw,sh"
    )
