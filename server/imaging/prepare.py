"""The preview job: from received objects to what people look at, series by series (B-03, B-04).

A run writes into a folder of its own and then makes the series point to it in one transaction, so
that a reader sees the old or the new whole, a killed run leaves only a folder that the next run
removes, and two runs at once waste time and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import structlog
from pydicom import dcmread
from sqlalchemy import exists, select, update

from server.imaging import bundle, codec, pictures
from server.imaging.bundle import BundleWriter, PayloadKind
from server.imaging.decode import DecodeError, has_frames
from server.imaging.frames import (
    ReadyFrame,
    SourceFrame,
    display,
    ready_frames,
    source_frames,
)
from server.imaging.pet import agreed
from server.model import DataKey, Instance, ProcessingState, Series, Study
from server.storage import ObjectDamagedError, ObjectMissingError
from viewer_py.dicom import manifest, overlays
from viewer_py.dicom.manifest import (
    FrameAttributes,
    PetAttributes,
    RefusedObject,
    SeriesManifest,
    StudyHeading,
)
from viewer_py.dicom.ordering import reading_order
from viewer_py.dicom.overlays import Planes
from viewer_py.dicom.pack import HEAD, FrameCodec

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()


@dataclass(frozen=True)
class _Plan:
    """One run for one series."""

    series: Series
    data_key: DataKey
    object_keys: tuple[str, ...]
    folder: str


@dataclass(frozen=True)
class _Made:
    frame_count: int
    pack_bytes: int


def prepare_study(cloud: ImageCloud, study_id: str) -> None:
    """Make manifest, frame pack and previews of every series that waits for them.

    A series is READY as soon as it is done, or FAILED with a reason when its pixels cannot be
    shown; the study follows when no series waits. Idempotent. Raises StorageError and database
    errors, after which the job may be tried again.
    """
    _remove_abandoned(cloud, study_id)
    while (series_id := _next_pending(cloud, study_id)) is not None:
        _prepare_series(cloud, series_id)
    _settle(cloud, study_id)


def give_up(cloud: ImageCloud, study_id: str, reason: str) -> None:
    """Mark what still waits as FAILED; `reason` is a word for machines."""
    log.error("study_failed", study_id=study_id, reason=reason)
    with cloud.database.session() as session:
        session.execute(
            update(Series)
            .where(Series.study_id == study_id, Series.state == ProcessingState.PENDING)
            .values(state=ProcessingState.FAILED, failure=reason)
        )
    _settle(cloud, study_id)


def _next_pending(cloud: ImageCloud, study_id: str) -> str | None:
    with cloud.database.session() as session:
        return session.scalar(
            select(Series.series_id)
            .where(Series.study_id == study_id, Series.state == ProcessingState.PENDING)
            .order_by(Series.series_number, Series.series_id)
            .limit(1)
        )


def _remove_abandoned(cloud: ImageCloud, study_id: str) -> None:
    """Remove the folders of runs that were killed."""
    with cloud.database.session() as session:
        waiting = session.scalars(select(Series).where(Series.study_id == study_id)).all()
    for series in waiting:
        if series.unfinished_key is not None:
            _remove_folder(cloud, series.series_id, series.unfinished_key)


def _remove_folder(cloud: ImageCloud, series_id: str, folder: str) -> None:
    bundle.remove(cloud.vault, folder)
    with cloud.database.session() as session:
        session.execute(
            update(Series)
            .where(Series.series_id == series_id, Series.unfinished_key == folder)
            .values(unfinished_key=None)
        )


def _prepare_series(cloud: ImageCloud, series_id: str) -> None:
    plan = _begin(cloud, series_id)
    try:
        made = _write(cloud, plan)
    except (DecodeError, ObjectMissingError, ObjectDamagedError) as error:
        reason = error.reason if isinstance(error, DecodeError) else "object_damaged"
        log.error("series_failed", series_id=series_id, reason=reason)
        _fail(cloud, plan, reason)
        return
    except BaseException:
        _remove_folder(cloud, series_id, plan.folder)
        raise
    replaced = _finish(cloud, plan, made)
    if replaced is not None:
        _remove_folder(cloud, series_id, replaced)


def _begin(cloud: ImageCloud, series_id: str) -> _Plan:
    with cloud.database.session() as session:
        series = session.get_one(Series, series_id)
        folder = bundle.new_folder(series_id, series.study_id)
        series.unfinished_key = folder
        keys = session.scalars(
            select(Instance.object_key)
            .where(Instance.series_id == series_id)
            .order_by(Instance.instance_number, Instance.id)
        ).all()
        return _Plan(series, series.study.data_key, tuple(keys), folder)


@dataclass
class _Gathered:
    """What the frames of a run leave behind when their payloads are written, and who is refused."""

    attributes: list[FrameAttributes] = field(default_factory=list)
    pets: list[PetAttributes | None] = field(default_factory=list)
    planes: list[Planes] = field(default_factory=list)
    stations: set[str] = field(default_factory=set)
    records: list[tuple[object, ...]] = field(default_factory=list)
    refused: list[RefusedObject] = field(default_factory=list)

    def add(self, frame: ReadyFrame, record: tuple[object, ...]) -> None:
        """Take note of a frame and of where its payloads lie."""
        self.attributes.append(frame.attributes)
        self.pets.append(frame.pet)
        self.planes.append(frame.overlays)
        self.stations.add(frame.station_name)
        self.records.append(record)

    @property
    def station_name(self) -> str:
        """Return the one Station Name (0008,1010) of all objects; "" where they differ."""
        return next(iter(self.stations)) if len(self.stations) == 1 else ""


def _write(cloud: ImageCloud, plan: _Plan) -> _Made:
    """Write all objects of the run, without the frames that cannot be shown.

    Raises DecodeError when none can, StorageError.
    """
    writer = BundleWriter(cloud.vault, plan.data_key, plan.folder)
    found = _gather(cloud, plan, writer)
    if found.refused and not found.records:
        raise DecodeError(found.refused[0].reason, found.refused[0].message)
    order = list(reading_order(found.attributes))
    index = np.array(found.records, dtype=bundle.INDEX_RECORD)[order]
    in_order = [found.attributes[place] for place in order]
    drawn = {new: found.planes[old] for new, old in enumerate(order) if found.planes[old]}
    packed = overlays.to_bytes(drawn) if drawn else b""
    writer.flush()
    _add_stills(cloud, plan, writer, index, in_order, drawn)
    described = replace(
        _manifest(plan.series, in_order, index),
        pet=agreed(found.pets),
        refused=tuple(found.refused),
        station_name=found.station_name,
        overlay_bytes=len(packed),
    )
    writer.finish(manifest.to_json(described).encode(), index, packed)
    return _Made(len(found.records), sum(described.frame_bytes))


def _gather(cloud: ImageCloud, plan: _Plan, writer: BundleWriter) -> _Gathered:
    """Write the payloads of all frames, in the order in which they come."""
    found = _Gathered()
    nothing = ((0, 0, 0), 0, 0, 0)
    for frame in ready_frames(_sources(cloud, plan)):
        if isinstance(frame, RefusedObject):
            log.warning("frame_refused", series_id=plan.series.series_id, reason=frame.reason)
            found.refused.append(frame)
            continue
        record = (
            writer.add(PayloadKind.PACK, frame.payload),
            int(frame.codec),
            _add_picture(writer, PayloadKind.FULL, frame.full),
            _add_picture(writer, PayloadKind.FAST, frame.fast),
            nothing,
            nothing,
        )
        found.add(frame, record)
    return found


def _sources(cloud: ImageCloud, plan: _Plan) -> Iterator[SourceFrame | RefusedObject]:
    for object_key in plan.object_keys:
        data = cloud.vault.read(plan.data_key, object_key)
        try:
            dataset = dcmread(BytesIO(data), force=True)
        except Exception:
            # pydicom raises many kinds of errors on what is not DICOM.
            message = "无法读取 / cannot be read as DICOM"
            yield RefusedObject("", None, 0, "not_dicom", message)
            continue
        if has_frames(dataset):
            yield from source_frames(dataset)


def _add_picture(
    writer: BundleWriter, kind: PayloadKind, picture: pictures.Picture
) -> tuple[tuple[int, int, int], int, int, int]:
    place = writer.add(kind, picture.data)
    return place, int(picture.media_type == pictures.PNG), picture.width, picture.height


def _add_stills(
    cloud: ImageCloud,
    plan: _Plan,
    writer: BundleWriter,
    index: bundle.Index,
    frames: list[FrameAttributes],
    drawn: Mapping[int, Planes],
) -> None:
    """Add the series' thumbnail, and exact renderings of the frames a viewer is likely to open."""
    middle = len(frames) // 2
    for place in sorted({0, middle}) if frames else ():
        part, offset, length = (int(number) for number in index[place]["pack"])
        key = bundle.part_key(plan.folder, PayloadKind.PACK, part)
        payload = cloud.vault.read_range(plan.data_key, key, offset, length)
        stored = codec.decode(FrameCodec(int(index[place]["codec"])), payload, frames[place])
        shown = display(stored, frames[place], drawn.get(place, ()))
        index[place]["rendered"] = _add_picture(writer, PayloadKind.RENDERED, pictures.png(shown))
        if place == middle:
            small = pictures.thumbnail(shown, frames[place])
            index[place]["thumbnail"] = _add_picture(writer, PayloadKind.THUMBNAIL, small)


