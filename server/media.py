"""A study as a DICOM file-set with DICOMDIR (PS3.10 8, PS3.12), streamed as one ZIP archive.

The files of the set are the objects byte for byte; they go from the store into the archive without
lying on a disk. Only the directory is made in a temporary folder, from their headers.
"""

from __future__ import annotations

import io
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.fileset import FileSet
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.model import DataKey, Instance, Series, Study
from server.zip_sink import ZipSink

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

MOST_OBJECTS = 4000
MOST_BYTES = 16 << 30
DIRECTORY = "DICOMDIR"
# After so many objects it is asked again whether the stream may go on.
OBJECTS_A_CHECK = 8
_FILE_SET_ID = "YINGYUN"
_FIRST_YEAR_OF_ZIP = 1980


class MediaRefusedError(ValueError):
    """The study is too large for one archive, or empty; the message is for people."""


@dataclass(frozen=True)
class MediaFile:
    """One file of the set: its File ID as a path of plain ASCII, and the object it holds."""

    path: str
    object_key: str


@dataclass(frozen=True)
class Media:
    """The file-set: its directory, and what lies in it."""

    directory: bytes
    files: tuple[MediaFile, ...]
    data_key: DataKey
    # Files beside the set that are no DICOM objects: path and content (PS3.10 8.5 allows them).
    extras: tuple[tuple[str, bytes], ...]
    made: tuple[int, int, int, int, int, int]


def lay_out(
    cloud: ImageCloud,
    session: Session,
    study: Study,
    *,
    series_ids: frozenset[str] | None = None,
    extras: tuple[tuple[str, bytes], ...] = (),
) -> Media:
    """Give each object of a study, or of some series, its place in the set, and make its directory.

    Objects that the directory cannot name (no file meta information, keys missing that have no
    stand-in) get a file beside it. Raises MediaRefusedError, StorageError.
    """
    wanted = Series.study_id == study.study_id
    if series_ids is not None:
        wanted &= Series.series_id.in_(series_ids)
    rows = session.scalars(
        select(Instance)
        .join(Series)
        .where(wanted)
        .order_by(Series.series_number, Series.series_id, Instance.instance_number, Instance.id)
    ).all()
    _check_size(rows)
    listed: dict[str, str] = {}
    beside: list[str] = []
    with tempfile.TemporaryDirectory(prefix="yingyun-media-") as name:
        files = FileSet()
        files.ID = _FILE_SET_ID
        for place, row in enumerate(rows, 1):
            header = _header(cloud.vault.read(study.data_key, row.object_key))
            if header is not None and _add(files, header, study, row, place):
                listed[str(header.SOPInstanceUID)] = row.object_key
            else:
                beside.append(row.object_key)
        folder = Path(name) / "set"
        folder.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old values that pydicom would write otherwise
            files.write(folder)
        found = [
            MediaFile(Path(one.path).relative_to(folder).as_posix(), listed[one.SOPInstanceUID])
            for one in files
        ]
        directory = (folder / DIRECTORY).read_bytes()
    found += [MediaFile(f"OTHER/FILE{number:04d}", key) for number, key in enumerate(beside)]
    now = clock.now().astimezone(clock.CHINA)
    made = (max(now.year, _FIRST_YEAR_OF_ZIP), now.month, now.day, now.hour, now.minute, now.second)
    return Media(directory, tuple(found), study.data_key, extras, made)


def archive(cloud: ImageCloud, media: Media, still_allowed: Callable[[], bool]) -> Iterator[bytes]:
    """Yield the ZIP archive piece by piece, one object in memory at a time.

    It ends early, and so is no whole archive, once `still_allowed` says no. Raises StorageError.
    """
    sink = ZipSink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as packed:
        for path, content in media.extras:
            packed.writestr(_entry(path, media), content)
        packed.writestr(_entry(DIRECTORY, media), media.directory)
        for number, file in enumerate(media.files):
            if number and number % OBJECTS_A_CHECK == 0 and not still_allowed():
                return
            packed.writestr(
                _entry(file.path, media), cloud.vault.read(media.data_key, file.object_key)
            )
            yield sink.taken()
    yield sink.taken()


def _entry(path: str, media: Media) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(path, date_time=media.made)


def _check_size(rows: Sequence[Instance]) -> None:
    if not rows:
        raise MediaRefusedError("没有可下载的影像 / there is nothing to download")
    if len(rows) > MOST_OBJECTS or sum(one.size for one in rows) > MOST_BYTES:
        raise MediaRefusedError(
            "这次检查太大，不能打包下载，请用一键发送 / the study is too large for one archive; "
            "send it to a node instead"
        )


def _header(data: bytes) -> Dataset | None:
    """Read all of an object but its pixels; None where it says not how it is encoded."""
    try:
        header = dcmread(io.BytesIO(data), stop_before_pixels=True)
    except InvalidDicomError:
        return None
    return header if "TransferSyntaxUID" in header.file_meta else None


def _add(files: FileSet, header: Dataset, study: Study, row: Instance, place: int) -> bool:
    """Name an object in the directory; False where that cannot be.

    Keys that a directory must have (PS3.3 F.5) and the object lacks get stand-ins, in the directory
    alone.
    """
    moment = study.study_datetime.astimezone(clock.CHINA)
    stand_ins = {
        "PatientID": study.patient_id or "UNKNOWN",
        "PatientName": "",
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": row.series.series_uid,
        "Modality": row.series.modality,
        "StudyDate": moment.strftime("%Y%m%d"),
        "StudyTime": moment.strftime("%H%M%S"),
        "StudyID": "1",
        "SeriesNumber": row.series.series_number or 1,
        "InstanceNumber": row.instance_number or place,
    }
    try:
        for keyword, value in stand_ins.items():
            if header.get(keyword) in (None, ""):
                setattr(header, keyword, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            files.add(header)
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        log.warning(
            "object_not_in_directory", object_key=row.object_key, error=type(error).__name__
        )
        return False
    return True
