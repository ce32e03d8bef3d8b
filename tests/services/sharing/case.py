"""What the tests of sharing do again and again: give, open, look, revoke."""

from __future__ import annotations

from collections.abc import Callable

from server import access, accounts, messages, sharing
from server.access import AccessDenied, Action, DenialReason, Grant
from server.cloud import ImageCloud
from server.model import Account, Person, Role, Share, Study
from server.sharing import Keys, NewShare, OpenedShare, ShareState

PASSWORD = "Kx7!blaue-Wolke"
Give = Callable[..., NewShare]


def add_account(
    cloud: ImageCloud, login: str, person: Person | None, role: Role = Role.PATIENT
) -> Account:
    with cloud.database.session() as session:
        return accounts.create_account(
            cloud, session, login=login, password=PASSWORD, role=role, person=person
        ).account


def enter(
    cloud: ImageCloud, new: NewShare, password: str | None = None, source: str = "192.0.2.9"
) -> OpenedShare:
    return sharing.open_share(
        cloud,
        share_id=new.share.share_id,
        keys=Keys(new.secret, password),
        source=source,
        device_class="phone",
    )


def grant_of(cloud: ImageCloud, token: str) -> Grant | None:
    with cloud.database.session() as session:
        return sharing.grant_for_visit(cloud, session, token)


def denial(
    cloud: ImageCloud, grant: Grant, action: Action, study: Study, series_id: str | None = None
) -> DenialReason | None:
    with cloud.database.session() as session:
        try:
            access.authorize(cloud, session, grant, action, study, series_id)
        except AccessDenied as denied:
            return denied.reason
    return None


def revoke(cloud: ImageCloud, account: Account, new: NewShare) -> None:
    with cloud.database.session() as session:
        sharing.revoke(session, account, new.share.share_id)


def state(cloud: ImageCloud, new: NewShare) -> ShareState:
    with cloud.database.session() as session:
        return sharing.state_of(session.get_one(Share, new.share.share_id))


def mailbox(cloud: ImageCloud) -> list[str]:
    with cloud.database.session() as session:
        return [entry.body for entry in messages.mailbox(cloud, session)]
