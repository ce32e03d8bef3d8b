"""Signing in needs a password and a code, and guessing is stopped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
import time_machine
from argon2 import PasswordHasher
from sqlalchemy import select

from server import accounts, audit, messages
from server.accounts import NewAccount, SignedIn, SignInExpired, SignInRefused, passwords
from server.cloud import ImageCloud
from server.model import Account, AccountSession, AuditEvent, Role
from tests.services.conftest import ID_NUMBERS, make_person

PASSWORD = "Kx7!blaue-Wolke"
SOURCE = "192.0.2.7"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 5, 1, 1, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def patient(cloud: ImageCloud) -> NewAccount:
    person = make_person(cloud, id_number=ID_NUMBERS[0], phone="13800138000")
    return add_account(cloud, "zhang", person=person)


def add_account(cloud: ImageCloud, login: str, **extra: object) -> NewAccount:
    with cloud.database.session() as session:
        extra.setdefault("role", Role.PATIENT)
        return accounts.create_account(cloud, session, login=login, password=PASSWORD, **extra)  # type: ignore[arg-type]


def start(
    cloud: ImageCloud, login: str = "zhang", password: str = PASSWORD, source: str = SOURCE
) -> accounts.Challenge:
    with cloud.database.session() as session:
        return accounts.start_sign_in(cloud, session, login=login, password=password, source=source)


def finish(cloud: ImageCloud, token: str, code: str, **extra: str) -> SignedIn:
    with cloud.database.session() as session:
        given = {"source": SOURCE, "device": "Phone", "entry_kind": "app"} | extra
        return accounts.finish_sign_in(cloud, session, token=token, code=code, **given)  # type: ignore[arg-type]


def code_of(new: NewAccount, shift: int = 0) -> str:
    return pyotp.TOTP(new.totp_secret).at(datetime.now(UTC) + timedelta(seconds=30 * shift))


def sign_in(cloud: ImageCloud, new: NewAccount) -> SignedIn:
    return finish(cloud, start(cloud, new.account.login).token, code_of(new))


def is_live(cloud: ImageCloud, token: str) -> bool:
    with cloud.database.session() as session:
        return accounts.current_session(cloud, session, token) is not None


def events(cloud: ImageCloud) -> list[tuple[str, str, str]]:
    with cloud.database.session() as session:
        assert audit.verify(session).ok
        entries = session.scalars(select(AuditEvent).order_by(AuditEvent.sequence))
        return [(entry.event, entry.result, entry.reason) for entry in entries]


def refused(cloud: ImageCloud, *arguments: str, **named: str) -> SignInRefused:
    with pytest.raises(SignInRefused) as caught:
        start(cloud, *arguments, **named)
    return caught.value


@pytest.mark.requirement("F-03", "F-05", "A-02")
def test_only_password_and_code_together_open_a_session(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    challenge = start(cloud)
    assert (challenge.can_totp, challenge.can_sms) == (True, True)
    assert not is_live(cloud, challenge.token)
    with cloud.database.session() as session:
        assert session.scalars(select(AccountSession)).all() == []
    signed_in = finish(cloud, challenge.token, code_of(patient))
    assert is_live(cloud, signed_in.token)
    with cloud.database.session() as session:
        entry = session.scalars(select(AuditEvent).where(AuditEvent.event == "sign_in")).one()
        assert (entry.source, entry.detail) == (
            SOURCE,
            {"entry_kind": "app", "factor": "totp"},
        )


def test_the_id_number_signs_in_too(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    challenge = start(cloud, ID_NUMBERS[0].lower())
    assert finish(cloud, challenge.token, code_of(patient)).account.id == patient.account.id
    assert refused(cloud, ID_NUMBERS[1]).retry_at is None


def test_wrong_password_and_unknown_login_are_refused_alike(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    known = [refused(cloud, "zhang", "Wrong-pass-1", source=f"10.0.0.{n}") for n in range(7)]
    unknown = [refused(cloud, "nobody", "Wrong-pass-1", source=f"10.0.1.{n}") for n in range(7)]
    assert [one.retry_at for one in known] == [one.retry_at for one in unknown]
    assert [type(one) for one in known] == [type(one) for one in unknown]


def test_an_unknown_login_costs_a_password_check(
    cloud: ImageCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []
    real = passwords.verify_password
    monkeypatch.setattr(
        passwords, "verify_password", lambda *given: checked.append(given[0]) or real(*given)
    )
    refused(cloud, "nobody")
    assert checked == [None]
    assert passwords.verify_password(None, "no account has this password") is False


@pytest.mark.requirement("F-06")
def test_five_wrong_passwords_lock_the_login_for_a_while(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    for number in range(5):
        assert refused(cloud, "zhang", "Wrong-pass-1", source=f"10.0.0.{number}").retry_at is None
    locked = refused(cloud, "zhang", PASSWORD, source="10.0.9.9")
    assert locked.retry_at == datetime.now(UTC) + timedelta(minutes=15)
    assert ("sign_in.password", "failure", "locked") in events(cloud)
    clock.shift(timedelta(minutes=15, seconds=1))
    assert start(cloud).token


def test_a_success_forgets_the_wrong_tries(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    for _ in range(3):
        for _ in range(4):
            refused(cloud, "zhang", "Wrong-pass-1")
        start(cloud)


def test_an_address_is_locked_after_guesses_at_many_logins(cloud: ImageCloud) -> None:
    answers = [refused(cloud, f"user{n}", source="2001:db8:1:2::1") for n in range(31)]
    assert [one.retry_at is None for one in answers] == [True] * 30 + [False]
    assert refused(cloud, "other", source="2001:db8:1:2:ffff::9").retry_at is not None
    assert refused(cloud, "other", source="2001:db8:1:3::1").retry_at is None


def test_parallel_guesses_get_no_more_tries(cloud: ImageCloud, patient: NewAccount) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda n: refused(cloud, "zhang", f"Wrong-pass-{n}", f"10.0.{n}.1"), range(12))
        )
    assert sum(one.retry_at is None for one in answers) == 5


@pytest.mark.requirement("F-02")
def test_a_disabled_account_is_out_at_once_and_stays_out(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    token = sign_in(cloud, patient).token
    clock.shift(60)
    waiting = start(cloud)
    with cloud.database.session() as session:
        account = session.get_one(Account, patient.account.id)
        accounts.disable_account(session, account, actor_kind="system", actor="test")
    assert not is_live(cloud, token)
    assert refused(cloud, "zhang").retry_at is None
    with pytest.raises(SignInRefused):
        finish(cloud, waiting.token, code_of(patient))


def test_a_code_serves_once(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    code = code_of(patient)
    finish(cloud, start(cloud).token, code)
    with pytest.raises(SignInRefused):
        finish(cloud, start(cloud).token, code)
    with pytest.raises(SignInRefused):
        finish(cloud, start(cloud).token, code_of(patient, -1))
    assert finish(cloud, start(cloud).token, code_of(patient, +1))


def test_a_code_two_steps_away_is_refused(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    challenge = start(cloud)
    for shift in (-2, 2):
        with pytest.raises(SignInRefused):
            finish(cloud, challenge.token, code_of(patient, shift))
    assert finish(cloud, challenge.token, code_of(patient, -1))


def test_a_used_or_old_password_step_must_be_repeated(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    used, old = start(cloud), start(cloud)
    finish(cloud, used.token, code_of(patient))
    clock.shift(timedelta(minutes=5, seconds=1))
    for token in (used.token, old.token, "unknown"):
        with pytest.raises(SignInExpired):
            finish(cloud, token, code_of(patient))


def test_wrong_codes_lock_the_account_over_several_challenges(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    wrong = f"{(int(code_of(patient)) + 500_000) % 10**6:06d}"
    first, second = start(cloud), start(cloud)
    for challenge in (first, first, first, second, second):
        with pytest.raises(SignInRefused) as caught:
            finish(cloud, challenge.token, wrong)
        assert caught.value.retry_at is None
    with pytest.raises(SignInRefused) as caught:
        finish(cloud, second.token, code_of(patient))
    assert caught.value.retry_at == datetime.now(UTC) + timedelta(minutes=15)
    clock.shift(timedelta(minutes=16))
    assert sign_in(cloud, patient)
    with cloud.database.session() as session:
        account = session.get_one(Account, patient.account.id)
        assert (account.failed_tries, account.locked_until) == (0, None)


def last_code(cloud: ImageCloud) -> str:
    with cloud.database.session() as session:
        body = messages.mailbox(cloud, session)[0].body
    return re.findall(r"\b[0-9]{6}\b", body)[0]


def send(cloud: ImageCloud, token: str) -> None:
    with cloud.database.session() as session:
        accounts.send_sms_code(cloud, session, token=token, source=SOURCE)


@pytest.mark.requirement("F-03")
def test_a_code_by_text_message_signs_in_once_and_not_after_five_minutes(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    challenge = start(cloud)
    send(cloud, challenge.token)
    code = last_code(cloud)
    with pytest.raises(SignInRefused):
        finish(cloud, start(cloud).token, code)
    assert finish(cloud, challenge.token, code).account.id == patient.account.id
    clock.shift(120)
    late = start(cloud)
    send(cloud, late.token)
    clock.shift(301)
    with pytest.raises(SignInExpired):
        finish(cloud, late.token, code)


def test_text_messages_wait_a_minute_and_the_newest_code_counts(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    challenge = start(cloud)
    send(cloud, challenge.token)
    old = last_code(cloud)
    with pytest.raises(SignInRefused) as caught:
        send(cloud, challenge.token)
    assert caught.value.retry_at == datetime.now(UTC) + timedelta(seconds=60)
    clock.shift(61)
    send(cloud, challenge.token)
    new = last_code(cloud)
    if new != old:
        with pytest.raises(SignInRefused):
            finish(cloud, challenge.token, old)
    assert finish(cloud, challenge.token, new)


@pytest.mark.requirement("F-06")
def test_a_session_ends_idle_and_at_its_absolute_end(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    token = sign_in(cloud, patient).token
    clock.shift(timedelta(minutes=19))
    assert is_live(cloud, token)
    clock.shift(timedelta(minutes=20))
    assert not is_live(cloud, token)
    token = sign_in(cloud, patient).token
    for _ in range(12 * 4 - 1):
        clock.shift(timedelta(minutes=15))
        assert is_live(cloud, token)
    clock.shift(timedelta(minutes=15))
    assert not is_live(cloud, token)


def test_signing_out_and_revoking_a_device(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    first = sign_in(cloud, patient)
    clock.shift(60)
    second = sign_in(cloud, patient)
    other = add_account(cloud, "lisi")
    with cloud.database.session() as session:
        devices = accounts.live_sessions(cloud, session, first.account)
        assert len(devices) == 2
        assert not accounts.revoke_session(session, other.account, devices[0].token_hash)
        assert accounts.revoke_session(session, first.account, devices[0].token_hash)
    assert (is_live(cloud, first.token), is_live(cloud, second.token)) == (True, False)
    with cloud.database.session() as session:
        accounts.sign_out(session, first.token)
    assert not is_live(cloud, first.token)


def test_signing_in_again_ends_the_session_before(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    before = sign_in(cloud, patient).token
    clock.shift(60)
    after = finish(cloud, start(cloud).token, code_of(patient), previous_token=before).token
    assert after != before
    assert (is_live(cloud, before), is_live(cloud, after)) == (False, True)


@pytest.mark.requirement("F-10")
def test_every_outcome_is_audited_although_the_request_is_rolled_back(
    cloud: ImageCloud, patient: NewAccount, clock: time_machine.Traveller
) -> None:
    refused(cloud, "zhang", "Wrong-pass-1")
    refused(cloud, "nobody")
    challenge = start(cloud)
    with pytest.raises(SignInRefused):
        finish(cloud, challenge.token, "abcdef")
    finish(cloud, challenge.token, code_of(patient))
    assert events(cloud) == [
        ("account.create", "success", ""),
        ("sign_in.password", "failure", "refused"),
        ("sign_in.password", "failure", "refused"),
        ("sign_in.password", "success", ""),
        ("sign_in.code", "failure", "refused"),
        ("sign_in", "success", ""),
    ]


@pytest.mark.requirement("F-04")
@pytest.mark.parametrize(
    "password",
    ["Kx7!blaue", "kxblauewolke", "KX7BLAUEWOLKE", "Password123!", "P@ssw0rd2026", "Aa1!Aa1!Aa1!",
     "Qwerty!2026x", "Zhang-San-77", "Wolke-123456", "Admin@20262026", "A1!" + "ü" * 200],
)  # fmt: skip
def test_weak_passwords_are_refused(cloud: ImageCloud, password: str) -> None:
    with cloud.database.session() as session, pytest.raises(accounts.WeakPasswordError):
        accounts.create_account(
            cloud, session, login="zhang-san", password=password, role=Role.PATIENT
        )


@pytest.mark.parametrize("login", ["", "x", "a b", "zhang\n", ID_NUMBERS[0], "-x", "<script>"])
def test_unusable_logins_are_refused(cloud: ImageCloud, login: str) -> None:
    if login == "zhang\n":
        assert accounts.normalize_login(login) == "zhang"
        return
    with pytest.raises(accounts.LoginNameError):
        add_account(cloud, login)


def test_a_login_exists_once_whatever_its_spelling(cloud: ImageCloud, patient: NewAccount) -> None:
    with pytest.raises(accounts.AccountExistsError):
        add_account(cloud, " ＺHANG ")


@pytest.mark.own_cost
def test_an_old_hash_is_renewed_at_sign_in(cloud: ImageCloud, patient: NewAccount) -> None:
    with cloud.database.session() as session:
        account = session.get_one(Account, patient.account.id)
        account.password_hash = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(
            PASSWORD
        )
    start(cloud)
    with cloud.database.session() as session:
        password_hash = session.get_one(Account, patient.account.id).password_hash
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in password_hash


def test_nothing_secret_is_in_the_database_in_clear(
    cloud: ImageCloud,
    database_file: Path,
    patient: NewAccount,
    clock: time_machine.Traveller,
) -> None:
    challenge = start(cloud)
    send(cloud, challenge.token)
    sms_code = last_code(cloud)
    signed_in = finish(cloud, challenge.token, sms_code)
    refused(cloud, "18-known-login-secret")
    files = database_file.parent.glob(database_file.name + "*")
    content = b"".join(path.read_bytes() for path in files)
    assert b"zhang" in content
    assert hashlib.sha256(signed_in.token.encode()).hexdigest().encode() in content
    for secret in (PASSWORD, patient.totp_secret, signed_in.token, challenge.token, sms_code,
                   ID_NUMBERS[0], "13800138000", "18-known-login-secret"):  # fmt: skip
        assert secret.encode() not in content
