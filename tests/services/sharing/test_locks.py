"""Guessing is counted, slowed and locked; nobody learns why a share is closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from server import audit, sharing
from server.cloud import ImageCloud
from server.model import Account, Share
from server.sharing import (
    Keys,
    OpenedShare,
    ShareClosed,
    SharePasswordNeeded,
    ShareRefused,
    ShareState,
)
from tests.services.sharing.case import Give, enter, mailbox, revoke, state


@pytest.mark.requirement("A-22")
def test_a_password_is_asked_counted_and_locks_twice_as_long_each_time(
    cloud: ImageCloud, give: Give, clock: time_machine.Traveller
) -> None:
    new = give(password="4711", lifetime=timedelta(days=1))
    with pytest.raises(SharePasswordNeeded) as asked:
        enter(cloud, new)
    assert not asked.value.wrong
    for minutes in (15, 30, 60):
        for number in range(5):
            with pytest.raises(SharePasswordNeeded) as wrong:
                enter(cloud, new, "0000", source=f"10.0.{minutes}.{number}")
            assert wrong.value.wrong
        with pytest.raises(ShareRefused) as refused:
            enter(cloud, new, "4711", source="10.9.9.9")
        assert refused.value.retry_at == datetime.now(UTC) + timedelta(minutes=minutes)
        assert state(cloud, new) is ShareState.LOCKED
        clock.shift(timedelta(minutes=minutes, seconds=1))
    assert sum("锁定" in body for body in mailbox(cloud)) == 3
    assert enter(cloud, new, "4711").share.failed_tries == 0
    with cloud.database.session() as session:
        assert session.get_one(Share, new.share.share_id).views == 1
        assert audit.verify(session).ok


@pytest.mark.requirement("A-30", "F-37")
def test_guessing_codes_is_stopped_per_share_and_per_address(
    cloud: ImageCloud, give: Give, clock: time_machine.Traveller
) -> None:
    new, other = give(), give()

    def guess(share_id: str, code: str, source: str) -> OpenedShare:
        return sharing.open_share(cloud, share_id=share_id, keys=Keys(code), source=source)

    for number in range(5):
        with pytest.raises(ShareClosed):
            guess(new.share.share_id, "AAAAA-AAAAA", f"10.0.0.{number}")
    with pytest.raises(ShareRefused) as refused:
        guess(new.share.share_id, new.short_code, "10.0.9.9")
    assert refused.value.retry_at == datetime.now(UTC) + timedelta(minutes=15)
    assert guess(other.share.share_id, other.short_code.lower().replace("-", " "), "10.0.9.9")
    for number in range(30):
        with pytest.raises(ShareClosed):
            guess(f"made-up-{number}", "AAAAA-AAAAA", "10.1.1.1")
    with pytest.raises(ShareRefused):
        guess(other.share.share_id, other.short_code, "10.1.1.1")
    assert enter(cloud, new, source="10.1.1.1")


def test_strangers_cannot_tell_why_a_share_is_closed(
    cloud: ImageCloud,
    give: Give,
    account: Account,
    clock: time_machine.Traveller,
) -> None:
    expired, revoked, used_up, live = (
        give(lifetime=timedelta(minutes=5)),
        give(),
        give(max_views=1),
        give(),
    )
    revoke(cloud, account, revoked)
    enter(cloud, used_up)
    clock.shift(timedelta(minutes=6))
    answers = []
    for number, share_id in enumerate(
        [*(one.share.share_id for one in (expired, revoked, used_up, live)), "unknown"]
    ):
        for attempt in range(6):
            with pytest.raises((ShareClosed, ShareRefused)) as caught:
                sharing.open_share(
                    cloud,
                    share_id=share_id,
                    keys=Keys("guess"),
                    source=f"10.{number}.0.{attempt}",
                )
            answers.append((attempt, repr(caught.value), getattr(caught.value, "retry_at", None)))
    assert len(set(answers)) == 6
    for closed in (expired, revoked, used_up):
        with pytest.raises(ShareClosed):
            enter(cloud, closed)
    assert enter(cloud, live)


@pytest.mark.requirement("A-30")
def test_no_secret_of_a_share_is_in_the_database_in_clear(
    cloud: ImageCloud, database_file: Path, give: Give
) -> None:
    new = give(password="pass-phrase-4711")
    token = enter(cloud, new, "pass-phrase-4711").token
    with pytest.raises(SharePasswordNeeded):
        enter(cloud, new, "wrong-phrase-0815")
    assert len(new.secret) >= 43
    files = database_file.parent.glob(database_file.name + "*")
    content = b"".join(path.read_bytes() for path in files)
    assert new.share.share_id.encode() in content
    code = new.short_code
    for secret in (new.secret, code, code.replace("-", ""), token, "pass-phrase-4711",
                   "wrong-phrase-0815"):  # fmt: skip
        assert secret.encode() not in content
    assert new.path == f"/s/{new.share.share_id}#{new.secret}"
