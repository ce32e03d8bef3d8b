"""Signing in: password, then a code; every outcome counted and audited (F-02, F-03, F-06).

Tries are counted and failures audited in transactions of their own, committed before the answer
is known. On SQLite there is one writer at a time, so the caller's session must not have written
anything before it comes here. What a success changes is in the caller's session.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from server import clock, limits, messages
from server.accounts import passwords, second_factor
from server.accounts.auditing import actor_of, record_failure, record_success
from server.accounts.directory import find_account, normalize_login
from server.accounts.errors import SignInExpired, SignInRefused
from server.accounts.sessions import EntryKind, hash_token, new_token, open_session, sign_out
from server.limits import Limit, TooManyTries
from server.model import Account, SignInChallenge

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# How much more an address (a hospital behind one) and everybody together may fail than a login.
_ADDRESS_FACTOR = 6
_GLOBAL_FACTOR = 200


@dataclass(frozen=True)
class Challenge:
    """The password was right: which second factors may follow."""

    token: str
    can_totp: bool
    can_sms: bool


@dataclass(frozen=True)
class SignedIn:
    """The token for the browser's cookie, and whose it is."""

    token: str
    account: Account


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
    token = open_challenge(session, account)
    record_success(session, account, "sign_in.password", source)
    return Challenge(
        token,
        can_totp=account.totp_secret_sealed is not None,
        can_sms=messages.can_reach(cloud, account),
    )


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
) -> SignedIn:
    """Check the code and open a session with a fresh token; `previous_token` is ended (A-02).

    Raises SignInExpired when the password step must be repeated, SignInRefused for a wrong code,
    with `retry_at` while the account is locked.
    """
    account = check_code(cloud, session, token=token, code=code, source=source)
    if previous_token:
        sign_out(session, previous_token, source=source)
    kind = EntryKind.of(entry_kind)
    new = open_session(cloud, session, account, source=source, device=device, entry_kind=kind)
    record_success(session, account, "sign_in", source, entry_kind=str(kind))
    return SignedIn(new, account)


def check_code(
    cloud: ImageCloud, session: Session, *, token: str, code: str, source: str
) -> Account:
    """Take the second factor for an open challenge, using it up; returns whose it was.

    Raises SignInExpired, SignInRefused as `finish_sign_in`.
    """
    challenge = second_factor.live_challenge(session, token)
    account = challenge.account
    _take_code_try(cloud, challenge, source)
    if not account.active or not second_factor.accepts(cloud, challenge, code):
        record_failure(cloud, actor_of(account), "sign_in.code", source, "refused")
        raise SignInRefused
    _use_up(session, challenge)
    session.execute(
        update(Account).where(Account.id == account.id).values(failed_tries=0, locked_until=None)
    )
    return account


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
                    SignInChallenge.tries < second_factor.CODE_TRIES,
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


def open_challenge(session: Session, account: Account) -> str:
    """Begin the second step for an account whose first is passed; returns its token."""
    session.execute(delete(SignInChallenge).where(SignInChallenge.expires_at <= clock.now()))
    token = new_token()
    session.add(
        SignInChallenge(
            token_hash=hash_token(token),
            account_id=account.id,
            expires_at=clock.now() + second_factor.CODE_LIFETIME,
        )
    )
    return token


def _use_up(session: Session, challenge: SignInChallenge) -> None:
    """Delete the challenge; of two answers with right codes at once, one finds it gone."""
    used = session.scalar(
        delete(SignInChallenge)
        .where(SignInChallenge.token_hash == challenge.token_hash)
        .returning(SignInChallenge.account_id)
    )
    if used is None:
        raise SignInExpired
