"""Text messages to phones: sealed, handed over by the job queue, noted once they are taken.

A gateway (`server.sms`) takes them, and while developing the mailbox shows them. Where there is
neither nobody could read a message, so none is kept, and codes by message are not offered
(`can_reach`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from server import clock, people
from server.model import Account, Message, Person
from server.sms import SmsError, TextMessage

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_BODY_CONTEXT = "message.body"
_RECIPIENT_CONTEXT = "message.recipient"
DEFAULT_LIFETIME = timedelta(days=7)
_MAILBOX_LENGTH = 50

log = structlog.get_logger()


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
    return account.person is not None and can_reach_person(cloud, account.person)


def can_reach_person(cloud: ImageCloud, person: Person) -> bool:
    """Whether a text message to a person would arrive, whether or not he has an account."""
    return person.phone_sealed is not None and takes_messages(cloud)


def takes_messages(cloud: ImageCloud) -> bool:
    """Whether anything takes messages here: a gateway, or the development mailbox."""
    return cloud.sms is not None or cloud.settings.development


def send(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    body: str,
    lifetime: timedelta = DEFAULT_LIFETIME,
) -> Message | None:
    """Send a message to an account's phone once the caller commits; None where it would reach
    nobody."""
    if account.person is None:
        return None
    return send_to_person(
        cloud, session, account.person, body=body, lifetime=lifetime, account_id=account.id
    )


def send_to_person(
    cloud: ImageCloud,
    session: Session,
    person: Person,
    *,
    body: str,
    lifetime: timedelta = DEFAULT_LIFETIME,
    account_id: int | None = None,
) -> Message | None:
    """Send a message to the phone that is on record for a person, once the caller commits; None
    where it would reach nobody."""
    number = people.phone(cloud, person)
    if number is None:
        return None
    return send_to_number(
        cloud, session, number, body=body, lifetime=lifetime, account_id=account_id
    )


def send_to_number(
    cloud: ImageCloud,
    session: Session,
    number: str,
    *,
    body: str,
    lifetime: timedelta = DEFAULT_LIFETIME,
    account_id: int | None = None,
) -> Message | None:
    """Send a message to a phone, whosever it is, once the caller commits; None where nothing
    takes messages."""
    if not takes_messages(cloud):
        return None
    message = Message(
        recipient_sealed=cloud.master_key.seal(number, _RECIPIENT_CONTEXT),
        account_id=account_id,
        body_sealed=cloud.master_key.seal(body, _BODY_CONTEXT),
        expires_at=clock.now() + lifetime,
    )
    session.add(message)
    session.flush()
    if cloud.sms is None:
        message.delivered_at = clock.now()  # the mailbox is where it lies already
        return message
    message_id = message.id
    # Not before: a worker would look for a message that is not there yet.
    event.listen(
        session, "after_commit", lambda _: cloud.jobs.deliver_message(message_id), once=True
    )
    return message


def deliver(cloud: ImageCloud, message_id: int) -> None:
    """Hand one message over to the gateway; a job. What was taken or has expired is left alone.

    Raises SmsError, to be tried again.
    """
    with cloud.database.session() as session:
        message = session.get(Message, message_id)
        if message is None or message.delivered_at is not None or cloud.sms is None:
            return
        if message.expires_at <= clock.now():
            log.warning("message_expired", message_id=message_id)
            return
        text = TextMessage(
            message_id=message_id,
            phone=cloud.master_key.open(message.recipient_sealed, _RECIPIENT_CONTEXT),
            text=cloud.master_key.open(message.body_sealed, _BODY_CONTEXT),
            expires_at=message.expires_at,
        )
    try:
        cloud.sms.deliver(text)
    except SmsError as error:
        log.warning("message_refused", message_id=message_id, error=str(error))
        raise
    with cloud.database.session() as session:
        taken = session.get(Message, message_id)
        if taken is not None:
            taken.delivered_at = clock.now()


def undelivered(session: Session) -> Sequence[int]:
    """Return the ids of messages that nobody has taken yet and that have not expired."""
    return session.scalars(
        select(Message.id).where(Message.delivered_at.is_(None), Message.expires_at > clock.now())
    ).all()


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
