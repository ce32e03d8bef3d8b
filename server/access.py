"""The one decision before anything of a study is shown: may this grant do this, now? (F-07, F-64)

A grant says who asks and what was given to him when he came in. It is not trusted for what may
have changed since: account, family links, share and review are looked up afresh at every call,
so that a revocation bites on the next object.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, consent, launches, people, reports, staff
from server.model import Account, Role, Series, Share, Study
from server.sensitivity import Reader
from server.sensitivity.marks import marks_of

if TYPE_CHECKING:
    from server.cloud import ImageCloud


class Action(enum.StrEnum):
    """What can be done with a study."""

    VIEW_REPORT = "view_report"
    VIEW_PICTURES = "view_pictures"
    VIEW_DICOM = "view_dicom"
    SHARE = "share"
    DOWNLOAD = "download"


class GrantKind(enum.StrEnum):
    """The door through which someone came in."""

    PATIENT = "patient"
    SHARE = "share"
    STAFF = "staff"


class DenialReason(enum.StrEnum):
    """Why a grant does not suffice."""

    NOT_YOURS = "not_yours"
    UNLINKED = "unlinked"
    NOT_AUTHORISED = "not_authorised"  # the patient has to authorise first
    NOT_REVIEWED = "not_reviewed"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SCOPE = "scope"
    NO_DIGITAL_FILM = "no_digital_film"
    RETRIEVAL_LIMIT = "retrieval_limit"  # of the reader's institution, for today (D-17)
    SENSITIVE = "sensitive"  # its mark forbids it (F-09)


class AccessDenied(Exception):  # noqa: N818 - the name is part of the contract
    """The action is refused; `reason` says why."""

    def __init__(self, reason: DenialReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Grant:
    """Who asks, for which persons or studies, which actions, until when, from where."""

    kind: GrantKind
    subject: str
    account_id: int | None
    person_ids: frozenset[int]
    study_ids: frozenset[str]
    series_ids: frozenset[str] | None
    actions: frozenset[Action]
    expires_at: datetime
    share_id: str | None = None
    launch_id: str | None = None
    source: str = ""
    # None: authorisations of any visit count; "": those bound to one do not (H-03). A launch has
    # its own.
    encounter: str | None = None


_PICTURES = frozenset({Action.VIEW_PICTURES, Action.VIEW_DICOM, Action.DOWNLOAD, Action.SHARE})
_READERS = {
    GrantKind.PATIENT: Reader.PATIENT,
    GrantKind.SHARE: Reader.RECIPIENT,
    GrantKind.STAFF: Reader.DOCTOR,
}
_PATIENT_ACTIONS = frozenset(Action)
_DOCTOR_ACTIONS = frozenset(
    {Action.VIEW_REPORT, Action.VIEW_PICTURES, Action.VIEW_DICOM, Action.DOWNLOAD}
)


def patient_grant(
    cloud: ImageCloud, session: Session, account: Account, *, source: str = ""
) -> Grant:
    """Return what a patient's account may do: himself and his live family links (A-09).

    An account of another role, or without a person, gets a grant for nothing.
    """
    patient = account.active and account.role == Role.PATIENT and account.person_id is not None
    return Grant(
        kind=GrantKind.PATIENT,
        subject=f"account:{account.id}",
        account_id=account.id,
        person_ids=people.visible_persons(session, account.person_id if patient else None),
        study_ids=frozenset(),
        series_ids=None,
        actions=_PATIENT_ACTIONS if patient else frozenset(),
        expires_at=clock.now() + timedelta(hours=cloud.settings.absolute_hours),
        source=source,
    )


def doctor_grant(
    cloud: ImageCloud,
    session: Session,
    account: Account,
    *,
    launch_id: str | None = None,
    source: str = "",
) -> Grant:
    """Return what a doctor's account may do: read what `server.staff` says his hospital may.

    Which studies these are is asked at each authorisation. An account of another role gets a
    grant for nothing, and so does a doctor of no institution. With `launch_id` it reaches no
    further than the patient of that launch.
    """
    doctor = staff.reads_for(session, account.id) is not None
    return Grant(
        kind=GrantKind.STAFF,
        subject=f"account:{account.id}",
        account_id=account.id,
        person_ids=frozenset(),
        study_ids=frozenset(),
        series_ids=None,
        actions=_DOCTOR_ACTIONS if doctor else frozenset(),
        expires_at=clock.now() + timedelta(hours=cloud.settings.absolute_hours),
        launch_id=launch_id,
        source=source,
        encounter="" if cloud.settings.authorisation_per_encounter else None,
    )


def share_grant(share: Share, *, source: str = "") -> Grant:
    """Return what the recipient of a share may do; it ends with the share."""
    return Grant(
        kind=GrantKind.SHARE,
        subject=f"share:{share.share_id}",
        account_id=None,
        person_ids=frozenset(),
        study_ids=frozenset({share.study_id}),
        series_ids=shared_series(share.scope),
        actions=shared_actions(share.scope),
        expires_at=share.expires_at,
        share_id=share.share_id,
        source=source,
    )


def shared_actions(scope: dict[str, Any]) -> frozenset[Action]:
    """Return the actions that the scope of a share allows (A-26)."""
    allowed = {
        "report": Action.VIEW_REPORT,
        "images": Action.VIEW_PICTURES,
        "dicom": Action.VIEW_DICOM,
        "download": Action.DOWNLOAD,
    }
    return frozenset(action for name, action in allowed.items() if scope.get(name) is True)


def shared_series(scope: dict[str, Any]) -> frozenset[str] | None:
    """Return the series that a share is limited to; None is all of the study."""
    series = scope.get("series") or None
    return None if series is None else frozenset(series)


def authorize(
    cloud: ImageCloud,
    session: Session,
    grant: Grant,
    action: Action,
    study: Study,
    series_id: str | None = None,
) -> None:
    """Allow the action by returning; raises AccessDenied with the reason (F-07, F-64, A-16).

    The state of account, family link, share and report counts as it is in the database now.
    """
    if grant.expires_at <= clock.now():
        raise AccessDenied(DenialReason.EXPIRED)
    if action not in grant.actions:
        raise AccessDenied(DenialReason.SCOPE)
    if grant.kind is GrantKind.SHARE:
        _check_share(session, grant, action, study, series_id)
    else:
        _check_account(session, grant, study)
    if series_id is not None:
        _check_series(session, grant, study, series_id)
    if grant.kind is not GrantKind.STAFF:
        _check_review(cloud, session, action, study)
        if action is Action.VIEW_REPORT and not study.digital_film:
            raise AccessDenied(DenialReason.NO_DIGITAL_FILM)
    _check_marks(cloud, session, grant, action, study)


def giver_may_share(session: Session, account_id: int, study_id: str) -> bool:
    """Whether the giver of a share still may: his account active, his consent not taken back, the
    person pictured still his."""
    giver = session.execute(
        select(Account.active, Account.person_id).where(Account.id == account_id)
    ).one_or_none()
    if giver is None or not giver.active or consent.is_withdrawn(session, account_id):
        return False
    pictured = session.scalar(select(Study.person_id).where(Study.study_id == study_id))
    return pictured in people.visible_persons(session, giver.person_id)


def _check_marks(
    cloud: ImageCloud, session: Session, grant: Grant, action: Action, study: Study
) -> None:
    reader = _READERS[grant.kind]
    if not cloud.sensitivity.concerns(reader, action):
        return
    if cloud.sensitivity.forbids(reader, action, marks_of(session, study)):
        raise AccessDenied(DenialReason.SENSITIVE)


def _check_account(session: Session, grant: Grant, study: Study) -> None:
    if grant.account_id is None:
        raise AccessDenied(DenialReason.NOT_YOURS)
    account = session.execute(
        select(Account.active, Account.role, Account.person_id).where(
            Account.id == grant.account_id
        )
    ).one_or_none()
    if account is None or not account.active:
        raise AccessDenied(DenialReason.REVOKED)
    if grant.kind is GrantKind.STAFF:
        named = account.role != Role.PATIENT and study.study_id in grant.study_ids
        if grant.launch_id is not None:
            allowed = launches.may_read(session, grant.launch_id, study)
        else:
            allowed = named or staff.may_read(session, grant.account_id, study, grant.encounter)
        if not allowed and staff.reads_for(session, grant.account_id) is not None:
            raise AccessDenied(DenialReason.NOT_AUTHORISED)
    else:
        persons = people.visible_persons(session, account.person_id)
        allowed = account.role == Role.PATIENT and study.person_id in persons
    if not allowed:
        # A patient is told that a study is somebody else's; its id is random, so nobody
        # finds out by trying which there are.
        patient = grant.kind is GrantKind.PATIENT
        raise AccessDenied(DenialReason.UNLINKED if patient else DenialReason.NOT_YOURS)


def _check_share(
    session: Session, grant: Grant, action: Action, study: Study, series_id: str | None
) -> None:
    share = session.execute(
        select(
            Share.account_id,
            Share.study_id,
            Share.scope,
            Share.expires_at,
            Share.revoked_at,
            Share.paused_at,
        ).where(Share.share_id == grant.share_id)
    ).one_or_none()
    if share is None or share.revoked_at is not None or share.paused_at is not None:
        raise AccessDenied(DenialReason.REVOKED)
    if share.expires_at <= clock.now():
        raise AccessDenied(DenialReason.EXPIRED)
    if share.study_id != study.study_id:
        raise AccessDenied(DenialReason.NOT_YOURS)
    if not giver_may_share(session, share.account_id, share.study_id):
        raise AccessDenied(DenialReason.REVOKED)
    series = shared_series(share.scope)
    if action not in shared_actions(share.scope):
        raise AccessDenied(DenialReason.SCOPE)
    if series is not None and series_id is not None and series_id not in series:
        raise AccessDenied(DenialReason.SCOPE)


def _check_series(session: Session, grant: Grant, study: Study, series_id: str) -> None:
    owner = session.scalar(select(Series.study_id).where(Series.series_id == series_id))
    if owner != study.study_id:
        raise AccessDenied(DenialReason.NOT_YOURS)
    if grant.series_ids is not None and series_id not in grant.series_ids:
        raise AccessDenied(DenialReason.SCOPE)


def _check_review(cloud: ImageCloud, session: Session, action: Action, study: Study) -> None:
    """Reports show only once reviewed; pictures too, unless the gate is switched off (X-34)."""
    if action in _PICTURES and not cloud.settings.review_gate:
        return
    if reports.served_report(session, study) is None:
        raise AccessDenied(DenialReason.NOT_REVIEWED)
