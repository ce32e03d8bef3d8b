"""Who reads over DICOMweb, and what he may see just now; nothing by default (F-07).

An institution's system sees what its institution made. It sees another institution's study only in
a launch of its own that shows it, as the patient's authorisation allows (A-35). A viewer that was
handed a study sees that study.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from server import access, launches, sensitivity, staff
from server.access import AccessDenied, Action, DenialReason, Grant, GrantKind
from server.archive.erasure import not_erased
from server.centre import retrievals
from server.clients import CallingClient
from server.dicomweb import handoffs
from server.dicomweb.handoffs import OpenHandoff
from server.model import Account, Launch, Series, Study

if TYPE_CHECKING:
    from server.cloud import ImageCloud


class NotFoundError(LookupError):
    """There is no such thing, or none that may be seen: which of the two is not told."""


@dataclass(frozen=True)
class Reader:
    """Who asks, for the audit log, and the condition on Study for what may be seen.

    With a `grant`, `server.access.authorize` decides besides, at every request; of what is `shown`
    a search lists only what is `unmarked`, so that it tells no more than may be fetched.
    `series_ids` None is all of a study's.
    """

    actor_kind: str
    actor: str
    own: ColumnElement[bool] | None
    shown: ColumnElement[bool] | None = None
    grant: Grant | None = None
    series_ids: frozenset[str] | None = None
    unmarked: ColumnElement[bool] | None = None

    @property
    def visible(self) -> ColumnElement[bool]:
        """Return the condition on Study for everything that may be seen."""
        return _whole(self.own, self.shown)

    @property
    def listed(self) -> ColumnElement[bool]:
        """Return the condition on Study for everything that a search may tell of."""
        if self.shown is None or self.unmarked is None:
            return self.visible
        return _whole(self.own, and_(self.shown, self.unmarked))

    @property
    def visible_series(self) -> ColumnElement[bool] | None:
        """Return the condition on Series, where not all of a study may be seen."""
        return None if self.series_ids is None else Series.series_id.in_(self.series_ids)


def _whole(*conditions: ColumnElement[bool] | None) -> ColumnElement[bool]:
    return and_(or_(*(one for one in conditions if one is not None)), not_erased())


def of_client(
    cloud: ImageCloud, session: Session, caller: CallingClient, launch_id: str, *, source: str
) -> Reader:
    """Return an institution's system as a reader; with `launch_id` it reads in that launch too.

    Raises NotFoundError for a launch that is not its own, or not live.
    """
    own = staff.readable(caller.institution_id)
    actor = f"client:{caller.client_id}"
    if not launch_id:
        return Reader("client", actor, own)
    launch = launches.live_of_client(cloud, session, caller.client_id, launch_id)
    if launch is None:
        raise NotFoundError("没有进行中的这次调阅 / no such live launch")
    grant = _grant_of(cloud, session, launch, source)
    unmarked = sensitivity.permitted(cloud.sensitivity, sensitivity.Reader.DOCTOR, Action.DOWNLOAD)
    return Reader("client", actor, own, launches.shown_studies(launch), grant, unmarked=unmarked)


def of_handoff(handoff: OpenHandoff) -> Reader:
    """Return a viewer that was handed a study as a reader."""
    grant = handoff.grant
    kind = "recipient" if grant.kind is GrantKind.SHARE else "account"
    this = Study.study_id == handoff.study.study_id
    return Reader(kind, grant.subject, None, this, grant, handoff.series_ids)


def check_handoff(cloud: ImageCloud, session: Session, handoff: OpenHandoff) -> None:
    """Raise AccessDenied unless its giver may download the study just now."""
    access.authorize(cloud, session, handoff.grant, handoffs.ACTION, handoff.study)


def study_of(cloud: ImageCloud, session: Session, reader: Reader, study_uid: str) -> Study:
    """Return a study that a reader may see. Raises NotFoundError, AccessDenied."""
    found = session.scalar(select(Study).where(Study.study_uid == study_uid, reader.visible))
    if found is None:
        raise NotFoundError("没有该检查，或无权查看 / no such study, or none that you may see")
    if reader.grant is not None and not _is_own(session, reader, found):
        access.authorize(cloud, session, reader.grant, Action.DOWNLOAD, found)
        if retrievals.refuses_program(session, reader.grant, found):
            raise AccessDenied(DenialReason.RETRIEVAL_LIMIT)
    return found


def note_opening(session: Session, reader: Reader, study: Study, *, source: str) -> None:
    """Count the opening of another hospital's study in the institution's limit of today (D-17)."""
    if reader.grant is not None and not _is_own(session, reader, study):
        retrievals.note_opening(session, reader.grant, study, source=source)


def _is_own(session: Session, reader: Reader, study: Study) -> bool:
    if reader.own is None:
        return False
    wanted = select(Study.study_id).where(Study.study_id == study.study_id, reader.own)
    return session.scalar(wanted) is not None


def _grant_of(cloud: ImageCloud, session: Session, launch: Launch, source: str) -> Grant:
    account = session.get_one(Account, launch.account_id)
    return access.doctor_grant(cloud, session, account, launch_id=launch.launch_id, source=source)
