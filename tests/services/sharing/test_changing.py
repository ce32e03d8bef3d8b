"""A share that lives can be changed by its giver; one that has ended cannot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from server import sharing
from server.access import AccessDenied, Action, DenialReason
from server.cloud import ImageCloud
from server.model import Account, AuditEvent, Share, Study
from server.sharing import NewShare, ShareClosed, ShareState, ShareTermsError
from tests.services.conftest import make_person
from tests.services.sharing.case import (
    Give,
    add_account,
    denial,
    enter,
    grant_of,
    revoke,
    state,
)


@pytest.fixture
def change(cloud: ImageCloud, account: Account) -> Callable[..., None]:
    """Calls a function of `server.sharing` for the giver."""

    def call(what: Callable[..., None], new: NewShare, *values: object) -> None:
        with cloud.database.session() as session:
            what(session, account, new.share.share_id, *values)

    return call


def kept(cloud: ImageCloud, new: NewShare) -> Share:
    with cloud.database.session() as session:
        return session.get_one(Share, new.share.share_id)


@pytest.mark.requirement("A-23")
def test_a_period_is_made_longer_and_shorter(
    cloud: ImageCloud,
    give: Give,
    change: Callable[..., None],
    clock: time_machine.Traveller,
) -> None:
    new = give(lifetime=timedelta(minutes=5))
    token = enter(cloud, new).token
    clock.shift(timedelta(minutes=4))
    change(sharing.set_lifetime, new, timedelta(hours=1))
    assert kept(cloud, new).expires_at == datetime.now(UTC) + timedelta(hours=1)
    clock.shift(timedelta(minutes=10))
    assert grant_of(cloud, token) is not None
    change(sharing.set_lifetime, new, timedelta(minutes=5))
    clock.shift(timedelta(minutes=5))
    assert grant_of(cloud, token) is None
    with pytest.raises(ShareClosed):
        enter(cloud, new)


@pytest.mark.requirement("A-24")
def test_views_are_added_and_taken_away(
    cloud: ImageCloud, give: Give, change: Callable[..., None]
) -> None:
    new = give(max_views=1)
    enter(cloud, new)
    with pytest.raises(ShareClosed):
        enter(cloud, new)
    change(sharing.set_views, new, 2)
    enter(cloud, new)
    with pytest.raises(ShareTermsError, match="2"):
        change(sharing.set_views, new, 1)
    change(sharing.set_views, new, None)
    enter(cloud, new)
    change(sharing.set_views, new, 3)
    assert state(cloud, new) is ShareState.USED_UP


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_what_has_ended_stays_ended(
    cloud: ImageCloud,
    give: Give,
    account: Account,
    change: Callable[..., None],
    clock: time_machine.Traveller,
    how: str,
) -> None:
    new = give(lifetime=timedelta(minutes=5))
    if how == "revoked":
        revoke(cloud, account, new)
    else:
        clock.shift(timedelta(minutes=5))
    for what, value in (
        (sharing.set_lifetime, timedelta(hours=1)),
        (sharing.set_views, 5),
    ):
        with pytest.raises(ShareTermsError, match="已结束"):
            change(what, new, value)
    for what in (sharing.pause, sharing.resume):
        with pytest.raises(ShareTermsError, match="已结束"):
            change(what, new)
    with pytest.raises(ShareClosed):
        enter(cloud, new)


@pytest.mark.requirement("F-64")
def test_a_pause_bites_on_the_next_object_and_ends_with_resume(
    cloud: ImageCloud, give: Give, study: Study, change: Callable[..., None]
) -> None:
    new, other = give(), give()
    token = enter(cloud, new).token
    grant = grant_of(cloud, token)
    assert grant is not None
    change(sharing.pause, new)
    assert state(cloud, new) is ShareState.PAUSED
    assert denial(cloud, grant, Action.VIEW_PICTURES, study) is DenialReason.REVOKED
    assert grant_of(cloud, token) is None
    with pytest.raises(ShareClosed):
        enter(cloud, new)
    enter(cloud, other)
    change(sharing.resume, new)
    assert enter(cloud, new).share.views == 2


def test_only_its_giver_changes_a_share(cloud: ImageCloud, give: Give, person: object) -> None:
    new = give()
    stranger = add_account(cloud, "lisi", make_person(cloud, "李四"))

    def attempts(session: Session) -> list[Callable[[], None]]:
        share_id = new.share.share_id
        return [
            lambda: sharing.set_lifetime(session, stranger, share_id, timedelta(days=1)),
            lambda: sharing.set_views(session, stranger, share_id, 9),
            lambda: sharing.pause(session, stranger, share_id),
            lambda: sharing.resume(session, stranger, share_id),
        ]

    with cloud.database.session() as session:
        for attempt in attempts(session):
            with pytest.raises(AccessDenied):
                attempt()
    share = kept(cloud, new)
    assert (share.expires_at, share.max_views, share.paused_at) == (
        new.share.expires_at,
        None,
        None,
    )


def test_every_change_is_audited(
    cloud: ImageCloud, give: Give, change: Callable[..., None]
) -> None:
    new = give()
    change(sharing.set_lifetime, new, timedelta(days=1))
    change(sharing.set_views, new, 9)
    change(sharing.pause, new)
    change(sharing.resume, new)
    with cloud.database.session() as session:
        found = session.query(AuditEvent).filter_by(object_id=new.share.share_id)
        names = [one.event for one in found.order_by(AuditEvent.sequence)]
    assert names == ["share.create", "share.change", "share.change", "share.pause", "share.resume"]
