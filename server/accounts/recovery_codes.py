"""Recovery codes: ten for an account, shown once, each good for one sign-in (F-03).

Twelve letters, 59 bits. The first four find the code; the whole is kept as argon2id hash with salt
(ASVS 6.5.2), so that neither the database nor its backups give a usable code away.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from server import clock
from server.accounts.auditing import record_success
from server.accounts.factors import FactorKind
from server.accounts.notices import tell
from server.accounts.passwords import hash_password, verify_password
from server.model import Account, RecoveryCode, SignInChallenge

if TYPE_CHECKING:
    from server.cloud import ImageCloud

COUNT = 10
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without those that look like others
_LENGTH = 12
_SELECTOR = 4


@dataclass(frozen=True)
class RecoveryCodeFactor:
    """A code from the sheet of paper."""

    kind: str = FactorKind.RECOVERY_CODE

    def is_ready(self, cloud: ImageCloud, session: Session, account: Account) -> bool:  # noqa: ARG002
        """Whether any code is left."""
        return codes_left(session, account) > 0

    def accepts(
        self, cloud: ImageCloud, session: Session, challenge: SignInChallenge, answer: str
    ) -> bool:
        """Whether a code is one that is left; it is used up, and the owner is told."""
        return takes_code(cloud, session, challenge.account, answer)


def renew(cloud: ImageCloud, session: Session, account: Account, *, source: str) -> tuple[str, ...]:
    """Return ten new codes to be shown this once; those before are void. Audited."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    codes: dict[str, str] = {}
    while len(codes) < COUNT:
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        codes.setdefault(code[:_SELECTOR], code)
    for selector, code in codes.items():
        row = RecoveryCode(account_id=account.id, selector=selector, code_hash=hash_password(code))
        session.add(row)
    record_success(session, account, "factor.add", source, kind=FactorKind.RECOVERY_CODE)
    tell(cloud, session, account, "您的账户已生成新的恢复码，原有恢复码作废。")
    return tuple("-".join(code[at : at + 4] for at in range(0, 12, 4)) for code in codes.values())


def codes_left(session: Session, account: Account) -> int:
    """Return how many codes of an account have not been used."""
    return (
        session.scalar(
            select(func.count())
            .select_from(RecoveryCode)
            .where(RecoveryCode.account_id == account.id, RecoveryCode.used_at.is_(None))
        )
        or 0
    )


def takes_code(cloud: ImageCloud, session: Session, account: Account, answer: str) -> bool:
    """Whether a code is one that is left; it is used up, and the owner is told."""
    code = "".join(letter for letter in answer.upper() if letter.isalnum())
    if len(code) != _LENGTH:
        return False
    kept = session.get(RecoveryCode, (account.id, code[:_SELECTOR]), populate_existing=True)
    if kept is None or kept.used_at is not None or not verify_password(kept.code_hash, code):
        return False
    if not _use(cloud, kept):
        return False
    tell(cloud, session, account, "一个恢复码刚刚被用于验证身份。")
    return True


def _use(cloud: ImageCloud, kept: RecoveryCode) -> bool:
    """Take a code in one statement, so that none serves twice."""
    with cloud.database.session() as own:
        taken = own.scalar(
            update(RecoveryCode)
            .where(
                RecoveryCode.account_id == kept.account_id,
                RecoveryCode.selector == kept.selector,
                RecoveryCode.used_at.is_(None),
            )
            .values(used_at=clock.now())
            .returning(RecoveryCode.selector)
        )
    return taken is not None
