"""Who is signed in: read afresh from the server's own session at each request (F-06)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, Request, g, request
from flask_login import LoginManager, UserMixin, current_user
from werkzeug.exceptions import Unauthorized

from portal.context import current_cloud
from portal.sessions import launch_token, session_token
from server import accounts, clock, consent, launches
from server.model import Role

# For so long after signing in one may change how one signs in, without proving oneself again.
FRESH = timedelta(minutes=10)


@dataclass(frozen=True)
class Identity(UserMixin):  # type: ignore[misc]
    """The signed-in account, as plain data that outlives its database session."""

    account_id: int
    login: str
    role: Role
    person_id: int | None
    name: str
    entry_kind: str
    needs_consent: bool
    launch_id: str | None = None
    signed_in_at: datetime | None = None
    # An administrator gave him his password: he replaces it before anything else (F-04).
    temporary_credential: bool = False

    @property
    def is_fresh(self) -> bool:
        """Whether he has proved himself, with both factors, within the last minutes."""
        return self.signed_in_at is not None and clock.now() - self.signed_in_at < FRESH

    def get_id(self) -> str:
        """Return the account's number as Flask-Login wants it."""
        return str(self.account_id)


def _load(incoming: Request) -> Identity | None:
    cloud = current_cloud()
    launch_id = (incoming.view_args or {}).get("launch_id")
    if launch_id is not None:
        return _load_launched(incoming, launch_id)
    token = session_token(cloud.settings, incoming)
    if not token:
        return None
    # A transaction of its own: it notes the last use, which must not hold the request's lock.
    with cloud.database.session() as session:
        signed_in = accounts.current_session(cloud, session, token)
        if signed_in is None:
            return None
        account = signed_in.account
        identity = Identity(
            account_id=account.id,
            login=account.login,
            role=Role(account.role),
            person_id=account.person_id,
            name=account.person.name if account.person else account.login,
            entry_kind=signed_in.entry_kind,
            needs_consent=consent.needs_consent(session, account),
            signed_in_at=signed_in.created_at,
            temporary_credential=account.temporary_credential,
        )
    g.account_id = identity.account_id
    return identity


def _load_launched(incoming: Request, launch_id: str) -> Identity | None:
    """Return the physician of a launch; below its address nobody else is signed in.

    What he agreed to is between him and his hospital, which vouches for him.
    """
    cloud = current_cloud()
    token = launch_token(cloud.settings, incoming, launch_id)
    if not token:
        return None
    with cloud.database.session() as session:
        launch = launches.current(cloud, session, launch_id, token)
        if launch is None:
            return None
        g.launch, g.account_id = launch, launch.account_id
        return Identity(
            account_id=launch.account_id,
            login=launch.physician_code,
            role=Role(launch.account.role),
            person_id=None,
            name=launch.physician_name,
            entry_kind="his",
            needs_consent=False,
            launch_id=launch_id,
        )


def current_identity() -> Identity | None:
    """Return who is signed in, or None."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def signed_in_identity() -> Identity:
    """Return who is signed in, in views whose decision asks for someone. Raises Unauthorized."""
    identity = current_identity()
    if identity is None:
        raise Unauthorized
    return identity


def source_address() -> str:
    """Return the address from which the request came (proxies that are trusted count)."""
    return request.remote_addr or "local"  # a socket of this machine has no address


def install_identity(app: Flask) -> None:
    """Let Flask-Login ask our own sessions; its cookies are not used."""
    manager = LoginManager()
    manager.session_protection = None
    manager.request_loader(_load)
    # What `init_app` does but for its remember-me cookie, which would look at the session and so
    # make every answer, static files among them, vary by cookie.
    app.login_manager = manager  # type: ignore[attr-defined]
