"""What a supervisor of the insurance authority may see of a study (D-20, D-56)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server import clock
from server.access import Action, Grant, GrantKind
from server.centre import settlements
from server.model import Account, Role, Study

if TYPE_CHECKING:
    from server.cloud import ImageCloud

LOOKING = frozenset({Action.VIEW_PICTURES, Action.VIEW_REPORT})


def supervisor_grant(
    cloud: ImageCloud, session: Session, account: Account, study: Study, *, source: str = ""
) -> Grant:
    """Return the right to look at pictures and report of one study that passed quality control.

    An account of another role, and a study that has not passed, give a grant for nothing. It is
    made anew at each request.
    """
    supervisor = account.active and account.role == Role.SUPERVISOR
    allowed = supervisor and settlements.may_look(session, study)
    return Grant(
        kind=GrantKind.STAFF,
        subject=f"account:{account.id}",
        account_id=account.id,
        person_ids=frozenset(),
        study_ids=frozenset({study.study_id}) if allowed else frozenset(),
        series_ids=None,
        actions=frozenset({Action.VIEW_PICTURES, Action.VIEW_REPORT})
        if supervisor
        else frozenset(),
        expires_at=clock.now() + timedelta(hours=cloud.settings.absolute_hours),
        source=source,
    )
