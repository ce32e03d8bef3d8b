"""The patient applies for a study that another province holds (申请调取, A-11)."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from server import audit, clock, consent, outbox, people
from server.model import (
    UNFINISHED_CACHING,
    Account,
    CacheRequest,
    CacheState,
    CachingConsent,
    Consent,
    RemoteStudy,
    Role,
)

CONSENT_KIND = "other_province_retrieval"
CONSENT_VERSION = "2026-11"
CONSENT_TEXT = (
    "我同意：就诊地影像中心凭受检人的证件信息，向保存该次检查的外省影像中心调取影像和报告，"
    "并在本平台加密留存一份副本，供受检人本人及其亲情账户查看；副本到期自动删除，"
    "我也可以随时撤回本同意。"
)


class NotYoursError(Exception):
    """The study is of nobody whom this account may see."""


def visible_study(session: Session, account: Account, remote_study_id: str) -> RemoteStudy:
    """Return a study elsewhere, of the account's person or family just now (A-09).

    Raises NotYoursError, also for a study that does not exist.
    """
    remote = session.get(RemoteStudy, remote_study_id, populate_existing=True)
    patient = account.active and account.role == Role.PATIENT
    visible = people.visible_persons(session, account.person_id if patient else None)
    if remote is None or remote.person_id not in visible:
        raise NotYoursError
    return remote


def apply(
    session: Session, account: Account, remote: RemoteStudy, *, source: str = ""
) -> CacheRequest:
    """Record the patient's consent and his application; the caller commits and then hands it to
    `JobQueue.fetch_copy`.

    What is on its way, or here already, stays as it is. Raises NotYoursError.
    """
    visible_study(session, account, remote.remote_study_id)
    request = remote.request
    if request is not None and request.state in {*UNFINISHED_CACHING, CacheState.CACHED}:
        return request
    agreed = consent.record(
        session,
        account,
        kind=CONSENT_KIND,
        version=CONSENT_VERSION,
        text_sha256=hashlib.sha256(CONSENT_TEXT.encode()).hexdigest(),
        source=source,
    )
    request = _begun(session, remote)
    request.account_id, request.consent_id = account.id, agreed.id
    facts = {"cloud_index": remote.cloud_index, "centre": remote.centre, "consent": agreed.id}
    about = remote.remote_study_id
    outbox.put(session, "consent", {"kind": CONSENT_KIND, **facts}, about=about)
    outbox.put(session, "cache", {"event": "applied", **facts}, about=about)
    audit.record(
        session,
        actor_kind="account",
        actor=f"account:{account.id}",
        event="province.apply",
        object_kind="remote_study",
        object_id=remote.remote_study_id,
        source=source,
        detail={"centre": remote.centre, "consent": agreed.id},
    )
    return request


def consent_lives(session: Session, request: CacheRequest) -> bool:
    """Whether the patient's consent to a copy holds just now."""
    given: Consent | CachingConsent | None
    if request.consent_id is not None:
        given = session.get(Consent, request.consent_id, populate_existing=True)
    else:
        given = session.get(CachingConsent, request.caching_consent_id, populate_existing=True)
    return given is not None and given.withdrawn_at is None


def apply_for_hospital(
    session: Session, remote: RemoteStudy, given: CachingConsent, *, keep_until: datetime
) -> bool:
    """Apply for a copy that this centre keeps for a hospital's visit until then (D-26, D-28).

    A copy that is here, or on its way, is kept longer instead. Returns whether one is to be
    fetched: the caller commits and then hands it to `JobQueue.fetch_copy`.
    """
    request = remote.request
    if request is not None and request.state in {*UNFINISHED_CACHING, CacheState.CACHED}:
        request.expires_at = max(request.expires_at or keep_until, keep_until)
        return False
    request = _begun(session, remote)
    request.caching_consent_id, request.expires_at = given.consent_id, keep_until
    facts = {"cloud_index": remote.cloud_index, "centre": remote.centre}
    noted = {"event": "applied", "consent": given.consent_id, **facts}
    outbox.put(session, "cache", noted, about=remote.remote_study_id)
    audit.record(
        session,
        actor_kind="system",
        actor="worker",
        event="province.apply",
        object_kind="remote_study",
        object_id=remote.remote_study_id,
        detail={"centre": remote.centre, "consent": given.consent_id},
    )
    return True


def _begun(session: Session, remote: RemoteStudy) -> CacheRequest:
    """Return the application, begun (anew); a copy's row that was there before is used again."""
    request = remote.request
    if request is None:
        request = CacheRequest(remote_study_id=remote.remote_study_id)
        remote.request = request
    request.account_id = request.consent_id = request.caching_consent_id = None
    request.state, request.failure, request.attempts = CacheState.APPLIED, "", 0
    request.total = request.done = request.total_bytes = 0
    request.applied_at = request.updated_at = clock.now()
    request.cached_at = request.expires_at = None
    session.flush()
    return request
