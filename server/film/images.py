"""The pictures of a film: the renderer's own pixels, and the words around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy.orm import Session

from server.film.options import FilmOptions, FilmRefusedError
from server.imaging import codec, delivery
from server.model import Series
from viewer_py.dicom import overlays
from viewer_py.dicom.calibration import Spacing
from viewer_py.dicom.geometry import spacing
from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest
from viewer_py.dicom.pack import HEAD, read_head
from viewer_py.pixels import pipeline
from viewer_py.pixels.modality import UnsupportedPixelsError
from viewer_py.scene.compose import orientation_marks
from viewer_py.scene.corners import CornerSource, corner_text
from viewer_py.scene.model import CornerText, OrientationMarks
from viewer_py.view.fit import pixel_aspect
from viewer_py.view.state import CanvasSize, Pane, Viewport

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# All images of one film together: they are in memory, packed, until it is written.
MOST_PIXELS = 80_000_000

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True)
class FilmImage:
    """One tile: its picture (None: it cannot be drawn), the shape of a pixel, and its words."""

    picture: Pixels | None
    aspect: tuple[float, float]
    spacing: Spacing
    corners: CornerText
    marks: OrientationMarks


def check_size(manifest: SeriesManifest, frame_indices: Sequence[int]) -> None:
    """Raise FilmRefusedError when the images together are more than a film can take."""
    pixels = sum(manifest.frames[one].rows * manifest.frames[one].columns for one in frame_indices)
    if pixels > MOST_PIXELS:
        raise FilmRefusedError(
            "所选影像的像素太多，请少选一些 / the images have too many pixels, choose fewer"
        )


def film_images(
    cloud: ImageCloud,
    session: Session,
    series: Series,
    manifest: SeriesManifest,
    frame_indices: Sequence[int],
    options: FilmOptions,
    tile: CanvasSize,
) -> Iterator[FilmImage]:
    """Yield the images as `pipeline.display` draws them, with the corners of a pane of that size.

    They are windowed, inverted, mirrored and turned as the options say.
    Raises PictureMissingError, StorageError.
    """
    packed = delivery.overlay_planes(cloud, series)
    planes = overlays.from_bytes(packed) if packed else {}
    viewport = options.viewport
    records = delivery.frame_records(cloud, session, series, frame_indices)
    for index, record in zip(frame_indices, records, strict=True):
        frame = manifest.frames[index]
        try:
            stored = codec.decode(read_head(record).codec, record[HEAD.size :], frame)
            over = planes.get(index, ())
            upright = pipeline.display(stored, frame, options.window, options.inverted, over)
            picture = laid(upright, viewport)
        except (UnsupportedPixelsError, ValueError):
            picture = None
        marks = orientation_marks(frame, viewport)
        pane = Pane(
            series_id=series.series_id,
            frame_index=index,
            viewport=viewport,
            window=options.window,
            inverted=options.inverted,
        )
        yield FilmImage(
            picture=picture,
            aspect=_laid_aspect(frame, viewport),
            spacing=spacing(frame),
            corners=corner_text(CornerSource(manifest, frame, pane, tile, marks), zoom=False),
            marks=marks,
        )


def laid(picture: Pixels, viewport: Viewport) -> Pixels:
    """Return a picture (rows, columns[, 3]) mirrored, then turned clockwise by quarters."""
    if viewport.flip_horizontal:
        picture = picture[:, ::-1]
    if viewport.flip_vertical:
        picture = picture[::-1]
    return np.ascontiguousarray(np.rot90(picture, -_quarters(viewport)))


def _laid_aspect(frame: FrameAttributes, viewport: Viewport) -> tuple[float, float]:
    across, down = pixel_aspect(frame)
    return (down, across) if _quarters(viewport) % 2 else (across, down)


def _quarters(viewport: Viewport) -> int:
    return round(viewport.rotation / 90.0)
