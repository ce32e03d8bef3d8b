"""What of DICOMweb goes on record: every search and every retrieval, by whom, of what (F-10)."""

from __future__ import annotations

from portal.context import database_session
from portal.dicomweb.service import current_reader
from portal.identity import source_address
from server import audit, clock, outbox
from server.dicomweb.objects import Wanted
from server.dicomweb.readers import note_opening
from server.model import Study


def note_search(level: str, rows: int) -> None:
    """Record a search; what was asked for and found is not repeated, for it may name patients."""
    reader = current_reader()
    audit.record(
        database_session(),
        actor_kind=reader.actor_kind,
        actor=reader.actor,
        event="dicomweb.search",
        object_kind="list",
        source=source_address(),
        detail={"level": level, "rows": rows},
    )


def note_retrieval(study: Study, wanted: Wanted, what: str, objects: int = 1) -> None:
    """Record a retrieval; of whole studies and series the index module gets a record (D-55)."""
    reader = current_reader()
    note_opening(database_session(), reader, study, source=source_address())
    if wanted.sop_instance_uid is None and what in {"dicom", "metadata"}:
        told = {"event": f"dicomweb.{what}", "door": "dicomweb", "at": clock.now().isoformat()}
        outbox.put(database_session(), "retrieval", told, about=study.study_id)
    audit.record(
        database_session(),
        actor_kind=reader.actor_kind,
        actor=reader.actor,
        event=f"dicomweb.{what}",
        object_kind="study",
        object_id=study.study_id,
        source=source_address(),
        detail={
            "series": wanted.series_uid or "",
            "instance": wanted.sop_instance_uid or "",
            "objects": objects,
        },
    )
