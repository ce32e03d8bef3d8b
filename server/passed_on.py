"""What was passed on of studies: the rule of whose it is, and the list of it.

A share or a download belongs to the account that made it and to the person whose images it holds:
who gave consent for a child, and who has come of age since, both see it and may end it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload

from server.model import Account, Download, Share, Study

Passed = TypeVar("Passed", Share, Download)


def is_owner(kind: type[Passed], account: Account) -> ColumnElement[bool]:
    """Return the condition on `kind`, joined with its study, for what an account sees of it."""
    if account.person_id is None:
        return kind.account_id == account.id
    return or_(kind.account_id == account.id, Study.person_id == account.person_id)


def newest_of(
    session: Session, kind: type[Passed], account: Account, most: int
) -> Sequence[Passed]:
    """Return the `most` newest that an account sees, with their studies and institutions loaded."""
    return session.scalars(
        select(kind)
        .join(kind.study)
        .where(is_owner(kind, account))
        .options(joinedload(kind.study).joinedload(Study.institution))
        .order_by(kind.created_at.desc(), *kind.__mapper__.primary_key)
        .limit(most)
    ).all()
