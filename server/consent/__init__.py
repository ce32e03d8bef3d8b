"""Consent before personal information is processed: which text, when, withdrawn when (A-37, F-24).

A consent names the version and the SHA-256 of the text that was shown, so that it can be proved
later what was agreed to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.consent import policy_text
from server.model import Account, Consent

PRIVACY_POLICY = "privacy_policy"
_TITLES = {"zh": "隐私政策与个人信息处理同意书", "en": "Privacy policy and consent"}


@dataclass(frozen=True)
class PolicySection:
    """One headed paragraph."""

    heading: str
    body: str


@dataclass(frozen=True)
class Policy:
    """The policy in one language; `sha256` is that of the Chinese text, which is binding."""

    version: str
    title: str
    sections: tuple[PolicySection, ...]
    sha256: str

    @property
    def text(self) -> str:
        """The whole policy as plain text."""
        return _plain(self.title, [(one.heading, one.body) for one in self.sections])


class OutdatedPolicyError(ValueError):
    """The version that was agreed to is not the current one: show the current one."""


def current_policy(language: str = "zh_CN") -> Policy:
    """Return the policy in force, in Chinese or English."""
    english = language.lower().startswith("en")
    words = policy_text.ENGLISH if english else policy_text.CHINESE
    return Policy(
        version=policy_text.VERSION,
        title=_TITLES["en" if english else "zh"],
        sections=tuple(PolicySection(*section) for section in words),
        sha256=hashlib.sha256(_plain(_TITLES["zh"], policy_text.CHINESE).encode()).hexdigest(),
    )


def needs_consent(session: Session, account: Account) -> bool:
    """Whether an account has yet to agree to the policy in force (A-37)."""
    return _live(session, account, PRIVACY_POLICY, current_policy()) is None


def is_withdrawn(session: Session, account_id: int) -> bool:
    """Whether an account took back its consent and has given none since (F-20).

    A new version of the policy withdraws nothing: it is asked for at the next sign-in.
    """
    ends = session.scalars(
        select(Consent.withdrawn_at).where(
            Consent.account_id == account_id, Consent.kind == PRIVACY_POLICY
        )
    ).all()
    return bool(ends) and None not in ends


def give(session: Session, account: Account, *, version: str, source: str = "") -> Consent:
    """Record that an account agrees to the policy it was shown; twice is once.

    Raises OutdatedPolicyError when `version` is not the one in force.
    """
    policy = current_policy()
    if version != policy.version:
        raise OutdatedPolicyError(version)
    known = _live(session, account, PRIVACY_POLICY, policy)
    if known is not None:
        return known
    return record(
        session,
        account,
        kind=PRIVACY_POLICY,
        version=policy.version,
        text_sha256=policy.sha256,
        source=source,
    )


def record(
    session: Session,
    account: Account,
    *,
    kind: str,
    version: str,
    text_sha256: str,
    source: str = "",
) -> Consent:
    """Record a consent of any kind, for example to caching at registration (A-47, E-20)."""
    consent = Consent(account_id=account.id, kind=kind, version=version, text_sha256=text_sha256)
    session.add(consent)
    session.flush()
    _audit(session, consent, "consent.give", source)
    return consent


def withdraw(session: Session, account: Account, consent_id: str, *, source: str = "") -> bool:
    """End one of an account's own consents; False if it has none of this id that lives."""
    consent = session.get(Consent, consent_id)
    if consent is None or consent.account_id != account.id or consent.withdrawn_at is not None:
        return False
    consent.withdrawn_at = clock.now()
    _audit(session, consent, "consent.withdraw", source)
    return True


def consents_of(session: Session, account: Account) -> Sequence[Consent]:
    """Return everything an account ever agreed to, newest first: “my authorisations” (A-47)."""
    return session.scalars(
        select(Consent)
        .where(Consent.account_id == account.id)
        .order_by(Consent.given_at.desc(), Consent.id)
    ).all()


def _live(session: Session, account: Account, kind: str, policy: Policy) -> Consent | None:
    return session.scalars(
        select(Consent).where(
            Consent.account_id == account.id,
            Consent.kind == kind,
            Consent.version == policy.version,
            Consent.text_sha256 == policy.sha256,
            Consent.withdrawn_at.is_(None),
        )
    ).first()


def _audit(session: Session, consent: Consent, event: str, source: str) -> None:
    audit.record(
        session,
        actor_kind="account",
        actor=f"account:{consent.account_id}",
        event=event,
        object_kind="consent",
        object_id=consent.id,
        source=source,
        detail={"kind": consent.kind, "version": consent.version},
    )


def _plain(title: str, sections: Sequence[tuple[str, str]]) -> str:
    return "\n\n".join([title, *(f"{heading}\n{body}" for heading, body in sections)])
