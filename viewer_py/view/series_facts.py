"""What a series shows, as far as its list entry and its manifest tell: for pairing and hanging."""

from __future__ import annotations

from dataclasses import dataclass

from viewer_py.dicom.geometry import slice_normal
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.view.state import ViewerState

# The largest component of a plane's normal by which the plane is still called after it.
_STRAIGHT = 0.8
_PLANES = ("sagittal", "coronal", "axial")
# Body parts as devices and hospitals write them; the first word is what they are called here.
_BODY_PARTS = (
    ("chest", "thorax", "lung", "胸", "肺"),
    ("head", "brain", "skull", "头", "颅", "脑"),
    ("breast", "mamma", "乳"),
    ("abdomen", "liver", "腹", "肝"),
    ("heart", "cardiac", "心"),
    ("neck", "颈部"),
    ("spine", "椎", "脊"),
    ("pelvis", "盆"),
)


@dataclass(frozen=True)
class SeriesFacts:
    """What is known of a series; "" where nothing is.

    `plane` is "axial", "coronal", "sagittal" or "oblique"; `words` are its names in small letters;
    `thickness` is mm.
    """

    series_id: str
    modality: str
    words: str
    body_part: str
    plane: str
    frame_count: int
    thickness: float | None = None
    frame_of_reference_uid: str = ""


def body_part_of(*texts: str) -> str:
    """Return the body part that texts name, in our word for it; "" when they name none."""
    for text in texts:
        small = text.lower()
        for names in _BODY_PARTS:
            if any(name in small for name in names):
                return names[0]
    return ""


def plane_of(series: SeriesManifest) -> str:
    """Return how the images of a series lie, by the one in its middle."""
    if not series.frames:
        return ""
    normal = slice_normal(series.frames[len(series.frames) // 2])
    if normal is None:
        return ""
    sizes = [abs(part) for part in normal]
    largest = max(range(3), key=lambda axis: sizes[axis])
    return _PLANES[largest] if sizes[largest] >= _STRAIGHT else "oblique"


def facts_of(state: ViewerState, series_id: str) -> SeriesFacts | None:
    """Return what is known of a series of the catalogue; None when it is not there."""
    entry = next((one for one in state.catalogue if one.series_id == series_id), None)
    if entry is None:
        return None
    series = state.series_by_id(series_id)
    words = entry.description if series is None else series.series_description
    part = entry.body_part or ("" if series is None else series.body_part)
    study = "" if series is None else series.heading.study_description
    middle = series.frames[len(series.frames) // 2] if series and series.frames else None
    return SeriesFacts(
        series_id=series_id,
        modality=entry.modality,
        words=f"{entry.description} {words}".lower(),
        body_part=body_part_of(part, words, study),
        plane="" if series is None else plane_of(series),
        frame_count=entry.frame_count,
        thickness=None if middle is None else middle.slice_thickness,
        frame_of_reference_uid="" if series is None else series.frame_of_reference_uid,
    )
