"""Signing in through an identity provider that has proved who someone is (A-07, A-08).

The provider answers with a subject and claims (OpenID Connect Core 1.0 §2). An account that is
connected to the subject signs in; else the account of the person whose verified ID number the
claims hold is connected, made first where that person has none. Nobody is found by name or phone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, people
from server.accounts.auditing import actor_of, record_failure, record_success
from server.accounts.challenges import Challenge, open_challenge
from server.accounts.errors import SignInRefused
from server.accounts.factors import FactorKind, ready_kinds
from server.accounts.sign_in import SignedIn, enter
from server.identity_providers import IdentityProvider, SecondFactor
from server.model import Account, ExternalIdentity, Person, Role

if TYPE_CHECKING:
    from server.cloud import ImageCloud

LONGEST_SUBJECT = 255


class IdentityUnknownError(SignInRefused):
    """The provider vouches for someone of whom it does not say enough to find an account."""


class NoSecondFactorError(SignInRefused):
    """A second factor is due here, and the account has neither authenticator nor phone."""


@dataclass(frozen=True)
class ProvenIdentity:
    """What a provider said in an ID token that has been verified: who, and which claims."""

    provider: IdentityProvider
    subject: str
    claims: Mapping[str, Any]

    def claim(self, name: str) -> str:
        """Return a claim as text, "" when it is absent or no text."""
        value = self.claims.get(name) if name else None
        return value.strip() if isinstance(value, str) else ""

    def has_two_factors(self) -> bool:
        """Whether the provider has asked for two factors (`amr`, RFC 8176)."""
        if self.provider.second_factor is not SecondFactor.PROVIDER:
            return False
        said = self.claims.get("amr")
        methods = set(said) if isinstance(said, list) else set()
        wanted = set(self.provider.required_amr)
        return not wanted or bool(wanted & methods)


def sign_in_with_provider(
    cloud: ImageCloud,
    session: Session,
    identity: ProvenIdentity,
    *,
    source: str,
    device: str,
    entry_kind: str = "web",
    previous_token: str | None = None,
    device_token: str | None = None,
) -> SignedIn | Challenge:
    """Sign in whoever the provider vouches for, or ask for the second factor first (F-03).

    Raises IdentityUnknownError, NoSecondFactorError, SignInRefused for an account that is shut.
    """
    account, name = _account(cloud, session, identity, source), identity.provider.name
    if not account.active:
        _refused(cloud, identity, actor_of(account), source, "disabled")
        raise SignInRefused
    if identity.has_two_factors():
        return enter(
            cloud,
            session,
            account,
            factor=FactorKind.PROVIDER,
            source=source,
            device=device,
            entry_kind=identity.provider.entry_kind or entry_kind,
            previous_token=previous_token,
            device_token=device_token,
            provider=name,
        )
    if not ready_kinds(cloud, session, account):
        _refused(cloud, identity, actor_of(account), source, "no second factor")
        raise NoSecondFactorError
    challenge = open_challenge(cloud, session, account)
    record_success(session, account, "sign_in.provider", source, provider=name)
    return challenge


def connect(
    session: Session, account: Account, provider: str, subject: str, *, actor_kind: str, actor: str
) -> None:
    """Say who an account is to a provider, for example a doctor to the hospital's directory."""
    session.add(ExternalIdentity(provider=provider, subject=subject, account_id=account.id))
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event="account.connect",
        object_kind="account",
        object_id=str(account.id),
        detail={"provider": provider},
    )


def is_connected(session: Session, provider: str, subject: str) -> bool:
    """Whether somebody of a provider is connected to an account."""
    return session.get(ExternalIdentity, (provider, subject)) is not None


def _account(cloud: ImageCloud, session: Session, identity: ProvenIdentity, source: str) -> Account:
    known = session.get(ExternalIdentity, (identity.provider.name, identity.subject))
    if known is not None:
        return known.account
    number = identity.claim(identity.provider.id_number_claim)
    try:
        number = people.normalize_id_number(number)
    except people.IdNumberError as error:
        _refused(cloud, identity, "anonymous", source, "no ID number")
        raise IdentityUnknownError from error
    if not 0 < len(identity.subject) <= LONGEST_SUBJECT:
        raise IdentityUnknownError
    person = people.find_by_id_number(cloud, session, number)
    if person is None:
        person = _new_person(cloud, session, identity, number)
    account = _patient_account(session, person) or _new_account(session, identity, person, source)
    provider, actor = identity.provider.name, actor_of(account)
    connect(session, account, provider, identity.subject, actor_kind="account", actor=actor)
    return account


def _patient_account(session: Session, person: Person) -> Account | None:
    return session.scalar(
        select(Account)
        .where(Account.person_id == person.id, Account.role == Role.PATIENT)
        .order_by(Account.active.desc(), Account.id)
        .limit(1)
    )


def _new_person(
    cloud: ImageCloud, session: Session, identity: ProvenIdentity, number: str
) -> Person:
    provider = identity.provider
    return people.create_person(
        cloud,
        session,
        person_code=people.new_person_code(),
        name=identity.claim(provider.name_claim)[:200] or people.mask_id_number(number),
        id_number=number,
        phone=identity.claim(provider.phone_claim)[:30] or None,
    )


def _new_account(
    session: Session, identity: ProvenIdentity, person: Person, source: str
) -> Account:
    """Add a patient's account that has no password: it is entered by the provider alone."""
    account = Account(
        login=f"{identity.provider.name}-{secrets.token_hex(8)}",
        role=Role.PATIENT,
        person_id=person.id,
        password_hash="",
    )
    session.add(account)
    session.flush()
    provider, role = identity.provider.name, str(Role.PATIENT)
    record_success(session, account, "account.create", source, provider=provider, role=role)
    return account


def _refused(
    cloud: ImageCloud, identity: ProvenIdentity, actor: str, source: str, reason: str
) -> None:
    provider = identity.provider.name
    record_failure(cloud, actor, "sign_in.provider", source, reason, provider=provider)
