"""The stored objects of a study, as a report refers to them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.model import Instance, Series, Study


@dataclass(frozen=True)
class StoredObject:
    """One object: itself, its series here and in DICOM, its frames."""

    uid: str
    sop_class: str
    series_id: str
    series_uid: str
    frames: int


def objects_of(session: Session, study: Study) -> dict[str, StoredObject]:
    """Return the objects of a study by SOP Instance UID, in the order of their series."""
    rows = session.execute(
        select(Instance, Series.series_uid)
        .join(Series, Series.series_id == Instance.series_id)
        .where(Series.study_id == study.study_id)
        .order_by(Series.series_number, Instance.instance_number, Instance.id)
    )
    return {
        one.sop_instance_uid: StoredObject(
            one.sop_instance_uid, one.sop_class_uid, one.series_id, series_uid, one.frame_count
        )
        for one, series_uid in rows
    }
