"""The accounts themselves: making, finding and disabling them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyotp
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server import audit, clock, people
from server.accounts.errors import AccountExistsError, LoginNameError
from server.accounts.passwords import check_strength, hash_password
from server.accounts.totp import TOTP_CONTEXT, provisioning_uri
from server.model import Account, AccountSession, Institution, Person, Role

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_LOGIN = re.compile(r"[^\W_][\w.@+-]{1,63}")


@dataclass(frozen=True)
class NewAccount:
    """A fresh account with the secret of its authenticator, which is shown this once."""

    account: Account
    totp_secret: str
    totp_uri: str


def normalize_login(login: str) -> str:
    """Return the one spelling of a login: NFKC, small letters, no blanks around."""
    return unicodedata.normalize("NFKC", login).strip().lower()


def create_account(
    cloud: ImageCloud,
    session: Session,
    *,
    login: str,
    password: str,
    role: Role,
    person: Person | None = None,
    institution: Institution | None = None,
    authenticator: bool = True,
    actor_kind: str = "system",
    actor: str = "cli",
    source: str = "",
) -> NewAccount:
    """Add an account with a strong password and an authenticator (F-03, F-04), audited.

    Without `authenticator` its owner has another second factor, a phone on record.
    Raises WeakPasswordError, LoginNameError, AccountExistsError.
    """
    name = normalize_login(login)
    if not _LOGIN.fullmatch(name) or _is_id_number(name):
        raise LoginNameError(
            "登录名须为 2–64 个字母、数字或 . @ + - _，且不能是身份证号 / "
            "a login has 2 to 64 letters, digits or . @ + - _ and is no ID number"
        )
    check_strength(password, login=name)
    if session.scalar(select(Account.id).where(Account.login == name)) is not None:
        raise AccountExistsError("登录名已存在 / this login is taken")
    secret = pyotp.random_base32() if authenticator else ""
    account = Account(
        login=name,
        role=role,
        person_id=person.id if person is not None else None,
        institution_id=institution.id if institution is not None else None,
        password_hash=hash_password(password),
        totp_secret_sealed=cloud.master_key.seal(secret, TOTP_CONTEXT) if secret else None,
    )
    session.add(account)
    session.flush()
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event="account.create",
        object_kind="account",
        object_id=str(account.id),
        source=source,
        detail={"role": str(role)},
    )
    uri = provisioning_uri(cloud, name, secret) if secret else ""
    return NewAccount(account, secret, uri)


def find_account(cloud: ImageCloud, session: Session, login: str) -> Account | None:
    """Return the account of a login, or of the person whose ID number (居民身份证号) it is."""
    person = people.find_by_id_number(cloud, session, normalize_login(login))
    if person is None:
        return session.scalar(select(Account).where(Account.login == normalize_login(login)))
    return session.scalar(
        select(Account)
        .where(Account.person_id == person.id, Account.role == Role.PATIENT)
        .order_by(Account.active.desc(), Account.id)
        .limit(1)
    )


def disable_account(
    session: Session, account: Account, *, actor_kind: str, actor: str, source: str = ""
) -> None:
    """Shut an account: its sessions end, and its shares with it, at the next request (F-02)."""
    account.active = False
    session.execute(
        update(AccountSession)
        .where(AccountSession.account_id == account.id, AccountSession.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event="account.disable",
        object_kind="account",
        object_id=str(account.id),
        source=source,
    )


def _is_id_number(text: str) -> bool:
    try:
        people.normalize_id_number(text)
    except people.IdNumberError:
        return False
    return True
