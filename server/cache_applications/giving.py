"""A study on its way to a hospital's front machine: from our store, or through us (D-25, D-26).

What another province holds is handed on object by object as it arrives, and never stored here: the
front machine caches directly (X-20). It checks each object against the hash that the centre which
holds it signed. Where a copy lies here anyway (profile "001", or the patient applied for it), that
is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.access import Action
from server.archive import recalls
from server.cache_applications import progress
from server.cache_applications.lawful import is_lawful
from server.cache_applications.listed import Listing
from server.cache_applications.reasons import NotGivenError, Reason
from server.model import (
    Authorisation,
    CacheApplication,
    CacheItem,
    CacheItemState,
    CacheRequest,
    CacheState,
    CachingConsent,
    RemoteStudy,
    Study,
)
from server.provinces import client, releasing
from server.provinces.client import PeerRefusedError, PeerUnavailableError
from server.provinces.fetching import RELEASE_PATH
from server.provinces.peers import Peer, Peers, ProvincesFileError, load_peers
from server.provinces.records import certificate_of
from server.provinces.wire import (
    CacheListing,
    CacheQuestion,
    ListedObject,
    WireError,
    read_message,
)
from server.sensitivity import Reader
from server.sensitivity.marks import marks_of

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_RECALL_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True)
class _Elsewhere:
    """Where a study of another province is asked for, and with which question."""

    peers: Peers
    peer: Peer
    question: CacheQuestion
    release_id: str


def listing(cloud: ImageCloud, institution_id: int, item_id: str) -> Listing:
    """Return what a front machine is to fetch for one of its items; the item is being fetched then.

    Raises LookupError for an item that is not its own, or not to be fetched any more, NotGivenError
    for what is not to be had (just now), which is noted at the item.
    """
    try:
        study_id, elsewhere = _where(cloud, institution_id, item_id)
        if elsewhere is None:
            return _list_here(cloud, item_id, study_id)
        return _list_elsewhere(cloud, item_id, elsewhere)
    except NotGivenError as refusal:
        if refusal.reason != Reason.RECALLING:
            fail(cloud, institution_id, item_id, refusal.reason, final=refusal.final)
        raise


def objects(cloud: ImageCloud, institution_id: int, item_id: str, first: int) -> Iterator[bytes]:
    """Return the bytes of an item's objects from the `first` one (0 …), one after the other.

    What was asked at the listing is asked again. Raises as `listing` does; the iterator raises
    StorageError or PeerUnavailableError where it breaks off.
    """
    study_id, elsewhere = _where(cloud, institution_id, item_id)
    if elsewhere is not None:
        if not elsewhere.release_id:
            raise LookupError(item_id)  # it was not listed before
        return _relayed(elsewhere, first)
    with cloud.database.session() as session:
        study = session.get_one(Study, study_id)
        _, stored = releasing.bytes_of(cloud, session, study, first)
        return stored


def fail(cloud: ImageCloud, institution_id: int, item_id: str, reason: str, *, final: bool) -> None:
    """Note that a try to fetch an item failed. Raises LookupError for one of another hospital."""
    with cloud.database.session() as session:
        progress.failed(session, item_of(session, institution_id, item_id), reason, final=final)


def item_of(session: Session, institution_id: int, item_id: str) -> CacheItem:
    """Return an item of a hospital. Raises LookupError."""
    found = session.get(CacheItem, item_id)
    if found is None or found.institution_id != institution_id:
        raise LookupError(item_id)
    return found


def _where(cloud: ImageCloud, institution_id: int, item_id: str) -> tuple[str, _Elsewhere | None]:
    """Return the study here that an item is served from; "" and where it is otherwise.

    Raises LookupError, NotGivenError.
    """
    with cloud.database.session() as session:
        item = item_of(session, institution_id, item_id)
        wanted = select(CacheItem.item_id).where(CacheItem.item_id == item_id, is_lawful())
        if item.state == CacheItemState.ENDED or item.keep_until <= clock.now():
            raise LookupError(item_id)
        if session.scalar(wanted) is None:
            raise NotGivenError(Reason.CONSENT, final=True)
        study_id = item.study_id or _copy_here(session, item)
        if study_id:
            return study_id, None
        return "", _elsewhere(cloud, session, item)


def _copy_here(session: Session, item: CacheItem) -> str:
    """Return the complete copy of a study of another province, "" where there is none."""
    found = session.scalar(
        select(CacheRequest.study_id).where(
            CacheRequest.remote_study_id == item.remote_study_id,
            CacheRequest.state == CacheState.CACHED,
        )
    )
    return found or ""


def _list_here(cloud: ImageCloud, item_id: str, study_id: str) -> Listing:
    with cloud.database.session() as session:
        item, study = session.get_one(CacheItem, item_id), session.get_one(Study, study_id)
        own = study.institution_id == item.institution_id
        if study.person_id != item.person_id:
            raise NotGivenError("unknown", final=True)
        marks = marks_of(session, study)
        if not own and cloud.sensitivity.forbids(Reader.DOCTOR, Action.DOWNLOAD, marks):
            raise NotGivenError(Reason.SENSITIVE, final=True)
        cold = recalls.is_cold(session, study_id)
        if cold:
            recalls.order(session, study_id, None)
            progress.postponed(item, Reason.RECALLING, clock.now() + _RECALL_PAUSE)
        else:
            listed = releasing.listed_objects(session, study)
            _begun(item, study.study_uid, listed)
            _note(session, item, "")
    if cold:
        cloud.jobs.recall_study(study_id)
        raise NotGivenError(Reason.RECALLING, final=False)
    return Listing(study.study_uid, own, tuple(listed))


def _list_elsewhere(cloud: ImageCloud, item_id: str, elsewhere: _Elsewhere) -> Listing:
    """Ask the other province's centre for its permission, and for what there is."""
    try:
        content = elsewhere.question.model_dump(mode="json")
        told = read_message(
            CacheListing, client.ask(elsewhere.peers, elsewhere.peer, RELEASE_PATH, content)
        )
    except PeerRefusedError as error:
        # Without a word of the protocol it was not the centre that refused, but what stands before.
        spoken = not error.reason.startswith("status_")
        raise NotGivenError(error.reason, final=spoken) from error
    except PeerUnavailableError as error:
        raise NotGivenError(error.reason, final=False) from error
    except WireError as error:
        raise NotGivenError("answer_malformed", final=False) from error
    peer = elsewhere.peer
    if told.province_code in {"", cloud.settings.region_code} or (
        peer.province_code and told.province_code != peer.province_code
    ):
        raise NotGivenError(Reason.OTHER_PROVINCE, final=True)
    with cloud.database.session() as session:
        item = session.get_one(CacheItem, item_id)
        item.release_id = told.release_id
        _begun(item, told.study_uid, told.objects)
        _note(session, item, peer.name)
    return Listing(told.study_uid, False, tuple(told.objects))


