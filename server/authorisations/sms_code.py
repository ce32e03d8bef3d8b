"""Authorisation by a code that is sent to the person's phone and told to the doctor (E-32)."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.orm import Session

from server import clock, limits, messages
from server.authorisations import asking, recording
from server.authorisations.errors import AuthorisationRefused, Refusal
from server.authorisations.evidence import SmsCodeEvidence
from server.authorisations.terms import LIFETIMES
from server.limits import Limit, TooManyTries
from server.model import Account, Authorisation, AuthorisationMethod, AuthorisationState

if TYPE_CHECKING:
    from server.cloud import ImageCloud

LIFETIME = timedelta(minutes=5)
TRIES = 5
_PER_PERSON = Limit("authorisation sms", 5, timedelta(hours=1))


def send(
    cloud: ImageCloud, session: Session, *, account: Account, authorisation_id: str
) -> Authorisation:
    """Send the code for a doctor's waiting request to the person's phone; it replaces the last.

    Raises AuthorisationRefused: UNREACHABLE where no message would arrive, TOO_MANY.
    """
    found = _waiting(session, account, authorisation_id)
    if not messages.can_reach_person(cloud, found.person):
        raise AuthorisationRefused(Refusal.UNREACHABLE)
    try:
        with cloud.database.session() as own:
            limits.take(cloud, own, _PER_PERSON, str(found.person_id))
    except TooManyTries as error:
        raise AuthorisationRefused(Refusal.TOO_MANY) from error
    code = f"{secrets.randbelow(10**6):06d}"
    found.code_hash = _hash(cloud, found, code)
    found.code_expires_at = clock.now() + LIFETIME
    found.code_tries = 0
    body = (
        f"【{cloud.settings.site_name}】授权码 {code}，5 分钟内有效。"
        f"告诉{found.institution.name}的医生，即同意其调阅您在其他医院的影像资料 24 小时。"
        "不是您本人就诊，请勿告知任何人。"
    )
    messages.send_to_person(cloud, session, found.person, body=body, lifetime=LIFETIME)
    return found


def confirm(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    authorisation_id: str,
    code: str,
    source: str = "",
) -> Authorisation:
    """Let a request hold by the code that the person told the doctor. Raises AuthorisationRefused.

    A wrong try counts in a transaction of its own; after five the code is worth nothing.
    """
    found = _waiting(session, account, authorisation_id)
    with cloud.database.session() as own:
        counted = own.execute(
            update(Authorisation)
            .where(
                Authorisation.authorisation_id == authorisation_id,
                Authorisation.code_tries < TRIES,
                Authorisation.code_expires_at > clock.now(),
            )
            .values(code_tries=Authorisation.code_tries + 1)
            .returning(Authorisation.code_hash)
        ).one_or_none()
    expected = counted.code_hash if counted is not None else None
    given = _hash(cloud, found, "".join(code.split()))
    if expected is None or not hmac.compare_digest(expected, given):
        raise AuthorisationRefused(Refusal.WRONG_CODE)
    sent = (found.code_expires_at or clock.now()) - LIFETIME
    recording.approve(
        session,
        found,
        SmsCodeEvidence(sent.isoformat()),
        actor=f"account:{account.id}",
        source=source,
        lifetime=LIFETIMES[0],
    )
    return found


def _waiting(session: Session, account: Account, authorisation_id: str) -> Authorisation:
    found = asking.of_doctor(session, account, authorisation_id)
    if found.method != AuthorisationMethod.SMS_CODE:
        raise AuthorisationRefused(Refusal.METHOD)
    if found.state != AuthorisationState.REQUESTED or found.answer_by <= clock.now():
        raise AuthorisationRefused(Refusal.ENDED)
    return found


def _hash(cloud: ImageCloud, authorisation: Authorisation, code: str) -> str:
    bound = f"{authorisation.authorisation_id} {code}"
    return cloud.master_key.keyed_hash(bound, "authorisation sms")
