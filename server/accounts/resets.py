"""A password given by an administrator, for whoever cannot recover the account himself (F-04).

It is random, shown once, and good for nothing but giving oneself another one at the next sign-in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyotp
from sqlalchemy.orm import Session

from server import audit
from server.accounts.credentials import replace_password
from server.accounts.notices import tell
from server.accounts.totp import TOTP_CONTEXT, provisioning_uri
from server.model import Account

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# No letters that are read for one another: it is passed on by word of mouth or on paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_DIGITS = "23456789"
_GROUPS, _GROUP_LENGTH = 4, 4


@dataclass(frozen=True)
class GivenCredentials:
    """What is shown this once; secret and address of the authenticator "" where it stays."""

    password: str
    totp_secret: str = ""
    totp_uri: str = ""


def reset_password(
    cloud: ImageCloud,
    session: Session,
    account: Account,
    *,
    new_authenticator: bool = False,
    actor_kind: str = "system",
    actor: str = "cli",
    source: str = "",
) -> GivenCredentials:
    """Give an account a temporary password; all its sessions, and sign-ins under way, end.

    The second factors stay, unless `new_authenticator` replaces the authenticator: so whoever
    resets a password cannot enter by it alone. Audited; the owner is told.
    """
    password = temporary_password()
    replace_password(session, account, password)
    account.temporary_credential = True
    account.failed_tries, account.locked_until = 0, None
    given = GivenCredentials(password)
    if new_authenticator:
        secret = pyotp.random_base32()
        account.totp_secret_sealed = cloud.master_key.seal(secret, TOTP_CONTEXT)
        account.totp_last_step = 0
        given = GivenCredentials(password, secret, provisioning_uri(cloud, account.login, secret))
    tell(
        cloud,
        session,
        account,
        "管理员已重设您的账户密码，所有设备已退出登录。如非您本人要求，请联系管理员。",
    )
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event="account.reset",
        object_kind="account",
        object_id=str(account.id),
        source=source,
        detail={"authenticator": new_authenticator},
    )
    return given


def temporary_password() -> str:
    """Return a random password of 77 bits and more, such as `check_strength` takes."""
    while True:
        letters = [secrets.choice(_LETTERS + _CAPITALS + _DIGITS) for _ in range(16)]
        kinds = [any(one in kind for one in letters) for kind in (_LETTERS, _CAPITALS, _DIGITS)]
        if all(kinds):
            groups = range(0, _GROUPS * _GROUP_LENGTH, _GROUP_LENGTH)
            return "-".join("".join(letters[start : start + _GROUP_LENGTH]) for start in groups)
