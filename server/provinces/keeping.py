"""A copy on its way into our store: object by object, belonging to nobody until it is whole.

Objects are kept as ingest keeps ours: byte for byte, encrypted with the study's data key, each
checked against the hash that the other centre signed. The study keeps the index that it has there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from server import audit, clock, outbox
from server.ingest.limits import IngestLimits
from server.ingest.parse import DirectoryFileError, parse
from server.ingest.received import ReceivedObject, content_hash
from server.ingest.rejection import RefusedError
from server.ingest.rows import Delivery, Placement, add_instance, is_duplicate, place
from server.model import (
    CacheRequest,
    CacheState,
    Instance,
    Institution,
    Report,
    ReportStatus,
    Series,
    Study,
)
from server.provinces.adopting import HELD_ALREADY
from server.provinces.applying import consent_lives
from server.provinces.peers import Peer
from server.provinces.wire import CacheListing, ListedObject, ListedReport

if TYPE_CHECKING:
    from server.cloud import ImageCloud


class CopyRefusedError(Exception):
    """The copy cannot be kept; a later try would not help. `reason` is a word for machines."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChangedInTransitError(Exception):
    """An object is not the one that was listed; nothing of it is kept."""


def begin(
    cloud: ImageCloud, remote_study_id: str, listing: CacheListing, peer: Peer
) -> frozenset[str]:
    """Note what is to come from a centre; return the SOP Instance UIDs that an earlier try left.

    Raises CopyRefusedError when another study of ours has the same UID, an object is too large, or
    the centre names an institution that is not of its province.
    """
    if listing.province_code != (peer.province_code or listing.province_code):
        raise CopyRefusedError("other_province")
    if listing.province_code == cloud.settings.region_code:
        raise CopyRefusedError("other_province")
    if any(one.size > IngestLimits().object_bytes for one in listing.objects):
        raise CopyRefusedError("too_large")  # an object is held in memory once
    with cloud.database.session() as session:
        request = session.get_one(CacheRequest, remote_study_id)
        study = session.scalar(select(Study).where(Study.study_uid == listing.study_uid))
        if study is not None and study.study_id != request.study_id:
            raise CopyRefusedError(HELD_ALREADY)
        if study is not None and study.data_key.wrapped_key is None:
            study.data_key = cloud.vault.new_data_key(session)  # the last copy's was destroyed
        here = _stored_uids(session, request.study_id)
        request.state, request.updated_at = CacheState.FETCHING, clock.now()
        request.total, request.done = len(listing.objects), len(here)
        request.total_bytes = sum(one.size for one in listing.objects)
        _institution(session, listing)
        return here


def keep(
    cloud: ImageCloud,
    remote_study_id: str,
    listing: CacheListing,
    listed: ListedObject,
    data: bytes,
) -> None:
    """Store one object with its rows.

    Raises ChangedInTransitError, CopyRefusedError, StorageError.
    """
    if content_hash(data) != listed.sha256:
        raise ChangedInTransitError
    received = _parsed(data)
    named = (received.sop_instance_uid, received.study_uid)
    if named != (listed.sop_instance_uid, listing.study_uid):
        raise CopyRefusedError("other_study")
    with cloud.database.session() as session, session.no_autoflush:
        request = session.get_one(CacheRequest, remote_study_id)
        try:
            if is_duplicate(session, received):
                return
            delivery = Delivery(_institution(session, listing), None)
            placement = place(cloud, session, delivery, received)
        except RefusedError as error:
            raise CopyRefusedError(error.reason.value) from error
        # One that was not here when the fetch began has come from its own hospital meanwhile.
        if inspect(placement.study).persistent and placement.study.study_id != request.study_id:
            raise CopyRefusedError(HELD_ALREADY)
        _make_nobodys(request, placement, received)
        cloud.vault.write(placement.data_key, placement.object_key, received.data)
        add_instance(session, delivery, placement, received)
        request.study_id = placement.study.study_id
        request.done, request.updated_at = request.done + 1, clock.now()


def complete(cloud: ImageCloud, remote_study_id: str, listing: CacheListing) -> str:
    """Let the whole copy be its person's, with its report; return its study_id.

    Raises CopyRefusedError when something is missing, or the consent was taken back on the way.
    """
    now = clock.now()
    with cloud.database.session() as session:
        request = session.get_one(CacheRequest, remote_study_id)
        if not consent_lives(session, request):
            raise CopyRefusedError("consent_withdrawn")
        wanted = {one.sop_instance_uid for one in listing.objects}
        if request.study_id is None or _stored_uids(session, request.study_id) != wanted:
            raise CopyRefusedError("incomplete")
        study = session.get_one(Study, request.study_id)
        study.person_id = request.remote_study.person_id
        study.digital_film = listing.digital_film
        if listing.report is not None:
            session.add(_report(study, listing.report))
        request.state, request.failure, request.updated_at = CacheState.CACHED, "", now
        request.done = request.total
        request.cached_at = now
        least = now + timedelta(days=cloud.settings.cache_days)
        request.expires_at = max(request.expires_at or least, least)
        _note(session, request, listing)
        return study.study_id


def _parsed(data: bytes) -> ReceivedObject:
    try:
        return parse(data, IngestLimits())
    except RefusedError as error:
        raise CopyRefusedError(error.reason.value) from error
    except DirectoryFileError as error:
        raise CopyRefusedError("not_an_image") from error


def _make_nobodys(request: CacheRequest, placement: Placement, received: ReceivedObject) -> None:
    """Let a study begin (again) as nobody's, under the index that it has where it was made."""
    study = placement.study
    study.person_id = None
    study.cloud_index = request.remote_study.cloud_index
    study.patient_id, study.patient_name = received.patient_id, received.patient_name
    study.patient_sex, study.patient_age = received.patient_sex, received.patient_age
    study.patient_birth_date = received.patient_birth_date
    study.accession_number = received.accession_number


def _stored_uids(session: Session, study_id: str | None) -> frozenset[str]:
    rows = session.scalars(
        select(Instance.sop_instance_uid).join(Series).where(Series.study_id == study_id)
    )
    return frozenset(rows)


def _institution(session: Session, listing: CacheListing) -> Institution:
    code = listing.institution_code
    found = session.scalar(select(Institution).where(Institution.code == code))
    if found is None:
        found = Institution(
            code=code,
            name=listing.institution_name,
            province_code=listing.province_code,
            province_name=listing.province_name,
        )
        session.add(found)
        session.flush()
    if found.province_code != listing.province_code:
        # Whoever reads for an institution of ours would read what another centre put there.
        raise CopyRefusedError("other_institution")
    return found


def _report(study: Study, listed: ListedReport) -> Report:
    facts = listed.model_dump()
    return Report(study_id=study.study_id, status=ReportStatus.REVIEWED, **facts)


def _note(session: Session, request: CacheRequest, listing: CacheListing) -> None:
    study_id = str(request.study_id)
    facts = {"centre": request.remote_study.centre, "consent": request.consent}
    noted = {"study_id": study_id, "event": "cached", "release": listing.release_id, **facts}
    outbox.put(session, "cache", noted, about=study_id)
    audit.record(
        session,
        actor_kind="system",
        actor="worker",
        event="cache.complete",
        object_kind="study",
        object_id=study_id,
        detail={"objects": request.total, "bytes": request.total_bytes, **facts},
    )
