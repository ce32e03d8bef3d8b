"""Any order of giving, opening, waiting, revoking and miscounting agrees with a simple model."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from server import accounts, audit, people, sharing
from server import settings as cloud_settings
from server.cloud import open_cloud
from server.model import Base, Institution, Role, Share
from server.sharing import Keys, NewShare, ShareClosed, SharePasswordNeeded
from tests.services.conftest import add_study

START = datetime(2026, 5, 1, tzinfo=UTC)
PASSWORD = "Kx7!blaue-Wolke"


@dataclass
class Expected:
    """What the model knows of a share."""

    new: NewShare
    password: str | None
    expires_at: datetime
    max_views: int | None
    views: int = 0
    revoked: bool = False

    def opens(self, now: datetime) -> bool:
        left = self.max_views is None or self.views < self.max_views
        return not self.revoked and now < self.expires_at and left


class Shares(RuleBasedStateMachine):
    shares: Bundle[Expected] = Bundle("shares")
    visits: Bundle[tuple[Expected, str]] = Bundle("visits")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.travel = time_machine.travel(START, tick=False)
        self.clock = self.travel.start()
        chosen = cloud_settings.load(
            {"YINGYUN_HOME": self.folder.name, "YINGYUN_SHARE_TRIES": "50"}
        )
        self.cloud = open_cloud(replace(chosen, idle_minutes=100_000))
        Base.metadata.create_all(self.cloud.database.engine)
        with self.cloud.database.session() as session:
            hospital = Institution(
                code="1", name="院", province_code="500000", province_name="重庆市"
            )
            session.add(hospital)
            person = people.create_person(self.cloud, session, person_code="1", name="张三")
            self.study = add_study(session, hospital, person)
            self.account = accounts.create_account(
                self.cloud, session, login="zs", password=PASSWORD, role=Role.PATIENT, person=person
            ).account
        self.known: list[Expected] = []

    def teardown(self) -> None:
        self.travel.stop()
        self.cloud.database.engine.dispose()
        self.folder.cleanup()

    @rule(
        target=shares,
        minutes=st.sampled_from([5, 30, 60, 1440]),
        max_views=st.sampled_from([None, 1, 2]),
        password=st.sampled_from([None, None, "4711"]),
    )
    def give(self, minutes: int, max_views: int | None, password: str | None) -> Expected:
        lifetime = timedelta(minutes=minutes)
        with self.cloud.database.session() as session:
            new = sharing.create(
                self.cloud,
                session,
                account=self.account,
                study=self.study,
                lifetime=lifetime,
                max_views=max_views,
                password=password,
            )
        expected = Expected(new, password, datetime.now(UTC) + lifetime, max_views)
        self.known.append(expected)
        return expected

    @rule(target=visits, share=shares, by_code=st.booleans())
    def open(self, share: Expected, by_code: bool) -> tuple[Expected, str]:
        token = self.attempt(share, share.new.short_code if by_code else share.new.secret)
        assert (token is not None) == share.opens(datetime.now(UTC))
        share.views += token is not None
        return share, token or ""

    @rule(share=shares)
    def open_with_another_secret(self, share: Expected) -> None:
        assert self.attempt(share, "another") is None

    @rule(share=shares)
    def open_with_a_wrong_password(self, share: Expected) -> None:
        if share.password is None:
            return
        now_open = share.opens(datetime.now(UTC))
        with pytest.raises(SharePasswordNeeded if now_open else ShareClosed):
            sharing.open_share(
                self.cloud,
                share_id=share.new.share.share_id,
                keys=Keys(share.new.secret, "0000"),
            )

    @rule(share=shares)
    def revoke(self, share: Expected) -> None:
        with self.cloud.database.session() as session:
            sharing.revoke(session, self.account, share.new.share.share_id)
        share.revoked = True

    @rule(minutes=st.sampled_from([1, 5, 29, 61]))
    def wait(self, minutes: int) -> None:
        self.clock.shift(timedelta(minutes=minutes))

    @rule(visit=visits)
    def look(self, visit: tuple[Expected, str]) -> None:
        share, token = visit
        with self.cloud.database.session() as session:
            grant = sharing.grant_for_visit(self.cloud, session, token)
        live = bool(token) and not share.revoked and datetime.now(UTC) < share.expires_at
        assert (grant is not None) == live

    @invariant()
    def the_database_counts_the_same_views(self) -> None:
        with self.cloud.database.session() as session:
            for share in self.known:
                assert session.get_one(Share, share.new.share.share_id).views == share.views
            assert audit.verify(session).ok

    def attempt(self, share: Expected, secret: str) -> str | None:
        try:
            return sharing.open_share(
                self.cloud,
                share_id=share.new.share.share_id,
                keys=Keys(secret, share.password),
            ).token
        except ShareClosed:
            return None


@pytest.mark.requirement("A-23", "A-24", "A-28", "A-29")
def test_shares_agree_with_the_model() -> None:
    run_state_machine_as_test(
        Shares,
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
