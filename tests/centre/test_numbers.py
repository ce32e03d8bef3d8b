"""The console shows the truth: its numbers are those that a hand counts after real deliveries."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import select

from server import audit, clock
from server.archive import volumes
from server.centre import indicators, recognition, retrievals, usage
from server.centre.period import day_of, period
from server.demo import samples
from server.ingest import ingest_paths
from server.ingest.intake import DeliveryError
from server.model import (
    Account,
    Alarm,
    Authorisation,
    AuthorisationMethod,
    AuthorisationState,
    Institution,
    InstitutionClient,
    Reminder,
    ReportStatus,
    StorageVolume,
    Study,
)
from tests.centre.conftest import Console
from tests.centre.test_supervision import judge, settle
from tests.demo.small import write_sample
from tests.factories import make_person, make_study


def cells(console: Console, address: str) -> list[list[str]]:
    """Return a page's first table as its CSV file has it."""
    answer = console["administrator"].client.get(address)
    assert answer.content_type == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


@pytest.mark.requirement("D-15")
def test_numbers_after_a_delivery_equal_a_hand_count(console: Console, tmp_path: Path) -> None:
    sizes, objects = {}, 0
    for name, study in (("CT", samples.small_ct()), ("MR", samples.small_mr())):
        files = write_sample(study, tmp_path / name)
        sizes[name] = sum(file.stat().st_size for file in files)
        objects += len(files)
        taken = ingest_paths(console.cloud, files, institution_code=console.hospital.code)
        assert taken.stored == len(files)
    with console.cloud.database.session() as session:
        found = usage.usage(session, None, None)
        months = {day_of(one.study_datetime).strftime("%Y-%m"): one.modality
                  for one in session.scalars(select(Study))}  # fmt: skip
    assert found.cells == {(name, month): sizes[name] for month, name in months.items()}
    assert found.institutions == {console.hospital.name: sum(sizes.values())}
    rows = cells(console, "/admin/usage?since=1990-01-01&csv=0")
    assert rows[0][-1] == "合计（字节）"
    assert sum(int(row[-1]) for row in rows[1:]) == sum(sizes.values())
    page = console["administrator"].get("/admin").get_data(as_text=True)
    shown = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page))
    assert (shown["检查"], shown["影像对象"], shown["今天收到"]) == ("2", str(objects), "2")
    chart = console["administrator"].get("/admin/usage?since=1990-01-01").get_data(as_text=True)
    assert '<svg class="pygal-chart"' in chart
    assert "<style" not in chart
    assert "window.pygal" not in chart
    assert console["own"].get("/admin/usage?since=1990-01-01").get_data(as_text=True).count("MB")


@pytest.mark.requirement("D-06")
def test_an_ended_institution_delivers_no_more(console: Console, tmp_path: Path) -> None:
    with console.cloud.database.session() as session:
        session.get_one(Institution, console.hospital.id).ended_at = clock.now()
    with pytest.raises(DeliveryError):
        ingest_paths(console.cloud, [tmp_path], institution_code=console.hospital.code)


def received(console: Console, hours: float, *rules: str, **extra: object) -> Study:
    """Let a study arrive so long after the examination; judged with findings of these rules."""
    at = datetime(2026, 11, 10, 2, tzinfo=UTC)
    study = make_study(
        console.cloud, person_id=None, study_datetime=at,
        received_at=at + timedelta(hours=hours), **{"institution": console.hospital} | extra,
    )  # fmt: skip
    judge(console.cloud, study.study_id, "failed" if rules else "passed", rules)
    return study


@pytest.mark.requirement("D-30", "D-45", "D-46", "I-18")
def test_five_indicators_by_day_region_and_level(console: Console) -> None:
    received(console, 1)
    received(console, 30, "registration_sex")
    received(console, 2, "required_elements")
    received(console, 2, report=ReportStatus.DRAFT)
    received(console, 3, "valid_image", institution=console.elsewhere)
    days = period("2026-11-10", "2026-11-13")
    with console.cloud.database.session() as session:
        rows = indicators.day_rows(session, days)
    by_level = indicators.pivot(rows, ("level",))
    ours = by_level[("三级甲等",)]
    assert (ours.studies, ours.timely, ours.judged) == (4, 3, 4)
    assert (ours.consistent, ours.complete, ours.accurate, ours.valid) == (3, 2, 2, 4)
    assert (ours.days_with, ours.days) == (2, 4)
    assert by_level[("二级甲等",)].valid == 0
    both = indicators.pivot(rows, ("day", "region"))
    assert both[("2026-11-10", "重庆市")].studies == 4
    assert both[("2026-11-11", "重庆市")].studies == 1
    assert sum(one.studies for one in indicators.pivot(rows, ("week",)).values()) == 5
    rates = cells(console, "/admin/uploads?since=2026-11-10&until=2026-11-13&csv=0")
    assert ["第一示范医院", "4", "75.0%", "50.0%", "100.0%", "0"] in rates
    query = "since=2026-11-10&until=2026-11-13&time=month&group=level"
    page = console["supervisor"].get(f"/admin/indicators?{query}").get_data(as_text=True)
    assert "2026-11" in page
    assert "三级甲等" in page


