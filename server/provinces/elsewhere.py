"""What other provinces hold of a person: asked for, kept with its time, shown from there (A-10)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from server import clock
from server.model import (
    CacheItem,
    CacheRequest,
    CacheState,
    IndexAnswer,
    Person,
    RemoteStudy,
    Study,
)
from server.provinces import client
from server.provinces.client import Patience, PeerRefusedError, PeerUnavailableError
from server.provinces.peers import Peer, Peers, ProvincesFileError, load_peers
from server.provinces.records import certificate_of
from server.provinces.wire import Certificate, FoundStudies, FoundStudy, WireError, read_message

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

INDEX_QUERY_PATH = "/api/v1/index/queries"
CENTRE_QUERY_PATH = "/api/v1/provinces/index-queries"
FRESH = timedelta(minutes=10)
PAUSE_AFTER_FAILURE = timedelta(minutes=1)
# Somebody waits for the page: better a list without the other provinces than a slow one.
_PATIENCE = Patience(connect=1.5, answer=4)


def refresh(cloud: ImageCloud, person_ids: Collection[int], *, insist: bool = False) -> None:
    """Ask what other provinces hold of these persons, where the last answer is not fresh.

    The index module is asked, or every centre of the file where there is none. A failure is noted
    and never raised: what was known stays. With `insist` one that has just not answered is asked
    again at once: for jobs, which pause by themselves. In transactions of its own.
    """
    try:
        peers = load_peers(cloud.settings.provinces_file)
    except ProvincesFileError as error:
        log.error("provinces_file_unusable", error=str(error))
        peers = None
    if peers is None:
        return
    failure = ""
    for person_id, certificate in _due(cloud, person_ids, insist):
        # Who does not answer for one of a family is not waited for again for the next.
        failure = failure or _ask(cloud, peers, person_id, certificate)
        if failure:
            _note_failure(cloud, person_id, failure)
            log.warning("index_not_answering", reason=failure)


def studies_elsewhere(session: Session, person_ids: Collection[int]) -> Sequence[RemoteStudy]:
    """Return the studies of these persons that are not here, newest first.

    What is here as their own, or as a complete copy, is in the time line already.
    """
    here = exists().where(
        Study.cloud_index == RemoteStudy.cloud_index, Study.person_id == RemoteStudy.person_id
    )
    copied = exists().where(
        CacheRequest.remote_study_id == RemoteStudy.remote_study_id,
        CacheRequest.state == CacheState.CACHED,
    )
    return session.scalars(
        select(RemoteStudy)
        .where(RemoteStudy.person_id.in_(person_ids), ~here, ~copied)
        .options(joinedload(RemoteStudy.request), joinedload(RemoteStudy.person))
        .order_by(RemoteStudy.study_datetime.desc(), RemoteStudy.remote_study_id.desc())
        .execution_options(populate_existing=True)
    ).all()


def is_unanswered(cloud: ImageCloud, session: Session, person_ids: Collection[int]) -> bool:
    """Whether the last question for one of these persons got no answer."""
    if cloud.settings.provinces_file is None:
        return False
    found = session.scalar(
        select(IndexAnswer.person_id)
        .where(IndexAnswer.person_id.in_(person_ids), IndexAnswer.failure != "")
        .limit(1)
    )
    return found is not None


def _due(
    cloud: ImageCloud, person_ids: Collection[int], insist: bool
) -> list[tuple[int, Certificate]]:
    """Return who is to be asked for; all of them are noted as asked, before anybody waits."""
    try:
        return _noted_as_asked(cloud, person_ids, insist)
    except IntegrityError:
        return []  # another request of the same person is asking just now


def _noted_as_asked(
    cloud: ImageCloud, person_ids: Collection[int], insist: bool
) -> list[tuple[int, Certificate]]:
    due = []
    with cloud.database.session() as session:
        persons = session.scalars(select(Person).where(Person.id.in_(person_ids))).all()
        answers = {
            one.person_id: one
            for one in session.scalars(
                select(IndexAnswer).where(IndexAnswer.person_id.in_(person_ids))
            )
        }
        for person in persons:
            kind, number = certificate_of(cloud, person)
            if not number or _is_fresh(answers.get(person.id), insist):
                continue
            session.merge(_asked(person.id, answers.get(person.id)))
            certificate = Certificate(certificate_type=kind, certificate_number=number)
            due.append((person.id, certificate))
    return due


def _is_fresh(answer: IndexAnswer | None, insist: bool) -> bool:
    if answer is None or (answer.failure and insist):
        return False
    return answer.asked_at > clock.now() - (PAUSE_AFTER_FAILURE if answer.failure else FRESH)


def _asked(person_id: int, before: IndexAnswer | None) -> IndexAnswer:
    return IndexAnswer(
        person_id=person_id,
        asked_at=clock.now(),
        answered_at=before.answered_at if before is not None else None,
        failure=before.failure if before is not None else "",
    )


def _ask(cloud: ImageCloud, peers: Peers, person_id: int, certificate: Certificate) -> str:
    """Ask for one person and keep the answer; return "" or why there is none."""
    failure = ""
    found: list[FoundStudy] = []
    answered: set[str] = set()
    for peer, path, centres in _whom_to_ask(peers):
        try:
            found += _question(peers, peer, path, certificate)
            answered |= centres
        except (PeerUnavailableError, PeerRefusedError, WireError) as error:
            failure = getattr(error, "reason", "answer_malformed")
    told = {one.cloud_index: one for one in found if one.centre in answered}
    try:
        with cloud.database.session() as session:
            _keep(session, person_id, list(told.values()), answered)
            row = session.get_one(IndexAnswer, person_id)
            if not failure:
                row.failure, row.answered_at = "", clock.now()
    except IntegrityError:
        log.info("index_answer_race")  # another page of the same person has just kept it
    return failure


def _note_failure(cloud: ImageCloud, person_id: int, failure: str) -> None:
    with cloud.database.session() as session:
        session.get_one(IndexAnswer, person_id).failure = failure[:40]


def _whom_to_ask(peers: Peers) -> list[tuple[Peer, str, set[str]]]:
    """Return whom to ask, at which path, and for which centres the answer speaks."""
    if peers.index is not None:
        return [(peers.index, INDEX_QUERY_PATH, set(peers.centres))]
    return [(one, CENTRE_QUERY_PATH, {one.name}) for one in peers.centres.values()]


def _question(peers: Peers, peer: Peer, path: str, certificate: Certificate) -> list[FoundStudy]:
    answer = client.ask(peers, peer, path, certificate.model_dump(), _PATIENCE)
    return read_message(FoundStudies, answer).studies


def _keep(
    session: Session, person_id: int, found: Sequence[FoundStudy], centres: Collection[str]
) -> None:
    """Let the rows of a person be what these centres hold; what was applied for stays."""
    rows = {
        one.cloud_index: one
        for one in session.scalars(
            select(RemoteStudy)
            .where(RemoteStudy.person_id == person_id)
            .options(joinedload(RemoteStudy.request))
        )
    }
    for one in found:
        row = rows.pop(one.cloud_index, None)
        if row is None:
            row = RemoteStudy(person_id=person_id, cloud_index=one.cloud_index)
            session.add(row)
        row.centre, row.seen_at = one.centre, clock.now()
        row.province_code, row.province_name = one.province_code, one.province_name
        row.institution_code, row.institution_name = one.institution_code, one.institution_name
        row.study_datetime, row.modality = one.exam_datetime, one.modality
        row.body_part, row.exam_item = one.body_part, one.exam_item
    given = set(
        session.scalars(
            select(CacheItem.remote_study_id).where(CacheItem.remote_study_id.in_(_ids(rows)))
        )
    )
    for row in rows.values():
        unused = row.request is None and row.remote_study_id not in given
        if unused and row.centre in centres:
            session.delete(row)


def _ids(rows: Mapping[str, RemoteStudy]) -> list[str]:
    return [one.remote_study_id for one in rows.values()]
