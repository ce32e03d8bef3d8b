"""The stored objects of what a reader asked for, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server.archive import recalls
from server.dicomweb.readers import NotFoundError, Reader, study_of
from server.imaging.codestreams import is_encapsulated
from server.imaging.vault_file import open_object
from server.model import DataKey, Instance, Series, Study

if TYPE_CHECKING:
    from server.cloud import ImageCloud


class StudyColdError(LookupError):
    """The study lies in cold storage and has to be recalled before it is read (D-44)."""

    def __init__(self, study_id: str) -> None:
        super().__init__("the study is in cold storage")
        self.study_id = study_id


@dataclass(frozen=True)
class Wanted:
    """What an address names: a study, one of its series, one of its objects."""

    study_uid: str
    series_uid: str | None = None
    sop_instance_uid: str | None = None


@dataclass(frozen=True)
class StoredObject:
    """One object and where it lies; belongs to no database session."""

    instance_id: int
    study_uid: str
    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    frame_count: int
    size: int
    object_key: str
    data_key: DataKey
    series_id: str

    @property
    def path(self) -> str:
        """Return the path of its address below the service's."""
        return (
            f"studies/{self.study_uid}/series/{self.series_uid}/instances/{self.sop_instance_uid}"
        )

    @property
    def is_encapsulated(self) -> bool:
        """Whether its pixels are compressed, in fragments (PS3.5 A.4)."""
        return is_encapsulated(self.transfer_syntax_uid)

    def read(self, cloud: ImageCloud) -> bytes:
        """Return the object byte for byte as it was received. Raises StorageError."""
        return cloud.vault.read(self.data_key, self.object_key)

    def open(self, cloud: ImageCloud) -> Any:
        """Return it as a file, of which only the parts that are read are decrypted."""
        return open_object(cloud.vault, self.data_key, self.object_key, self.size)


def series_of(
    cloud: ImageCloud, session: Session, reader: Reader, wanted: Wanted
) -> tuple[Study, Sequence[Series]]:
    """Return a study and those series of it that were asked for and may be seen, in their order.

    Raises NotFoundError, AccessDenied, StudyColdError.
    """
    study = study_of(cloud, session, reader, wanted.study_uid)
    if recalls.is_cold(session, study.study_id):
        raise StudyColdError(study.study_id)
    query = select(Series).where(Series.study_id == study.study_id)
    if wanted.series_uid is not None:
        query = query.where(Series.series_uid == wanted.series_uid)
    if reader.visible_series is not None:
        query = query.where(reader.visible_series)
    found = session.scalars(query.order_by(Series.series_number, Series.series_id)).all()
    if not found:
        raise NotFoundError("没有该序列，或无权查看 / no such series, or none that you may see")
    return study, found


def objects_of(
    cloud: ImageCloud, session: Session, reader: Reader, wanted: Wanted
) -> tuple[Study, list[StoredObject]]:
    """Return a study and its objects that were asked for, in their order.

    Raises NotFoundError where there is none, AccessDenied, StudyColdError.
    """
    study, several = series_of(cloud, session, reader, wanted)
    uids = {one.series_id: one.series_uid for one in several}
    rows = session.scalars(_instances(list(uids), wanted)).all()
    if not rows:
        raise NotFoundError("没有该影像，或无权查看 / no such object, or none that you may see")
    key = study.data_key
    places = {series_id: place for place, series_id in enumerate(uids)}
    rows = sorted(rows, key=lambda one: (places[one.series_id], one.instance_number or 0, one.id))
    return study, [
        StoredObject(
            instance_id=one.id,
            study_uid=study.study_uid,
            series_uid=uids[one.series_id],
            sop_instance_uid=one.sop_instance_uid,
            sop_class_uid=one.sop_class_uid,
            transfer_syntax_uid=one.transfer_syntax_uid,
            frame_count=one.frame_count,
            size=one.size,
            object_key=one.object_key,
            data_key=key,
            series_id=one.series_id,
        )
        for one in rows
    ]


def _instances(series_ids: list[str], wanted: Wanted) -> Select[Instance]:
    query = select(Instance).where(Instance.series_id.in_(series_ids))
    if wanted.sop_instance_uid is not None:
        query = query.where(Instance.sop_instance_uid == wanted.sop_instance_uid)
    return query
