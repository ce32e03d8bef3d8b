"""From a series and what was chosen to the PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server.film.fonts import font_of
from server.film.images import FilmImage, check_size, film_images
from server.film.options import FilmOptions
from server.film.sheets import NOT_SHOWN, draw_film, tile_canvas
from server.model import Series
from viewer_py.dicom.calibration import CALIBRATION_LABELS
from viewer_py.dicom.manifest import SeriesManifest

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F))


def make_film(
    cloud: ImageCloud,
    session: Session,
    series: Series,
    manifest: SeriesManifest,
    options: FilmOptions,
    *,
    watermark: str,
    foot: str,
) -> bytes:
    """Return the film as PDF (C-39); `manifest` says what of the patient is shown.

    Raises FilmRefusedError for what cannot be printed at once, PictureMissingError, StorageError.
    """
    chosen = options.frame_indices(len(manifest.frames))
    check_size(manifest, chosen)
    tile = tile_canvas(options)
    images = list(film_images(cloud, session, series, manifest, chosen, options, tile))
    with font_of(_letters(images) + watermark + foot) as font:
        return draw_film(images, options, font, watermark, foot)


def _letters(images: list[FilmImage]) -> str:
    """Return every letter that the tiles may need."""
    words = {NOT_SHOWN, _PLAIN, *(label.chinese for label in CALIBRATION_LABELS.values())}
    for one in images:
        corners = one.corners
        for lines in (
            corners.top_left, corners.top_right, corners.bottom_left, corners.bottom_right,
        ):  # fmt: skip
            words.update(lines)
    return "".join(sorted(set("".join(words))))
