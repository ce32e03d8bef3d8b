"""How a cache goes on and ends: visits put off, front machines killed, cold and sensitive studies,
what is late (E-22 … E-26)."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from server import clock
from server.archive.records import archive_row
from server.cache_applications import applying, deadlines, periods, searching, troubles
from server.clock import CHINA
from server.model import (
    AuditEvent,
    Study,
    Tier,
)
from server.sensitivity import Marked, Sensitivity, set_marks
from tests.provinces.caching_case import (
    Hospital,
    alarms,
    search,
    withdraw,
)

TOMORROW = timedelta(days=1)
OLD = "20210504"  # five years before the others


@pytest.mark.requirement("E-26", "E-22")
def test_a_visit_put_off_lengthens_the_period_and_what_comes_meanwhile_is_cached_too(
    hospital: Hospital,
) -> None:
    insured, caching = hospital.insure(), hospital.machine.caching
    first = hospital.studies(insured, east="20260504")["east"]
    visit_at = clock.now() + TOMORROW
    hospital.confirm(insured)
    told = hospital.register(insured, visit_at)
    assert told["application_id"] in searching_of(hospital), "the sweep finds it"
    search(hospital)
    caching.step()
    later = hospital.register(insured, visit_at + 3 * TOMORROW)
    assert later["application_id"] == told["application_id"]
    caching.step()
    end = periods.end_at_gateway(visit_at + 3 * TOMORROW)
    assert {row.keep_until for row in hospital.machine.spool.of_study(first)} == {end}
    assert hospital.application(told).state == "cached"
    second = hospital.own_study(insured)
    applying.add_news(hospital.east.cloud)
    assert hospital.application(told).state == "fetching"
    caching.step()
    assert (hospital.held(second), hospital.application(told).state) == (3, "cached")
    assert applying.add_news(hospital.east.cloud) == 0

    # Withdrawn, and confirmed anew at the same visit.
    withdraw(hospital, insured.east_id)
    caching.step()
    assert hospital.held(first) == 0
    assert hospital.register(insured, visit_at)["consented"] is False
    hospital.confirm(insured)
    assert hospital.register(insured, visit_at)["state"] == "requested"
    search(hospital)
    caching.step()
    assert (hospital.held(first), hospital.application(told).state) == (3, "cached")


KILLED = """
import os, signal, sys
from pathlib import Path
from server.gateway.configuration import GatewaySettings
from server.gateway.service import Gateway

machine, left = Gateway(GatewaySettings(Path(sys.argv[1]), *sys.argv[2:])), [2]
keep = machine.spool.put

def put(*arguments, **named):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return keep(*arguments, **named)

machine.spool.put = put
machine.caching.step()
"""


def test_a_front_machine_that_is_killed_goes_on_after_what_it_had(hospital: Hospital) -> None:
    insured, caching = hospital.insure(), hospital.machine.caching
    uid = hospital.studies(insured, west="20260101")["west"]
    hospital.confirm(insured)
    told = hospital.register(insured, clock.now() + TOMORROW)
    search(hospital)
    settings = hospital.settings
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(settings.home), settings.centre_url,
         settings.client_id, settings.client_secret],
        check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL
    assert (hospital.held(uid), hospital.application(told).state) == (2, "fetching")
    caching.step()
    assert (hospital.held(uid), hospital.application(told).state) == (3, "cached")
    with hospital.country.west.cloud.database.session() as session:
        wanted = select(AuditEvent).where(AuditEvent.event == "province.fetch")
        last = session.scalars(wanted.order_by(AuditEvent.sequence.desc())).first()
        assert last is not None and last.detail["first"] == 2


def searching_of(hospital: Hospital) -> Sequence[str]:
    with hospital.east.cloud.database.session() as session:
        return searching.unfinished(session)


def test_an_application_for_which_nobody_came_ends_with_a_reason(hospital: Hospital) -> None:
    insured = hospital.insure()
    hospital.studies(insured, east="20260504")
    hospital.confirm(insured)
    told = hospital.register(insured, clock.now() + TOMORROW)
    search(hospital)
    with time_machine.travel(clock.now() + timedelta(days=6)):
        assert deadlines.end_periods(hospital.east.cloud) >= 1
        assert deadlines.end_periods(hospital.east.cloud) == 0
    application = hospital.application(told)
    assert (application.state, application.failure) == ("failed", "not_fetched")


@pytest.mark.requirement("F-09")
def test_what_is_marked_as_specially_sensitive_is_not_given_to_another_hospital(
    hospital: Hospital,
) -> None:
    insured = hospital.insure()
    uid = hospital.studies(insured, east="20260504")["east"]
    with hospital.east.cloud.database.session() as session:
        study = session.scalars(select(Study).where(Study.study_uid == uid)).one()
        set_marks(session, study, {Marked.IMAGES: Sensitivity.SPECIAL}, actor="test")
    hospital.confirm(insured)
    told = hospital.register(insured, clock.now() + TOMORROW)
    hospital.machine.caching.step()
    (item,) = hospital.items(told)
    assert (hospital.held(uid), item.failure) == (0, "sensitive")
    assert item.item_id not in alarms(hospital)
    assert any("标记为敏感" in one.words for one in found_troubles(hospital))


def found_troubles(hospital: Hospital) -> Sequence[troubles.Trouble]:
    with hospital.east.cloud.database.session() as session:
        return troubles.troubles(session, hospital.institution_id)


@pytest.mark.requirement("E-22")
def test_what_lies_in_cold_storage_is_brought_back_and_then_cached(hospital: Hospital) -> None:
    insured = hospital.insure()
    uid = hospital.studies(insured, east=OLD)["east"]
    with hospital.east.cloud.database.session() as session:
        study = session.scalars(select(Study).where(Study.study_uid == uid)).one()
        archive_row(session, study.study_id).tier = Tier.COLD
    hospital.confirm(insured)
    told = hospital.register(insured, clock.now() + TOMORROW)
    hospital.machine.caching.step()
    (item,) = hospital.items(told)
    assert (hospital.held(uid), item.failure, item.attempts) == (0, "recalling", 0)
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        hospital.machine.caching.step()
    assert hospital.held(uid) == 3


@pytest.mark.requirement("E-23", "E-24")
def test_a_cache_that_is_late_raises_an_alarm(hospital: Hospital) -> None:
    insured = hospital.insure()
    hospital.studies(insured, east="20260504")
    hospital.machine.report()
    hospital.confirm(insured)
    hospital.register(insured, clock.now() + timedelta(minutes=30))
    before = deadlines.watch(hospital.east.cloud)
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        assert deadlines.watch(hospital.east.cloud) == before + 1
        search(hospital)
        hospital.machine.caching.step()
        assert deadlines.watch(hospital.east.cloud) == before


@pytest.mark.requirement("E-23", "E-24")
def test_a_cache_is_due_the_evening_before_or_ten_minutes_after() -> None:
    applied = datetime(2026, 11, 20, 9, 0, tzinfo=CHINA)
    assert periods.due_at(applied, datetime(2026, 11, 22, 8, 0, tzinfo=CHINA)) == datetime(
        2026, 11, 22, 0, 0, tzinfo=CHINA
    )
    same_day = datetime(2026, 11, 20, 15, 0, tzinfo=CHINA)
    assert periods.due_at(applied, same_day) == applied + timedelta(minutes=10)
