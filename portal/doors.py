"""The doors to a study: the patient's own, a share's, a doctor's, and a launch's (design §6).

The same views serve all. The address tells the door; the matching cookie tells the grant; and
`server.access.authorize` decides, afresh at each request, so that a revocation bites at once.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from flask import g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Gone, NotFound, Unauthorized

from portal.auditing import note_ended_visit
from portal.context import current_cloud, database_session
from portal.decisions import answers_data, require_identity, what_is_due
from portal.identity import Identity, source_address
from portal.launch.launched import launched_base, require_launch
from portal.next_url import with_next
from portal.sessions import share_token
from server import access, authorisations, family, sharing
from server.access import AccessDenied, Action, DenialReason, Grant
from server.centre import retrievals
from server.centre.supervising import supervisor_grant
from server.model import Account, Launch, Study

# What the addresses below `/doctor` say of themselves, by the defaults of their blueprints.
DOCTOR = "doctor"
SUPERVISION = "supervision"


@dataclass(frozen=True)
class StudyDoor:
    """One study, as it may be seen through one door by whoever asks.

    `base_url` is `/studies/<study_id>`, `/s/<share_id>`, `/doctor/studies/<study_id>` or
    `/launched/<launch_id>/studies/<study_id>`; all addresses of the study's pages and data hang
    below it. Through a launch a study is a doctor's. `study` belongs to the request's database
    session.
    """

    kind: Literal["patient", "share", "doctor"]
    base_url: str
    grant: Grant
    study: Study

    def url(self, path: str = "") -> str:
        """Return the address of a page or datum of this study, for example `url("report")`."""
        return f"{self.base_url}/{path}" if path else self.base_url

    @property
    def list_url(self) -> str:
        """The list of studies that the door belongs to; a share has its own page instead."""
        return self.base_url if self.kind == "share" else self.base_url.rpartition("/")[0]

    @property
    def pictures_url(self) -> str:
        """The address of the JPG page, which the doors name differently."""
        return self.base_url if self.kind == "patient" else self.url("images")

    def allows(self, action: Action, series_id: str | None = None) -> bool:
        """Whether the grant allows an action just now, to show or leave out what leads there."""
        with contextlib.suppress(AccessDenied):
            self.authorize(action, series_id)
            return True
        return False

    def authorize(self, action: Action, series_id: str | None = None) -> None:
        """Raise AccessDenied unless the grant allows the action on the study (and series)."""
        access.authorize(
            current_cloud(), database_session(), self.grant, action, self.study, series_id=series_id
        )


def open_door(values: dict[str, Any], action: Action | None) -> StudyDoor | ResponseReturnValue:
    """Return the door that the values of an address lead to, authorised for the action.

    Returns a redirect instead when first a sign-in, a consent or the opening of the share is due.
    Raises NotFound, Unauthorized, Forbidden, Gone, AccessDenied.
    """
    if "share_id" in values:
        opened = _share_door(values["share_id"])
    elif "launch_id" in values:
        opened = _launched_door(values)
    else:
        opened = _own_door(values)
    if isinstance(opened, StudyDoor):
        g.door = opened
        if action is not None:
            opened.authorize(action, values.get("series_id"))
    return opened


def _own_door(values: dict[str, Any]) -> StudyDoor | ResponseReturnValue:
    """Return the door of whoever is signed in: a patient's, or below `/doctor` a doctor's."""
    identity = require_identity()
    if not isinstance(identity, Identity):
        return identity
    due = what_is_due(identity)
    if due:
        if answers_data():
            raise Unauthorized
        return redirect(with_next(due), 303)
    session = database_session()
    account = session.get_one(Account, identity.account_id)
    study = session.get(Study, values["study_id"])
    if study is None:
        raise NotFound
    if values.get("door") == SUPERVISION:
        grant = supervisor_grant(current_cloud(), session, account, study, source=source_address())
        return StudyDoor("doctor", f"/admin/supervision/{study.study_id}", grant, study)
    if values.get("door") == DOCTOR:
        grant = access.doctor_grant(current_cloud(), session, account, source=source_address())
        notice = _notice(grant, account, study)
        if notice is not None:
            return notice
        _mind_limit(account, study, values)
        return StudyDoor("doctor", f"/doctor/studies/{study.study_id}", grant, study)
    # A notice, no lock: pictures that a page shows are asked for after the page itself.
    if "series_id" not in values and request.method == "GET" and not answers_data():
        notice = family.unacknowledged(session, account, study.person_id)
        if notice is not None:
            return redirect(with_next(f"/family/notice/{notice.id}"), 303)
    grant = access.patient_grant(current_cloud(), session, account, source=source_address())
    return StudyDoor("patient", f"/studies/{study.study_id}", grant, study)


def _mind_limit(account: Account, study: Study, values: dict[str, Any]) -> None:
    """Refuse the page of a study when the institution's retrievals of today are used up (D-17).

    Pages only, whose opening counts; what is open stays so. Raises AccessDenied.
    """
    page = "series_id" not in values and not answers_data()
    if page and retrievals.refuses(database_session(), account, study):
        raise AccessDenied(DenialReason.RETRIEVAL_LIMIT)


def _launched_door(values: dict[str, Any]) -> StudyDoor | ResponseReturnValue:
    """Return a doctor's door to a study of the launched patient, below the launch's address."""
    launch = require_launch()
    if not isinstance(launch, Launch):
        return launch
    cloud, session = current_cloud(), database_session()
    study = session.get(Study, values["study_id"])
    if study is None:
        raise NotFound
    account = session.get_one(Account, launch.account_id)
    _mind_limit(account, study, values)
    grant = access.doctor_grant(
        cloud, session, account, launch_id=launch.launch_id, source=source_address()
    )
    address = f"{launched_base(launch.launch_id)}/studies/{study.study_id}"
    return StudyDoor("doctor", address, grant, study)


def _notice(grant: Grant, account: Account, study: Study) -> ResponseReturnValue | None:
    """Return the way to the warning that comes before another hospital's images (F-25).

    Programs are not led anywhere: until the doctor accepted it, the study is closed to them.
    """
    if account.institution_id is None or answers_data():
        return None
    awaiting = authorisations.awaiting_notice(
        database_session(), account.id, account.institution_id, study, grant.encounter
    )
    if awaiting is None:
        return None
    return redirect(with_next(f"/doctor/requests/{awaiting.authorisation_id}"), 303)


def _share_door(share_id: str) -> StudyDoor | ResponseReturnValue:
    cloud, session = current_cloud(), database_session()
    token = share_token(cloud.settings, request, share_id)
    if not token:
        if answers_data():
            raise Unauthorized
        return redirect(f"/s/{quote(share_id, safe='')}", 303)
    # A transaction of its own: it notes the last use, which must not hold the request's lock.
    with cloud.database.session() as own:
        grant = sharing.grant_for_visit(cloud, own, token, source=source_address())
        ended = sharing.ended_share(own, token) if grant is None else None
    if ended is not None:
        note_ended_visit(ended)
    if grant is None or grant.share_id != share_id:
        raise Gone
    study = session.get(Study, next(iter(grant.study_ids), ""))
    if study is None:
        raise Gone
    return StudyDoor("share", f"/s/{share_id}", grant, study)
