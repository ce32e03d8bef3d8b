"""Proving that one holds the phone on record: ID number, phone, and the code sent to it.

The first step of recovering an account and of opening one. Whether somebody is on record is never
told: the same is done and said for strangers, only that no message goes out (ASVS 6.3.8).
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from server import audit, clock, limits, messages, people
from server.accounts.auditing import record_failure
from server.accounts.challenges import CODE_LIFETIME, CODE_TRIES
from server.accounts.errors import SignInExpired, SignInRefused
from server.accounts.sessions import hash_token, new_token
from server.accounts.sms_codes import code_hash, count_message, new_code, send_code
from server.limits import Limit, TooManyTries
from server.model import Account, Person, PhoneProof, ProofPurpose, Role

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# What is done with a proof must be done soon.
PROVED_LIFETIME = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_PER_ADDRESS = Limit("phone proof address", 30, _HOUR)


def begin(
    cloud: ImageCloud,
    session: Session,
    *,
    purpose: ProofPurpose,
    id_number: str,
    phone: str,
    source: str,
) -> str:
    """Send a code to the phone on record, if both fit; returns the token of the next step.

    Raises IdNumberError for what is no ID number (its date or check letter is wrong), and
    SignInRefused(retry_at) after too many requests for a number or from an address.
    """
    number = people.normalize_id_number(id_number)
    _count(cloud, number, source)
    person = people.find_by_id_number(cloud, session, number)
    if person is not None and not _fits(cloud, session, person, purpose, phone):
        person = None
    session.execute(delete(PhoneProof).where(PhoneProof.expires_at <= clock.now()))
    token, code = new_token(), new_code()
    proof = PhoneProof(
        token_hash=hash_token(token),
        purpose=purpose,
        person_id=person.id if person is not None else None,
        code_hash=code_hash(cloud, hash_token(token), code),
        expires_at=clock.now() + CODE_LIFETIME,
    )
    session.add(proof)
    session.flush()
    if person is not None:
        send_code(cloud, session, person, code)
    audit.record(
        session,
        actor_kind="anonymous",
        actor="",
        event="phone_proof.begin",
        object_kind="person",
        object_id=str(person.id) if person is not None else "",
        source=source,
        detail={"purpose": str(purpose)},
    )
    return token


def prove(cloud: ImageCloud, session: Session, *, token: str, code: str, source: str) -> PhoneProof:
    """Check the code; the proof then holds for a quarter of an hour.

    Raises SignInExpired when it must be begun again, SignInRefused for a wrong code.
    """
    with cloud.database.session() as own:
        counted = own.scalar(
            update(PhoneProof)
            .where(
                PhoneProof.token_hash == hash_token(token),
                PhoneProof.tries < CODE_TRIES,
                PhoneProof.expires_at > clock.now(),
                PhoneProof.proved_at.is_(None),
            )
            .values(tries=PhoneProof.tries + 1)
            .returning(PhoneProof.tries)
        )
    if counted is None:
        raise SignInExpired
    proof = _found(session, token)
    wanted = code_hash(cloud, hash_token(token), code)
    if proof is None or not hmac.compare_digest(proof.code_hash, wanted) or proof.person is None:
        record_failure(cloud, "anonymous", "phone_proof.code", source, "refused")
        raise SignInRefused
    proof.proved_at = clock.now()
    proof.expires_at = clock.now() + PROVED_LIFETIME
    return proof


def proved(session: Session, token: str, purpose: ProofPurpose) -> Person:
    """Return whose phone was proved for a purpose. Raises SignInExpired."""
    proof = _found(session, token)
    if (
        proof is None
        or proof.person is None
        or proof.purpose != purpose
        or proof.proved_at is None
        or proof.expires_at <= clock.now()
    ):
        raise SignInExpired
    return proof.person


def spend(session: Session, token: str) -> None:
    """Use a proof up. Raises SignInExpired when it was used meanwhile."""
    spent = session.scalar(
        delete(PhoneProof)
        .where(PhoneProof.token_hash == hash_token(token))
        .returning(PhoneProof.token_hash)
    )
    if spent is None:
        raise SignInExpired


def patient_account(session: Session, person: Person, *, active: bool = True) -> Account | None:
    """Return the account with which a person signs in himself; a shut one only if asked for."""
    wanted = select(Account).where(Account.person_id == person.id, Account.role == Role.PATIENT)
    if active:
        wanted = wanted.where(Account.active)
    return session.scalar(wanted.order_by(Account.active.desc(), Account.id).limit(1))


def _found(session: Session, token: str) -> PhoneProof | None:
    return session.scalar(
        select(PhoneProof)
        .where(PhoneProof.token_hash == hash_token(token))
        .options(joinedload(PhoneProof.person))
        .execution_options(populate_existing=True)
    )


def _fits(
    cloud: ImageCloud, session: Session, person: Person, purpose: ProofPurpose, phone: str
) -> bool:
    known = people.phone(cloud, person)
    if known is None or not messages.can_reach_person(cloud, person):
        return False
    if not hmac.compare_digest(_digits(known), _digits(phone)):
        return False
    return purpose is not ProofPurpose.RECOVER or patient_account(session, person) is not None


def _digits(phone: str) -> str:
    digits = "".join(letter for letter in phone if letter.isascii() and letter.isdigit())
    return digits.removeprefix("86") if len(digits) == 13 else digits


def _count(cloud: ImageCloud, number: str, source: str) -> None:
    """Count by ID number, whether or not it is on record, and by address."""
    try:
        with cloud.database.session() as own:
            limits.take(cloud, own, _PER_ADDRESS, limits.address_key(source))
    except TooManyTries as error:
        raise SignInRefused(error.retry_at) from error
    count_message(cloud, f"proof {people.id_number_hash(cloud, number)}")
