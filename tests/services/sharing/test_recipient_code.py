"""The recipient's own code: sent only to who has secret and password, once, and not for ever."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from server import messages, sharing
from server.cloud import ImageCloud
from server.model import Account, Share, Study
from server.sharing import (
    Keys,
    NewShare,
    OpenedShare,
    ShareClosed,
    ShareCodeNeeded,
    SharePasswordNeeded,
    ShareRefused,
    ShareTermsError,
)
from tests.services.sharing.case import Give

PHONE, PASSWORD = "139 0013-9000", "k7m4xq"
TO = "13900139000"


@pytest.fixture
def new(give: Give, clock: time_machine.Traveller) -> NewShare:
    return give(password=PASSWORD, recipient_phone=PHONE, lifetime=timedelta(days=2), max_views=2)


def open_with(cloud: ImageCloud, new: NewShare, **keys: object) -> OpenedShare:
    return sharing.open_share(
        cloud,
        share_id=new.share.share_id,
        keys=replace(Keys(new.secret), **keys),  # type: ignore[arg-type]
    )


def asked(cloud: ImageCloud, new: NewShare, **keys: object) -> ShareCodeNeeded:
    with pytest.raises(ShareCodeNeeded) as needed:
        open_with(cloud, new, **keys)
    return needed.value


def sent(cloud: ImageCloud) -> list[str]:
    """The codes that were sent, the newest first."""
    with cloud.database.session() as session:
        found = messages.mailbox(cloud, session)
    codes = [re.search(r"验证码 (\d{6})", one.body) for one in found if one.recipient == TO]
    return [one[1] for one in codes if one]


@pytest.mark.requirement("A-22", "F-53")
def test_code_and_password_open_together(cloud: ImageCloud, new: NewShare) -> None:
    with pytest.raises(SharePasswordNeeded):
        open_with(cloud, new)
    with pytest.raises(SharePasswordNeeded):
        open_with(cloud, new, password="falsch")
    assert sent(cloud) == []
    needed = asked(cloud, new, password=PASSWORD)
    assert (needed.phone, needed.wrong) == ("139****9000", False)
    (code,) = sent(cloud)
    opened = open_with(cloud, new, proof=needed.proof, code=code)
    assert opened.share.views == 1


def test_a_code_serves_once_and_for_five_minutes(
    cloud: ImageCloud, new: NewShare, clock: time_machine.Traveller
) -> None:
    needed = asked(cloud, new, password=PASSWORD)
    code = sent(cloud)[0]
    open_with(cloud, new, proof=needed.proof, code=code)
    assert asked(cloud, new, proof=needed.proof, code=code).wrong
    clock.shift(61)
    asked(cloud, new, proof=needed.proof)
    other = sent(cloud)[0]
    clock.shift(timedelta(minutes=5))
    assert asked(cloud, new, proof=needed.proof, code=other).wrong


def test_codes_are_not_sent_for_ever(
    cloud: ImageCloud, new: NewShare, clock: time_machine.Traveller
) -> None:
    needed = asked(cloud, new, password=PASSWORD)
    assert asked(cloud, new, proof=needed.proof, again=True).too_soon
    asked(cloud, new, password=PASSWORD)
    assert len(sent(cloud)) == 1
    for _ in range(9):
        clock.shift(61)
        assert not asked(cloud, new, password=PASSWORD, again=True).too_soon
    clock.shift(61)
    assert asked(cloud, new, password=PASSWORD, again=True).too_soon  # ten a day
    clock.shift(timedelta(minutes=6))
    with pytest.raises(ShareRefused):
        open_with(cloud, new, password=PASSWORD)


@pytest.mark.requirement("A-30")
def test_guessing_codes_locks_the_share(cloud: ImageCloud, new: NewShare) -> None:
    needed = asked(cloud, new, password=PASSWORD)
    code = sent(cloud)[0]
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(cloud.settings.share_tries):
        assert asked(cloud, new, proof=needed.proof, code=wrong).wrong
    for keys in ({"proof": needed.proof, "code": code}, {"password": PASSWORD}):
        with pytest.raises(ShareRefused):
            open_with(cloud, new, **keys)


def test_a_right_password_takes_no_try_away(cloud: ImageCloud, new: NewShare) -> None:
    for _ in range(3 * cloud.settings.share_tries):
        asked(cloud, new, password=PASSWORD)
    with cloud.database.session() as session:
        assert session.get_one(Share, new.share.share_id).failed_tries == 0


@pytest.mark.requirement("F-63")
def test_a_proof_opens_no_other_share_and_is_soon_over(
    cloud: ImageCloud, give: Give, new: NewShare, clock: time_machine.Traveller
) -> None:
    proof = asked(cloud, new, password=PASSWORD).proof
    other = give(password=PASSWORD, recipient_phone=PHONE)
    for wrong in (proof[:-1] + ("0" if proof[-1] != "0" else "1"), "9" * 10 + ".", "x", ""):
        with pytest.raises(SharePasswordNeeded):
            open_with(cloud, new, proof=wrong)
    with pytest.raises(SharePasswordNeeded):
        open_with(cloud, other, proof=proof)
    clock.shift(timedelta(minutes=15))
    with pytest.raises(SharePasswordNeeded):
        open_with(cloud, new, proof=proof)


def test_without_the_secret_nothing_is_sent(cloud: ImageCloud, new: NewShare) -> None:
    with pytest.raises(ShareClosed):
        open_with(cloud, new, secret_or_code="AAAAA-AAAAA", password=PASSWORD)
    assert sent(cloud) == []


@pytest.mark.requirement("F-53")
def test_neither_code_nor_phone_is_in_the_database_in_clear(
    cloud: ImageCloud, new: NewShare
) -> None:
    asked(cloud, new, password=PASSWORD)
    code = sent(cloud)[0]
    with cloud.database.session() as session:
        share = session.get_one(Share, new.share.share_id)
        kept = f"{share.recipient_phone_sealed!r} {share.recipient_code_hash}"
    assert TO not in kept and code not in kept


@pytest.mark.parametrize("phone", ["123", "23900139000", "139001390001", "王医生"])
def test_what_is_no_mobile_number_is_refused(give: Give, phone: str) -> None:
    with pytest.raises(ShareTermsError):
        give(recipient_phone=phone)


def test_where_nothing_takes_messages_none_is_promised(
    cloud: ImageCloud, account: Account, study: Study
) -> None:
    silent = replace(cloud, settings=replace(cloud.settings, development=False))
    with silent.database.session() as session, pytest.raises(ShareTermsError, match="短信"):
        sharing.create(
            silent,
            session,
            account=account,
            study=study,
            lifetime=timedelta(hours=1),
            recipient_phone=PHONE,
        )
