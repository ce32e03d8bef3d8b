"""Which series of another study belongs beside which of the current one, at which image (C-25).

The series that match best in modality, plane, body part and name are laid beside each other.
Scrolling is linked by `view.linking`: by position where both share a frame of reference, which
studies of different days do not; else from where they were laid beside each other, which is the
same share of the way through the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from viewer_py.dicom.geometry import dot, slice_normal
from viewer_py.dicom.manifest import SeriesManifest
from viewer_py.view.series_facts import SeriesFacts

_WORDS = re.compile(r"[a-z]+[0-9]*|[\u4e00-\u9fff]")
# What tells one reconstruction or sequence from another, said in several ways.
_KINDS = (
    ("lung", "肺"),
    ("mediast", "纵隔", "软组织", "soft"),
    ("bone", "骨"),
    ("t1",),
    ("t2",),
    ("flair",),
    ("dwi", "弥散", "扩散"),
    ("adc",),
    ("动脉", "arterial"),
    ("静脉", "venous", "portal"),
    ("平扫", "plain", "non-contrast"),
    ("增强", "contrast", "+c"),
    ("mip",),
    ("重建", "reformat", "mpr"),
)


def best_match(current: SeriesFacts, candidates: Iterable[SeriesFacts]) -> SeriesFacts | None:
    """Return the candidate to lay beside `current`; None when there is none at all.

    Modality goes before plane, plane before body part, that before what the names have in common,
    and that before slices of like thickness and number.
    """
    return max(candidates, key=lambda one: _likeness(current, one), default=None)


def _likeness(current: SeriesFacts, other: SeriesFacts) -> tuple[float, ...]:
    return (
        current.modality == other.modality,
        bool(current.plane) and current.plane == other.plane,
        bool(current.body_part) and current.body_part == other.body_part,
        len(kinds(current.words) & kinds(other.words))
        - len(kinds(current.words) ^ kinds(other.words)) / 2,
        -abs((current.thickness or 0.0) - (other.thickness or 0.0)),
        _common_words(current.words, other.words),
        -abs(current.frame_count - other.frame_count),
    )


def kinds(words: str) -> frozenset[str]:
    """Return what the name of a series says of how it was made."""
    return frozenset(names[0] for names in _KINDS if any(name in words for name in names))


def _common_words(one: str, other: str) -> int:
    return len(set(_WORDS.findall(one)) & set(_WORDS.findall(other)))


def image_beside(current: SeriesManifest, frame_index: int, other: SeriesManifest) -> int:
    """Return the image of `other` that belongs beside image `frame_index` of `current`.

    In one frame of reference the nearest place. Else the same share of the way through the stack,
    in the direction in which both go through the body: the same anatomy where both scans cover the
    same part of it, and a beginning for the reader's own offset where they do not.
    """
    if not other.frames or not current.frames:
        return 0
    normal = slice_normal(current.frames[frame_index])
    places = None if normal is None else _places(current, normal)
    others = None if normal is None else _places(other, normal)
    if places is None or others is None:
        share = frame_index / max(len(current.frames) - 1, 1)
        return round(share * (len(other.frames) - 1))
    here = places[frame_index]
    uid = current.frame_of_reference_uid
    if not (uid and uid == other.frame_of_reference_uid):
        low, high = min(places), max(places)
        share = (here - low) / (high - low) if high > low else 0.5
        here = min(others) + share * (max(others) - min(others))
    return min(range(len(others)), key=lambda index: abs(others[index] - here))


def _places(series: SeriesManifest, normal: tuple[float, float, float]) -> list[float] | None:
    """Return where the images lie along a direction, mm; None where one does not say."""
    positions = [frame.image_position_patient for frame in series.frames]
    if any(position is None for position in positions):
        return None
    return [dot(position, normal) for position in positions if position is not None]
