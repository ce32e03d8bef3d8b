"""Which studies a doctor may read: those that his own hospital made (F-07), and what other
hospitals made where the person authorised it (A-35, F-65).

`may_read` is asked at every single authorisation; `readable` is what the work list shows.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from server.authorisations import live
from server.model import Account, Role, Study


def reads_for(session: Session, account_id: int) -> int | None:
    """Return the institution for which an account reads just now.

    None unless it is the active account of a doctor who belongs to an institution.
    """
    account = session.execute(
        select(Account.active, Account.role, Account.institution_id).where(Account.id == account_id)
    ).one_or_none()
    if account is None or not account.active or account.role != Role.DOCTOR:
        return None
    found: int | None = account.institution_id
    return found


def readable(institution_id: int) -> ColumnElement[bool]:
    """Return the condition on Study for what all doctors of an institution may read: its own."""
    return Study.institution_id == institution_id


def readable_by(
    account_id: int, institution_id: int, encounter: str | None = None
) -> ColumnElement[bool]:
    """Return the condition on Study for what one doctor may read, other hospitals' included.

    `encounter` None counts authorisations of any visit; else only those of that visit (H-03).
    """
    return or_(readable(institution_id), live.opens(account_id, institution_id, encounter))


def may_read(session: Session, account_id: int, study: Study, encounter: str | None = None) -> bool:
    """Whether an account may read a study just now, as `readable_by` says."""
    institution_id = reads_for(session, account_id)
    if institution_id is None:
        return False
    wanted = select(Study.study_id).where(
        Study.study_id == study.study_id, readable_by(account_id, institution_id, encounter)
    )
    return session.scalar(wanted) is not None
