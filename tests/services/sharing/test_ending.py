"""A share opens as often and as long as it should, and what ends it ends it at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from server import access, accounts, audit
from server.access import Action, DenialReason
from server.cloud import ImageCloud
from server.model import Account, AuditEvent, Share, ShareVisit, Study
from server.sharing import (
    ShareClosed,
    ShareScope,
    ShareState,
)
from tests.services.sharing.case import Give, denial, enter, grant_of, revoke, state


@pytest.mark.requirement("A-23", "F-64")
def test_expiry_reaches_open_visits_and_every_action(
    cloud: ImageCloud,
    give: Give,
    study: Study,
    clock: time_machine.Traveller,
) -> None:
    new = give(lifetime=timedelta(minutes=5), scope=ShareScope(dicom=True))
    token = enter(cloud, new).token
    grant = grant_of(cloud, token)
    assert grant is not None
    clock.shift(timedelta(minutes=4, seconds=59))
    assert grant_of(cloud, token) is not None
    clock.shift(1)
    assert grant_of(cloud, token) is None
    for action in (Action.VIEW_REPORT, Action.VIEW_PICTURES, Action.VIEW_DICOM):
        assert denial(cloud, grant, action, study) is DenialReason.EXPIRED
    with pytest.raises(ShareClosed):
        enter(cloud, new)
    assert state(cloud, new) is ShareState.EXPIRED


@pytest.mark.requirement("A-24")
def test_the_third_opening_of_two_is_refused_and_objects_use_no_views(
    cloud: ImageCloud, give: Give, study: Study
) -> None:
    new = give(max_views=2)
    grant = grant_of(cloud, enter(cloud, new).token)
    assert grant is not None
    for _ in range(10):
        assert denial(cloud, grant, Action.VIEW_PICTURES, study) is None
    enter(cloud, new)
    with pytest.raises(ShareClosed):
        enter(cloud, new)
    assert denial(cloud, grant, Action.VIEW_PICTURES, study) is None
    assert state(cloud, new) is ShareState.USED_UP


@pytest.mark.requirement("A-24")
def test_forty_visitors_at_once_get_five_views(cloud: ImageCloud, give: Give) -> None:
    new = give(max_views=5)

    def visit(_: int) -> bool:
        try:
            enter(cloud, new)
        except ShareClosed:
            return False
        return True

    with ThreadPoolExecutor(40) as pool:
        assert sum(pool.map(visit, range(40))) == 5
    with cloud.database.session() as session:
        assert session.get_one(Share, new.share.share_id).views == 5
        assert session.scalar(select(func.count()).select_from(ShareVisit)) == 5
        opened = select(func.count()).where(
            AuditEvent.event == "share.open", AuditEvent.result == "success"
        )
        assert session.scalar(opened) == 5
        assert audit.verify(session).ok


@pytest.mark.requirement("A-28", "A-29", "F-64")
def test_revocation_bites_on_the_next_object_and_on_nothing_else(
    cloud: ImageCloud, give: Give, account: Account, study: Study
) -> None:
    first, second = give(), give()
    tokens = [enter(cloud, new).token for new in (first, second)]
    grants = [grant_of(cloud, token) for token in tokens]
    assert grants[0] is not None and grants[1] is not None
    revoke(cloud, account, first)
    assert denial(cloud, grants[0], Action.VIEW_PICTURES, study) is DenialReason.REVOKED
    assert denial(cloud, grants[0], Action.VIEW_REPORT, study) is DenialReason.REVOKED
    assert grant_of(cloud, tokens[0]) is None
    with pytest.raises(ShareClosed):
        enter(cloud, first)
    assert denial(cloud, grants[1], Action.VIEW_PICTURES, study) is None
    assert grant_of(cloud, tokens[1]) is not None
    with cloud.database.session() as session:
        own = access.patient_grant(cloud, session, account)
    assert denial(cloud, own, Action.VIEW_PICTURES, study) is None
    revoke(cloud, account, first)
    assert state(cloud, first) is ShareState.REVOKED


def test_the_shares_of_a_disabled_account_die(
    cloud: ImageCloud, give: Give, account: Account, study: Study
) -> None:
    new = give()
    token = enter(cloud, new).token
    grant = grant_of(cloud, token)
    assert grant is not None
    with cloud.database.session() as session:
        accounts.disable_account(
            session, session.get_one(Account, account.id), actor_kind="system", actor="test"
        )
    assert denial(cloud, grant, Action.VIEW_PICTURES, study) is DenialReason.REVOKED
    assert grant_of(cloud, token) is None
    with pytest.raises(ShareClosed):
        enter(cloud, new)


def test_a_visit_ends_idle(cloud: ImageCloud, give: Give, clock: time_machine.Traveller) -> None:
    token = enter(cloud, give(lifetime=timedelta(hours=24))).token
    for _ in range(4):
        clock.shift(timedelta(minutes=19))
        assert grant_of(cloud, token) is not None
    clock.shift(timedelta(minutes=20))
    assert grant_of(cloud, token) is None
    assert grant_of(cloud, "unknown") is None
