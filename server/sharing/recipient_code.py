"""The recipient's own code: six digits to the telephone that the giver named, besides the password.

They are sent once secret and password fit, so that a stranger who has the link alone cannot have
messages sent. One code lives five minutes, serves once, and is tried as seldom as a password.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.orm import Session

from server import audit, clock, limits, messages
from server.limits import Limit, TooManyTries
from server.model import Share
from server.sharing.errors import ShareRefused

if TYPE_CHECKING:
    from server.cloud import ImageCloud

LIFETIME = timedelta(minutes=5)
_CONTEXT = "share.recipient_phone"
_RESEND = Limit("share code resend", 1, timedelta(seconds=60))
_PER_DAY = Limit("share code per day", 10, timedelta(days=1))
_MOBILE = re.compile(r"1[3-9][0-9]{9}")


def normalize_phone(text: str) -> str | None:
    """Return a mainland mobile number as its eleven digits; None for anything else."""
    digits = re.sub(r"[\s-]", "", text).removeprefix("+86")
    return digits if _MOBILE.fullmatch(digits) else None


def seal_phone(cloud: ImageCloud, number: str) -> bytes:
    """Return a number as the table keeps it."""
    return cloud.master_key.seal(number, _CONTEXT)


def masked_phone(cloud: ImageCloud, share: Share) -> str:
    """Return the number that a share's codes go to, for example 138****8000; "" without one."""
    if share.recipient_phone_sealed is None:
        return ""
    number = _phone(cloud, share)
    return f"{number[:3]}****{number[-4:]}"


def send(cloud: ImageCloud, share: Share, *, again: bool, source: str) -> bool:
    """Send a code, unless one is still good and no other is wanted; once a minute, ten a day.

    Returns whether the wish for another was refused because it came too soon. Raises
    ShareRefused(retry_at) when no code is good and none may be sent.
    """
    now = clock.now()
    good = (
        share.recipient_code_expires_at is not None
        and share.recipient_code_hash is not None
        and share.recipient_code_expires_at > now
    )
    if good and not again:
        return False
    try:
        with cloud.database.session() as own:
            limits.take(cloud, own, _RESEND, share.share_id)
            limits.take(cloud, own, _PER_DAY, share.share_id)
    except TooManyTries as error:
        if good:
            return True
        raise ShareRefused(error.retry_at) from error
    _send(cloud, share, source)
    return False


def accept(cloud: ImageCloud, session: Session, share: Share, code: str) -> bool:
    """Whether a code fits; it is used up in the same statement, so that none serves twice."""
    digits = "".join(code.split())
    used = session.scalar(
        update(Share)
        .where(
            Share.share_id == share.share_id,
            Share.recipient_code_hash == _hash(cloud, share, digits),
            Share.recipient_code_expires_at > clock.now(),
        )
        .values(recipient_code_hash=None, recipient_code_expires_at=None)
        .returning(Share.share_id),
        execution_options={"synchronize_session": False},
    )
    return used is not None


def _send(cloud: ImageCloud, share: Share, source: str) -> None:
    code = f"{secrets.randbelow(10**6):06d}"
    minutes = LIFETIME // timedelta(minutes=1)
    body = (
        f"【{cloud.settings.site_name}】您的影像查看验证码 {code}，{minutes} 分钟内有效，"
        "请勿告知他人。"
    )
    with cloud.database.session() as own:
        own.execute(
            update(Share)
            .where(Share.share_id == share.share_id)
            .values(
                recipient_code_hash=_hash(cloud, share, code),
                recipient_code_expires_at=clock.now() + LIFETIME,
            ),
            execution_options={"synchronize_session": False},
        )
        messages.send_to_number(cloud, own, _phone(cloud, share), body=body, lifetime=LIFETIME)
        audit.record(
            own,
            actor_kind="recipient",
            actor="recipient",
            event="share.code_sent",
            object_kind="share",
            object_id=share.share_id,
            source=source,
        )


def _phone(cloud: ImageCloud, share: Share) -> str:
    if share.recipient_phone_sealed is None:
        raise ValueError("the share names no telephone")
    return cloud.master_key.open(share.recipient_phone_sealed, _CONTEXT)


def _hash(cloud: ImageCloud, share: Share, code: str) -> str:
    return cloud.master_key.keyed_hash(f"{share.share_id} {code}", "share recipient code")
