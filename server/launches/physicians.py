"""The account of a physician who comes by a launch: his own, made at the first one (H-04).

A hospital's code for a physician is a subject of that hospital as an identity provider, so that an
account he has already can be connected to it (`yingyun user connect --provider his-<number>`).
"""

from __future__ import annotations

import secrets

from sqlalchemy.orm import Session

from server import accounts, audit
from server.launches.errors import LaunchRefusedError, RefusalReason
from server.model import Account, ExternalIdentity, Role


def provider_name(institution_id: int) -> str:
    """Return the name of an institution's own system among the identity providers."""
    return f"his-{institution_id}"


def known_account(session: Session, *, institution_id: int, code: str) -> Account | None:
    """Return the account of a physician's code, None before his first launch."""
    known = session.get(ExternalIdentity, (provider_name(institution_id), code))
    return known.account if known is not None else None


def physician_account(session: Session, *, institution_id: int, code: str, actor: str) -> Account:
    """Return the doctor's account for a physician's code, made without a password where none is.

    Raises LaunchRefusedError for one that is shut or no longer of this institution.
    """
    account = known_account(session, institution_id=institution_id, code=code)
    if account is None:
        account = _new_account(session, institution_id, actor)
        provider = provider_name(institution_id)
        accounts.connect(session, account, provider, code, actor_kind="client", actor=actor)
    reads = account.role == Role.DOCTOR and account.institution_id == institution_id
    if not (account.active and reads):
        raise LaunchRefusedError(RefusalReason.PHYSICIAN)
    return account


def _new_account(session: Session, institution_id: int, actor: str) -> Account:
    account = Account(
        login=f"{provider_name(institution_id)}-{secrets.token_hex(6)}",
        role=Role.DOCTOR,
        institution_id=institution_id,
        password_hash="",
    )
    session.add(account)
    session.flush()
    audit.record(
        session,
        actor_kind="client",
        actor=actor,
        event="account.create",
        object_kind="account",
        object_id=str(account.id),
        detail={"role": str(Role.DOCTOR), "institution": institution_id},
    )
    return account
