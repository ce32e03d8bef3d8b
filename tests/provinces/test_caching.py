"""From the registration in a hospital's system to its front machine, through two real centres, the
index module and a front machine (D-24 … D-29)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from server import clock
from server.cache_applications import copies, periods, searching
from server.gateway.cache_client import NotGivenError
from server.gateway.clearing import deletions
from server.gateway.reading import Reading
from server.gateway.receiving import Receiving, make_listener
from server.model import (
    Authorisation,
    AuthorisationState,
    CacheRequest,
    CacheState,
    OutboxEntry,
    Report,
    ReportStatus,
    Study,
)
from server.provinces import expiry
from tests.provinces.caching_case import (
    Hospital,
    alarms,
    asked_of_index,
    events,
    search,
    station,
    stored,
    withdraw,
)

TOMORROW = timedelta(days=1)
OLD = "20210504"  # five years before the others


@pytest.mark.requirement("D-02", "D-24", "D-25", "D-26", "E-22", "E-26", "F-29")
def test_the_whole_way_from_the_registration_to_the_end_of_the_period(hospital: Hospital) -> None:
    country, insured = hospital.country, hospital.insure()
    uids = hospital.studies(insured, east="20260504", west=OLD)
    visit_at = clock.now() + TOMORROW
    hospital.confirm(insured)
    told = hospital.register(insured, visit_at)
    assert (told["consented"], told["state"], told["local_studies"]) == (True, "requested", 1)
    asked = asked_of_index(country)

    # The own province first: what lies here comes without a question to the index module.
    hospital.machine.caching.step()
    assert (hospital.held(uids["east"]), hospital.held(uids["west"])) == (3, 0)
    assert asked_of_index(country) == asked

    # Then the index module, and through our centre what another province holds, five years old.
    search(hospital)
    assert asked_of_index(country) == asked + 1
    assert hospital.application(told).state == "fetching"
    hospital.machine.caching.step()
    assert hospital.held(uids["west"]) == 3
    application = hospital.application(told)
    assert (application.state, application.remote_studies) == ("cached", 1)
    assert stored(country.east, uids["west"]) == 0, "the centre keeps nothing (X-20)"
    assert events(country.west, "province.release") == events(country.west, "province.fetch") == 1
    assert events(country.east, "cache.downloaded") == 2
    with country.east.cloud.database.session() as session:
        kinds = {
            one.content.get("event")
            for one in session.scalars(select(OutboxEntry).where(OutboxEntry.kind == "cache"))
        }
    assert {"applied", "downloaded"} <= kinds

    # Doctors read it once the patient has authorised them, and only from a known station.
    port = hospital.machine.start(("127.0.0.1", 0))
    try:
        with station(hospital, port) as desk:
            number = insured.number
            assert desk.find(number) == set()
            hospital.authorise(insured)
            hospital.machine.caching.step()
            assert desk.find(number) == set(uids.values())
            assert desk.move(uids["west"]) == 3
    finally:
        hospital.machine.stop()
    hospital.machine.caching.step()
    assert events(country.east, "cache.read") == 1

    # The third day after the visit ends; the files are gone, and that is on record at both.
    with time_machine.travel(periods.end_at_gateway(visit_at) - timedelta(minutes=1)):
        hospital.end_periods()
        assert hospital.held(uids["west"]) == 3
    with time_machine.travel(periods.end_at_gateway(visit_at) + timedelta(seconds=1)):
        hospital.end_periods()
        assert hospital.held(uids["east"]) == hospital.held(uids["west"]) == 0
        hospital.machine.caching.step()
    assert len(deletions(hospital.machine.spool, uids["west"])) == 3
    assert events(country.east, "cache.deleted") == 2
    assert {one.state for one in hospital.items(told)} == {"ended"}


@pytest.mark.requirement("E-20", "D-26")
def test_without_a_consent_no_byte_goes_and_with_its_end_what_went_is_deleted(
    hospital: Hospital,
) -> None:
    insured = hospital.insure()
    uids = hospital.studies(insured, east="20260504", west="20260101")
    assert hospital.register(insured, clock.now() + TOMORROW)["consented"] is False
    hospital.machine.caching.step()
    assert hospital.held(uids["east"]) == hospital.held(uids["west"]) == 0
    hospital.confirm(insured, "V2")
    told = hospital.register(insured, clock.now() + TOMORROW, "V2")
    search(hospital)
    released = events(hospital.country.west, "province.release")
    withdraw(hospital, insured.east_id)
    hospital.machine.caching.step()
    assert hospital.held(uids["east"]) == hospital.held(uids["west"]) == 0
    assert events(hospital.country.west, "province.release") == released
    listing = hospital.machine.caching._centre.listing
    for item in hospital.items(told):
        with pytest.raises(NotGivenError):
            listing(item.item_id)
    hospital.confirm(insured, "V3")
    hospital.register(insured, clock.now() + TOMORROW, "V3")
    hospital.machine.caching.step()
    assert hospital.held(uids["east"]) == 3
    withdraw(hospital, insured.east_id)
    hospital.machine.caching.step()
    assert hospital.held(uids["east"]) == 0


@pytest.mark.requirement("E-25")
def test_what_fails_is_tried_again_with_plain_words_and_an_alarm_in_the_end(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    insured = hospital.insure()
    uids = hospital.studies(insured, west="20260101")
    hospital.confirm(insured)
    told = hospital.register(insured, clock.now() + TOMORROW)
    monkeypatch.setattr("server.provinces.elsewhere.INDEX_QUERY_PATH", "/api/v1/index/nowhere")
    for last in (False, False, False):
        with pytest.raises(searching.SearchInterruptedError):
            search(hospital, last=last)
    assert hospital.application(told).state == "searching"
    search(hospital, last=True)
    assert hospital.application(told).state == "failed"
    assert told["application_id"] in alarms(hospital)
    monkeypatch.undo()
    search(hospital)
    assert hospital.application(told).state == "fetching"

    # The report is not reviewed there any more: a word for it, no alarm; then it is.
    review(hospital, ReportStatus.DRAFT)
    hospital.machine.caching.step()
    (item,) = hospital.items(told)
    assert (item.state, item.failure, hospital.held(uids["west"])) == ("failed", "not_reviewed", 0)
    assert item.item_id not in alarms(hospital)
    assert hospital.application(told).state == "failed"
    review(hospital, ReportStatus.REVIEWED)

    # After three repeats there is an alarm; the next try succeeds all the same.
    monkeypatch.setattr("server.cache_applications.giving.RELEASE_PATH", "/api/v1/nowhere")
    with time_machine.travel(clock.now(), tick=False) as now:
        for _ in range(3):
            assert item.item_id not in alarms(hospital)
            now.shift(timedelta(minutes=11))
            hospital.machine.caching.step()
        assert item.item_id in alarms(hospital)
        monkeypatch.undo()
        now.shift(timedelta(minutes=11))
        hospital.machine.caching.step()
    assert hospital.held(uids["west"]) == 3
    assert hospital.application(told).state == "cached"
    assert item.item_id not in alarms(hospital)


def review(hospital: Hospital, status: ReportStatus) -> None:
    with hospital.country.west.cloud.database.session() as session:
        session.scalars(select(Report).order_by(Report.id.desc())).first().status = status  # type: ignore[union-attr]


@pytest.mark.requirement("D-27", "D-28")
def test_profile_001_keeps_copies_of_three_years_for_a_month_and_marks_the_task(
    hospital: Hospital,
) -> None:
    insured, east = hospital.insure(), hospital.east
    uids = hospital.studies(insured, west="20260101")
    old = hospital.insure()
    old_uids = hospital.studies(old, west=OLD)
    chongqing = replace(
        east.cloud, settings=replace(east.cloud.settings, archive_profile="chongqing")
    )
    visit_at, told = clock.now() + TOMORROW, {}
    for one in (insured, old):
        hospital.confirm(one)
        told[one] = hospital.register(one, visit_at)
        search(hospital)
    assert copies.begin(east.cloud, told[insured]["application_id"]) == [], "off by default"
    assert len(copies.begin(chongqing, told[insured]["application_id"])) == 1
    assert copies.begin(chongqing, told[old]["application_id"]) == [], "older than three years"
    assert stored(east, uids["west"]) == 3
    relayed = events(hospital.country.west, "province.fetch")
    hospital.machine.caching.step()
    assert hospital.held(uids["west"]) == hospital.held(old_uids["west"]) == 3, "all history"
    assert events(hospital.country.west, "province.fetch") == relayed + 1, "the copy served"
    assert copies.mark_completed(chongqing) == 0, "not before the next day"
    with time_machine.travel(clock.now() + TOMORROW):
        assert copies.mark_completed(east.cloud) == 0
        assert copies.mark_completed(chongqing) >= 1
    assert hospital.application(told[insured]).state == "completed"
    end = periods.end_at_centre(visit_at, 1)
    with time_machine.travel(end - timedelta(minutes=1)):
        expiry.delete_copies(east.cloud)
        assert stored(east, uids["west"]) == 3
    with time_machine.travel(end + timedelta(minutes=1)):
        expiry.delete_copies(east.cloud)
        assert stored(east, uids["west"]) == 0
    with east.cloud.database.session() as session:
        states = {
            one.state
            for one in session.scalars(
                select(CacheRequest).where(CacheRequest.caching_consent_id.is_not(None))
            )
        }
    assert states == {CacheState.EXPIRED}


@pytest.mark.requirement("D-28")
@pytest.mark.parametrize(
    ("visit", "end"),
    [("2025-10-15", "2025-11-17"), ("2026-01-31", "2026-03-02"), ("2025-12-20", "2026-01-22")],
)
def test_a_copy_stays_a_month_from_the_visit(visit: str, end: str) -> None:
    """001 7.3.2 note 6: a visit on 2025-10-15 keeps it until 2025-11-16 at least."""
    at = datetime.fromisoformat(f"{visit}T23:30:00+08:00")
    assert periods.end_at_centre(at, 1) == datetime.fromisoformat(f"{end}T00:00:00+08:00")


@pytest.mark.requirement("D-29")
def test_a_retrieval_works_without_a_cache_before_it_by_authorisation_alone(
    hospital: Hospital,
) -> None:
    insured, caching = hospital.insure(), hospital.machine.caching
    uids = hospital.studies(insured, east="20260504", west="20260101")
    patient = f"P{insured.east_id}"
    with pytest.raises(NotGivenError):
        caching.retrieve(patient, insured.number)
    given = hospital.authorise(insured)
    asked = asked_of_index(hospital.country)
    named = cloud_index_of(hospital, uids["east"])
    assert caching.retrieve(patient, insured.number, named) == 1
    assert asked_of_index(hospital.country) == asked, "it lies here: nobody was asked"
    assert caching.retrieve(patient, insured.number) == 2
    assert asked_of_index(hospital.country) == asked + 1
    assert hospital.held(uids["west"]) == 3
    assert stored(hospital.east, uids["west"]) == 0
    with hospital.east.cloud.database.session() as session:
        session.get_one(Authorisation, given).state = AuthorisationState.WITHDRAWN
    caching.step()
    assert hospital.held(uids["west"]) == hospital.held(uids["east"]) == 0


@pytest.mark.requirement("D-29")
def test_a_station_that_asks_for_a_patient_has_his_history_retrieved(hospital: Hospital) -> None:
    insured, machine = hospital.insure(), hospital.machine
    uids = hospital.studies(insured, west="20260101")
    own = hospital.own_study(insured)
    listener = make_listener(
        "YINGYUNGW",
        Receiving(machine.spool),
        Reading(machine.spool, machine.caching, hospital.folder / "nodes.json", "YINGYUNGW"),
    )
    port = listener.listen(("127.0.0.1", 0))
    try:
        with station(hospital, port) as desk:
            assert desk.find(f"P{insured.east_id}") == set()
            machine.caching.step()
            assert hospital.held(uids["west"]) == 0, "nobody authorised it"
            hospital.authorise(insured)
            with time_machine.travel(clock.now() + timedelta(minutes=6)):
                desk.find(f"P{insured.east_id}")
                machine.caching.step()
                assert hospital.held(uids["west"]) == hospital.held(own) == 3
    finally:
        listener.stop()


def cloud_index_of(hospital: Hospital, uid: str) -> str:
    with hospital.east.cloud.database.session() as session:
        return session.scalars(select(Study.cloud_index).where(Study.study_uid == uid)).one()
