"""Which studies a doctor may read: those that his own hospital made (F-07).

`readable` is the one place that says so, for the work list and for every single authorisation.
What other hospitals made becomes readable with the patient's authorisation: whoever keeps those
adds them to its condition.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

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
    """Return the condition on Study for what the doctors of an institution may read."""
    return Study.institution_id == institution_id


def may_read(session: Session, account_id: int, study: Study) -> bool:
    """Whether an account reads for an institution whose doctors may read the study, just now."""
    institution_id = reads_for(session, account_id)
    if institution_id is None:
        return False
    wanted = select(Study.study_id).where(
        Study.study_id == study.study_id, readable(institution_id)
    )
    return session.scalar(wanted) is not None