@pytest.mark.requirement("I-14", "D-46")
def test_quality_is_counted_by_day_week_month_and_institution(console: Console) -> None:
    received(console, 1)
    received(console, 30, "registration_sex", "valid_image")
    received(console, 31, "valid_image")
    received(console, 24 * 30, "valid_image", institution=console.elsewhere)
    make_study(
        console.cloud, person_id=None, institution=console.hospital,
        received_at=datetime(2026, 11, 10, 3, tzinfo=UTC),
    )  # fmt: skip
    address = "/admin/quality?since=2026-11-01&until=2026-12-31"

    def told(query: str) -> list[list[str]]:
        head, *rows = cells(console, f"{address}&csv=0&{query}")
        assert head[-9:-5] == ["通过", "待复核", "未通过", "通过率"]
        return [row[:-5] for row in rows]

    assert told("time=day&group=") == [
        ["2026-11-10", "2", "1", "0", "0", "100.0%"],
        ["2026-11-11", "2", "0", "0", "2", "0.0%"],
        ["2026-12-10", "1", "0", "0", "1", "0.0%"],
    ]
    assert [row[:2] for row in told("time=week&group=")] == [["2026-W46", "4"], ["2026-W50", "1"]]
    assert told("time=month&group=institution") == [
        ["2026-11", "第一示范医院", "4", "1", "0", "2", "33.3%"],
        ["2026-12", "第二示范医院", "1", "0", "0", "1", "0.0%"],
    ]
    assert [row[0] for row in told("time=&group=level")] == ["三级甲等", "二级甲等"]
    causes = cells(console, f"{address}&csv=1")
    assert causes[1:] == [["有效图像", "3", "75.0%"], ["性别相符", "1", "25.0%"]]
    page = console["supervisor"].get(f"{address}&time=week").get_data(as_text=True)
    assert page.count('<svg class="pygal-chart"') == 2
    own = console["own"].get(f"{address}&time=month&group=").get_data(as_text=True)
    assert "2026-11" in own
    assert "2026-12</" not in own, "his institution's only"


def opens(console: Console, study: Study, times: int = 1) -> None:
    with console.cloud.database.session() as session:
        for _ in range(times):
            audit.record(
                session, actor_kind="account", event="dicom.view", object_id=study.study_id,
                actor=f"account:{console.facts['doctor'].account_id}", object_kind="study",
            )  # fmt: skip


@pytest.mark.requirement("D-17")
def test_retrievals_are_counted_and_limited_for_each_institution(console: Console) -> None:
    person = make_person(console.cloud)
    own = make_study(console.cloud, person_id=person.id, institution=console.hospital)
    make_study(console.cloud, person_id=None, institution=console.hospital)
    foreign = make_study(console.cloud, person_id=person.id, institution=console.elsewhere)
    opens(console, own, 2)
    opens(console, foreign)
    with console.cloud.database.session() as session:
        row = next(
            one for one in retrievals.rows(session, period())
            if one.institution.id == console.hospital.id
        )  # fmt: skip
        assert (row.openings, row.studies, row.foreign) == (3, 2, 1)
        assert (row.stored, row.stored_opened, row.limit) == (2, 1, None)
    assert ["第一示范医院", "3", "2", "1", "2", "50.0%", "不限"] in cells(
        console, "/admin/retrievals?csv=0"
    )
    visitor = console["administrator"]
    visitor.get("/admin/retrievals")
    visitor.submit("/admin/retrievals/limit", institution=str(console.hospital.id), limit="0")
    assert "上限应为正整数" in visitor.text

    def refused(study: Study) -> bool:
        with console.cloud.database.session() as session:
            doctor = session.get_one(Account, console.facts["doctor"].account_id)
            return retrievals.refuses(session, doctor, session.get_one(Study, study.study_id))

    assert not refused(foreign)
    visitor.submit("/admin/retrievals/limit", institution=str(console.hospital.id), limit="1")
    assert refused(foreign)
    assert not refused(own)
    page = console["doctor"].get(f"/doctor/studies/{foreign.study_id}/images")
    assert page.status_code == 403
    assert "今天的调阅次数已用完" in console["doctor"].text
    with console.cloud.database.session() as session:
        now = clock.now()
        session.add(
            Authorisation(
                person_id=person.id, institution_id=console.hospital.id, purpose="emergency",
                account_id=console.facts["doctor"].account_id,
                method=AuthorisationMethod.EMERGENCY, state=AuthorisationState.APPROVED,
                answer_by=now, expires_at=now + timedelta(hours=1),
            )
        )  # fmt: skip
    assert not refused(foreign)
    assert console["own"].client.post("/admin/retrievals/limit").status_code in {400, 403}


