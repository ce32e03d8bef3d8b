"""A retrieval of a front machine at the centre, without an application before it (D-29)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server import audit, clock
from server.authorisations import live
from server.centre import retrievals
from server.model import (
    Authorisation,
    CacheItem,
    CacheItemState,
    ProcessingState,
    RemoteStudy,
    ScopeKind,
    Study,
)
from server.provinces import elsewhere

if TYPE_CHECKING:
    from server.cloud import ImageCloud


class NotAuthorisedError(PermissionError):
    """The person authorised no doctor of this hospital."""


def retrieve(
    cloud: ImageCloud,
    institution_id: int,
    person_id: int,
    *,
    cloud_index: str = "",
    actor: str = "",
) -> Sequence[CacheItem]:
    """Let a hospital's front machine fetch a person's studies, or the one of an index.

    This centre is searched first. The index module is asked for what is not here: for a named
    study only where it is not, else for all of the history. Only what the person's authorisation
    takes in, so long as it holds, and within the hospital's daily limit (D-17). Raises
    NotAuthorisedError.
    """
    with cloud.database.session() as session:
        if not _authorisations(session, institution_id, person_id):
            raise NotAuthorisedError
        local = _local(session, institution_id, person_id, cloud_index)
    if not (cloud_index and local):
        elsewhere.refresh(cloud, [person_id])
    with cloud.database.session() as session:
        found: list[CacheItem] = []
        for given in _authorisations(session, institution_id, person_id):
            here = _local(session, institution_id, person_id, cloud_index, given)
            away = [] if cloud_index and here else _away(session, person_id, cloud_index, given)
            found += [
                _item(session, given, study=one)
                for one in here
                if not retrievals.refuses(session, given.account, one)
            ]
            found += [_item(session, given, remote=one) for one in away]
        audit.record(
            session,
            actor_kind="client",
            actor=actor,
            event="cache.retrieve",
            object_kind="list",
            detail={"studies": len(found), "named": bool(cloud_index)},
        )
        session.flush()
        return _once_each(found)


def _authorisations(
    session: Session, institution_id: int, person_id: int
) -> Sequence[Authorisation]:
    return session.scalars(
        select(Authorisation)
        .where(
            Authorisation.institution_id == institution_id,
            Authorisation.person_id == person_id,
            Authorisation.notice_accepted_at.is_not(None),
            live.is_live(),
        )
        .order_by(Authorisation.expires_at.desc(), Authorisation.authorisation_id)
    ).all()


def _local(
    session: Session,
    institution_id: int,
    person_id: int,
    cloud_index: str,
    given: Authorisation | None = None,
) -> Sequence[Study]:
    """Return the person's studies here; with an authorisation, those that it opens, and the
    hospital's own."""
    wanted = select(Study).where(
        Study.person_id == person_id, Study.state != ProcessingState.PENDING
    )
    if cloud_index:
        wanted = wanted.where(Study.cloud_index == cloud_index)
    if given is not None:
        covered = select(Authorisation.authorisation_id).where(
            Authorisation.authorisation_id == given.authorisation_id, live.covers()
        )
        own = Study.institution_id == institution_id
        wanted = wanted.where(or_(own, covered.correlate(Study).exists()))
    return session.scalars(wanted.order_by(Study.study_datetime.desc())).all()


def _away(
    session: Session, person_id: int, cloud_index: str, given: Authorisation
) -> list[RemoteStudy]:
    return [
        one
        for one in elsewhere.studies_elsewhere(session, {person_id})
        if (not cloud_index or one.cloud_index == cloud_index) and _covers(given, one)
    ]


def _covers(given: Authorisation, remote: RemoteStudy) -> bool:
    """Whether an authorisation takes in a study of another province; one for a single study names
    one of this centre."""
    if given.scope_kind == ScopeKind.BODY_PART:
        return remote.body_part.upper() == given.scope_value
    return given.scope_kind == ScopeKind.ALL


def _item(
    session: Session,
    given: Authorisation,
    *,
    study: Study | None = None,
    remote: RemoteStudy | None = None,
) -> CacheItem:
    """Return the item of a study by an authorisation; fetched again where it had ended."""
    study_id = study.study_id if study is not None else None
    remote_id = remote.remote_study_id if remote is not None else None
    item = session.scalar(
        select(CacheItem).where(
            CacheItem.authorisation_id == given.authorisation_id,
            CacheItem.study_id == study_id,
            CacheItem.remote_study_id == remote_id,
        )
    )
    if item is None:
        item = CacheItem(
            institution_id=given.institution_id,
            person_id=given.person_id,
            authorisation_id=given.authorisation_id,
            study_id=study_id,
            remote_study_id=remote_id,
            study_uid=study.study_uid if study is not None else "",
        )
        session.add(item)
    item.keep_until = given.expires_at or clock.now()
    if item.state in (CacheItemState.ENDED, CacheItemState.FAILED):
        item.state, item.next_try_at = CacheItemState.WAITING, clock.now()
    return item


def _once_each(items: Sequence[CacheItem]) -> list[CacheItem]:
    """Return each study once, by the authorisation that holds longest: they come in that order."""
    found: dict[tuple[str | None, str | None], CacheItem] = {}
    for one in items:
        found.setdefault((one.study_id, one.remote_study_id), one)
    return list(found.values())
