"""Text messages to phones, sealed; in this edition only the development mailbox takes them.

There is no gateway to the telephone network (短信网关). Where development is off nobody could read
a message, so none is kept, and codes by message are not offered (`can_reach`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, people
from server.model import Account, Message

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_BODY_CONTEXT = "message.body"
_RECIPIENT_CONTEXT = "message.recipient"
DEFAULT_LIFETIME = timedelta(days=7)
_MAILBOX_LENGTH = 50


class MailboxClosedError(RuntimeError):
    """The mailbox exists in development only."""


@dataclass(frozen=True)
class MailboxEntry:
    """A message as the development mailbox shows it."""

    recipient: str
    account_id: int | None
    body: str
    created_at: datetime
    expires_at: datetime


def can_reach(cloud: ImageCloud, account: Account) -> bool:
    """Whether a text message would arrive: a phone is known, and something takes the messages."""
    known = account.person is not None and account.person.phone_sealed is not None
    return known and cloud.settings.development


def send(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    body: str,
    lifetime: timedelta = DEFAULT_LIFETIME,
) -> Message | None:
    """Put a message to an account's phone in the mailbox; None where it would reach nobody."""
    number = people.phone(cloud, account.person) if account.person is not None else None
    if number is None or not can_reach(cloud, account):
        return None
    message = Message(
        recipient_sealed=cloud.master_key.seal(number, _RECIPIENT_CONTEXT),
        account_id=account.id,
        body_sealed=cloud.master_key.seal(body, _BODY_CONTEXT),
        expires_at=clock.now() + lifetime,
    )
    session.add(message)
    session.flush()
    return message


def mailbox(
    cloud: ImageCloud, session: Session, account_id: int | None = None
) -> Sequence[MailboxEntry]:
    """Return the newest unexpired messages in clear, for development only.

    Raises MailboxClosedError anywhere else.
    """
    if not cloud.settings.development:
        raise MailboxClosedError("the mailbox exists in development only")
    wanted = select(Message).where(Message.expires_at > clock.now())
    if account_id is not None:
        wanted = wanted.where(Message.account_id == account_id)
    newest = session.scalars(wanted.order_by(Message.id.desc()).limit(_MAILBOX_LENGTH))
    return tuple(_opened(cloud, message) for message in newest)


def _opened(cloud: ImageCloud, message: Message) -> MailboxEntry:
    return MailboxEntry(
        recipient=cloud.master_key.open(message.recipient_sealed, _RECIPIENT_CONTEXT),
        account_id=message.account_id,
        body=cloud.master_key.open(message.body_sealed, _BODY_CONTEXT),
        created_at=message.created_at,
        expires_at=message.expires_at,
    )
