"""The time line is complete, newest first, and as quick at its end as at its start."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from server import access, accounts, people, timeline
from server.access import Grant
from server.cloud import ImageCloud
from server.model import (
    Account,
    Institution,
    Person,
    ProcessingState,
    ReportStatus,
    Role,
    Study,
)
from server.timeline import ClosedReason, ReportState, TimelineEntry
from server.timeline_filter import TimelineFilter
from tests.services.conftest import MakeStudy, make_person

NEW = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)


@pytest.fixture
def person(cloud: ImageCloud) -> Person:
    return make_person(cloud)


@pytest.fixture
def grant(cloud: ImageCloud, person: Person) -> Grant:
    return grant_for(cloud, person)


def grant_for(cloud: ImageCloud, person: Person) -> Grant:
    with cloud.database.session() as session:
        account = accounts.create_account(
            cloud,
            session,
            login="zhang",
            password="Kx7!blaue-Wolke",
            role=Role.PATIENT,
            person=person,
        ).account
        return access.patient_grant(cloud, session, account)


def pages(cloud: ImageCloud, grant: Grant, length: int) -> list[list[TimelineEntry]]:
    found, mark = [], None
    while True:
        with cloud.database.session() as session:
            page = timeline.timeline_page(cloud, session, grant, page=mark, length=length)
        found.append(list(page.entries))
        mark = page.next_page
        if mark is None:
            return found


@contextmanager
def counted_statements(cloud: ImageCloud) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(cloud.database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(cloud.database.engine, "before_cursor_execute", note)


@pytest.mark.requirement("A-14")
def test_newest_first_over_all_pages_even_at_equal_times(
    cloud: ImageCloud, person: Person, grant: Grant, make_study: MakeStudy
) -> None:
    times = [NEW - timedelta(days=n // 3) for n in range(20)]
    studies = [make_study(person, when=when) for when in reversed(times)]
    found = pages(cloud, grant, length=7)
    assert [len(page) for page in found] == [7, 7, 6]
    entries = [entry for page in found for entry in page]
    assert {entry.study_id for entry in entries} == {study.study_id for study in studies}
    shown = [entry.study_datetime for entry in entries]
    assert shown == sorted(times, reverse=True)


@pytest.mark.requirement("A-09")
def test_own_and_family_studies_and_no_others(
    cloud: ImageCloud, person: Person, make_study: MakeStudy
) -> None:
    child, stranger = make_person(cloud, "子"), make_person(cloud, "他")
    own, childs, _ = (make_study(one) for one in (person, child, stranger))
    make_study(None)
    with cloud.database.session() as session:
        link = people.link_family(session, guardian=person, member=child, relation="子女")
    grant = grant_for(cloud, person)

    def seen(person_id: int | None = None) -> set[str]:
        with cloud.database.session() as session:
            entries = timeline.timeline_page(
                cloud, session, grant, TimelineFilter(person_id=person_id)
            ).entries
        return {entry.study_id for entry in entries}

    assert seen() == {own.study_id, childs.study_id}
    assert seen(child.id) == {childs.study_id}
    assert seen(stranger.id) == set()
    with cloud.database.session() as session:
        assert [one.id for one in timeline.persons_of(session, grant)] == [person.id, child.id]
        people.withdraw_link(session.merge(link))
    assert seen() == {own.study_id}
    with cloud.database.session() as session:
        session.get_one(Account, grant.account_id).active = False
    assert seen() == set()


@pytest.mark.requirement("A-10", "A-15")
def test_an_entry_says_what_where_and_whether_from_another_province(
    cloud: ImageCloud, person: Person, grant: Grant, make_study: MakeStudy
) -> None:
    with cloud.database.session() as session:
        away = Institution(
            code="2", name="成都示范医院", province_code="510000", province_name="四川省"
        )
        session.add(away)
    make_study(person, modality="DX", body_part="CHEST", description="胸部正位")
    make_study(person, modality="MR", institution=away, when=NEW - timedelta(days=1))
    with cloud.database.session() as session:
        near, far = timeline.timeline_page(cloud, session, grant).entries
    assert (near.modality_label, near.body_part, near.description) == ("DR", "胸部", "胸部正位")
    assert (near.out_of_province, near.institution_name) == (False, "重庆市第一示范医院")
    assert (far.out_of_province, far.province_name, far.modality_label) == (True, "四川省", "MRI")
    assert near.person_name == "张三丰"


@pytest.mark.requirement("A-16")
@pytest.mark.parametrize(
    ("report", "state", "gate", "openable", "reason", "report_state"),
    [
        (ReportStatus.REVIEWED, "ready", True, True, None, ReportState.REVIEWED),
        (ReportStatus.DRAFT, "ready", True, False, ClosedReason.NOT_REVIEWED, ReportState.PENDING),
        (None, "ready", True, False, ClosedReason.NOT_REVIEWED, ReportState.NONE),
        (None, "ready", False, True, None, ReportState.NONE),
        (ReportStatus.WITHDRAWN, "ready", True, False, ClosedReason.NOT_REVIEWED,
         ReportState.WITHDRAWN),
        (ReportStatus.REVIEWED, "pending", True, False, ClosedReason.PREPARING,
         ReportState.REVIEWED),
        (ReportStatus.REVIEWED, "failed", True, False, ClosedReason.FAILED, ReportState.REVIEWED),
    ],
)  # fmt: skip
def test_an_entry_that_does_not_open_says_why(
    cloud: ImageCloud,
    person: Person,
    grant: Grant,
    make_study: MakeStudy,
    report: ReportStatus | None,
    state: str,
    gate: bool,
    openable: bool,
    reason: ClosedReason | None,
    report_state: ReportState,
) -> None:
    cloud = replace(cloud, settings=replace(cloud.settings, review_gate=gate))
    study = make_study(person, report=report)
    with cloud.database.session() as session:
        session.get_one(Study, study.study_id).state = ProcessingState(state)
    with cloud.database.session() as session:
        (entry,) = timeline.timeline_page(cloud, session, grant).entries
    assert (entry.openable, entry.reason, entry.report_state) == (openable, reason, report_state)
    assert entry.report_openable == (report_state is ReportState.REVIEWED)


def test_a_page_costs_the_same_statements_however_long(
    cloud: ImageCloud, person: Person, grant: Grant, make_study: MakeStudy
) -> None:
    for number in range(12):
        make_study(person, when=NEW - timedelta(days=number))
    counts = []
    for length in (2, 12):
        with counted_statements(cloud) as seen, cloud.database.session() as session:
            timeline.timeline_page(cloud, session, grant, length=length)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 5


MADE_UP = ("0001-01-01T00:00:00+14:00 a", "2026-01-01T00:00:00+00:00 \0")


@pytest.mark.parametrize(
    "mark",
    [
        *("", "x", "????", "MjAyNg", "MjAyNi0wMS0wMSBh"),
        *(base64.urlsafe_b64encode(text.encode()).decode() for text in MADE_UP),
    ],
)
def test_a_made_up_page_mark_is_refused(cloud: ImageCloud, grant: Grant, mark: str) -> None:
    with cloud.database.session() as session, pytest.raises(timeline.PageMarkError):
        timeline.timeline_page(cloud, session, grant, page=mark)