@pytest.mark.requirement("H-09", "H-10", "H-08")
def test_recognition_counts_reminders_saved_exams_and_fees(console: Console) -> None:
    person = make_person(console.cloud)
    settle(console, console.hospital.code, ("S-1", "F-1", "A"), ("S-2", "F-2", "B"))
    with console.cloud.database.session() as session:
        client = InstitutionClient(
            institution_id=console.hospital.id, name="HIS", scopes=[], origins=[]
        )
        session.add(client)
        session.flush()
        for outcome in ("accepted", "reexamined", "accepted", None):
            session.add(
                Reminder(
                    client_id=client.client_id, institution_id=console.hospital.id,
                    person_id=person.id, physician_code="1", encounter="V", exam_item="胸部CT",
                    modality="CT", body_part="CHEST", method="", offered=[], outcome=outcome,
                    decided_at=clock.now() if outcome else None,
                )
            )  # fmt: skip
    make_study(
        console.cloud, person_id=None, institution=console.hospital, study_datetime=clock.now()
    )
    with console.cloud.database.session() as session:
        (found,) = recognition.rows(session, period(days=400), console.hospital.id)
        assert (found.reminders, found.accepted, found.reexamined) == (4, 2, 1)
        assert (found.saved_exams, found.saved_fees) == (2, 48_000)
        assert (found.settled, found.fees, found.reimbursed, found.consumables) == (
            2, 48_000, 24_000, 2_000,
        )  # fmt: skip
        assert recognition.devices(session, period()) == [("第一示范医院", "CT", 1)]
    page = console["supervisor"].get("/admin/recognition").get_data(as_text=True)
    for words in ("第一示范医院", "三级甲等", "480.00"):
        assert words in page


class _Disk(NamedTuple):
    """What `shutil.disk_usage` returns."""

    total: int
    used: int
    free: int


@pytest.mark.requirement("D-13", "D-14", "K-10")
def test_path_and_threshold_change_in_the_console_and_a_full_volume_raises_an_alarm(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = console["administrator"]
    visitor.get("/admin/storage")
    assert "主存储" in visitor.text
    assert "70%" in visitor.text
    folder = (tmp_path / "second").as_uri()
    # Whatever the disk of the tests is: half of it is used.
    monkeypatch.setattr("shutil.disk_usage", lambda _path: _Disk(total=100, used=50, free=50))
    visitor.submit("/admin/storage", name="二号卷", url=folder, tier="hot", alarm_percent="1")
    assert "二号卷" in visitor.text
    files = write_sample(samples.small_dx(), tmp_path / "dx")
    ingest_paths(console.cloud, files, institution_code=console.hospital.code)
    assert any((tmp_path / "second").rglob("*/instances/*"))  # new objects go there
    volumes.watch_levels(console.cloud)
    with console.cloud.database.session() as session:
        assert session.scalars(select(Alarm)).one().subject == "二号卷"
        volume = session.scalars(select(StorageVolume)).one().volume_id
    assert "二号卷" in visitor.get("/admin/alarms").get_data(as_text=True)
    visitor.get("/admin/storage")
    visitor.submit(f"/admin/storage/{volume}", alarm_percent="99")
    assert "告警阈值 99%" in visitor.text
    with console.cloud.database.session() as session:
        assert session.scalars(select(Alarm)).one().closed_at is not None
    visitor.submit(f"/admin/storage/{volume}", alarm_percent="x")
    assert "阈值和容量应为数字" in visitor.text
