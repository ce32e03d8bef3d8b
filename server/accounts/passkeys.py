"""Passkeys (W3C Web Authentication level 2): register, prove, rename, remove (F-03).

Only the public key is here; face and fingerprint stay in the device (F-27). The device must verify
its user, so a passkey is two factors: something held, and the face, finger or PIN that opens it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import webauthn
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from server import clock
from server.accounts.auditing import record_success
from server.accounts.errors import FactorRefusedError
from server.accounts.factors import FactorKind
from server.accounts.notices import tell
from server.accounts.relying_party import RelyingParty, relying_party
from server.accounts.sessions import hash_token, new_token
from server.model import Account, Passkey, PasskeyCeremony, SignInChallenge

if TYPE_CHECKING:
    from server.cloud import ImageCloud

CEREMONY_LIFETIME = timedelta(minutes=5)
MOST_PASSKEYS = 10
LONGEST_NAME = 60
_VERIFIED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True)
class Ceremony:
    """What the browser is asked to do, and the token that brings its answer back."""

    token: str
    options: dict[str, Any]


@dataclass(frozen=True)
class PasskeyFactor:
    """A passkey after the password; the answer is `{"token": …, "credential": …}` as JSON."""

    kind: str = FactorKind.PASSKEY

    def is_ready(self, cloud: ImageCloud, session: Session, account: Account) -> bool:
        """Whether the account has a passkey and this site may use any."""
        return relying_party(cloud.settings) is not None and bool(passkeys_of(session, account))

    def accepts(
        self, cloud: ImageCloud, session: Session, challenge: SignInChallenge, answer: str
    ) -> bool:
        """Whether the answer was signed by a passkey of the account that signs in."""
        try:
            told = json.loads(answer)
            proved = prove(cloud, session, str(told["token"]), told["credential"])
        except (ValueError, TypeError, KeyError, FactorRefusedError):
            return False
        return proved.account_id == challenge.account_id


def passkeys_of(session: Session, account: Account) -> Sequence[Passkey]:
    """Return an account's passkeys, the oldest first."""
    return session.scalars(
        select(Passkey).where(Passkey.account_id == account.id).order_by(Passkey.created_at)
    ).all()


def begin_registration(cloud: ImageCloud, session: Session, account: Account) -> Ceremony:
    """Ask the browser for a new passkey of an account.

    Raises FactorRefusedError where there can be none, or enough are there.
    """
    known = passkeys_of(session, account)
    if len(known) >= MOST_PASSKEYS:
        raise FactorRefusedError("most passkeys")
    user = f"passkey user {account.id}"
    options = webauthn.generate_registration_options(
        rp_id=_party(cloud).rp_id,
        rp_name=cloud.settings.site_name,
        user_id=bytes.fromhex(cloud.master_key.keyed_hash(user, "passkey user")),
        user_name=account.login,
        user_display_name=account.login,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=[_descriptor(one) for one in known],
    )
    return _begun(session, options, options.challenge, account.id)


def finish_registration(
    cloud: ImageCloud,
    session: Session,
    account: Account,
    *,
    token: str,
    credential: Mapping[str, Any],
    name: str,
    source: str,
) -> Passkey:
    """Keep the passkey that the browser made. Audited; the owner is told.

    Raises FactorRefusedError for an answer that is not to our question.
    """
    ceremony = _use_ceremony(cloud, token)
    party = _party(cloud)
    if ceremony is None or ceremony.account_id != account.id:
        raise FactorRefusedError("no such registration")
    try:
        made = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=ceremony.challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise FactorRefusedError(type(error).__name__) from error
    known = select(Passkey.passkey_id).where(Passkey.credential_id == made.credential_id)
    if session.scalar(known) is not None:
        raise FactorRefusedError("this passkey is known already")
    passkey = Passkey(
        account_id=account.id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=_transports(credential),
        name=name.strip()[:LONGEST_NAME],
    )
    session.add(passkey)
    session.flush()
    record_success(session, account, "factor.add", source, kind=FactorKind.PASSKEY)
    tell(cloud, session, account, "您的账户已添加新的通行密钥。")
    return passkey


