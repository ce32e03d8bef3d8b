"""The insurance authority looks: by settlement, read-only, passed images only, on record."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from server.centre import coding, settlements
from server.centre.coding import StandardItem
from server.centre.period import period
from server.cloud import ImageCloud
from server.csv_files import csv_bytes
from server.model import AuditEvent, QualityResult, Study
from tests.centre.conftest import Console
from tests.factories import SignInFacts, make_study
from tests.portal.share_case import ShareCase, make_case
from tests.portal.test_routes import walk


def judge(cloud: ImageCloud, study_id: str, outcome: str, rules: tuple[str, ...] = ()) -> None:
    with cloud.database.session() as session:
        version = len(
            session.scalars(select(QualityResult).where(QualityResult.study_id == study_id)).all()
        )
        session.add(
            QualityResult(
                study_id=study_id, version=version + 1, input_sha256="0" * 64, rules_version="1",
                outcome=outcome, grade="A", grade_rule="", completeness=100,
                findings=[{"rule": rule, "severity": "fail"} for rule in rules],
            )
        )  # fmt: skip


def settle(console: Console, code: str, *rows: tuple[str, str, str]) -> None:
    """Take settlements: settlement id, fee serial number, accession number."""
    lines = [
        (code, number, serial, accession, "胸部CT", "24000", "12000", "1000", "2026-11-20 10:00")
        for number, serial, accession in rows
    ]
    with console.cloud.database.session() as session:
        data = csv_bytes(settlements.HEADS, lines)
        assert settlements.load(session, console.actor("administrator"), data) == len(rows)


@pytest.fixture
def shared(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> ShareCase:
    return make_case(app, cloud, patient)


@pytest.mark.requirement("D-11", "D-20", "D-56")
def test_a_settlement_leads_to_the_study_once_its_images_passed(
    app: Flask, console: Console, shared: ShareCase
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    cloud = console.cloud
    with cloud.database.session() as session:
        study = session.get_one(Study, shared.study_id)
        study.accession_number = "ACC-7"
        code = study.institution.code
    settle(console, code, ("S-1", "F-1", "ACC-7"))
    visitor, base = console["supervisor"], f"/admin/supervision/{shared.study_id}"
    visitor.get("/admin/supervision")
    visitor.submit("/admin/supervision", settlement_id="S-1", fee_serial_number="F-1")
    assert "尚未质控" in visitor.text
    assert "240.00" in visitor.text
    assert base not in visitor.text
    assert visitor.client.get(f"{base}/images").status_code == 404
    judge(cloud, shared.study_id, "failed")
    assert visitor.client.get(f"{base}/images").status_code == 404
    judge(cloud, shared.study_id, "passed")
    visitor.submit("/admin/supervision", fee_serial_number="F-1")
    assert f'href="{base}/images"' in visitor.text
    for part in ("images", "report"):
        assert visitor.client.get(f"{base}/{part}").status_code == 200, part
    assert f"{base}/citations" not in visitor.get(f"{base}/report").get_data(as_text=True)
    assert visitor.client.get(f"{base}/dicom").status_code == 403
    visitor.get("/admin/supervision")
    visitor.submit("/admin/supervision", settlement_id="S-2")
    assert "没有找到" in visitor.text
    with cloud.database.session() as session:
        events = session.scalars(
            select(AuditEvent.event).where(
                AuditEvent.actor == f"account:{console.facts['supervisor'].account_id}"
            )
        ).all()
    assert events.count("supervision.search") == 3
    assert {"pictures.view", "report.view"} <= set(events)
    for rule, method in walk(app):
        # To have images brought back from the cold changes nothing in them.
        if rule.rule.endswith("/recall"):
            continue
        if rule.rule.startswith("/admin/supervision/<study_id>") and method != "GET":
            values = dict.fromkeys(rule.arguments, "0") | {
                "study_id": shared.study_id, "series_id": shared.series_ids[0],
            }  # fmt: skip
            built = rule.build(values | (rule.defaults or {}), append_unknown=False)
            assert built is not None
            answer = visitor.client.open(built[1], method=method)
            assert answer.status_code in {400, 403, 404, 405}, (rule.rule, method)
    for other in ("administrator", "auditor", "doctor"):
        assert console[other].client.get(f"{base}/images").status_code in {403, 404}


@pytest.mark.requirement("D-56")
def test_a_supervisor_looks_through_an_institutions_studies(console: Console) -> None:
    study = make_study(console.cloud, person_id=None, institution=console.hospital)
    make_study(console.cloud, person_id=None, institution=console.elsewhere, modality="MR")
    judge(console.cloud, study.study_id, "passed")
    visitor = console["supervisor"]
    visitor.get("/admin/supervision")
    visitor.submit(
        "/admin/supervision", institution=str(console.hospital.id), since="2026-02-20",
        until="2026-03-10",
    )  # fmt: skip
    assert study.study_id in visitor.text
    assert "核查结果（1）" in visitor.text


@pytest.mark.requirement("D-57")
def test_examinations_without_complete_upload_are_listed(console: Console) -> None:
    when = datetime(2026, 11, 20, 2, tzinfo=UTC)

    def study(accession: str, **extra: object) -> None:
        make_study(
            console.cloud, person_id=None, institution=console.hospital, study_datetime=when,
            accession_number=accession, **extra,
        )  # fmt: skip

    study("WHOLE")
    study("NO-REPORT", report=None)
    study("BROKEN", state="failed")
    settle(console, console.hospital.code, ("S-1", "F-1", "WHOLE"), ("S-2", "F-2", "NEVER-CAME"))
    with console.cloud.database.session() as session:
        days = period("2026-11-19", "2026-11-21")
        found = {one.accession_number: one.reason for one in settlements.lacking(session, days)}
    assert found == {"NO-REPORT": "no_report", "BROKEN": "unreadable", "NEVER-CAME": "no_study"}
    page = console["supervisor"].get("/admin/uploads?since=2026-11-19&until=2026-11-21")
    assert "以上 3 次合计 15 元" in page.get_data(as_text=True)


@pytest.mark.requirement("D-16")
def test_what_is_not_mapped_is_listed_and_a_mapping_changes_the_shown_item(
    console: Console,
) -> None:
    study = make_study(
        console.cloud, person_id=None, institution=console.hospital, description="CT胸部平扫"
    )
    make_study(console.cloud, person_id=None, institution=console.elsewhere, description="头颅MR")
    judge(console.cloud, study.study_id, "passed")
    visitor, checker = console["own"], console["supervisor"]

    def shown() -> str:
        checker.get("/admin/supervision")
        checker.submit(
            "/admin/supervision", institution=str(console.hospital.id), since="2026-02-20",
            until="2026-03-10",
        )  # fmt: skip
        return checker.text

    page = visitor.get("/admin/coding").get_data(as_text=True)
    assert "未对照（1）" in page
    assert "头颅MR" not in page  # another hospital's
    visitor.submit("/admin/coding", item_code="220302001", item_name="X线计算机体层平扫")
    assert "未对照（0）" in visitor.text
    assert "X线计算机体层平扫（220302001）" in shown()
    with console.cloud.database.session() as session:
        who = console.actor("own")
        coding.keep(session, who, console.hospital.id, "CT胸部平扫", StandardItem("2", "改后项目"))
    assert "改后项目（2）" in shown()
    data = visitor.client.get("/admin/coding/mappings.csv").data
    with console.cloud.database.session() as session:
        (kept,) = coding.mappings(session, console.actor("own"), None)
        coding.remove(session, console.actor("own"), kept.mapping_id)
        assert [one.hospital_item for one in coding.unmapped(session, console.hospital.id)] == [
            "CT胸部平扫"
        ]
        rows = [
            (console.hospital.code, "CT胸部平扫", "3", "导入项目"),
            (console.elsewhere.code, "头颅MR", "4", "不归他管"),
        ]
        loaded = coding.load(session, console.actor("own"), csv_bytes(coding.HEADS, rows))
        assert (loaded.added, loaded.unknown) == (1, (console.elsewhere.code,))
        assert coding.load(session, console.actor("own"), data).changed == 1
    assert "改后项目（2）" in shown()


def test_what_is_settled_is_judged_again(app: Flask, console: Console) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    study = make_study(
        console.cloud, person_id=None, institution=console.hospital, accession_number="ACC-9"
    )
    row = (console.hospital.code, "S-9", "F-9", "ACC-9", "胸部CT", "1", "1", "0",
           "2026-11-20 10:00")  # fmt: skip
    file = io.BytesIO(csv_bytes(settlements.HEADS, [row]))
    console["administrator"].client.post(
        "/admin/index/settlements", data={"file": (file, "settlements.csv")}
    )
    with console.cloud.database.session() as session:
        result = session.scalars(select(QualityResult)).one()
        assert result.study_id == study.study_id