def _manifest(series: Series, frames: list[FrameAttributes], index: bundle.Index) -> SeriesManifest:
    """Describe the series; the heading is filled in at delivery, so that it is never outdated."""
    references = {frame.frame_of_reference_uid for frame in frames}
    lengths = tuple(int(length) + HEAD.size for length in index["pack"]["length"])
    return SeriesManifest(
        series_id=series.series_id,
        series_uid=series.series_uid,
        modality=series.modality,
        heading=StudyHeading(),
        frames=tuple(frames),
        series_number=series.series_number,
        series_description=series.description,
        body_part=series.body_part,
        frame_of_reference_uid=references.pop() if len(references) == 1 else "",
        frame_bytes=lengths,
    )


def _finish(cloud: ImageCloud, plan: _Plan, made: _Made) -> str | None:
    """Let the series point to the run; return the folder that is of no use any more.

    Nothing changes when another run has taken over, or objects have arrived meanwhile: then the
    series stays PENDING and the run was in vain.
    """
    mine = Series.series_id == plan.series.series_id, Series.unfinished_key == plan.folder
    with cloud.database.session() as session:
        # The update comes first: it takes the write lock under which the objects are counted.
        taken = session.execute(
            update(Series).where(*mine).values(failure="").returning(Series.series_id)
        ).all()
        keys = session.scalars(
            select(Instance.object_key).where(Instance.series_id == plan.series.series_id)
        ).all()
        series = session.get_one(Series, plan.series.series_id)
        if not taken or set(keys) != set(plan.object_keys):
            return plan.folder
        replaced = series.prepared_key
        series.prepared_key, series.unfinished_key = plan.folder, replaced
        series.frame_count, series.pack_bytes = made.frame_count, made.pack_bytes
        series.state = ProcessingState.READY
    log.info("series_ready", series_id=plan.series.series_id, frames=made.frame_count)
    return replaced


def _fail(cloud: ImageCloud, plan: _Plan, reason: str) -> None:
    with cloud.database.session() as session:
        session.execute(
            update(Series)
            .where(Series.series_id == plan.series.series_id, Series.unfinished_key == plan.folder)
            .values(state=ProcessingState.FAILED, failure=reason)
        )
    _remove_folder(cloud, plan.series.series_id, plan.folder)


def _settle(cloud: ImageCloud, study_id: str) -> None:
    """Set the state of a study none of whose series waits."""
    states = {
        state: exists().where(Series.study_id == study_id, Series.state == state)
        for state in ProcessingState
    }
    with cloud.database.session() as session:
        for ready, state in ((True, ProcessingState.READY), (False, ProcessingState.FAILED)):
            some_ready = states[ProcessingState.READY]
            session.execute(
                update(Study)
                .where(Study.study_id == study_id, ~states[ProcessingState.PENDING])
                .where(some_ready if ready else ~some_ready)
                .values(state=state)
            )
