"""Six kinds of records, their export by two people, the operation log, rights looked at."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from server import audit, clock
from server.authorisations import record_caching_consent
from server.centre import exports, records, rights
from server.centre.exports import ExportRefusal, ExportRefusedError
from server.centre.period import period
from server.centre.records import Kind, Wanted
from server.csv_files import csv_bytes, csv_rows
from server.model import (
    Account,
    AuditEvent,
    Download,
    ExportRequest,
    Institution,
    Person,
    Share,
)
from tests.centre.conftest import Console
from tests.factories import make_account, make_person, make_study

ID_NUMBER = "110105199003074579"


def found(console: Console, kind: Kind, **narrowed: int | None) -> list[records.Record]:
    with console.cloud.database.session() as session:
        return list(records.records(session, Wanted(kind, period(), **narrowed)))


def happened(console: Console) -> tuple[int, int]:
    """Let one thing of each kind happen to one person, and a study arrive of another; returns the
    ids of both."""
    cloud = console.cloud
    person = make_person(cloud, "张三丰", id_number=ID_NUMBER)
    other = make_person(cloud, "李莫愁")
    patient = make_account(cloud, "zhang", person=person)
    study = make_study(cloud, person_id=person.id, institution=console.hospital, body_part="CHEST")
    make_study(cloud, person_id=other.id, institution=console.elsewhere, report=None)
    with cloud.database.session() as session:
        later = clock.now() + timedelta(hours=1)
        session.add(
            Share(
                study_id=study.study_id, account_id=patient.account_id, secret_hash="x",
                short_code_hash="x", expires_at=later, scope={},
            )
        )  # fmt: skip
        download = Download(
            study_id=study.study_id, account_id=patient.account_id, password_hash="x",
            expires_at=later, max_openings=1,
        )  # fmt: skip
        session.add(download)
        session.flush()
        hospital = session.get_one(Institution, console.hospital.id)
        record_caching_consent(
            session, person=session.get_one(Person, person.id), institution=hospital, encounter="V1"
        )
        doctor = f"account:{console.facts['doctor'].account_id}"
        for actor, event, object_id in (
            (doctor, "dicom.view", study.study_id),
            (f"account:{patient.account_id}", "download.create", download.download_id),
        ):
            audit.record(
                session, actor_kind="account", actor=actor, event=event, object_id=object_id
            )
    return person.id, other.id


@pytest.mark.requirement("D-18", "D-58")
def test_records_are_found_by_institution_person_and_time(console: Console) -> None:
    person, other = happened(console)
    kinds = [Kind.UPLOAD, Kind.RETRIEVAL, Kind.DOWNLOAD, Kind.REGISTRATION, Kind.SHARE]
    for kind in kinds:
        here = found(console, kind, institution_id=console.hospital.id)
        assert [one.institution for one in here] == ["第一示范医院"], kind
        assert [one.person for one in here] == ["张**"], kind
        assert found(console, kind, person_id=person) == here, kind
        far = found(console, kind, institution_id=console.elsewhere.id)
        assert len(far) == (kind is Kind.UPLOAD), kind
        assert found(console, kind, person_id=other) == far, kind
        with console.cloud.database.session() as session:
            long_ago = Wanted(kind, period("2020-01-01", "2020-01-31"))
            assert list(records.records(session, long_ago)) == []
    (looked,) = found(console, Kind.RETRIEVAL)
    assert (looked.who, looked.state) == ("c.doctor", "dicom.view")


@pytest.mark.requirement("D-12")
def test_a_study_without_report_is_marked_incomplete(console: Console) -> None:
    happened(console)
    states = {one.institution: one.state for one in found(console, Kind.UPLOAD)}
    assert states == {"第一示范医院": "not_judged", "第二示范医院": "no_report"}


@pytest.mark.requirement("D-58")
def test_the_page_finds_by_a_number_that_stands_in_no_address(console: Console) -> None:
    happened(console)
    visitor = console["administrator"]
    visitor.get("/admin/records")
    for kind in Kind:
        visitor.submit("/admin/records", kind=kind.value, id_number=ID_NUMBER)
        assert visitor.page is not None
        assert visitor.page.status_code == 200
        assert ID_NUMBER not in visitor.page.request.url
        assert "张三丰" not in visitor.text
        assert "李**" not in visitor.text
        assert ("张**" in visitor.text) is (kind is not Kind.CACHE)
    with console.cloud.database.session() as session:
        noted = session.scalars(
            select(AuditEvent).where(AuditEvent.event == "records.search")
        ).all()
        assert len(noted) == len(Kind)
        assert ID_NUMBER not in str([one.detail for one in noted])
    visitor.submit("/admin/records", kind="share", id_number="123")
    assert "张**" not in visitor.text


@pytest.mark.requirement("F-07")
def test_an_institutions_administrator_finds_his_own(console: Console) -> None:
    happened(console)
    page = (
        console["own"]
        .get(f"/admin/records?kind=upload&institution={console.elsewhere.id}")
        .get_data(as_text=True)
    )
    assert "张**" in page
    assert "李**" not in page


@pytest.mark.requirement("F-26", "D-18")
def test_an_export_is_blocked_until_somebody_else_signs(console: Console) -> None:
    happened(console)
    visitor, approver = console["administrator"], console["other"]
    visitor.get("/admin/records?kind=share")
    visitor.submit("/admin/records/export", reason="短")
    assert "请写明导出理由" in visitor.text
    visitor.get("/admin/records?kind=share")
    visitor.submit("/admin/records/export", reason="年度核对")
    with console.cloud.database.session() as session:
        export_id = session.scalars(select(ExportRequest.export_id)).one()
    file = f"/admin/exports/{export_id}/file"
    assert visitor.client.get(file).status_code == 303
    assert "等待审批" in visitor.get("/admin/exports").get_data(as_text=True)
    assert f'action="/admin/exports/{export_id}"' not in visitor.text
    with console.cloud.database.session() as session, pytest.raises(ExportRefusedError) as refused:
        exports.decide(session, console.actor("administrator"), export_id, True)
    assert refused.value.reason is ExportRefusal.OWN_REQUEST
    assert "等待您审批的导出" in approver.get("/admin").get_data(as_text=True)
    approver.get("/admin/exports")
    approver.submit(f"/admin/exports/{export_id}", verdict="approve")
    assert approver.client.get(file).status_code == 404
    answer = visitor.client.get(file)
    assert answer.content_type == "text/csv; charset=utf-8"
    (head, row) = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert head[0] == "时间"
    assert row[1:3] == ["第一示范医院", "张**"]
    with console.cloud.database.session() as session:
        names = session.scalars(
            select(AuditEvent.event).where(AuditEvent.object_kind == "export")
        ).all()
    assert names == ["export.request", "export.approve", "export.download"]
    with time_machine.travel(clock.now() + exports.VALID):
        assert console["administrator"].client.get(file).status_code in {303, 401}
    with console.cloud.database.session() as session:
        later = clock.now() + exports.VALID
        with time_machine.travel(later), pytest.raises(ExportRefusedError):
            exports.rows(session, console.actor("administrator"), export_id)


@pytest.mark.requirement("F-26", "F-10")
def test_lines_of_single_studies_are_no_file_without_approval(console: Console) -> None:
    happened(console)
    visitor = console["administrator"]
    assert visitor.client.get("/admin/uploads?csv=0").status_code == 200
    for address in ("uploads?csv=1", "uploads?csv=2", "caching?csv=0", "caching?csv=1"):
        assert visitor.client.get(f"/admin/{address}").status_code == 404, address
    page = visitor.get("/admin/uploads").get_data(as_text=True)
    assert "csv=0" in page
    assert "csv=2" not in page
    visitor.get("/admin/records?kind=share")
    with console.cloud.database.session() as session:
        looked = session.scalars(select(AuditEvent).where(AuditEvent.event == "records.view")).all()
    assert [one.detail for one in looked] == [{"kind": "share"}]


def test_a_table_runs_no_formula_and_comes_back_as_it_was() -> None:
    words = ("=1+1", "+86", "-2", "@x", "\tx", "平常", 'a,b\n"c"')
    data = csv_bytes(["一"], [(one,) for one in words])
    cells = [row[0] for row in csv.reader(io.StringIO(data.decode("utf-8-sig")))][1:]
    assert [one for one in cells if one.startswith(("=", "+", "-", "@", "\t"))] == []
    assert csv_rows(csv_bytes(["一", "二"], [("=1", "甲")]), 2) == [("=1", "甲")]


@pytest.mark.requirement("D-19", "F-07")
def test_the_operation_log_is_narrowed_by_user_type_and_time(console: Console) -> None:
    console["administrator"].get("/admin/institutions")
    console["administrator"].submit(
        "/admin/institutions", name="新院", code="12990300MB00000030", level="",
        province_code="500000", province_name="重庆市",
    )  # fmt: skip
    auditor = console["auditor"]

    def shown(query: str) -> list[str]:
        page = auditor.get(f"/admin/log?{query}").get_data(as_text=True)
        return [name for name in ("institution.add", "account.create", "log.view") if name in page]

    assert shown("event=institution") == ["institution.add"]
    assert shown("event=institution.add&login=c.administrator") == ["institution.add"]
    assert shown("event=institution&login=c.other") == []
    assert shown("event=account") == ["account.create"]
    assert shown("since=2020-01-01&until=2020-02-01") == []
    assert "log.view" in shown("")  # that he looked is an entry, too
    auditor.submit("/admin/log/verify")
    assert "没有缺失或改动" in auditor.text
    assert console["administrator"].client.get("/admin/log").status_code == 403


@pytest.mark.requirement("F-08")
def test_rights_are_looked_at_every_half_year(console: Console) -> None:
    who = console.actor("administrator")
    with console.cloud.database.session() as session:
        assert rights.due(session, who) == []
        for account in session.scalars(select(Account)):
            account.created_at -= rights.REVIEW_AFTER
        session.flush()
        assert len(rights.due(session, who)) == len(console.facts)
    visitor = console["administrator"]
    number = console.facts["doctor"].account_id
    assert "c.doctor" in visitor.get("/admin/rights").get_data(as_text=True)
    visitor.submit(f"/admin/rights/{number}", verdict="keep")
    assert "c.doctor" not in visitor.get("/admin/rights").get_data(as_text=True)
    visitor.submit(f"/admin/rights/{console.facts['supervisor'].account_id}", verdict="disable")
    with console.cloud.database.session() as session:
        assert not session.get_one(Account, console.facts["supervisor"].account_id).active
        assert rights.AccountRow(session.get_one(Account, number), None, None).due
    own = console["own"].get("/admin/rights").get_data(as_text=True)
    assert "c.auditor" not in own
    assert "c.auditor" in console["auditor"].get("/admin/rights").get_data(as_text=True)
    assert (
        "<button"
        not in console["auditor"].text.split('<div class="console-content')[1].split("</main>")[0]
    )


@pytest.mark.requirement("F-07")
def test_accounts_are_listed_shut_and_given_roles(console: Console) -> None:
    visitor = console["administrator"]
    number = console.facts["doctor"].account_id
    visitor.get("/admin/accounts?role=doctor")
    assert "c.doctor" in visitor.text
    assert "c.auditor" not in visitor.text
    visitor.submit(f"/admin/accounts/{number}/role", role="institution_administrator")
    auditor = f"/admin/accounts/{console.facts['auditor'].account_id}"
    visitor.get("/admin/accounts")
    visitor.submit(
        f"/admin/accounts/{console.facts['auditor'].account_id}/role", role="administrator"
    )
    assert "职责分离" in visitor.text
    with console.cloud.database.session() as session:
        assert session.get_one(Account, number).role == "institution_administrator"
    assert console["doctor"].client.get("/admin").status_code == 303  # signs in again
    visitor.submit(f"/admin/accounts/{number}/disable")
    with console.cloud.database.session() as session:
        assert not session.get_one(Account, number).active
    assert console["own"].client.post(f"{auditor}/disable").status_code in {400, 404}
