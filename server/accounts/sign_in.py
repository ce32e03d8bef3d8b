"""Signing in: password, then a code; every outcome counted and audited (F-02, F-03, F-06).

Tries are counted and failures audited in transactions of their own, committed before the answer
is known. On SQLite there is one writer at a time, so the caller's session must not have written
anything before it comes here. What a success changes is in the caller's session.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from server import limits
from server.accounts import passkeys, passwords
from server.accounts.auditing import actor_of, record_failure, record_success
from server.accounts.challenges import (
    CODE_TRIES,
    Challenge,
    live_challenge,
    open_challenge,
    use_up,
)
from server.accounts.devices import note_device
from server.accounts.directory import find_account, normalize_login
from server.accounts.errors import FactorRefusedError, SignInExpired, SignInRefused
from server.accounts.factors import FactorKind, accepted_kind
from server.accounts.sessions import EntryKind, open_session, sign_out
from server.limits import Limit, TooManyTries
from server.model import Account, SignInChallenge

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# How much more an address (a hospital behind one) and everybody together may fail than a login.
_ADDRESS_FACTOR = 6
_GLOBAL_FACTOR = 200


@dataclass(frozen=True)
class SignedIn:
    """The tokens for the browser's cookies (session and device), and whose they are."""

    token: str
    account: Account
    device_token: str = ""


def start_sign_in(
    cloud: ImageCloud, session: Session, *, login: str, password: str, source: str
) -> Challenge:
    """Check login (account name or ID number) and password; begin the second step.

    Raises SignInRefused, with `retry_at` while login, address or everybody is locked out.
    """
    account = find_account(cloud, session, login)
    actor = _actor(cloud, account, login)
    counted = _counted(cloud, actor, source)
    _take(cloud, counted, actor, source)
    fits = passwords.verify_password(account.password_hash if account else None, password)
    if account is None or not fits or not account.active:
        record_failure(cloud, actor, "sign_in.password", source, "refused")
        raise SignInRefused
    for limit, key in counted[1:]:
        limits.give_back(cloud, session, limit, key)
    limits.clear(cloud, session, *counted[0])
    if passwords.needs_rehash(account.password_hash):
        account.password_hash = passwords.hash_password(password)
    challenge = open_challenge(cloud, session, account)
    record_success(session, account, "sign_in.password", source)
    return challenge


def finish_sign_in(
    cloud: ImageCloud,
    session: Session,
    *,
    token: str,
    code: str,
    source: str,
    device: str,
    entry_kind: str = "web",
    previous_token: str | None = None,
    device_token: str | None = None,
) -> SignedIn:
    """Check the second factor and open a session with a fresh token; `previous_token` is ended.

    `code` is the answer of whichever factor the account has (A-02, F-03). Raises SignInExpired
    when the password step must be repeated, SignInRefused for a wrong code, with `retry_at` while
    the account is locked.
    """
    account, factor = _take_factor(cloud, session, token=token, code=code, source=source)
    return enter(
        cloud,
        session,
        account,
        factor=factor,
        source=source,
        device=device,
        entry_kind=entry_kind,
        previous_token=previous_token,
        device_token=device_token,
    )


def check_code(
    cloud: ImageCloud, session: Session, *, token: str, code: str, source: str
) -> Account:
    """Take the second factor for an open challenge, using it up; returns whose it was.

    Raises SignInExpired, SignInRefused as `finish_sign_in`.
    """
    return _take_factor(cloud, session, token=token, code=code, source=source)[0]


def sign_in_with_passkey(
    cloud: ImageCloud,
    session: Session,
    *,
    token: str,
    credential: Any,
    source: str,
    device: str,
    entry_kind: str = "web",
    previous_token: str | None = None,
    device_token: str | None = None,
) -> SignedIn:
    """Sign in whoever a passkey belongs to: the device has verified him, which makes two factors.

    A lock-out by wrong passwords does not count here: nobody guesses a signature, and so nobody
    can lock the owner out. Raises SignInRefused.
    """
    try:
        passkey = passkeys.prove(cloud, session, token, credential)
    except FactorRefusedError as error:
        record_failure(cloud, "anonymous", "sign_in.passkey", source, "refused")
        raise SignInRefused from error
    account = passkey.account
    if not account.active:
        record_failure(cloud, actor_of(account), "sign_in.passkey", source, "disabled")
        raise SignInRefused
    return enter(
        cloud,
        session,
        account,
        factor=FactorKind.PASSKEY,
        source=source,
        device=device,
        entry_kind=entry_kind,
        previous_token=previous_token,
        device_token=device_token,
    )


