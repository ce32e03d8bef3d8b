"""The job that fetches a copy from another province: on from where it broke off (A-11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock, people
from server.model import (
    UNFINISHED_CACHING,
    Account,
    CacheRequest,
    CacheState,
    RemoteStudy,
)
from server.provinces import client, keeping
from server.provinces.applying import consent_lives
from server.provinces.client import PeerRefusedError, PeerUnavailableError
from server.provinces.cutting import ObjectStream
from server.provinces.keeping import ChangedInTransitError, CopyRefusedError
from server.provinces.peers import Peer, Peers, ProvincesFileError, load_peers
from server.provinces.records import certificate_of
from server.provinces.wire import CacheListing, CacheQuestion, WireError, read_message
from server.storage import StorageError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

RELEASE_PATH = "/api/v1/provinces/cache-requests"
MOST_ATTEMPTS = 10  # tries that ended with the death of a worker among them


class FetchInterruptedError(RuntimeError):
    """A try ended early; the next goes on from there."""


@dataclass(frozen=True)
class _Plan:
    peers: Peers
    peer: Peer
    question: CacheQuestion


def attempt(cloud: ImageCloud, remote_study_id: str, *, last: bool) -> None:
    """Fetch what is missing of a copy; its row tells how far it got, the audit log how it ended.

    Raises FetchInterruptedError when a later try is due; with `last` there is none, and the copy
    has failed, which is logged as an error for whoever watches. A copy that is whole, or whose
    application ended, is left alone.
    """
    plan = _start(cloud, remote_study_id)
    if plan is None:
        return
    try:
        study_id = _fetch(cloud, remote_study_id, plan)
    except (PeerRefusedError, CopyRefusedError) as error:
        _fail(cloud, remote_study_id, error.reason)
        return
    except (PeerUnavailableError, ChangedInTransitError, WireError, StorageError) as error:
        reason = _reason(error)
        log.warning("caching_interrupted", remote_study_id=remote_study_id, reason=reason)
        if last:
            _fail(cloud, remote_study_id, reason)
            return
        _note(cloud, remote_study_id, reason)
        raise FetchInterruptedError(reason) from error
    cloud.jobs.prepare_study(study_id)


def unfinished(session: Session) -> Sequence[str]:
    """Return the applications whose copy is not here yet."""
    return session.scalars(
        select(CacheRequest.remote_study_id).where(CacheRequest.state.in_(UNFINISHED_CACHING))
    ).all()


def _start(cloud: ImageCloud, remote_study_id: str) -> _Plan | None:
    """Note that a try begins; None when there is nothing (more) to try."""
    try:
        peers = load_peers(cloud.settings.provinces_file)
    except ProvincesFileError as error:
        log.error("provinces_file_unusable", error=str(error))
        peers = None
    with cloud.database.session() as session:
        request = session.get(CacheRequest, remote_study_id)
        if request is None or request.state not in UNFINISHED_CACHING:
            return None
        peer = peers.centres.get(request.remote_study.centre) if peers is not None else None
        fault = _fault(session, request, peer)
        if peers is None or peer is None or fault:
            _end(session, request, fault or "unknown_centre")
            return None
        request.attempts += 1
        request.state, request.updated_at = CacheState.FETCHING, clock.now()
        return _Plan(peers, peer, _question(cloud, session, request))


def _fault(session: Session, request: CacheRequest, peer: Peer | None) -> str:
    """Return why a try makes no sense, "" when it does; rights are looked up afresh (F-64)."""
    if request.account_id is not None:
        account = session.get_one(Account, request.account_id, populate_existing=True)
        visible = people.visible_persons(session, account.person_id)
        if not account.active or request.remote_study.person_id not in visible:
            return "access_ended"
    if not consent_lives(session, request):
        return "consent_withdrawn"
    if request.attempts >= MOST_ATTEMPTS:
        return "given_up"
    return "" if peer is not None else "unknown_centre"


def _question(cloud: ImageCloud, session: Session, request: CacheRequest) -> CacheQuestion:
    remote = session.get_one(RemoteStudy, request.remote_study_id)
    kind, number = certificate_of(cloud, remote.person)
    return CacheQuestion(
        certificate_type=kind,
        certificate_number=number,
        cloud_index=remote.cloud_index,
        consent_id=request.consent,
        consented_at=request.applied_at,
    )


def _fetch(cloud: ImageCloud, remote_study_id: str, plan: _Plan) -> str:
    """Fetch and keep what is missing; return the study_id of the whole copy."""
    answer = client.ask(plan.peers, plan.peer, RELEASE_PATH, plan.question.model_dump(mode="json"))
    listing = read_message(CacheListing, answer)
    here = keeping.begin(cloud, remote_study_id, listing, plan.peer)
    missing = [
        number for number, one in enumerate(listing.objects) if one.sop_instance_uid not in here
    ]
    if missing:
        _receive(cloud, remote_study_id, plan, listing, missing[0])
    return keeping.complete(cloud, remote_study_id, listing)


def _receive(
    cloud: ImageCloud, remote_study_id: str, plan: _Plan, listing: CacheListing, first: int
) -> None:
    path = f"{RELEASE_PATH}/{listing.release_id}/objects?first={first}"
    with client.stream(plan.peers, plan.peer, path) as parts:
        reader = ObjectStream(parts, PeerUnavailableError)
        for listed in listing.objects[first:]:
            keeping.keep(cloud, remote_study_id, listing, listed, reader.read(listed.size))


def _reason(error: Exception) -> str:
    if isinstance(error, PeerUnavailableError):
        return error.reason
    if isinstance(error, ChangedInTransitError):
        return "changed_in_transit"
    return "storage" if isinstance(error, StorageError) else "answer_malformed"


def _note(cloud: ImageCloud, remote_study_id: str, failure: str) -> None:
    with cloud.database.session() as session:
        request = session.get_one(CacheRequest, remote_study_id)
        request.failure, request.updated_at = failure[:40], clock.now()


def _fail(cloud: ImageCloud, remote_study_id: str, failure: str) -> None:
    with cloud.database.session() as session:
        _end(session, session.get_one(CacheRequest, remote_study_id), failure)


def _end(session: Session, request: CacheRequest, failure: str) -> None:
    log.error("caching_failed", remote_study_id=request.remote_study_id, reason=failure)
    request.state, request.failure = CacheState.FAILED, failure[:40]
    request.updated_at = clock.now()
    audit.record(
        session,
        actor_kind="system",
        actor="worker",
        event="cache.failed",
        object_kind="remote_study",
        object_id=request.remote_study_id,
        result="failure",
        reason=failure,
        detail={"attempts": request.attempts, "done": request.done, "total": request.total},
    )
