"""Redeeming a ticket: once, in time, from the page it was made for; it becomes a session."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from server import audit, clock
from server.accounts.challenges import CODE_LIFETIME
from server.accounts.sessions import hash_token, new_token
from server.launches.errors import TicketError, TicketFault
from server.model import Launch, SignInChallenge

if TYPE_CHECKING:
    from server.cloud import ImageCloud

TICKET_LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True)
class Presented:
    """How a browser presents a ticket: in a frame or not, and what it says of the page around.

    `in_frame` and `origin` are None where the browser does not say.
    """

    in_frame: bool | None
    origin: str | None


@dataclass(frozen=True)
class Redeemed:
    """The session that a ticket became; the browser keeps the token."""

    launch: Launch
    token: str


def launch_of_ticket(session: Session, ticket: str) -> Launch | None:
    """Return the launch that a ticket was made for, whether or not it still serves."""
    return session.scalar(select(Launch).where(Launch.ticket_hash == hash_token(ticket)))


def redeem(
    cloud: ImageCloud,
    ticket: str,
    presented: Presented,
    *,
    source: str,
    previous_tokens: Collection[str] = (),
) -> Redeemed:
    """Use a ticket up and begin its session; the physician's and the browser's sessions of other
    patients end with it. Raises TicketError.

    In a transaction of its own: whatever becomes of the request, a ticket that was presented has
    served.
    """
    with cloud.database.session() as own:
        fault = _claim(own, ticket, presented)
        launch = launch_of_ticket(own, ticket)
        if launch is None:
            raise TicketError(TicketFault.UNKNOWN)
        token = "" if fault else _begin(cloud, own, launch, previous_tokens)
        audit.record(
            own,
            actor_kind="account",
            actor=f"account:{launch.account_id}",
            event="launch.redeem",
            object_kind="launch",
            object_id=launch.launch_id,
            result="failure" if fault else "success",
            reason=fault or "",
            source=source,
        )
    if fault:
        raise TicketError(fault)
    return Redeemed(launch, token)


def _claim(session: Session, ticket: str, presented: Presented) -> TicketFault | None:
    """Mark the ticket as used in one statement, so that of two at once one is refused."""
    now, ticket_hash = clock.now(), hash_token(ticket)
    claimed = session.scalar(
        update(Launch)
        .where(Launch.ticket_hash == ticket_hash, Launch.redeemed_at.is_(None))
        .values(redeemed_at=now)
        .returning(Launch.launch_id)
    )
    launch = launch_of_ticket(session, ticket)
    if launch is None:
        return TicketFault.UNKNOWN
    if claimed is None:
        return TicketFault.USED
    if launch.ticket_expires_at <= now:
        return TicketFault.EXPIRED
    if launch.ended_at is not None or launch.client.disabled_at is not None:
        return TicketFault.SHUT
    return None if _fits(launch, presented) else TicketFault.ORIGIN


def _fits(launch: Launch, presented: Presented) -> bool:
    """Whether the ticket is presented where it was made for, as far as the browser says."""
    if not launch.account.active or launch.frame_origin not in {"", *launch.client.origins}:
        return False
    framed = bool(launch.frame_origin)
    if presented.in_frame is not None and presented.in_frame != framed:
        return False
    return not framed or presented.origin in {None, launch.frame_origin}


def _begin(
    cloud: ImageCloud, session: Session, launch: Launch, previous_tokens: Collection[str]
) -> str:
    token, now = new_token(), clock.now()
    _end_others(session, launch, [hash_token(one) for one in previous_tokens])
    launch.token_hash = hash_token(token)
    launch.last_seen_at = now
    launch.expires_at = now + timedelta(hours=cloud.settings.absolute_hours)
    if launch.outside:
        session.add(
            SignInChallenge(
                token_hash=launch.token_hash,
                account_id=launch.account_id,
                expires_at=now + CODE_LIFETIME,
            )
        )
    return token


def _end_others(session: Session, launch: Launch, previous: Collection[str]) -> None:
    """End what the physician, or this browser, has open of another patient or visit."""
    same = and_(
        Launch.institution_id == launch.institution_id,
        Launch.account_id == launch.account_id,
        Launch.patient_id == launch.patient_id,
        Launch.person_id.is_not_distinct_from(launch.person_id),
        Launch.encounter == launch.encounter,
    )
    session.execute(
        update(Launch)
        .where(
            or_(Launch.account_id == launch.account_id, Launch.token_hash.in_(previous)),
            Launch.launch_id != launch.launch_id,
            Launch.redeemed_at.is_not(None),
            Launch.ended_at.is_(None),
            ~same,
        )
        .values(ended_at=clock.now()),
        execution_options={"synchronize_session": False},
    )