def _relayed(elsewhere: _Elsewhere, first: int) -> Iterator[bytes]:
    path = f"{RELEASE_PATH}/{elsewhere.release_id}/objects?first={first}"
    try:
        with client.stream(elsewhere.peers, elsewhere.peer, path) as parts:
            yield from parts
    except PeerRefusedError as error:
        raise PeerUnavailableError(error.reason) from error


def _elsewhere(cloud: ImageCloud, session: Session, item: CacheItem) -> _Elsewhere:
    try:
        peers = load_peers(cloud.settings.provinces_file)
    except ProvincesFileError as error:
        raise NotGivenError("unknown_centre", final=False) from error
    remote = session.get_one(RemoteStudy, item.remote_study_id)
    peer = peers.centres.get(remote.centre) if peers is not None else None
    if peers is None or peer is None:
        raise NotGivenError("unknown_centre", final=False)
    kind, number = certificate_of(cloud, item.person)
    consent_id, consented_at = _consent_of(session, item)
    question = CacheQuestion(
        certificate_type=kind,
        certificate_number=number,
        cloud_index=remote.cloud_index,
        consent_id=consent_id,
        consented_at=consented_at,
    )
    return _Elsewhere(peers, peer, question, item.release_id)


def _consent_of(session: Session, item: CacheItem) -> tuple[str, datetime]:
    """Return the consent by which an item is fetched, and of when it is."""
    if item.application_id is not None:
        application = session.get_one(CacheApplication, item.application_id)
        given = session.get_one(CachingConsent, application.consent_id)
        return given.consent_id, given.given_at
    authorisation = session.get_one(Authorisation, item.authorisation_id)
    decided = authorisation.decided_at or authorisation.requested_at
    return authorisation.authorisation_id, decided


def _begun(item: CacheItem, study_uid: str, listed: list[ListedObject]) -> None:
    item.study_uid, item.updated_at = study_uid, clock.now()
    item.total, item.total_bytes = len(listed), sum(one.size for one in listed)
    if item.state == CacheItemState.WAITING:
        item.state = CacheItemState.FETCHING


def _note(session: Session, item: CacheItem, centre: str) -> None:
    audit.record(
        session,
        actor_kind="system",
        actor="caching",
        event="cache.give",
        object_kind="cache_item",
        object_id=item.item_id,
        detail={"objects": item.total, "bytes": item.total_bytes, "centre": centre},
    )
