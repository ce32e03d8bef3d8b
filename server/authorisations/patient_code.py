"""The patient's one-time code (授权码): shown on his phone, scanned or typed by the doctor.

It stands for the insurance code (医保码, family accounts included) of E-32. Twelve digits live for
five minutes and count once; a new one ends the one before. Only a keyed hash is kept.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from server import audit, clock, limits, people
from server.authorisations import recording
from server.authorisations.errors import AuthorisationRefused, Refusal
from server.authorisations.evidence import InsuranceCodeEvidence
from server.authorisations.recording import Asked
from server.authorisations.terms import ALL_HISTORY, LIFETIMES, Scope
from server.limits import Limit, TooManyTries
from server.model import (
    Account,
    Authorisation,
    AuthorisationMethod,
    CarePurpose,
    PatientCode,
    Person,
    Role,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud

DIGITS = 12
LIFETIME = timedelta(minutes=5)
_HASH_CONTEXT = "patient code"
_TRIES = Limit("patient code", 10, timedelta(minutes=15))


@dataclass(frozen=True)
class ShownCode:
    """A fresh code, which is shown this once."""

    digits: str
    expires_at: datetime

    @property
    def grouped(self) -> str:
        """The digits in groups of four, as people read them out."""
        return " ".join(self.digits[at : at + 4] for at in range(0, DIGITS, 4))


def new_code(
    cloud: ImageCloud, session: Session, *, account: Account, person_id: int, source: str = ""
) -> ShownCode:
    """Make a code for a patient or a member of his family. Raises AuthorisationRefused."""
    if account.role != Role.PATIENT or person_id not in people.visible_persons(
        session, account.person_id
    ):
        raise AuthorisationRefused(Refusal.NOT_YOURS)
    digits = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    expires_at = clock.now() + LIFETIME
    session.execute(delete(PatientCode).where(PatientCode.person_id == person_id))
    session.add(
        PatientCode(
            code_hash=_hash(cloud, digits),
            person_id=person_id,
            account_id=account.id,
            expires_at=expires_at,
        )
    )
    audit.record(
        session,
        actor_kind="account",
        actor=f"account:{account.id}",
        event="authorisation.code",
        object_kind="account",
        object_id=str(account.id),
        source=source,
    )
    return ShownCode(digits, expires_at)


def redeem(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    code: str,
    person_id: int | None = None,
    purpose: CarePurpose = CarePurpose.OUTPATIENT,
    scope: Scope = ALL_HISTORY,
    encounter: str = "",
    source: str = "",
) -> Authorisation:
    """Authorise a doctor by the code his patient shows him; each code counts once.

    With `person_id` only that person's code is taken: nobody else's is used up, or opened.
    Raises AuthorisationRefused.
    """
    _count(cloud, account)
    used = session.execute(
        update(PatientCode)
        .where(
            PatientCode.code_hash == _hash(cloud, "".join(code.split())),
            PatientCode.used_at.is_(None),
            PatientCode.expires_at > clock.now(),
            *(() if person_id is None else (PatientCode.person_id == person_id,)),
        )
        .values(used_at=clock.now())
        .returning(PatientCode.person_id, PatientCode.account_id, PatientCode.created_at),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    if used is None:
        raise AuthorisationRefused(Refusal.WRONG_CODE)
    person = session.get_one(Person, used.person_id)
    asked = Asked(person, AuthorisationMethod.INSURANCE_CODE, purpose, scope, encounter)
    made = recording.make(cloud, session, account, asked, source=source)
    recording.approve(
        session,
        made,
        InsuranceCodeEvidence(used.account_id, used.created_at.isoformat()),
        actor=f"account:{used.account_id}",
        source=source,
        lifetime=LIFETIMES[0],
        decided_by=used.account_id,
    )
    return made


def _count(cloud: ImageCloud, account: Account) -> None:
    """Count a doctor's try in a transaction of its own, so that it outlives a refusal."""
    try:
        with cloud.database.session() as own:
            limits.take(cloud, own, _TRIES, str(account.id))
    except TooManyTries as error:
        raise AuthorisationRefused(Refusal.TOO_MANY) from error


def _hash(cloud: ImageCloud, digits: str) -> str:
    return cloud.master_key.keyed_hash(digits, _HASH_CONTEXT)
