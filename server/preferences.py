"""How the owner of an account is used to working, kept for him on every device (C-28).

Which names and values there are is said by `viewer_py.view.habits`, which works by them.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.model import AccountPreference
from viewer_py.view.habits import may_be_kept

Value = str | bool


class PreferenceError(ValueError):
    """There is no such preference, or it cannot have this value."""


def preferences_of(session: Session, account_id: int) -> dict[str, Value]:
    """Return what is kept for an account, by name, but for what is no longer known."""
    rows = session.execute(
        select(AccountPreference.name, AccountPreference.value).where(
            AccountPreference.account_id == account_id
        )
    )
    return {name: value for name, value in rows if may_be_kept(name, value)}


def keep(session: Session, account_id: int, values: Mapping[str, object]) -> None:
    """Keep values for an account; the others stay. Raises PreferenceError, and keeps none then."""
    for name, value in values.items():
        if not may_be_kept(name, value):
            raise PreferenceError(name)
    for name, value in values.items():
        session.merge(
            AccountPreference(account_id=account_id, name=name, value=value, changed_at=clock.now())
        )
