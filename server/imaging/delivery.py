"""What a reader is sent of a prepared series: manifest, frames, pictures."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server import clock
from server.imaging import bundle, pictures
from server.imaging.bundle import PayloadKind
from server.imaging.decoded import FrameReader, PictureMissingError
from server.imaging.frames import display
from server.imaging.pictures import Picture
from server.model import DataKey, PreviewKind, Series
from viewer_py.dicom import manifest
from viewer_py.dicom.manifest import SeriesManifest, StudyHeading
from viewer_py.dicom.pack import FrameCodec, FrameRecord

if TYPE_CHECKING:
    from server.cloud import ImageCloud

__all__ = [
    "Picture",
    "PictureMissingError",
    "frame_records",
    "manifest_json",
    "nearest_first",
    "overlay_planes",
    "parse_ranges",
    "picture",
    "rendered_png",
    "series_manifest",
]

PARTS_KEPT = 2
LEAD = 3
MOST_RANGES = 1000
_RANGE = re.compile(r"([0-9]{1,7})(?:-([0-9]{1,7}))?")


def manifest_json(cloud: ImageCloud, session: Session, series: Series) -> bytes:
    """Return the series manifest as JSON, its heading as the study says today.

    Raises PictureMissingError when the series is not ready, and StorageError.
    """
    return manifest.to_json(series_manifest(cloud, session, series)).encode()


def series_manifest(cloud: ImageCloud, session: Session, series: Series) -> SeriesManifest:  # noqa: ARG001
    """Return the series manifest with its heading as of today; raises as `manifest_json`."""
    return dataclasses.replace(_manifest(cloud, series), heading=study_heading(series))


def study_heading(series: Series) -> StudyHeading:
    """Return what the corners say of the study of a series (I-11)."""
    study = series.study
    moment = study.study_datetime.astimezone(clock.CHINA)
    return StudyHeading(
        patient_name=study.patient_name,
        patient_id=study.patient_id,
        patient_sex=study.patient_sex,
        patient_age=study.patient_age,
        accession_number=study.accession_number,
        institution_name=study.institution.name,
        study_description=study.description,
        study_datetime=moment.isoformat(),
        cloud_index=study.cloud_index,
    )


def nearest_first(
    frame_count: int, around: int, wanted: Iterable[range] | None = None, toward: int = 0
) -> list[int]:
    """Return the wanted frames (all when None), each once, nearest to `around` first.

    Of two equally near frames the later one comes first: most people scroll forward. Of a reader
    who scrolls (`toward` 1 or -1) `LEAD` frames ahead come for one behind.
    """
    indices = (
        set(range(frame_count))
        if wanted is None
        else {index for part in wanted for index in part if 0 <= index < frame_count}
    )

    def distance(index: int) -> int:
        behind = toward != 0 and (index - around) * toward < 0
        return abs(index - around) * (LEAD if behind else 1)

    return sorted(indices, key=lambda index: (distance(index), -index))


def parse_ranges(text: str, frame_count: int) -> list[range]:
    """Read frame ranges such as "0-40,60-199" or "7"; both ends belong to a range.

    Raises ValueError, in words, for anything else and for frames that do not exist.
    """
    parts = text.split(",")
    if len(parts) > MOST_RANGES:
        raise ValueError(f"more than {MOST_RANGES} frame ranges")
    return [_range(part, frame_count) for part in parts]


def _range(text: str, frame_count: int) -> range:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError(f"not a frame range: {text[:40]!r}")
    first = int(match[1])
    last = first if match[2] is None else int(match[2])
    if first > last:
        raise ValueError(f"a frame range runs backwards: {text!r}")
    if last >= frame_count:
        raise ValueError(f"frame {last} does not exist; the series has {frame_count} frames")
    return range(first, last + 1)


def frame_records(
    cloud: ImageCloud,
    session: Session,  # noqa: ARG001
    series: Series,
    frame_indices: Sequence[int],
) -> Iterator[bytes]:
    """Yield the pack records (head and payload) of frames in the order asked for.

    Neighbours lie in one part of the pack, which is read and decrypted once; at most
    `PARTS_KEPT` parts are in memory. Raises PictureMissingError, StorageError.
    """
    folder = _folder(series)
    data_key = series.study.data_key
    index = bundle.read_index(cloud.vault, data_key, folder)
    parts: dict[int, bytes] = {}
    for frame_index in frame_indices:
        if not 0 <= frame_index < len(index):
            raise PictureMissingError(f"frame {frame_index} does not exist")
        record = index[frame_index]
        number, offset, length = (int(value) for value in record["pack"])
        if number not in parts:
            while len(parts) >= PARTS_KEPT:
                parts.pop(next(iter(parts)))
            key = bundle.part_key(folder, PayloadKind.PACK, number)
            parts[number] = cloud.vault.read(data_key, key)
        else:
            parts[number] = parts.pop(number)  # used last, dropped last
        head = FrameRecord(frame_index, FrameCodec(int(record["codec"])), length)
        yield head.to_bytes() + parts[number][offset : offset + length]


def picture(
    cloud: ImageCloud,
    session: Session,  # noqa: ARG001
    series: Series,
    frame_index: int,
    kind: PreviewKind,
) -> Picture:
    """Return a prepared picture of a frame; the thumbnail is the series', whichever the frame.

    Raises PictureMissingError, StorageError.
    """
    folder = _folder(series)
    index = bundle.read_index(cloud.vault, series.study.data_key, folder)
    if kind is PreviewKind.THUMBNAIL:
        frame_index = len(index) // 2
    found = _kept_picture(cloud, series.study.data_key, folder, index, frame_index, kind.value)
    if found is None:
        raise PictureMissingError(f"frame {frame_index} has no picture of this kind")
    return found


def rendered_png(
    cloud: ImageCloud,
    session: Session,  # noqa: ARG001
    series: Series,
    frame_index: int,
) -> bytes:
    """Return a frame at its default window, lossless and full matrix (PS3.18 `rendered`).

    First and middle frame were made beforehand; others are made now from the frame pack.
    Raises PictureMissingError, StorageError, DecodeError.
    """
    folder, data_key = _folder(series), series.study.data_key
    index = bundle.read_index(cloud.vault, data_key, folder)
    kept = _kept_picture(cloud, data_key, folder, index, frame_index, PayloadKind.RENDERED.value)
    if kept is not None:
        return kept.data
    found = FrameReader(cloud, series).frame(frame_index)
    return pictures.png(display(found.stored, found.attributes, found.planes)).data


def overlay_planes(cloud: ImageCloud, series: Series) -> bytes:
    """Return the overlay planes of a series (viewer_py.dicom.overlays), b"" when it has none.

    Raises PictureMissingError when the series is not ready, and StorageError.
    """
    if not _manifest(cloud, series).overlay_bytes:
        return b""
    return bundle.read_overlays(cloud.vault, series.study.data_key, _folder(series))


def _folder(series: Series) -> str:
    if series.prepared_key is None:
        raise PictureMissingError("the pictures of the series are not ready")
    return series.prepared_key


def _manifest(cloud: ImageCloud, series: Series) -> SeriesManifest:
    return manifest.from_json(
        cloud.vault.read(series.study.data_key, f"{_folder(series)}/manifest")
    )


def _kept_picture(
    cloud: ImageCloud,
    data_key: DataKey,
    folder: str,
    index: bundle.Index,
    frame_index: int,
    kind: str,
) -> Picture | None:
    if not 0 <= frame_index < len(index):
        raise PictureMissingError(f"frame {frame_index} does not exist")
    entry = index[frame_index][kind]
    number, offset, length = (int(value) for value in entry["place"])
    if length == 0:
        return None
    key = bundle.part_key(folder, PayloadKind(kind), number)
    data = cloud.vault.read_range(data_key, key, offset, length)
    media_type = pictures.PNG if entry["png"] else pictures.JPG
    return Picture(media_type, data, int(entry["width"]), int(entry["height"]))
