"""The words around a still picture: the four corners and the orientation letters (B-08, I-11)."""

from __future__ import annotations

from dataclasses import dataclass

from portal.study.picture_words import picture_words, translated_corners
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.scene.compose import first_corners, orientation_marks
from viewer_py.scene.model import CornerText, OrientationMarks
from viewer_py.view.fit import pixel_aspect
from viewer_py.view.state import CanvasSize, Viewport

# The page shows the short lines on a narrow screen and the long ones elsewhere, by style alone.
NARROW = CanvasSize(390.0, 560.0)
WIDE = CanvasSize(1200.0, 800.0)


@dataclass(frozen=True)
class Caption:
    """The words of one frame, in their long and short forms, and its width in square pixels."""

    wide: CornerText
    narrow: CornerText
    marks: OrientationMarks
    image_width: float


def caption(series: SeriesManifest, frame_index: int) -> Caption:
    """Return the words of a frame as the JPG page shows it: unturned, at its default window.

    They are in the language of the request.
    """
    frame, words = series.frames[frame_index], picture_words()
    return Caption(
        wide=translated_corners(first_corners(series, frame_index, WIDE), words),
        narrow=translated_corners(first_corners(series, frame_index, NARROW), words),
        marks=orientation_marks(frame, Viewport()),
        image_width=frame.columns * pixel_aspect(frame)[0],
    )
