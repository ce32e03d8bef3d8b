"""Authenticators (RFC 6238): codes that serve once, enrolment, replacement, removal (F-03)."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
from sqlalchemy import update
from sqlalchemy.orm import Session

from server import clock
from server.accounts.auditing import record_success
from server.accounts.errors import FactorRefusedError
from server.accounts.factors import FactorKind
from server.accounts.notices import tell
from server.keys import SealBrokenError
from server.model import Account, SignInChallenge

if TYPE_CHECKING:
    from server.cloud import ImageCloud

TOTP_CONTEXT = "account.totp_secret"
_OFFER_CONTEXT = "totp offer"
_OFFER_LIFETIME = timedelta(minutes=15)
_STEP_SECONDS = 30
_STEPS_APART = (0, -1, 1)


@dataclass(frozen=True)
class TotpOffer:
    """A secret to be put into an authenticator; `sealed` brings it back with the first code."""

    secret: str
    uri: str
    sealed: str

    @property
    def grouped_secret(self) -> str:
        """The secret in groups of four, to be typed."""
        return " ".join(self.secret[at : at + 4] for at in range(0, len(self.secret), 4))


@dataclass(frozen=True)
class TotpFactor:
    """The code of an authenticator."""

    kind: str = FactorKind.TOTP

    def is_ready(self, cloud: ImageCloud, session: Session, account: Account) -> bool:  # noqa: ARG002
        """Whether the account has an authenticator."""
        return account.totp_secret_sealed is not None

    def accepts(
        self,
        cloud: ImageCloud,
        session: Session,  # noqa: ARG002
        challenge: SignInChallenge,
        answer: str,
    ) -> bool:
        """Whether a code fits; its time step is used up."""
        return takes_code(cloud, challenge.account, answer)


def takes_code(cloud: ImageCloud, account: Account, code: str) -> bool:
    """Whether a code of the account's authenticator fits now; its time step is used up."""
    if account.totp_secret_sealed is None:
        return False
    secret = cloud.master_key.open(account.totp_secret_sealed, TOTP_CONTEXT)
    step = fitting_step(secret, code)
    return step is not None and _use_step(cloud, account.id, step)


def fitting_step(secret: str, code: str) -> int | None:
    """Return the time step of a six-digit code, one step apart at most; None when none fits."""
    digits = "".join(code.split())
    if not (len(digits) == 6 and digits.isascii() and digits.isdigit()):
        return None
    totp = pyotp.TOTP(secret)
    now_step = int(clock.now().timestamp()) // _STEP_SECONDS
    steps = [now_step + apart for apart in _STEPS_APART]
    fitting = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), digits)]
    return fitting[0] if fitting else None


def provisioning_uri(cloud: ImageCloud, account_login: str, secret: str) -> str:
    """Return the `otpauth:` address that authenticators read from a QR code."""
    issuer = cloud.settings.site_name
    return pyotp.TOTP(secret).provisioning_uri(name=account_login, issuer_name=issuer)


def offer(cloud: ImageCloud, account: Account) -> TotpOffer:
    """Return a fresh secret of 160 bits; nothing changes until its first code has come back."""
    secret = pyotp.random_base32()
    until = int((clock.now() + _OFFER_LIFETIME).timestamp())
    sealed = cloud.master_key.seal(f"{until}:{secret}", f"{_OFFER_CONTEXT} {account.id}")
    return TotpOffer(
        secret=secret,
        uri=provisioning_uri(cloud, account.login, secret),
        sealed=base64.urlsafe_b64encode(sealed).decode(),
    )


def same_offer(cloud: ImageCloud, account: Account, sealed: str) -> TotpOffer:
    """Return an offer that was made to this account before. Raises FactorRefusedError when over."""
    try:
        opened = cloud.master_key.open(
            base64.urlsafe_b64decode(sealed), f"{_OFFER_CONTEXT} {account.id}"
        )
    except (SealBrokenError, binascii.Error, ValueError) as error:
        raise FactorRefusedError from error
    until, _, secret = opened.partition(":")
    if int(until) <= clock.now().timestamp():
        raise FactorRefusedError
    return TotpOffer(secret, provisioning_uri(cloud, account.login, secret), sealed)


def accept_offer(
    cloud: ImageCloud,
    session: Session,
    account: Account,
    offered: TotpOffer,
    code: str,
    source: str,
) -> bool:
    """Put an offered authenticator in the place of the one before, if its code fits.

    The owner is told by message, and the change is audited.
    """
    step = fitting_step(offered.secret, code)
    if step is None:
        return False
    account.totp_secret_sealed = cloud.master_key.seal(offered.secret, TOTP_CONTEXT)
    account.totp_last_step = step
    record_success(session, account, "factor.add", source, kind=FactorKind.TOTP)
    tell(cloud, session, account, "您的账户已绑定新的身份验证器。")
    return True


def remove(cloud: ImageCloud, session: Session, account: Account, *, source: str) -> None:
    """Take the authenticator off an account, audited; the caller sees to it that another factor
    is left."""
    account.totp_secret_sealed = None
    record_success(session, account, "factor.remove", source, kind=FactorKind.TOTP)
    tell(cloud, session, account, "您的账户已移除身份验证器。")


def _use_step(cloud: ImageCloud, account_id: int, step: int) -> bool:
    """Take a time step in one statement, so that no code serves twice (RFC 6238, 5.2)."""
    with cloud.database.session() as own:
        taken = own.scalar(
            update(Account)
            .where(Account.id == account_id, Account.totp_last_step < step)
            .values(totp_last_step=step)
            .returning(Account.id)
        )
    return taken is not None