def begin_proof(cloud: ImageCloud, session: Session, account: Account | None = None) -> Ceremony:
    """Ask the browser for any passkey of this site, or for one of an account.

    Raises FactorRefusedError where there can be none.
    """
    named = passkeys_of(session, account) if account is not None else ()
    options = webauthn.generate_authentication_options(
        rp_id=_party(cloud).rp_id,
        allow_credentials=[_descriptor(one) for one in named],
        user_verification=_VERIFIED,
    )
    return _begun(session, options, options.challenge, account.id if account else None)


def prove(cloud: ImageCloud, session: Session, token: str, credential: Any) -> Passkey:
    """Return the passkey that signed our question; the question is used up either way.

    Raises FactorRefusedError for an unknown passkey, a wrong signature or origin, a user who was
    not verified, and a counter that runs backwards (a copied passkey).
    """
    ceremony = _use_ceremony(cloud, token)
    party = _party(cloud)
    if ceremony is None or not isinstance(credential, dict):
        raise FactorRefusedError("no such question")
    try:
        wanted = base64url_to_bytes(credential["rawId"])
        passkey = session.scalar(
            select(Passkey)
            .where(Passkey.credential_id == wanted)
            .options(joinedload(Passkey.account))
        )
        if passkey is None:
            raise FactorRefusedError("unknown passkey")
        if ceremony.account_id not in {None, passkey.account_id}:
            raise FactorRefusedError("a passkey of somebody else")
        proved = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=ceremony.challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise FactorRefusedError(type(error).__name__) from error
    passkey.sign_count = proved.new_sign_count
    passkey.last_used_at = clock.now()
    return passkey


def rename(session: Session, account: Account, passkey_id: str, name: str, *, source: str) -> bool:
    """Give one of an account's own passkeys another name; False if it has none of this id."""
    passkey = _own(session, account, passkey_id)
    if passkey is None or not name.strip():
        return False
    passkey.name = name.strip()[:LONGEST_NAME]
    record_success(session, account, "factor.rename", source, kind=FactorKind.PASSKEY)
    return True


def remove(
    cloud: ImageCloud, session: Session, account: Account, passkey_id: str, *, source: str
) -> bool:
    """Remove one of an account's own passkeys; False if it has none of this id."""
    passkey = _own(session, account, passkey_id)
    if passkey is None:
        return False
    session.delete(passkey)
    record_success(session, account, "factor.remove", source, kind=FactorKind.PASSKEY)
    tell(cloud, session, account, "您的账户已移除一个通行密钥。")
    return True


def _own(session: Session, account: Account, passkey_id: str) -> Passkey | None:
    passkey = session.get(Passkey, passkey_id)
    return passkey if passkey is not None and passkey.account_id == account.id else None


def _party(cloud: ImageCloud) -> RelyingParty:
    party = relying_party(cloud.settings)
    if party is None:
        raise FactorRefusedError("browsers permit no passkeys at this address")
    return party


def _begun(session: Session, options: Any, challenge: bytes, account_id: int | None) -> Ceremony:
    session.execute(delete(PasskeyCeremony).where(PasskeyCeremony.expires_at <= clock.now()))
    token = new_token()
    session.add(
        PasskeyCeremony(
            token_hash=hash_token(token),
            challenge=challenge,
            account_id=account_id,
            expires_at=clock.now() + CEREMONY_LIFETIME,
        )
    )
    return Ceremony(token, options_to_json_dict(options))


@dataclass(frozen=True)
class _Question:
    challenge: bytes
    account_id: int | None


def _use_ceremony(cloud: ImageCloud, token: str) -> _Question | None:
    """Take a question away as it is looked up, in a transaction of its own: whatever becomes of
    the request, no answer serves twice."""
    with cloud.database.session() as own:
        row = own.execute(
            delete(PasskeyCeremony)
            .where(PasskeyCeremony.token_hash == hash_token(token))
            .returning(
                PasskeyCeremony.challenge, PasskeyCeremony.account_id, PasskeyCeremony.expires_at
            )
        ).one_or_none()
    if row is None or row.expires_at <= clock.now():
        return None
    return _Question(row.challenge, row.account_id)


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(one) for one in passkey.transports]
    return PublicKeyCredentialDescriptor(id=passkey.credential_id, transports=transports or None)


def _transports(credential: Mapping[str, Any]) -> list[str]:
    response = credential.get("response")
    said = response.get("transports") if isinstance(response, dict) else None
    known = {str(one.value) for one in AuthenticatorTransport}
    return [one for one in said if one in known] if isinstance(said, list) else []