def enter(
    cloud: ImageCloud,
    session: Session,
    account: Account,
    *,
    factor: str,
    source: str,
    device: str,
    entry_kind: str,
    previous_token: str | None,
    device_token: str | None,
    **detail: str,
) -> SignedIn:
    """Open the session of an account that has proved itself with two factors, audited."""
    if previous_token:
        sign_out(session, previous_token, source=source)
    kind = EntryKind.of(entry_kind)
    new = open_session(cloud, session, account, source=source, device=device, entry_kind=kind)
    known = note_device(cloud, session, account, token=device_token, agent=device)
    record_success(
        session, account, "sign_in", source, entry_kind=str(kind), factor=str(factor), **detail
    )
    return SignedIn(new, account, known)


def _take_factor(
    cloud: ImageCloud, session: Session, *, token: str, code: str, source: str
) -> tuple[Account, str]:
    """Return whose challenge it was and which kind of factor answered it."""
    challenge = live_challenge(session, token)
    account = challenge.account
    _take_code_try(cloud, challenge, source)
    factor = accepted_kind(cloud, session, challenge, code) if account.active else None
    if factor is None:
        record_failure(cloud, actor_of(account), "sign_in.code", source, "refused")
        raise SignInRefused
    use_up(session, challenge)
    session.execute(
        update(Account).where(Account.id == account.id).values(failed_tries=0, locked_until=None)
    )
    return account, factor


def _actor(cloud: ImageCloud, account: Account | None, login: str) -> str:
    """Name who tries: the account, or a keyed hash of a login that nobody has."""
    if account is not None:
        return actor_of(account)
    return "login:" + cloud.master_key.keyed_hash(normalize_login(login), "unknown login")[:32]


def _counted(cloud: ImageCloud, actor: str, source: str) -> list[tuple[Limit, str]]:
    """Return the three counters of a try. Unknown logins are counted alike, so that a lock-out
    does not tell who exists."""
    tries, window = cloud.settings.login_tries, timedelta(minutes=cloud.settings.lock_minutes)
    return [
        (Limit("sign-in login", tries, window), actor),
        (
            Limit("sign-in address", tries * _ADDRESS_FACTOR, window),
            limits.address_key(source),
        ),
        (Limit("sign-in global", tries * _GLOBAL_FACTOR, window), "all"),
    ]


def _take(cloud: ImageCloud, counted: list[tuple[Limit, str]], actor: str, source: str) -> None:
    try:
        with cloud.database.session() as own:
            for limit, key in counted:
                limits.take(cloud, own, limit, key)
    except TooManyTries as error:
        record_failure(cloud, actor, "sign_in.password", source, "locked")
        raise SignInRefused(error.retry_at) from error


def _take_code_try(cloud: ImageCloud, challenge: SignInChallenge, source: str) -> None:
    lock = timedelta(minutes=cloud.settings.lock_minutes)
    try:
        with cloud.database.session() as own:
            counted = own.scalar(
                update(SignInChallenge)
                .where(
                    SignInChallenge.token_hash == challenge.token_hash,
                    SignInChallenge.tries < CODE_TRIES,
                )
                .values(tries=SignInChallenge.tries + 1)
                .returning(SignInChallenge.tries)
            )
            if counted is None:
                raise SignInExpired
            limits.take_account_try(own, challenge.account_id, cloud.settings.login_tries, lock)
    except TooManyTries as error:
        actor = f"account:{challenge.account_id}"
        record_failure(cloud, actor, "sign_in.code", source, "locked")
        raise SignInRefused(error.retry_at) from error
