"""The session of a launch: live, confirmed by a second factor where one is due, ended."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server import accounts, audit, clock
from server.accounts.sessions import TOUCH_INTERVAL, hash_token
from server.model import Launch

if TYPE_CHECKING:
    from server.cloud import ImageCloud


def current(cloud: ImageCloud, session: Session, launch_id: str, token: str) -> Launch | None:
    """Return the live launch of a token and note that it was seen.

    None once ended, idle too long, past its absolute end, the account or the client shut. One that
    awaits its second factor is live, but `needs_code`.
    """
    found = session.scalar(
        select(Launch)
        .where(Launch.launch_id == launch_id)
        .options(joinedload(Launch.account), joinedload(Launch.client))
        .execution_options(populate_existing=True)
    )
    if found is None or found.token_hash is None:
        return None
    if not hmac.compare_digest(found.token_hash, hash_token(token)) or not _is_live(cloud, found):
        return None
    now = clock.now()
    if found.last_seen_at is None or now - found.last_seen_at >= TOUCH_INTERVAL:
        found.last_seen_at = now
    return found


def live_of_client(
    cloud: ImageCloud, session: Session, client_id: str, launch_id: str
) -> Launch | None:
    """Return a client's own launch that is live and owes no second factor; else None."""
    found = session.scalar(
        select(Launch)
        .where(Launch.launch_id == launch_id, Launch.client_id == client_id)
        .options(joinedload(Launch.account), joinedload(Launch.client))
        .execution_options(populate_existing=True)
    )
    if found is None or not _is_live(cloud, found) or needs_code(found):
        return None
    return found


def framing_origin(session: Session, *, launch_id: str | None, ticket: str | None) -> str:
    """Return the origin that may frame a launch's pages; "" where nobody may (F-55).

    It must still be one of those registered for the client.
    """
    if launch_id is None and ticket is None:
        return ""
    which = (
        Launch.launch_id == launch_id
        if launch_id is not None
        else Launch.ticket_hash == hash_token(ticket or "")
    )
    launch = session.scalar(select(Launch).where(which).options(joinedload(Launch.client)))
    if launch is None or launch.frame_origin not in launch.client.origins:
        return ""
    return launch.frame_origin


def needs_code(launch: Launch) -> bool:
    """Whether the physician still owes his second factor (C-46)."""
    return launch.outside and launch.confirmed_at is None


def confirm(
    cloud: ImageCloud, session: Session, launch: Launch, *, token: str, code: str, source: str
) -> None:
    """Take the second factor of a physician outside the institution's network.

    Raises SignInExpired, SignInRefused (`retry_at` while the account is locked).
    """
    accounts.check_code(cloud, session, token=token, code=code, source=source)
    launch.confirmed_at = clock.now()
    _note(session, launch, "launch.confirm", f"account:{launch.account_id}", "account", source)


def end(session: Session, launch: Launch, *, source: str) -> None:
    """End a launch as its physician; what is open in the frame stops at its next request."""
    if launch.ended_at is None:
        launch.ended_at = clock.now()
        _note(session, launch, "launch.end", f"account:{launch.account_id}", "account", source)


def end_of_client(session: Session, client_id: str, launch_id: str, *, source: str) -> bool:
    """End a launch as the client that asked for it; False if it has none of this number."""
    launch = session.get(Launch, launch_id)
    if launch is None or launch.client_id != client_id:
        return False
    if launch.ended_at is None:
        launch.ended_at = clock.now()
        _note(session, launch, "launch.end", f"client:{client_id}", "client", source)
    return True


def _is_live(cloud: ImageCloud, launch: Launch) -> bool:
    now = clock.now()
    if launch.ended_at is not None or launch.expires_at is None or launch.last_seen_at is None:
        return False
    idle_end = launch.last_seen_at + timedelta(minutes=cloud.settings.idle_minutes)
    in_time = now < launch.expires_at and now < idle_end
    return in_time and launch.account.active and launch.client.disabled_at is None


def _note(session: Session, launch: Launch, event: str, actor: str, kind: str, source: str) -> None:
    audit.record(
        session,
        actor_kind=kind,
        actor=actor,
        event=event,
        object_kind="launch",
        object_id=launch.launch_id,
        source=source,
    )
