"""Whose a share is: who sees it, who may take it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from server import people, sharing
from server.access import AccessDenied
from server.cloud import ImageCloud
from server.model import Account, OutboxEntry, Person, Role, Study
from server.sharing import (
    ShareClosed,
    ShareState,
)
from tests.services.conftest import make_person
from tests.services.sharing.case import Give, add_account, enter, grant_of, mailbox, revoke, state


def test_only_the_giver_and_the_one_pictured_may_revoke(
    cloud: ImageCloud, give: Give, account: Account, study: Study
) -> None:
    new = give()
    stranger = add_account(cloud, "lisi", make_person(cloud, "李四"))
    staff = add_account(cloud, "root-admin", None, Role.ADMINISTRATOR)
    for other in (stranger, staff):
        with pytest.raises(AccessDenied):
            revoke(cloud, other, new)
        with cloud.database.session() as session:
            assert sharing.shares_of(session, other) == []
            with pytest.raises(AccessDenied):
                sharing.visits(session, other, new.share.share_id)
    assert state(cloud, new) is ShareState.OPEN


def test_a_guardian_shares_while_the_link_lives_and_the_member_sees_it(
    cloud: ImageCloud, account: Account, person: Person, study: Study
) -> None:
    guardian_person = make_person(cloud, "王五")
    guardian = add_account(cloud, "wangwu", guardian_person)
    with cloud.database.session() as session:
        link = people.link_family(session, guardian=guardian_person, member=person, relation="父母")
    with cloud.database.session() as session:
        new = sharing.create(
            cloud, session, account=guardian, study=study, lifetime=timedelta(hours=1)
        )
    token = enter(cloud, new).token
    with cloud.database.session() as session:
        (record,) = sharing.shares_of(session, account)
        assert (record.share.share_id, record.given_by_me) == (new.share.share_id, False)
        people.withdraw_link(session.merge(link))
    assert grant_of(cloud, token) is None
    with pytest.raises(ShareClosed):
        enter(cloud, new)


def test_giving_and_revoking_are_told_to_the_index_module(
    cloud: ImageCloud, give: Give, account: Account, study: Study
) -> None:
    new = give(password="4711", recipient="李医生", max_views=3)
    for _ in range(2):
        revoke(cloud, account, new)
    with cloud.database.session() as session:
        kept = session.scalars(select(OutboxEntry).order_by(OutboxEntry.created_at)).all()
    assert [(one.kind, one.about, one.content["event"]) for one in kept] == [
        ("share", study.study_id, "created"),
        ("share", study.study_id, "revoked"),
    ]
    assert {one.content["share_id"] for one in kept} == {new.share.share_id}
    assert kept[0].content["max_views"] == 3
    told = str([one.content for one in kept])
    assert new.secret not in told and "李医生" not in told and "4711" not in told


@pytest.mark.requirement("A-27")
def test_the_owner_sees_period_views_time_and_device(
    cloud: ImageCloud,
    give: Give,
    account: Account,
    clock: time_machine.Traveller,
) -> None:
    new = give(max_views=3, recipient="李医生")
    given_at = datetime.now(UTC)
    clock.shift(60)
    enter(cloud, new)
    clock.shift(60)
    enter(cloud, new)
    with cloud.database.session() as session:
        (record,) = sharing.shares_of(session, account)
        visits = sharing.visits(session, account, new.share.share_id)
    assert (record.share.created_at, record.share.expires_at) == (
        given_at,
        given_at + timedelta(hours=1),
    )
    assert (record.share.views, record.share.max_views, record.state) == (2, 3, ShareState.OPEN)
    assert record.last_opened_at == given_at + timedelta(minutes=2)
    assert [visit.device_class for visit in visits] == ["phone", "phone"]
    assert visits[0].opened_at > visits[1].opened_at
    assert [body for body in mailbox(cloud) if "首次打开" in body] == mailbox(cloud)
    assert len(mailbox(cloud)) == 1
