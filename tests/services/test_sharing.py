"""A share opens what it should, for whom it should, as often and as long as it should."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select

from server import access, accounts, audit, messages, people, sharing
from server.access import AccessDenied, Action, DenialReason, Grant
from server.cloud import ImageCloud
from server.model import Account, AuditEvent, Person, Role, Series, Share, ShareVisit, Study
from server.sharing import (
    NewShare,
    OpenedShare,
    ShareClosed,
    SharePasswordNeeded,
    ShareRefused,
    ShareScope,
    ShareState,
)
from tests.services.conftest import MakeStudy, make_person

PASSWORD = "Kx7!blaue-Wolke"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 5, 1, 1, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def person(cloud: ImageCloud) -> Person:
    return make_person(cloud, phone="13800138000")


@pytest.fixture
def account(cloud: ImageCloud, person: Person) -> Account:
    return add_account(cloud, "zhang", person)


@pytest.fixture
def study(person: Person, make_study: MakeStudy) -> Study:
    return make_study(person, series=2)


@pytest.fixture
def give(cloud: ImageCloud, account: Account, study: Study) -> Callable[..., NewShare]:
    def create(**terms: object) -> NewShare:
        chosen = {"account": account, "study": study, "lifetime": timedelta(hours=1)} | terms
        with cloud.database.session() as session:
            return sharing.create(cloud, session, **chosen)  # type: ignore[arg-type]

    return create


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
        secret_or_code=new.secret,
        password=password,
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


@pytest.mark.requirement("A-26")
def test_a_share_opens_what_its_scope_says(
    cloud: ImageCloud, give: Callable[..., NewShare], study: Study
) -> None:
    combinations = {
        ShareScope(report=True, images=False): {Action.VIEW_REPORT},
        ShareScope(report=False, images=True): {Action.VIEW_PICTURES},
        ShareScope(report=True, images=True, dicom=True): {
            Action.VIEW_REPORT,
            Action.VIEW_PICTURES,
            Action.VIEW_DICOM,
        },
    }
    for scope, allowed in combinations.items():
        grant = grant_of(cloud, enter(cloud, give(scope=scope)).token)
        assert grant is not None
        opened = {action for action in Action if denial(cloud, grant, action, study) is None}
        assert opened == allowed


def test_a_share_is_limited_to_its_series_and_its_study(
    cloud: ImageCloud,
    give: Callable[..., NewShare],
    study: Study,
    person: Person,
    make_study: MakeStudy,
) -> None:
    with cloud.database.session() as session:
        first, second = session.scalars(
            select(Series.series_id).where(Series.study_id == study.study_id)
        )
    other = make_study(person)
    grant = grant_of(cloud, enter(cloud, give(scope=ShareScope(series=(first,)))).token)
    assert grant is not None
    assert denial(cloud, grant, Action.VIEW_PICTURES, study, first) is None
    assert denial(cloud, grant, Action.VIEW_PICTURES, study, second) is DenialReason.SCOPE
    assert denial(cloud, grant, Action.VIEW_PICTURES, other) is DenialReason.NOT_YOURS
    assert denial(cloud, grant, Action.VIEW_REPORT, other) is DenialReason.NOT_YOURS


@pytest.mark.requirement("A-22")
def test_a_password_is_asked_counted_and_locks_twice_as_long_each_time(
    cloud: ImageCloud, give: Callable[..., NewShare], clock: time_machine.Traveller
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


@pytest.mark.requirement("A-23", "F-64")
def test_expiry_reaches_open_visits_and_every_action(
    cloud: ImageCloud,
    give: Callable[..., NewShare],
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
    cloud: ImageCloud, give: Callable[..., NewShare], study: Study
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
def test_forty_visitors_at_once_get_five_views(
    cloud: ImageCloud, give: Callable[..., NewShare]
) -> None:
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
    cloud: ImageCloud, give: Callable[..., NewShare], account: Account, study: Study
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


def test_only_the_giver_and_the_one_pictured_may_revoke(
    cloud: ImageCloud, give: Callable[..., NewShare], account: Account, study: Study
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


def test_the_shares_of_a_disabled_account_die(
    cloud: ImageCloud, give: Callable[..., NewShare], account: Account, study: Study
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


def test_strangers_cannot_tell_why_a_share_is_closed(
    cloud: ImageCloud,
    give: Callable[..., NewShare],
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
                    secret_or_code="guess",
                    source=f"10.{number}.0.{attempt}",
                )
            answers.append((attempt, repr(caught.value), getattr(caught.value, "retry_at", None)))
    assert len(set(answers)) == 6
    for closed in (expired, revoked, used_up):
        with pytest.raises(ShareClosed):
            enter(cloud, closed)
    assert enter(cloud, live)


@pytest.mark.requirement("A-30", "F-37")
def test_guessing_codes_is_stopped_per_share_and_per_address(
    cloud: ImageCloud, give: Callable[..., NewShare], clock: time_machine.Traveller
) -> None:
    new, other = give(), give()

    def guess(share_id: str, code: str, source: str) -> OpenedShare:
        return sharing.open_share(cloud, share_id=share_id, secret_or_code=code, source=source)

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


@pytest.mark.requirement("A-27")
def test_the_owner_sees_period_views_time_and_device(
    cloud: ImageCloud,
    give: Callable[..., NewShare],
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


def test_a_visit_ends_idle(
    cloud: ImageCloud, give: Callable[..., NewShare], clock: time_machine.Traveller
) -> None:
    token = enter(cloud, give(lifetime=timedelta(hours=24))).token
    for _ in range(4):
        clock.shift(timedelta(minutes=19))
        assert grant_of(cloud, token) is not None
    clock.shift(timedelta(minutes=20))
    assert grant_of(cloud, token) is None
    assert grant_of(cloud, "unknown") is None


@pytest.mark.parametrize(
    "terms",
    [
        {"lifetime": timedelta(minutes=4)},
        {"lifetime": timedelta(days=30, seconds=1)},
        {"max_views": 0},
        {"max_views": 1001},
        {"password": "123"},
        {"recipient": "x" * 101},
        {"scope": ShareScope(report=False, images=False)},
        {"scope": ShareScope(series=("of-another-study",))},
    ],
    ids=str,
)
def test_terms_that_cannot_be_had_are_refused(
    cloud: ImageCloud, give: Callable[..., NewShare], terms: dict[str, object]
) -> None:
    with pytest.raises(sharing.ShareTermsError):
        give(**terms)


@pytest.mark.requirement("A-25")
def test_the_four_periods_are_offered() -> None:
    minutes = [lifetime.total_seconds() / 60 for lifetime in sharing.LIFETIMES]
    assert minutes == [5, 30, 60, 1440]


def test_nobody_shares_what_is_not_his(cloud: ImageCloud, study: Study) -> None:
    stranger = add_account(cloud, "lisi", make_person(cloud, "李四"))
    with cloud.database.session() as session, pytest.raises(AccessDenied) as denied:
        sharing.create(cloud, session, account=stranger, study=study, lifetime=timedelta(hours=1))
    assert denied.value.reason is DenialReason.NOT_YOURS


@pytest.mark.requirement("A-30")
def test_no_secret_of_a_share_is_in_the_database_in_clear(
    cloud: ImageCloud, database_file: Path, give: Callable[..., NewShare]
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


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0", "phone"),
        ("Mozilla/5.0 (Linux; Android 15; HBN-AL00) Chrome/114 Mobile Safari/537.36", "phone"),
        ("Mozilla/5.0 (Linux; Android 14; SM-X910) Chrome/120 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Mobile/15E148", "tablet"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0)", "robot"),
        ("", "robot"),
    ],
)  # fmt: skip
def test_device_classes(agent: str, expected: str) -> None:
    assert sharing.device_class_of(agent) == expected
