"""The other side: a study that we hold is given to another province's centre (D-53).

Only to centres of the file, only for the person whom the signed question names, only what he could
open here himself, and for a day; each step is on record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server import audit, clock, outbox, people, reports
from server.model import (
    CacheRelease,
    DataKey,
    Instance,
    Person,
    ProcessingState,
    Report,
    Series,
    Study,
)
from server.provinces.records import found_studies, is_own
from server.provinces.wire import (
    RESIDENT_ID,
    CacheListing,
    CacheQuestion,
    Certificate,
    FoundStudies,
    ListedObject,
    ListedReport,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud

LIFETIME = timedelta(hours=24)
_CHUNK_BYTES = 1 << 20


class ReleaseRefusedError(Exception):
    """A study is not given away; `reason` is a word for machines: unknown, not_reviewed, over."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotReadyError(Exception):
    """The study is still being received or prepared: ask again later."""


@dataclass(frozen=True)
class _Stored:
    object_key: str
    size: int


def studies_of(
    cloud: ImageCloud, session: Session, centre: str, own_name: str, certificate: Certificate
) -> FoundStudies:
    """Return which studies of a person we hold; somebody unknown has none."""
    person = _person(cloud, session, certificate.certificate_type, certificate.certificate_number)
    studies = found_studies(session, person, own_name) if person is not None else []
    audit.record(
        session,
        actor_kind="centre",
        actor=centre,
        event="province.query",
        object_kind="list",
        detail={"rows": len(studies)},
    )
    return FoundStudies(studies=studies)


def release(
    cloud: ImageCloud, session: Session, centre: str, question: CacheQuestion
) -> CacheListing:
    """Let a centre fetch a study for its person, and list what there is.

    Raises ReleaseRefusedError, NotReadyError.
    """
    person = _person(cloud, session, question.certificate_type, question.certificate_number)
    study = _own_study(session, person, question.cloud_index)
    if person is None or study is None:
        raise ReleaseRefusedError("unknown")
    report = _checked_report(cloud, session, study)
    if study.state == ProcessingState.PENDING:
        raise NotReadyError
    given = CacheRelease(
        centre=centre,
        study_id=study.study_id,
        person_id=person.id,
        consent_id=question.consent_id,
        expires_at=clock.now() + LIFETIME,
    )
    session.add(given)
    session.flush()
    listing = _listing(session, given, study, report)
    _note_release(session, given, listing)
    return listing


def objects(
    cloud: ImageCloud, session: Session, centre: str, release_id: str, first: int
) -> Iterator[bytes]:
    """Return the bytes of a release's objects from the `first` one (0 …), one after the other.

    What is asked of a release is asked again: whether it is this centre's and not over, whether
    the study is still the person's and its report still reviewed. Raises ReleaseRefusedError; the
    iterator raises StorageError.
    """
    given = session.get(CacheRelease, release_id)
    if given is None or given.centre != centre:
        raise ReleaseRefusedError("unknown")
    study = session.get_one(Study, given.study_id)
    if given.expires_at <= clock.now() or study.person_id != given.person_id:
        raise ReleaseRefusedError("over")
    _checked_report(cloud, session, study)
    count, stored = bytes_of(cloud, session, study, first)
    audit.record(
        session,
        actor_kind="centre",
        actor=centre,
        event="province.fetch",
        object_kind="study",
        object_id=study.study_id,
        detail={"release": release_id, "first": first, "objects": count},
    )
    return stored


def listed_objects(session: Session, study: Study) -> list[ListedObject]:
    """Return the objects of a study, in the order in which `bytes_of` gives them."""
    return [
        ListedObject(sop_instance_uid=one.sop_instance_uid, size=one.size, sha256=one.sha256)
        for one in session.scalars(_instances(study))
    ]


def bytes_of(
    cloud: ImageCloud, session: Session, study: Study, first: int
) -> tuple[int, Iterator[bytes]]:
    """Return how many objects a study has from the `first` one, and their bytes, one after the
    other; the iterator needs no session, and raises StorageError."""
    rows = session.scalars(_instances(study)).all()
    stored = [_Stored(row.object_key, row.size) for row in rows[first:]]
    return len(stored), _bytes(cloud, study.data_key, stored)


def _bytes(cloud: ImageCloud, data_key: DataKey, stored: list[_Stored]) -> Iterator[bytes]:
    for one in stored:
        for start in range(0, one.size, _CHUNK_BYTES):
            yield cloud.vault.read_range(data_key, one.object_key, start, _CHUNK_BYTES)


def _person(cloud: ImageCloud, session: Session, kind: str, number: str) -> Person | None:
    return people.find_by_id_number(cloud, session, number) if kind == RESIDENT_ID else None


def _own_study(session: Session, person: Person | None, cloud_index: str) -> Study | None:
    """Return the person's study of an index; one that is a copy is not ours to give."""
    if person is None:
        return None
    return session.scalar(
        select(Study).where(
            Study.cloud_index == cloud_index, Study.person_id == person.id, is_own()
        )
    )


def _checked_report(cloud: ImageCloud, session: Session, study: Study) -> Report | None:
    """Return the served report; patients get images once it is reviewed, here as there (A-16)."""
    served = reports.served_report(session, study)
    if served is None and cloud.settings.review_gate:
        raise ReleaseRefusedError("not_reviewed")
    return served


def _instances(study: Study) -> Select[Instance]:
    return (
        select(Instance).join(Series).where(Series.study_id == study.study_id).order_by(Instance.id)
    )


def _listing(
    session: Session, given: CacheRelease, study: Study, report: Report | None
) -> CacheListing:
    institution = study.institution
    return CacheListing(
        release_id=given.release_id,
        study_uid=study.study_uid,
        institution_code=institution.code,
        institution_name=institution.name,
        province_code=institution.province_code,
        province_name=institution.province_name,
        digital_film=study.digital_film,
        objects=listed_objects(session, study),
        report=_listed_report(report) if report is not None else None,
    )


def _listed_report(report: Report) -> ListedReport:
    return ListedReport(
        version=report.version,
        exam_item=report.exam_item,
        exam_overview=report.exam_overview,
        findings=report.findings,
        impression=report.impression,
        requested_at=report.requested_at,
        reported_at=report.reported_at,
        reporting_physician=report.reporting_physician,
        reporting_physician_code=report.reporting_physician_code,
        reviewing_physician=report.reviewing_physician,
    )


def _note_release(session: Session, given: CacheRelease, listing: CacheListing) -> None:
    facts = {
        "release": given.release_id,
        "centre": given.centre,
        "consent": given.consent_id,
        "objects": len(listing.objects),
    }
    noted = {"study_id": given.study_id, "event": "released", **facts}
    outbox.put(session, "cache", noted, about=given.study_id)
    audit.record(
        session,
        actor_kind="centre",
        actor=given.centre,
        event="province.release",
        object_kind="study",
        object_id=given.study_id,
        detail=facts,
    )
