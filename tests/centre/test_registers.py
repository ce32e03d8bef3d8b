"""Registers of staff and devices: kept by form and file, flagged, with alarms (I-19, I-20)."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from server import alarms, clock
from server.centre import registers
from server.centre.period import period
from server.centre.registers import DEVICES, STAFF, Fault
from server.centre.registers.reports import CodeFault
from server.model import DeviceRecord, Report, StaffRecord
from tests.centre.conftest import Console
from tests.factories import make_study

CODE = "D510100000123"
PHYSICIAN = {
    "number": "1001",
    "name": "李医生",
    "duty": "diagnostician",
    "physician_code": CODE.lower(),
    "qualification": "2015110001",
    "practice_licence": "110510000012345",
    "licence_until": "2027-05-31",
    "work_permit": "FS-2024-88",
    "training_until": "2027-01-31",
}
SCANNER = {
    "number": "CT-01",
    "name": "64 排 CT",
    "modality": "CT",
    "device_code": "YX-CT-0001",
    "model": "示范 64",
    "licence": "202400123",
    "licence_until": "2030-12-31",
    "inspected_on": "2025-12-01",
}


@pytest.mark.requirement("I-19")
def test_a_report_is_flagged_until_its_physicians_code_is_in_the_register(
    console: Console,
) -> None:
    codes = {
        make_study(console.cloud, person_id=None, institution=console.hospital).study_id: code
        for code in (CODE, "")
    }
    with console.cloud.database.session() as session:
        for report in session.scalars(select(Report)):
            report.reporting_physician_code = codes[report.study_id]
            report.reported_at = report.created_at

    def faults() -> set[CodeFault]:
        with console.cloud.database.session() as session:
            return {one.fault for one in registers.flagged_reports(session, period(), None)}

    assert faults() == {CodeFault.UNKNOWN, CodeFault.MISSING}
    visitor = console["own"]
    visitor.get("/admin/staff")
    visitor.submit("/admin/staff", institution=str(console.hospital.id), **PHYSICIAN)
    assert "已登记" in visitor.text and "李医生" in visitor.text
    assert faults() == {CodeFault.MISSING}
    page = visitor.get("/admin/staff/reports").get_data(as_text=True)
    assert "没有医师代码" in page and "名册中没有" not in page
    with time_machine.travel(datetime(2027, 6, 2, tzinfo=UTC)):
        with console.cloud.database.session() as session:
            for report in session.scalars(select(Report)):
                report.reported_at = report.created_at = clock.now()
        assert faults() == {CodeFault.OVER, CodeFault.MISSING}


@pytest.mark.requirement("I-19")
def test_what_staff_lacks_is_named(console: Console) -> None:
    visitor = console["own"]
    visitor.get("/admin/staff")
    visitor.submit(
        "/admin/staff",
        institution=str(console.hospital.id),
        number="2",
        name="甲",
        duty="technologist",
    )
    with console.cloud.database.session() as session:
        (row,) = registers.rows(session, console.actor("own"), STAFF)
        assert set(row.faults) == {Fault.NO_WORK_PERMIT, Fault.NO_TRAINING}
    visitor.submit("/admin/staff", institution=str(console.hospital.id), number="甲", name="乙")
    assert "请核对" in visitor.text
    with console.cloud.database.session() as session:
        assert len(session.scalars(select(StaffRecord)).all()) == 1


@pytest.mark.requirement("I-20")
def test_an_inspection_that_is_over_is_flagged_and_an_alarm_until_it_is_renewed(
    console: Console,
) -> None:
    cloud = console.cloud
    visitor = console["administrator"]
    with time_machine.travel(datetime(2026, 11, 22, 4, tzinfo=UTC), tick=False):
        visitor.be(cloud, console.facts["administrator"])
        visitor.get("/admin/devices")
        visitor.submit("/admin/devices", institution=str(console.hospital.id), **SCANNER)
        assert "60 天内到期" in visitor.text
        registers.watch(cloud)
        with cloud.database.session() as session:
            assert alarms.open_alarms(session, registers.ALARM) == []
    with time_machine.travel(datetime(2026, 12, 3, 4, tzinfo=UTC), tick=False):
        visitor.be(cloud, console.facts["administrator"])
        assert registers.watch(cloud) == 1
        with cloud.database.session() as session:
            (alarm,) = alarms.open_alarms(session, registers.ALARM)
            assert "CT-01" in alarm.words and "第一示范医院" in alarm.words
        assert "检测已过期" in visitor.get("/admin/devices").get_data(as_text=True)
        assert "过期的许可和检测" in visitor.get("/admin").get_data(as_text=True)
        visitor.get("/admin/devices")
        visitor.submit(
            "/admin/devices",
            institution=str(console.hospital.id),
            **SCANNER | {"inspected_on": "2026-12-02"},
        )
        assert "检测已过期" not in visitor.text
        with cloud.database.session() as session:
            assert alarms.open_alarms(session, registers.ALARM) == []
            record = session.scalars(select(DeviceRecord)).one()
            assert record.inspected_on == date(2026, 12, 2)


@pytest.mark.requirement("I-19", "I-20")
def test_a_file_comes_out_as_it_goes_in(console: Console) -> None:
    cloud, visitor = console.cloud, console["administrator"]
    soon = (clock.now() + timedelta(days=400)).date().isoformat()
    lines = [
        ",".join(STAFF.heads),
        f"{console.hospital.code},7,王技师,技师,,,,,FS-1,{soon}",
        f"{console.elsewhere.code},7,赵医生,诊断医师,{CODE},Z-1,P-1,2030/1/2,FS-2,20300102",
        "99,8,孙,技师,,,,,,",
    ]
    for data, told in (
        ("\r\n".join(lines).encode("gb18030"), "新增 2 条"),
        (b"\xef\xbb\xbf" + "\n".join(lines).replace("技师,,", "院长,,").encode(), "第 2 行"),
    ):
        visitor.get("/admin/staff")
        form = next(one for one in visitor.forms() if one.action == "/admin/staff/load")
        visitor.page = visitor.client.post(
            "/admin/staff/load",
            data=form.fields | {"file": (io.BytesIO(data), "staff.csv")},
            follow_redirects=True,
        )
        assert told in visitor.text
    with cloud.database.session() as session:
        who = console.actor("administrator")
        assert len(registers.rows(session, who, STAFF)) == 2
        out = registers.to_csv(session, who, STAFF)
        assert registers.load(session, who, STAFF, out) == registers.Loaded(0, 2, ())
        own = registers.to_csv(session, console.actor("own"), STAFF).decode("utf-8-sig")
        assert "王技师" in own and "赵医生" not in own
        (other,) = [
            row.record
            for row in registers.rows(session, who, STAFF)
            if row.record.institution_id == console.elsewhere.id
        ]
    assert console["own"].client.get(f"/admin/staff/{other.record_id}").status_code == 404
    visitor.get(f"/admin/staff/{other.record_id}")
    visitor.submit(f"/admin/staff/{other.record_id}/end")
    assert "已注销" in visitor.text
    visitor.get("/admin/devices")
    assert (
        visitor.client.get("/admin/devices/lines.csv")
        .data.decode("utf-8-sig")
        .startswith(",".join(DEVICES.heads))
    )
